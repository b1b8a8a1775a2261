// Numbers as people read them. In: numbers. Out: short texts. Must not know: where they are shown.
import type { Spread } from './model.js';

/** Three digits: `1.23`, `12.3`, `123`. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** `1.23 s`, `45.6 ms`, `7.89 µs`. */
export function duration(seconds: number): string {
  if (seconds >= 1) return `${digits(seconds)} s`;
  return seconds >= 1e-3 ? `${digits(seconds * 1e3)} ms` : `${digits(seconds * 1e6)} µs`;
}

/** `1.23 M`: what is counted follows. */
export function amount(value: number): string {
  for (const [limit, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (value >= limit) return `${digits(value / limit)} ${letter}`;
  return `${digits(value)} `;
}

export const ratio = (value: number): string => `${digits(value)}×`;

/** `0.98–1.07`. */
export const range = ({ min, max }: Spread): string => `${digits(min)}–${digits(max)}`;
