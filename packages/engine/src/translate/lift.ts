// A block of instructions -> one IR body, simplified across instructions.
// In: a Block. Out: a Body with a `mark` at each instruction. Must not know: other blocks.
import { Body, removeDead, simplify } from '@mimic/ir';
import type { Block } from './discover.js';
import { append, type Templates } from './templates.js';

export function lift(block: Block, templates: Templates): Body {
  const { clock, times } = templates;
  const t0 = clock();
  const raw = new Body();
  block.insns.forEach((x, n) => {
    append(raw, x.template.body, x.fields, x.pc, n);
  });
  const t1 = clock();
  const body = removeDead(simplify(raw, templates.program));
  times.liftTime += t1 - t0;
  times.optimizeTime += clock() - t1;
  return body;
}
