// Decodes one instruction word in plain code: for single steps and tools, where the generated decoder is not at hand.
// In: a CompiledIsa and a word. Out: the instruction and its fields. Must not know: memory.
import { evaluate, noMachine } from '@mimic/ir';
import type { CompiledIsa, Insn } from '@mimic/isa';

export interface Decoded {
  readonly insn: Insn;
  /** Values of the fields, unsigned, in the order of `insn.fields`. */
  readonly fields: readonly bigint[];
}

/** `word` is the instruction as its bit diagram reads; undefined when it does not decode. */
export function decodeWord(isa: CompiledIsa, word: number): Decoded | undefined {
  let node = isa.decode[0];
  while (node?.kind === 'switch') {
    const next = node.next[(word >>> node.at) & (2 ** node.width - 1)] ?? -1;
    if (next < 0) return undefined;
    node = isa.decode[next];
  }
  for (const n of node?.insns ?? []) {
    const insn = isa.insns[n]!;
    if ((word & insn.mask) >>> 0 !== insn.value >>> 0) continue;
    const fields = fieldsOf(insn, word);
    if (insn.where) {
      const out = evaluate(isa.program, insn.where, fields, 0n, noMachine);
      if (out.kind !== 'return' || !out.values[0]) continue;
    }
    return { insn, fields };
  }
  return undefined;
}

/** The values of the fields of `insn` in `word`, unsigned. */
export function fieldsOf(insn: Insn, word: number): bigint[] {
  return insn.fields.map((field) =>
    field.pieces.reduce((v, p) => (v << BigInt(p.width)) | BigInt((word >>> p.at) & (2 ** p.width - 1)), 0n),
  );
}
