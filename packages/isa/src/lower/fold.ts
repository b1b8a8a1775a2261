// Folding while building: constants, and the identities that lowering itself produces.
// In: an op and its operands. Out: an existing or constant value, or undefined. Deeper work is done by ir's passes.
import { compute, Op } from '@mimic/ir';
import type { Builder, Id } from './builder.js';

const mask = (w: number): bigint => (1n << BigInt(w)) - 1n;
/** See the file's head. `args` are the operands a, b, c as Builder.pure takes them. */
export function fold(b: Builder, op: number, width: number, args: readonly number[]): Id | undefined {
  const [x, y, z] = args as [number, number, number];
  const cx = b.constantOf(x);
  const unary =
    op === Op.not ||
    op === Op.neg ||
    op === Op.zx ||
    op === Op.sx ||
    op === Op.slice ||
    op === Op.popcnt ||
    op === Op.clz ||
    op === Op.ctz ||
    op === Op.undef ||
    op === Op.rare;
  if (
    op === Op.param ||
    op === Op.pc ||
    op === Op.const ||
    op === Op.bswap ||
    (op >= Op.fadd && op <= Op.utof) ||
    op === Op.fma
  )
    return undefined;
  if (unary) {
    if (cx !== undefined && op !== Op.undef)
      return b.constant(width, compute(op, width, b.width(x), 0, cx, BigInt(y), 0n));
    if ((op === Op.zx || op === Op.sx) && b.width(x) === width) return x;
    if (op === Op.slice) {
      if (y === 0 && b.width(x) === width) return x;
      const inner = b.op(x);
      if (inner === Op.slice) return b.pure(Op.slice, width, b.operand(x, 'a'), y + b.operand(x, 'b'));
      if (inner === Op.zx || inner === Op.sx) {
        const from = b.operand(x, 'a');
        if (y + width <= b.width(from)) return b.pure(Op.slice, width, from, y);
        if (inner === Op.zx && y >= b.width(from)) return b.constant(width, 0);
      }
      if (inner === Op.cat) {
        const hi = b.operand(x, 'a');
        const lo = b.operand(x, 'b');
        const wl = b.width(lo);
        if (y + width <= wl) return b.pure(Op.slice, width, lo, y);
        if (y >= wl) return b.pure(Op.slice, width, hi, y - wl);
      }
    }
    if (op === Op.not && b.op(x) === Op.not) return b.operand(x, 'a');
    return undefined;
  }
  const cy = b.constantOf(y);
  if (op === Op.select) {
    if (cx !== undefined) return cx ? y : z;
    if (y === z) return y;
    if (width === 1 && cy === 1n && b.constantOf(z) === 0n) return x;
    return undefined;
  }
  if (op === Op.carry) {
    const cz = b.constantOf(z);
    if (cx !== undefined && cy !== undefined && cz !== undefined)
      return b.constant(1, compute(op, 1, b.width(x), b.width(y), cx, cy, cz));
    return undefined;
  }
  if (cx !== undefined && cy !== undefined)
    return b.constant(width, compute(op, width, b.width(x), b.width(y), cx, cy, 0n));
  switch (op) {
    case Op.add:
    case Op.or:
    case Op.xor:
      if (cx === 0n) return y;
      if (cy === 0n) return x;
      if (op === Op.or && (cx === mask(width) || cy === mask(width))) return b.constant(width, -1);
      if (op === Op.xor && width === 1 && cy === 1n) return b.pure(Op.not, 1, x);
      break;
    case Op.sub:
    case Op.shl:
    case Op.shr:
    case Op.sar:
    case Op.rotl:
    case Op.rotr:
      if (cy === 0n) return x;
      break;
    case Op.and:
      if (cx === 0n || cy === 0n) return b.constant(width, 0);
      if (cx === mask(width)) return y;
      if (cy === mask(width)) return x;
      break;
    case Op.mul:
      if (cx === 1n) return y;
      if (cy === 1n) return x;
      break;
    case Op.eq:
    case Op.ne:
      if (width === 1 && b.width(x) === 1 && cy !== undefined)
        return (op === Op.eq) === (cy === 1n) ? x : b.pure(Op.not, 1, x);
      if (x === y) return b.constant(1, op === Op.eq ? 1 : 0);
      break;
    case Op.ule:
    case Op.sle:
      if (x === y) return b.constant(1, 1);
      if (op === Op.ule && cx === 0n) return b.constant(1, 1);
      break;
    default:
  }
  return undefined;
}
