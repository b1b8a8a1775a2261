// What the tests of this package share.
// In: nothing. Out: width lists, and the public surface. Must not know: which test.
export * from './index.js';

/** Widths up to `max` that are worth testing: small, odd, and around the machine's own. */
export function limitsFor(max: number): number[] {
  return [1, 2, 5, 8, 13, 16, 31, 32, 33, 40, 63, 64, 65, 80, 96, 127, 128, 129, 192, 200, 256, 512].filter((w) => w <= max);
}
