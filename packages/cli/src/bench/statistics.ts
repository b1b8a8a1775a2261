// The arithmetic of measurements. In: numbers. Out: numbers. Must not know: what was measured.
import type { Row, Spread, Stage, Times, TranslationRow } from './model.js';
import { STAGES } from './model.js';

/** The middle value, or the mean of the two in the middle. Throws RangeError for no values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values have a median');
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The clock behind processor times has this resolution, seconds: nothing takes less. */
const TICK = 0.0005;

/** `others[i] / own[i]` for each pair: runs that were neighbours in time, so that what disturbs one disturbs both. */
export function ratios(own: readonly number[], others: readonly number[]): number[] {
  return own.map((t, i) => Math.max(others[i]!, TICK) / Math.max(t, TICK));
}

/** Throws RangeError for no values. */
export function geometricMean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values have a mean');
  return Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
}

/** The geometric mean of the median ratios of the rows that have one; undefined where none has. */
export function overall(rows: readonly Row[], time: keyof Times): number | undefined {
  const values = rows.flatMap((r) => (r.ratio ? [r.ratio[time].median] : []));
  return values.length > 0 ? geometricMean(values) : undefined;
}

/** Guest instructions a second in each stage, and in all of them together. */
export function rates(row: TranslationRow): Record<Stage | 'all', number> {
  const total = STAGES.reduce((sum, s) => sum + row.seconds[s], 0);
  const out = { all: row.instructions / total } as Record<Stage | 'all', number>;
  const once: readonly Stage[] = ['lift', 'optimise'];
  for (const s of STAGES) out[s] = (once.includes(s) ? row.lifted : row.instructions) / row.seconds[s];
  return out;
}

/** Repeats, and the seconds that each side took for them. */
export interface Trial {
  readonly repeats: number;
  readonly seconds: readonly number[];
}

/**
 * Repeats for which the faster side should take `target` seconds and the slower one at most three times that: a whole
 * number of two digits, from 1. Time is taken to grow linearly from `before` to `now`, or from nothing without it.
 */
export function repeatsFor(target: number, now: Trial, before: Trial = { repeats: 0, seconds: [] }): number {
  const reach = (limit: number): number[] =>
    now.seconds.map((t, side) => {
      const slope = (t - (before.seconds[side] ?? 0)) / (now.repeats - before.repeats);
      // Noise may hide the growth.
      return now.repeats + (limit - t) / Math.max(slope, (t / now.repeats) * 0.02, 1e-7);
    });
  const wanted = Math.min(Math.max(...reach(target)), ...reach(3 * target));
  if (!(wanted > 1)) return 1;
  const digit = 10 ** Math.max(0, Math.floor(Math.log10(wanted)) - 1);
  return Math.round(wanted / digit) * digit;
}
