// Finds the instruction in a word and takes its fields apart: for listings, tests and the translator.
// In: a CompiledIsa, words. Out: Decoded. Must not know: semantics.
import { evaluate, noMachine } from '@mimic/ir';
import type { CompiledIsa, DecodeNode, Insn } from './model.js';

export interface Decoded {
  readonly insn: Insn;
  /** Position in CompiledIsa.insns. */
  readonly number: number;
  /** Unsigned field values, in the order of insn.fields. */
  readonly fields: readonly number[];
}

/** The field values of `insn` in `word`, unsigned. */
export function fieldsOf(insn: Insn, word: number): number[] {
  return insn.fields.map((f) => {
    let v = 0;
    for (const p of f.pieces)
      v = v * 2 ** p.width + ((word >>> p.at) & (p.width === 32 ? -1 : (1 << p.width) - 1));
    return v >>> 0;
  });
}

/** Decodes an unsigned word of 32 bits; undefined when nothing matches. */
export function decode(isa: CompiledIsa, word: number): Decoded | undefined {
  let node: DecodeNode | undefined = isa.decode[0];
  while (node?.kind === 'switch') {
    const next: number = node.next[(word >>> node.at) & ((1 << node.width) - 1)]!;
    node = next < 0 ? undefined : isa.decode[next];
  }
  if (!node) return undefined;
  for (const number of node.insns) {
    const insn = isa.insns[number]!;
    if ((word & insn.mask) >>> 0 !== insn.value >>> 0) continue;
    const fields = fieldsOf(insn, word);
    if (insn.where && !holds(isa, insn, fields)) continue;
    return { insn, number, fields };
  }
  return undefined;
}

function holds(isa: CompiledIsa, insn: Insn, fields: readonly number[]): boolean {
  const r = evaluate(isa.program, insn.where!, fields.map(BigInt), 0n, noMachine);
  return r.kind === 'return' && r.values[0] === 1n;
}
