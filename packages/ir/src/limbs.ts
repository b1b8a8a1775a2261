// Arithmetic of wide values as lists of limbs, least significant first: 64 bits each, the last one what remains.
// In: a Builder and limb lists. Out: limb lists. Must not know: bodies' control, state, memory.
import type { Builder } from './builder.js';
import { Op } from './op.js';

/** Value ids of one wide value. */
export type Limbs = readonly number[];

/** Widths of the limbs of a value of `width` bits. */
export function limbWidths(width: number): number[] {
  const out: number[] = [];
  for (let left = width; left > 0; left -= 64) out.push(Math.min(left, 64));
  return out;
}

/** Width of the value in bits. */
export function totalWidth(B: Builder, x: Limbs): number {
  return x.reduce((sum, id) => sum + B.width(id), 0);
}

/** Cuts a string of pieces, least significant first, into limbs. */
export function regroup(B: Builder, pieces: readonly number[]): number[] {
  const out: number[] = [];
  let acc = -1;
  for (const piece of pieces) {
    let at = 0;
    const w = B.width(piece);
    while (at < w) {
      const have = acc < 0 ? 0 : B.width(acc);
      const take = Math.min(w - at, 64 - have);
      const part = B.slice(piece, at, take);
      acc = acc < 0 ? part : B.cat(part, acc);
      at += take;
      if (B.width(acc) === 64) {
        out.push(acc);
        acc = -1;
      }
    }
  }
  if (acc >= 0) out.push(acc);
  return out;
}

/** Bits [at, at + width) of `x`. */
export function sliceLimbs(B: Builder, x: Limbs, at: number, width: number): number[] {
  const pieces: number[] = [];
  x.forEach((id, k) => {
    const low = Math.max(at - 64 * k, 0);
    const high = Math.min(at + width - 64 * k, B.width(id));
    if (low < high) pieces.push(B.slice(id, low, high - low));
  });
  return regroup(B, pieces);
}

/** Zero-extends or cuts to `width`. */
export function resize(B: Builder, x: Limbs, width: number): number[] {
  const have = totalWidth(B, x);
  if (width <= have) return sliceLimbs(B, x, 0, width);
  return limbWidths(width).map((w, k) => (k < x.length ? B.zx(x[k]!, w) : B.constant(w, 0)));
}

/** Sign-extends to `width`, at least the width of `x`. */
export function signExtend(B: Builder, x: Limbs, width: number): number[] {
  const widths = limbWidths(width);
  if (widths.length === x.length) return x.map((id, k) => B.sx(id, widths[k]!));
  const top = B.sx(x.at(-1)!, 64);
  const fill = B.pure(Op.sar, 64, top, B.constant(16, 63));
  return widths.map((w, k) => (k < x.length - 1 ? x[k]! : k === x.length - 1 ? top : B.slice(fill, 0, w)));
}

export function constantLimbs(B: Builder, width: number, value: bigint): number[] {
  return limbWidths(width).map((w, k) => B.constant(w, value >> BigInt(64 * k)));
}

/** x + y + carry, and the carry out. `carry` has 1 bit. */
export function addLimbs(B: Builder, x: Limbs, y: Limbs, carry: number): { sum: number[]; carry: number } {
  const sum = x.map((a, k) => {
    const b = y[k]!;
    const s = B.binary(Op.add, B.binary(Op.add, a, b), B.zx(carry, B.width(a)));
    carry = B.pure(Op.carry, 1, a, b, carry);
    return s;
  });
  return { sum, carry };
}

export function notLimbs(B: Builder, x: Limbs): number[] {
  return x.map((a) => B.unary(Op.not, a));
}

export function subLimbs(B: Builder, x: Limbs, y: Limbs): number[] {
  // x - y, limb by limb with a borrow: cheaper than the carries of x + ~y + 1.
  let borrow = B.constant(1, 0);
  return x.map((a, k) => {
    const b = y[k]!;
    const d = B.binary(Op.sub, a, b);
    const r = B.binary(Op.sub, d, B.zx(borrow, B.width(a)));
    borrow = B.pure(
      Op.or,
      1,
      B.binary(Op.ult, a, b),
      B.pure(Op.and, 1, borrow, B.pure(Op.eq, 1, d, B.constant(B.width(a), 0))),
    );
    return r;
  });
}

export function selectLimbs(B: Builder, condition: number, x: Limbs, y: Limbs): number[] {
  return x.map((a, k) => B.select(condition, a, y[k]!));
}

