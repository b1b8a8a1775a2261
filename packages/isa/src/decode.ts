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
export function fieldsOf(insn: Pick<Insn, 'fields'>, word: number): number[] {
  const out: number[] = [];
  // By index here and below: code that V8 has not optimised yet allocates for each step of an iterator.
  for (let k = 0; k < insn.fields.length; k++) {
    const { pieces } = insn.fields[k]!;
    let v = 0;
    for (let i = 0; i < pieces.length; i++) {
      const { at, width } = pieces[i]!;
      v = width === 32 ? word : (v << width) | ((word >>> at) & ((1 << width) - 1));
    }
    out.push(v >>> 0);
  }
  return out;
}

/** Decodes an unsigned word of 32 bits; undefined when nothing matches. */
export function decode(isa: CompiledIsa, word: number): Decoded | undefined {
  let node: DecodeNode | undefined = isa.decode[0];
  while (node?.kind === 'switch') {
    const next: number = node.next[(word >>> node.at) & ((1 << node.width) - 1)]!;
    node = next < 0 ? undefined : isa.decode[next];
  }
  if (!node) return undefined;
  for (let k = 0; k < node.insns.length; k++) {
    const number = node.insns[k]!;
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
