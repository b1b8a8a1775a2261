// Finds the parts of an instruction of bytes: prefixes, opcode, operand byte, displacement, immediates.
// In: a Scan (data, made from the spec's `opcodes` item), bytes of code. Out: a vector of 32-bit words, the length.
// Must not know: instructions. The engine's generated decoder is the other reading of a Scan.
import { type Body, evaluate, noMachine, type Program } from '@mimic/ir';
import type { EncodedField } from './model.js';

/**
 * The vector's words. KEY holds what decides which instruction it is; MORE the bytes that follow the operand byte and,
 * from bit 16, the length; then the displacement, sign-extended; then 8 bytes of immediates.
 */
export const VECTOR = { key: 0, more: 1, displacement: 2, immediates: 3, words: 5 } as const;
/** Where the length lies in the vector, as a field's piece. */
export const LENGTH_PIECE = { at: 32 * VECTOR.more + 16, width: 8 } as const;
/** The opcode's byte is the lowest of the key. */
export const OPCODE_BITS = 8;

export interface ScanPrefix {
  readonly byte: number;
  /** Bits of the key that the prefix sets anew. */
  readonly mask: number;
  readonly value: number;
  /** It counts only when the opcode follows at once. */
  readonly last: boolean;
}

export interface ScanMore {
  /** A pure body over `fields`, ending in `return` of one bit; absent: always. */
  readonly when?: { readonly fields: readonly EncodedField[]; readonly body: Body };
  /** Bytes: 1 for a byte of fields, 1, 2 or 4 for a displacement. */
  readonly bytes: number;
  readonly displacement: boolean;
}

export interface Scan {
  /** Bytes of the longest instruction. */
  readonly longest: number;
  readonly prefixes: readonly ScanPrefix[];
  /** All bits of the key that a `last` prefix sets. */
  readonly lastMask: number;
  /** Bytes that lead to another map of opcodes, and what they put into the key. */
  readonly maps: readonly { readonly bytes: readonly number[]; readonly value: number }[];
  /** Where the number of the map lies in the key. */
  readonly map: { readonly at: number; readonly width: number };
  /** Where the operand byte lies in the key. */
  readonly operandsAt: number;
  /** Bit 256 * map + opcode: an operand byte follows. Words of 32 bits. */
  readonly hasOperands: readonly number[];
  /** What may follow the operand byte, in order. */
  readonly more: readonly ScanMore[];
}

/** The byte at an offset from the instruction's start, or undefined where it may not be executed. */
export type CodeByte = (offset: number) => number | undefined;

/** A scanned instruction. Reading beyond what may be executed ends the scan: `missing` is the offset. */
export interface Scanned {
  readonly words: readonly number[];
  /** Bytes before the immediates. */
  readonly head: number;
  readonly missing?: number;
}

/** Scans everything before the immediates. Undefined for an instruction that is too long. */
export class Scanner {
  private readonly byByte = new Map<number, ScanPrefix>();
  private readonly conditions: ((words: readonly number[]) => boolean)[];

  constructor(
    private readonly scan: Scan,
    program: Program,
  ) {
    for (const p of scan.prefixes) this.byByte.set(p.byte, p);
    this.conditions = scan.more.map((m) => condition(m, program));
  }

  scanHead(byte: CodeByte): Scanned | undefined {
    const { scan } = this;
    const words = new Array<number>(VECTOR.words).fill(0);
    let at = 0;
    let missing: number | undefined;
    const next = (): number => {
      const b = byte(at);
      if (b === undefined) missing ??= at;
      at++;
      return b ?? 0;
    };
    let key = 0;
    let opcode = next();
    for (let p = this.byByte.get(opcode); p; p = this.byByte.get(opcode)) {
      key = (key & ~(p.mask | scan.lastMask)) | p.value;
      if (at >= scan.longest) return undefined;
      opcode = next();
    }
    let map = 0;
    for (;;) {
      const taken = scan.maps.find(
        (m) => m.value >>> scan.map.at !== map && leads(scan.maps, map, m, opcode, scan.map.at),
      );
      if (!taken) break;
      map = taken.value >>> scan.map.at;
      opcode = next();
    }
    key |= (map << scan.map.at) | opcode;
    const index = 256 * map + opcode;
    if ((scan.hasOperands[index >>> 5]! >>> (index & 31)) & 1) {
      key |= next() << scan.operandsAt;
      words[VECTOR.key] = key >>> 0;
      scan.more.forEach((m, k) => {
        if (!this.conditions[k]!(words)) return;
        if (!m.displacement) {
          words[VECTOR.more] = next();
          return;
        }
        let v = 0;
        for (let i = 0; i < m.bytes; i++) v |= next() << (8 * i);
        const unused = 32 - 8 * m.bytes;
        words[VECTOR.displacement] = ((v << unused) >> unused) >>> 0;
      });
    }
    words[VECTOR.key] = key >>> 0;
    return { words, head: at, ...(missing === undefined ? {} : { missing }) };
  }
}

/** Whether `opcode` leads from the map reached so far to map m: their bytes differ by this one at the end. */
function leads(
  maps: Scan['maps'],
  from: number,
  m: { readonly bytes: readonly number[] },
  opcode: number,
  at: number,
): boolean {
  const so = from === 0 ? [] : maps.find((x) => x.value >>> at === from)!.bytes;
  return (
    m.bytes.length === so.length + 1 && m.bytes.at(-1) === opcode && so.every((b, k) => m.bytes[k] === b)
  );
}

/** A condition as a table over the bits that it looks at: these are few, and a table is faster than the evaluator. */
function condition(m: ScanMore, program: Program): (words: readonly number[]) => boolean {
  const { when } = m;
  if (!when) return () => true;
  const bits = when.fields.reduce((n, f) => n + f.width, 0);
  const table = new Map<number, boolean>();
  return (words) => {
    let index = 0;
    for (const f of when.fields) index = (index << f.width) | pieceOf(words, f);
    let known = table.get(index);
    if (known === undefined) {
      let low = bits;
      const fields = when.fields.map((f) => {
        low -= f.width;
        return BigInt((index >>> low) & (2 ** f.width - 1));
      });
      const r = evaluate(program, when.body, fields, 0n, noMachine);
      table.set(index, (known = r.kind === 'return' && r.values[0] === 1n));
    }
    return known;
  };
}

/** An unsigned field of the vector. */
export function pieceOf(words: readonly number[], field: EncodedField): number {
  let v = 0;
  const { pieces } = field;
  for (let i = 0; i < pieces.length; i++) {
    const { at, width } = pieces[i]!;
    const word = words[at >>> 5]!;
    v = width === 32 ? word : (v << width) | ((word >>> (at & 31)) & ((1 << width) - 1));
  }
  return v >>> 0;
}

/** Puts `bytes` immediates behind the head into the vector, and the length. Gives the first offset that is missing. */
export function scanImmediates(
  words: number[],
  head: number,
  bytes: number,
  byte: CodeByte,
): number | undefined {
  for (let k = 0; k < bytes; k++) {
    const b = byte(head + k);
    if (b === undefined) return head + k;
    const word = VECTOR.immediates + (k >>> 2);
    words[word] = (words[word]! | (b << (8 * (k & 3)))) >>> 0;
  }
  words[VECTOR.more] = (words[VECTOR.more]! | ((head + bytes) << 16)) >>> 0;
  return undefined;
}
