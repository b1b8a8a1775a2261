// Finds the instruction in code and takes its fields apart: for listings, tests and the translator.
// In: a CompiledIsa, words or bytes. Out: Decoded. Must not know: semantics.
import { evaluate, type Machine, noMachine } from '@mimic/ir';
import type { CompiledIsa, DecodeNode, Insn } from './model.js';
import { type CodeByte, pieceOf, Scanner, scanImmediates, VECTOR } from './scan.js';

export { LENGTH_PIECE, VECTOR } from './scan.js';

export interface Decoded {
  readonly insn: Insn;
  /** Position in CompiledIsa.insns. */
  readonly number: number;
  /** Unsigned field values, in the order of insn.fields. */
  readonly fields: readonly number[];
  /** Bytes. */
  readonly length: number;
}

/** The field values of `insn` in `word`, unsigned; `traits` are those of a model. */
export function fieldsOf(
  insn: Pick<Insn, 'fields'>,
  word: number,
  context = 0,
  traits: readonly number[] = [],
): number[] {
  const out: number[] = [];
  // By index here and below: code that V8 has not optimised yet allocates for each step of an iterator.
  for (let k = 0; k < insn.fields.length; k++) {
    const { pieces, trait } = insn.fields[k]!;
    let v = pieces.length ? 0 : trait === undefined ? context : traits[trait]!;
    for (let i = 0; i < pieces.length; i++) {
      const { at, width } = pieces[i]!;
      v = width === 32 ? word : (v << width) | ((word >>> at) & ((1 << width) - 1));
    }
    out.push(v >>> 0);
  }
  return out;
}

/**
 * Decodes an unsigned word of 32 bits at `pc`; undefined when nothing matches. For instructions that are words. `pc` and
 * `context` count where there are modes: see CompiledIsa.
 */
export function decode(isa: CompiledIsa, word: number, pc = 0, context = 0): Decoded | undefined {
  const found = find(isa, word, pc, (insn) => fieldsOf(insn, word, context, isa.model.values));
  return found && { ...found, length: found.insn.length };
}

/** The first instruction that matches the key. */
function find(
  isa: CompiledIsa,
  key: number,
  pc: number,
  fieldsIn: (insn: Insn) => readonly number[] | undefined,
): { insn: Insn; number: number; fields: readonly number[] } | undefined {
  let node: DecodeNode | undefined = isa.decode[0];
  while (node && node.kind !== 'leaf') {
    const from: number = node.kind === 'mode' ? pc : key;
    const next: number = node.next[(from >>> node.at) & ((1 << node.width) - 1)]!;
    node = next < 0 ? undefined : isa.decode[next];
  }
  if (!node) return undefined;
  for (let k = 0; k < node.insns.length; k++) {
    const number = node.insns[k]!;
    const insn = isa.insns[number]!;
    if ((key & insn.mask) >>> 0 !== insn.value >>> 0) continue;
    if (insn.needs && !insn.needs.every((t) => isa.model.values[t])) continue;
    const fields = fieldsIn(insn);
    if (!fields || (insn.where && !holds(isa, insn, fields))) continue;
    return { insn, number, fields };
  }
  return undefined;
}

/** By instruction: mode bits of the addresses at which it may be found; 0 where there are no modes. */
export function modesOf(isa: CompiledIsa): Map<Insn, number[]> {
  const out = new Map<Insn, number[]>(isa.insns.map((x) => [x, []]));
  for (let mode = 0; mode <= isa.modeMask; mode++) {
    if (mode & ~isa.modeMask) continue;
    const seen = new Set<number>();
    const visit = (n: number): void => {
      if (n < 0 || seen.has(n)) return;
      seen.add(n);
      const node = isa.decode[n];
      if (node?.kind === 'leaf')
        for (const k of node.insns) {
          const modes = out.get(isa.insns[k]!)!;
          if (!modes.includes(mode)) modes.push(mode);
        }
      else if (node?.kind === 'mode') visit(node.next[(mode >>> node.at) & ((1 << node.width) - 1)]!);
      else for (const next of node?.next ?? []) visit(next);
    };
    visit(0);
  }
  return out;
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

/** What stands at an address. */
export type Fetched =
  | { readonly kind: 'insn'; readonly decoded: Decoded }
  /** No instruction; `long`: one, but longer than any may be. */
  | { readonly kind: 'illegal'; readonly long?: true }
  /** Part of the instruction may not be executed: that at this offset. */
  | { readonly kind: 'missing'; readonly offset: number };

const ILLEGAL: Fetched = { kind: 'illegal' };
const TOO_LONG: Fetched = { kind: 'illegal', long: true };
const scanners = new WeakMap<CompiledIsa, Scanner>();

/** Decodes an instruction of bytes. */
export function decodeBytes(isa: CompiledIsa, byte: CodeByte): Fetched {
  let scanner = scanners.get(isa);
  if (!scanner) scanners.set(isa, (scanner = new Scanner(isa.scan!, isa.program)));
  const head = scanner.scanHead(byte);
  if (!head) return TOO_LONG;
  if (head.missing !== undefined) return { kind: 'missing', offset: head.missing };
  let missing: number | undefined;
  let length = 0;
  const found = find(isa, head.words[VECTOR.key]!, 0, (insn) => {
    const words = [...head.words];
    missing = scanImmediates(words, head.head, insn.immediates!, byte);
    if (missing !== undefined) return undefined;
    length = head.head + insn.immediates!;
    if (length > isa.scan!.longest) return undefined;
    return insn.fields.map((f) => (f.trait === undefined ? pieceOf(words, f) : isa.model.values[f.trait]!));
  });
  if (found) return { kind: 'insn', decoded: { ...found, length } };
  if (missing !== undefined) return { kind: 'missing', offset: missing };
  return length > isa.scan!.longest ? TOO_LONG : ILLEGAL;
}
