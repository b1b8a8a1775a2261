import { describe, expect, it } from 'vitest';
import type { Row, TranslationRow } from './model.js';
import { geometricMean, median, overall, rates, ratios, repeatsFor, spread } from './statistics.js';

describe('the arithmetic of measurements', () => {
  it('takes the middle, or the mean of the two in the middle, whatever their order', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([10, 2, 4, 1])).toBe(3);
    expect(() => median([])).toThrow(RangeError);
  });

  it('keeps the smallest and the largest', () => {
    expect(spread([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
  });

  it('divides the other by our own, pair by pair: above 1 we are faster', () => {
    expect(ratios([1, 2], [2, 1])).toEqual([2, 0.5]);
  });

  it('has no infinite ratio for what is faster than the clock', () => {
    expect(ratios([0], [0.001])).toEqual([2]);
    expect(ratios([0.001], [0])).toEqual([0.5]);
  });

  it('has a mean in which half as fast and twice as fast cancel', () => {
    expect(geometricMean([0.5, 2])).toBeCloseTo(1);
    const ratio = (median: number) => ({
      user: { median, min: 0, max: 9 },
      wall: { median: 1, min: 0, max: 9 },
    });
    const rows = [{ ratio: ratio(8) }, {}, { ratio: ratio(2) }] as Row[];
    expect(overall(rows, 'user')).toBeCloseTo(4);
    expect(overall([{} as Row], 'user')).toBeUndefined();
  });

  it('gives the rate of each stage and of all', () => {
    const seconds = { decode: 1, lift: 1, optimise: 2, emit: 4, compile: 2 };
    const row: TranslationRow = { program: 'x', instructions: 100, lifted: 80, bytes: 1000, seconds };
    expect(rates(row)).toEqual({ decode: 100, lift: 80, optimise: 40, emit: 25, compile: 50, all: 10 });
  });
});

describe('the repeats of a measurement', () => {
  it('make the faster side take the target', () => {
    expect(repeatsFor(1, { repeats: 10, seconds: [0.1, 0.2] })).toBe(100);
  });

  it('do not let the slower one take more than three times that', () => {
    expect(repeatsFor(1, { repeats: 10, seconds: [0.1, 3] })).toBe(10);
  });

  it('leave starting out of account once two trials show what it takes', () => {
    const before = { repeats: 1, seconds: [0.51, 0.01] };
    expect(repeatsFor(1, { repeats: 10, seconds: [0.6, 0.1] }, before)).toBe(100);
  });

  it('are two digits and at least one', () => {
    expect(repeatsFor(1, { repeats: 1, seconds: [0.000811] })).toBe(1200);
    expect(repeatsFor(1, { repeats: 1, seconds: [20] })).toBe(1);
  });

  it('grow although noise hides the growth', () => {
    expect(repeatsFor(1, { repeats: 10, seconds: [0.1] }, { repeats: 1, seconds: [0.2] })).toBe(4500);
  });
});
