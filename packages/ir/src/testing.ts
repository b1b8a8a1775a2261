// What the tests of this package share.
// In: nothing. Out: width lists, and the public surface. Must not know: which test.
import type { Body, Program } from './body.js';
import { instantiate } from './passes.js';

export * from './index.js';

/** Widths up to `max` that are worth testing: small, odd, and around the machine's own. */
export function limitsFor(max: number): number[] {
  return [1, 2, 5, 8, 13, 16, 31, 32, 33, 40, 63, 64, 65, 80, 96, 127, 128, 129, 192, 200, 256, 512].filter(
    (w) => w <= max,
  );
}

/** Passes that need arguments, as the textual cases name them. */
export function specialCases(program: Program): Readonly<Record<string, (body: Body) => Body>> {
  return {
    /** Param 0 is 3, the others stay; pc is 0x1000. */
    instantiate: (body) => instantiate(body, program, [3], 0x1000),
  };
}
