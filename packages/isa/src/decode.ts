// Finds the instruction in a word and takes its fields apart: for listings, tests and the translator.
// In: a CompiledIsa, words. Out: Decoded. Must not know: semantics.
import { evaluate, type Machine, noMachine } from '@mimic/ir';
import type { CompiledIsa, DecodeNode, Insn } from './model.js';

export interface Decoded {
  readonly insn: Insn;
  /** Position in CompiledIsa.insns. */
  readonly number: number;
  /** Unsigned field values, in the order of insn.fields. */
  readonly fields: readonly number[];
}

/** The field values of `insn` in `word`, unsigned. */
export function fieldsOf(insn: Pick<Insn, 'fields'>, word: number, context = 0): number[] {
  const out: number[] = [];
  // By index here and below: code that V8 has not optimised yet allocates for each step of an iterator.
  for (let k = 0; k < insn.fields.length; k++) {
    const { pieces } = insn.fields[k]!;
    let v = pieces.length ? 0 : context;
    for (let i = 0; i < pieces.length; i++) {
      const { at, width } = pieces[i]!;
      v = width === 32 ? word : (v << width) | ((word >>> at) & ((1 << width) - 1));
    }
    out.push(v >>> 0);
  }
  return out;
}

/**
 * Decodes an unsigned word of 32 bits at `pc`; undefined when nothing matches. `pc` and `context` count where there are modes: see CompiledIsa.
 */
export function decode(isa: CompiledIsa, word: number, pc = 0, context = 0): Decoded | undefined {
  let node: DecodeNode | undefined = isa.decode[0];
  while (node && node.kind !== 'leaf') {
    const from: number = node.kind === 'mode' ? pc : word;
    const next: number = node.next[(from >>> node.at) & ((1 << node.width) - 1)]!;
    node = next < 0 ? undefined : isa.decode[next];
  }
  if (!node) return undefined;
  for (let k = 0; k < node.insns.length; k++) {
    const number = node.insns[k]!;
    const insn = isa.insns[number]!;
    if ((word & insn.mask) >>> 0 !== insn.value >>> 0) continue;
    const fields = fieldsOf(insn, word, context);
    if (insn.where && !holds(isa, insn, fields)) continue;
    return { insn, number, fields };
  }
  return undefined;
}

function holds(isa: CompiledIsa, insn: Insn, fields: readonly number[]): boolean {
  const r = evaluate(isa.program, insn.where!, fields.map(BigInt), 0n, noMachine);
  return r.kind === 'return' && r.values[0] === 1n;
}

/** The context behind an instruction that was decoded in `context`. */
export function contextAfter(isa: CompiledIsa, d: Decoded, pc: number, context: number): number {
  if (!isa.context || (context === 0 && !d.insn.context)) return 0;
  const machine = new ContextMachine(isa.context.cell, BigInt(context));
  evaluate(isa.program, d.insn.template, d.fields.map(BigInt), BigInt(pc), machine);
  return Number(machine.value);
}

/** A machine that knows the context and nothing else: reading and writing do not fault. */
class ContextMachine implements Machine {
  constructor(
    private readonly cell: number,
    public value: bigint,
  ) {}
  getCell(cell: number): bigint {
    return cell === this.cell ? this.value : 0n;
  }
  setCell(cell: number, _index: number, value: bigint): void {
    if (cell === this.cell) this.value = value;
  }
  load(): bigint {
    return 0n;
  }
  store(): undefined {}
  host(): bigint {
    return 0n;
  }
}