/** Product modulo 2^width, by 32-bit digits. */
export function mulLimbs(B: Builder, x: Limbs, y: Limbs): number[] {
  const width = totalWidth(B, x);
  const digits = (v: Limbs): number[] => {
    const out: number[] = [];
    for (let at = 0; at < width; at += 32)
      out.push(B.zx(sliceLimbs(B, v, at, Math.min(32, width - at))[0]!, 64));
    return out;
  };
  const [xs, ys] = [digits(x), digits(y)];
  const zero = B.constant(64, 0);
  const acc: number[] = xs.map(() => zero);
  const low = B.constant(64, 0xffffffffn);
  const by32 = B.constant(16, 32);
  for (let i = 0; i < xs.length; i++) {
    let carry = zero;
    for (let j = 0; i + j < xs.length; j++) {
      // 32 x 32 bits plus two 32-bit terms fits 64 bits.
      const product = B.binary(Op.mul, xs[i]!, ys[j]!);
      const t = B.binary(Op.add, B.binary(Op.add, product, acc[i + j]!), carry);
      acc[i + j] = B.binary(Op.and, t, low);
      carry = B.pure(Op.shr, 64, t, by32);
    }
  }
  return resize(
    B,
    regroup(
      B,
      acc.map((d) => B.slice(d, 0, 32)),
    ),
    width,
  );
}

/** 1 bit: any bit of `x` is set. */
export function nonZero(B: Builder, x: Limbs): number {
  const all = x.map((a) => B.zx(a, 64)).reduce((p, q) => B.binary(Op.or, p, q));
  return B.pure(Op.ne, 1, all, B.constant(64, 0));
}

export function equalLimbs(B: Builder, x: Limbs, y: Limbs): number {
  return B.unary(
    Op.not,
    nonZero(
      B,
      x.map((a, k) => B.binary(Op.xor, a, y[k]!)),
    ),
  );
}

/** x < y, or x <= y with `orEqual`. */
export function lessLimbs(B: Builder, x: Limbs, y: Limbs, signed: boolean, orEqual: boolean): number {
  let less = B.constant(1, orEqual ? 1 : 0);
  x.forEach((a, k) => {
    const b = y[k]!;
    const strict = B.binary(signed && k === x.length - 1 ? Op.slt : Op.ult, a, b);
    less = B.pure(Op.or, 1, strict, B.pure(Op.and, 1, B.binary(Op.eq, a, b), less));
  });
  return less;
}

/** Shifts by `amount`, an unsigned value of up to 64 bits. `fill` (1 bit) comes in from above for right shifts. */
export function shiftLimbs(B: Builder, x: Limbs, amount: number, left: boolean, fill: number): number[] {
  const width = totalWidth(B, x);
  const n = x.length;
  const n64 = 64 * n;
  const filler = B.sx(fill, 64);
  // Whole limbs; for right shifts the top is extended by the filler so that bits come in right.
  const top = B.width(x.at(-1)!);
  const high = top === 64 ? x.at(-1)! : B.cat(B.slice(filler, 0, 64 - top), x.at(-1)!);
  let v: number[] = [...x.slice(0, -1), high];
  const a = B.width(amount) < 64 ? B.zx(amount, 64) : amount;
  const beyond = left ? B.constant(64, 0) : filler;
  const limbAmount = B.pure(Op.shr, 64, a, B.constant(16, 6));
  for (let step = 1; step < n; step *= 2) {
    const on = B.slice(limbAmount, Math.log2(step), 1);
    v = v.map((w, k) => B.select(on, v[left ? k - step : k + step] ?? beyond, w));
  }
  const bits = B.binary(Op.and, a, B.constant(64, 63));
  const rest = B.binary(Op.sub, B.constant(64, 64), bits); // 64 when bits is 0: such a shift gives 0
  v = v.map((w, k) => {
    const neighbour = v[left ? k - 1 : k + 1] ?? beyond;
    const [near, far] = left ? [Op.shl, Op.shr] : [Op.shr, Op.shl];
    return B.binary(Op.or, B.pure(near, 64, w, bits), B.pure(far, 64, neighbour, rest));
  });
  const over = B.pure(Op.ule, 1, B.constant(64, n64), a);
  return resize(
    B,
    v.map((w) => B.select(over, beyond, w)),
    width,
  );
}

/** Number of zeros above the highest set bit (or below the lowest), as 64 bits; the width for 0. */
export function countZeros(B: Builder, x: Limbs, leading: boolean): number {
  const order = leading ? x : [...x].reverse();
  let count = B.constant(64, 0);
  order.forEach((a, k) => {
    // Later limbs decide; an all-zero one adds its width to what was counted before.
    const zero = B.pure(Op.eq, 1, a, B.constant(B.width(a), 0));
    const all = B.constant(64, B.width(a));
    const own = B.zx(B.unary(leading ? Op.clz : Op.ctz, B.width(a) < 16 ? pad(B, a, leading) : a), 64);
    count = B.select(zero, B.binary(Op.add, k === 0 ? B.constant(64, 0) : count, all), own);
  });
  return count;
}

/** Widens a narrow limb so that its count fits its own width. */
function pad(B: Builder, a: number, leading: boolean): number {
  const w = B.width(a);
  return leading ? B.cat(a, B.constant(64 - w, 0)) : B.zx(a, 64);
}
