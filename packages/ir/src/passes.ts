// The order of the passes over a body: it exists here and nowhere else.
// In: a Body and its Program. Out: a new Body that does the same. Must not know: what a pass does inside.
import type { Body, Program } from './body.js';
import { removeDead } from './dead.js';
import { type Substitution, simplify } from './simplify.js';

/**
 * The passes by name, in their order. `fold`, `share` and `forward` are one walk, `simplify`: each op goes through them
 * before the next one comes. Two rounds: with dead writes gone, variables are constant that were not, and regions empty.
 */
export const PASSES = ['fold', 'share', 'forward', 'dead'] as const;
const ROUNDS = 2;

/** Which passes are on. */
export type Passes = Readonly<Record<(typeof PASSES)[number], boolean>>;

export const ALL_PASSES: Passes = { fold: true, share: true, forward: true, dead: true };

/** Runs all passes in order. */
export function optimize(body: Body, program: Program, on: Passes = ALL_PASSES): Body {
  for (let round = 0; round < ROUNDS; round++) {
    body = simplify(body, program, {}, on);
    if (on.dead) body = removeDead(body);
  }
  return body;
}

/**
 * A template with constants in place of its params and of pc, simplified. `params[k]` is the unsigned value of
 * param k, or undefined to keep it. The template is unchanged.
 */
export function instantiate(
  template: Body,
  program: Program,
  params: Substitution['params'],
  pc?: bigint | number,
): Body {
  return removeDead(
    simplify(template, program, { ...(params && { params }), ...(pc !== undefined && { pc }) }),
  );
}
