// One operation on all narrow lanes of a word at once, by plain arithmetic on words of 64 bits.
// In: what a function made of the first lanes, the operands whole. Out: the result whole, or undefined where this knows no
// way. Must not know: the syntax tree.
import { Op } from '@mimic/ir';
import type { Builder, Id } from './builder.js';
import { extract } from './places.js';

const WORD = 64;
/** Wider lanes are as well computed one by one. */
const WIDEST = 16;

/** `first`: the result in the lowest lane, of lanes of `width` bits; `lowest`: the operands' lowest lanes. */
export function packed(
  b: Builder,
  width: number,
  operands: readonly Id[],
  lowest: readonly Id[],
  first: Id,
): Id | undefined {
  const whole = b.width(operands[0]!);
  if (width > WIDEST || whole % WORD !== 0 || b.width(first) !== width) return undefined;
  if (operands.some((id) => b.width(id) !== whole)) return undefined;
  const equality = b.op(first) === Op.sx && b.op(b.operand(first, 'a')) === Op.eq;
  const op = equality ? Op.eq : b.op(first);
  if (op !== Op.add && op !== Op.sub && op !== Op.eq) return undefined;
  const from = equality ? b.operand(first, 'a') : first;
  /** How to get the word at `at` of what stands for an operand of the operation. */
  const source = (id: Id): ((at: number) => Id) | undefined => {
    const k = lowest.indexOf(id);
    if (k >= 0) return (at) => extract(b, operands[k]!, at, WORD);
    return b.constantOf(id) === 0n ? () => b.constant(WORD, 0) : undefined;
  };
  const x = source(b.operand(from, 'a'));
  const y = source(b.operand(from, 'b'));
  if (!x || !y) return undefined;
  let out: Id | undefined;
  for (let at = 0; at < whole; at += WORD) {
    const word = onWord(b, op, width, x(at), y(at));
    out = out === undefined ? word : b.pure(Op.cat, at + WORD, word, out);
  }
  return out;
}

function onWord(b: Builder, op: number, width: number, x: Id, y: Id): Id {
  const ones = (1n << BigInt(width)) - 1n;
  const each = ((1n << BigInt(WORD)) - 1n) / ones;
  const tops = b.constant(WORD, each << BigInt(width - 1));
  const rest = b.constant(WORD, each * (ones >> 1n));
  const p = (o: number, l: Id, r: Id): Id => b.pure(o, WORD, l, r);
  const differ = p(Op.xor, x, y);
  if (op === Op.eq) {
    // The top bit of a lane is set where any bit of it differs; then 1 becomes 2^width - 1.
    const some = p(Op.or, p(Op.or, p(Op.add, p(Op.and, differ, rest), rest), differ), rest);
    const none = b.pure(Op.not, WORD, some);
    const shifted = b.pure(Op.shr, WORD, none, b.constant(16, width - 1));
    return p(Op.sub, b.pure(Op.shl, WORD, none, b.constant(16, 1)), shifted);
  }
  // Without their top bits lanes neither carry nor borrow; the top bits are added without carry.
  if (op === Op.add)
    return p(Op.xor, p(Op.add, p(Op.and, x, rest), p(Op.and, y, rest)), p(Op.and, differ, tops));
  const same = b.pure(Op.not, WORD, differ);
  return p(Op.xor, p(Op.sub, p(Op.or, x, tops), p(Op.and, y, rest)), p(Op.and, same, tops));
}
