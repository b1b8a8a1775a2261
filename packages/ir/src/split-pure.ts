// The pure ops on limbs: one case an op, for results or operands above 64 bits.
// In: an op, limb lists of its operands. Out: the limbs of the result. Must not know: effects, control.
import type { Builder } from './builder.js';
import {
  addLimbs,
  countZeros,
  equalLimbs,
  type Limbs,
  lessLimbs,
  limbWidths,
  mulLimbs,
  nonZero,
  notLimbs,
  regroup,
  resize,
  selectLimbs,
  shiftLimbs,
  signExtend,
  sliceLimbs,
  subLimbs,
  totalWidth,
} from './limbs.js';
import { OPS, Op } from './op.js';
import type { SplitProgram } from './split-wide.js';
import { negateLimbs } from './wide-division.js';

/** `x`, `y`, `z` are the operands a, b, c; `immediate` is b where b is one. */
export function splitPure(
  B: Builder,
  split: SplitProgram,
  op: number,
  width: number,
  x: Limbs,
  y: Limbs,
  z: Limbs,
  immediate: number,
): number[] {
  const bit0 = B.constant(1, 0);
  switch (op) {
    case Op.add:
      return addLimbs(B, x, y, bit0).sum;
    case Op.sub:
      return subLimbs(B, x, y);
    case Op.mul:
      return mulLimbs(B, x, y);
    case Op.udiv:
    case Op.urem:
      return divide(B, split, x, y, op === Op.udiv);
    case Op.sdiv:
    case Op.srem: {
      const sign = (v: Limbs): number => B.slice(v.at(-1)!, B.width(v.at(-1)!) - 1, 1);
      const abs = (v: Limbs): number[] => selectLimbs(B, sign(v), negateLimbs(B, v), v);
      const result = divide(B, split, abs(x), abs(y), op === Op.sdiv);
      const negative = op === Op.sdiv ? B.binary(Op.xor, sign(x), sign(y)) : sign(x);
      return selectLimbs(B, negative, negateLimbs(B, result), result);
    }
    case Op.and:
    case Op.or:
    case Op.xor:
      return x.map((a, k) => B.binary(op, a, y[k]!));
    case Op.not:
      return notLimbs(B, x);
    case Op.neg:
      return negateLimbs(B, x);
    case Op.shl:
      return shiftLimbs(B, x, amount(B, y), true, bit0);
    case Op.shr:
      return shiftLimbs(B, x, amount(B, y), false, bit0);
    case Op.sar:
      return shiftLimbs(B, x, amount(B, y), false, B.slice(x.at(-1)!, B.width(x.at(-1)!) - 1, 1));
    case Op.rotl:
    case Op.rotr:
      return rotate(B, split, x, y, op === Op.rotl);
    case Op.eq:
      return [equalLimbs(B, x, y)];
    case Op.ne:
      return [B.unary(Op.not, equalLimbs(B, x, y))];
    case Op.ult:
    case Op.ule:
      return [lessLimbs(B, x, y, false, op === Op.ule)];
    case Op.slt:
    case Op.sle:
      return [lessLimbs(B, x, y, true, op === Op.sle)];
    case Op.clz:
    case Op.ctz:
      return resize(B, [countZeros(B, x, op === Op.clz)], width);
    case Op.popcnt:
      return resize(
        B,
        [x.map((a) => B.unary(Op.popcnt, B.zx(a, 64))).reduce((p, q) => B.binary(Op.add, p, q))],
        width,
      );
    case Op.bswap: {
      const full = resize(B, x, 64 * x.length)
        .map((a) => B.unary(Op.bswap, a))
        .reverse();
      return sliceLimbs(B, full, 64 * x.length - width, width);
    }
    case Op.zx:
      return resize(B, x, width);
    case Op.sx:
      return signExtend(B, x, width);
    case Op.slice:
      return sliceLimbs(B, x, immediate, width);
    case Op.cat:
      return regroup(B, [...y, ...x]);
    case Op.select:
      return selectLimbs(B, x[0]!, y, z);
    case Op.carry:
      return [addLimbs(B, x, y, z[0]!).carry];
    case Op.undef:
      return x.map((a) => B.unary(Op.undef, a));
    default:
      throw new RangeError(`split-wide: ${OPS[op]!.name} does not take ${totalWidth(B, x)} bits`);
  }
}

/** A shift amount as one value: whatever does not fit 32 bits of a wide amount shifts everything out. */
function amount(B: Builder, y: Limbs): number {
  if (y.length === 1) return y[0]!;
  return B.select(nonZero(B, y.slice(1)), B.constant(64, 0xffffffffn), y[0]!);
}

function rotate(B: Builder, split: SplitProgram, x: Limbs, y: Limbs, left: boolean): number[] {
  const width = totalWidth(B, x);
  const n64 = (v: number): number => (B.width(v) < 64 ? B.zx(v, 64) : v);
  let n: number;
  if ((width & (width - 1)) === 0) n = B.binary(Op.and, n64(y[0]!), B.constant(64, width - 1));
  else if (y.length === 1) n = B.binary(Op.urem, n64(y[0]!), B.constant(64, width));
  else {
    const total = totalWidth(B, y);
    n = divide(
      B,
      split,
      y,
      limbWidths(total).map((w, k) => B.constant(w, k === 0 ? width : 0)),
      false,
    )[0]!;
  }
  const back = B.binary(Op.sub, B.constant(64, width), n);
  const bit0 = B.constant(1, 0);
  if (x.length === 1) {
    const a = x[0]!;
    const [near, far] = left ? [Op.shl, Op.shr] : [Op.shr, Op.shl];
    return [B.binary(Op.or, B.pure(near, width, a, n), B.pure(far, width, a, back))];
  }
  const near = shiftLimbs(B, x, n, left, bit0);
  const far = shiftLimbs(B, x, back, !left, bit0);
  return near.map((a, k) => B.binary(Op.or, a, far[k]!));
}

function divide(B: Builder, split: SplitProgram, x: Limbs, y: Limbs, quotient: boolean): number[] {
  const call = B.call(split.division(totalWidth(B, x)), [...x, ...y]);
  return x.map((a, k) => B.shared(Op.result, B.width(a), call, quotient ? k : x.length + k));
}
