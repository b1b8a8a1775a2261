// The order of the passes over a body: it exists here and nowhere else.
// In: a Body and its Program. Out: a new Body that does the same. Must not know: what a pass does inside.
import type { Body, Program } from './body.js';
import { removeDead } from './dead.js';
import { type Substitution, simplify } from './simplify.js';

/** A step from body to body. It never changes its input. */
export interface Pass {
  readonly name: string;
  readonly run: (body: Body, program: Program) => Body;
}

/** What every template goes through. */
export const PASSES: readonly Pass[] = [
  { name: 'simplify', run: (body, program) => simplify(body, program) },
  { name: 'dead', run: removeDead },
  // Once more: with dead writes gone, variables are constant that were not, and regions empty.
  { name: 'simplify', run: (body, program) => simplify(body, program) },
  { name: 'dead', run: removeDead },
];

/** Runs all passes in order. */
export function optimize(body: Body, program: Program): Body {
  return PASSES.reduce((b, pass) => pass.run(b, program), body);
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
