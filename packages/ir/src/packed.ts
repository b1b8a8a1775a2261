// A body as 32-bit words, with what follows from its ops alone: the form in which templates are stored and in which
// `simplify` reads them.
// In: a Body. Out: words. Must not know: what becomes of it.
import type { Body } from './body.js';
import { OPS, Op, operandSlots } from './op.js';
import { structure } from './structure.js';

/**
 * Words: ops, variables and roots by number, where roots and ops begin; widths of the variables; the roots; the ops;
 * lists of operands and limbs of constants.
 *
 * A *root* has a place in the order of execution; all other ops are computed wherever their value is first wanted.
 * Of a root: the position of its op, its partner and the root that ends its arm, both by number, the number of roots
 * for none. Partner: of `if` its `else`, or its `end` without one; of `else` and `loop` their `end`; of `end` its opener.
 * Of an op: op + (width << 8), a, b, c, the last place that needs its value. Lists, and constants of more than 32 bits, have
 * a word position in a.
 */
export type Packed = Int32Array;

/** Positions of the head's words. */
export const PACKED_OPS = 0;
export const PACKED_VARS = 1;
export const PACKED_ROOTS = 2;
export const PACKED_ROOTS_AT = 3;
export const PACKED_OPS_AT = 4;
const HEAD = 5;
/** Words of a root, and of an op. */
export const ROOT_WORDS = 3;
export const OP_WORDS = 5;

// Where something rare happens an instruction may leave: that has its place.
const FLOATING = Uint8Array.from(OPS, (d, op) =>
  (d.kind === 'pure' && op !== Op.rare) || op === Op.result ? 1 : 0,
);

/** Whether an op is computed where its value is wanted, as long as that is after it. */
export function isFloating(op: number): boolean {
  return FLOATING[op] === 1;
}

/** Throws RangeError on a body that does not nest. */
export function pack(body: Body): Packed {
  const n = body.length;
  const roots: number[] = [];
  for (let i = 0; i < n; i++) if (!isFloating(body.op[i]!)) roots.push(i);
  const rootsAt = HEAD + body.vars.length;
  const opsAt = rootsAt + ROOT_WORDS * roots.length;
  const lists: number[] = [];
  const listsAt = opsAt + OP_WORDS * n;
  const words = [n, body.vars.length, roots.length, rootsAt, opsAt, ...body.vars, ...rootWords(body, roots)];
  const last = lastUses(body);
  for (let i = 0; i < n; i++) {
    const op = body.op[i]!;
    const width = body.width[i]!;
    let a = body.a[i]!;
    if (op === Op.const && width > 32) {
      let v = body.big[a]!;
      a = listsAt + lists.length;
      for (let bits = 0; bits < width; bits += 32, v >>= 32n) lists.push(Number(BigInt.asIntN(32, v)));
    } else if (OPS[op]!.shape[0] === '*') {
      const from = a;
      a = listsAt + lists.length;
      for (let k = 0; k < body.b[i]!; k++) lists.push(body.extra[from + k]!);
    }
    words.push(op | (width << 8), a, body.b[i]!, body.c[i]!, last[i]!);
  }
  return Int32Array.from([...words, ...lists]);
}

function rootWords(body: Body, roots: readonly number[]): number[] {
  const { end, otherwise } = structure(body);
  const number = new Int32Array(body.length).fill(-1);
  roots.forEach((at, k) => {
    number[at] = k;
  });
  const closer = new Int32Array(roots.length).fill(roots.length);
  // Roots of the arms that are open; each learns where its arm ends when that comes.
  const arms: number[][] = [[]];
  roots.forEach((at, k) => {
    const op = body.op[at];
    if (op === Op.else || op === Op.end) for (const r of arms.pop()!) closer[r] = k;
    // An `else` ends like the `if` around it, of which it is a part.
    arms.at(-1)!.push(k);
    if (op === Op.if || op === Op.loop || op === Op.else) arms.push([]);
  });
  return roots.flatMap((at, k) => {
    const op = body.op[at];
    const partner = op === Op.if ? otherwise[at]! : (end[at] ?? -1);
    return [at, partner < 0 ? roots.length : number[partner]!, closer[k]!];
  });
}

/** By op: the last root that needs its value, be it through others; -1 where nobody does. */
function lastUses(body: Body): Int32Array {
  const out = new Int32Array(body.length).fill(-1);
  for (let i = body.length - 1; i >= 0; i--) {
    const op = body.op[i]!;
    const at = isFloating(op) ? out[i]! : i;
    const slots = operandSlots(op);
    if (OPS[op]!.shape[0] === '*')
      for (let k = 0; k < body.b[i]!; k++) {
        const v = body.extra[body.a[i]! + k]!;
        out[v] = Math.max(out[v]!, at);
      }
    if (slots & 1) out[body.a[i]!] = Math.max(out[body.a[i]!]!, at);
    if (slots & 2) out[body.b[i]!] = Math.max(out[body.b[i]!]!, at);
    if (slots & 4) out[body.c[i]!] = Math.max(out[body.c[i]!]!, at);
  }
  return out;
}

/** The value of the constant of `width` bits at word `at`. */
export function packedConstant(words: Packed, at: number, width: number): bigint {
  let v = 0n;
  for (let k = 0, bits = 0; bits < width; k++, bits += 32) v |= BigInt(words[at + k]! >>> 0) << BigInt(bits);
  return BigInt.asUintN(width, v);
}
