// Numbers as people read them. In: numbers. Out: short texts. Must not know: where they are shown.
import type { Spread } from './model.js';

/** Three digits: `1.23`, `12.3`, `123`; two below 0.1. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size >= 0.1 || size < 1e-4 ? value.toFixed(2) : value.toFixed(1 - Math.floor(Math.log10(size)));
}

/** `1.23 s`, `45.6 ms`, `7.89 µs`. */
export function duration(seconds: number): string {
  if (seconds >= 1) return `${digits(seconds)} s`;
  return seconds >= 1e-3 ? `${digits(seconds * 1e3)} ms` : `${digits(seconds * 1e6)} µs`;
}

/** `1.23 M instructions`; without a unit `1.23 M`. */
export function amount(value: number, unit = ''): string {
  const [limit, letter] = SCALES.find(([n]) => value >= n) ?? [1, ''];
  return [digits(value / limit), letter, unit].filter(Boolean).join(' ');
}

const SCALES = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

export const ratio = (value: number): string => `${digits(value)}×`;

/** `0.98–1.07`. */
export const range = ({ min, max }: Spread): string => `${digits(min)}–${digits(max)}`;
