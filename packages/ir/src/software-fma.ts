// The op `fma` by other ops, for hosts without a fused instruction: exact for all operands.
// In: nothing. Out: a Func of three binary64 patterns, to be split to 64 bits. Must not know: who calls it.
import type { Func } from './body.js';
import { Builder } from './builder.js';
import { Op } from './op.js';

const INF = 0x7ff0000000000000n;
const FRACTION = 0xfffffffffffffn;
const HIDDEN = 1n << 52n;
const SIGN = 1n << 63n;

/** (x, y, z) -> x * y + z. Where nothing is near the ends of the range, by errors of the host's sums and products. */
export function softwareFma(): Func {
  const B = new Builder();
  const [x, y, z] = [0, 1, 2].map((k) => B.pure(Op.param, 64, k)) as [number, number, number];
  const k64 = (v: bigint): number => B.constant(64, v);
  const k32 = (v: number): number => B.constant(32, v);
  const f = (op: number, a: number, b: number): number => B.pure(op, 64, a, b);
  const bit = (op: number, a: number, b: number): number => B.pure(op, 1, a, b);
  const not = (a: number): number => B.unary(Op.not, a);
  const exponent = (v: number): number => B.zx(B.slice(v, 52, 11), 32);
  const sign = (v: number): number => B.slice(v, 63, 1);
  const isZero = (v: number): number => bit(Op.eq, f(Op.and, v, k64(SIGN - 1n)), k64(0n));
  const within = (v: number, low: number, count: number): number =>
    bit(Op.ult, B.binary(Op.sub, v, k32(low)), k32(count));
  const shiftBy = (op: number, v: number, n: number | bigint): number =>
    B.pure(op, 64, v, B.constant(16, BigInt(n)));
  /** Exactly a + b - sum (Knuth). */
  const sumError = (a: number, b: number, sum: number): number => {
    const t = f(Op.fsub, sum, a);
    return f(Op.fadd, f(Op.fsub, a, f(Op.fsub, sum, t)), f(Op.fsub, b, t));
  };

  // x * y is product + e; product + z is sum + d; d + e, rounded to odd, is added to sum (Boldo, Melquiond).
  const product = f(Op.fmul, x, y);
  const significand = (v: number): number => f(Op.or, f(Op.and, v, k64(FRACTION)), k64(HIDDEN));
  const [ex, ey] = [exponent(x), exponent(y)];
  const exy = B.binary(Op.add, ex, ey);
  const carried = bit(Op.ne, B.binary(Op.add, exponent(product), k32(1023)), exy);
  const scaled = B.select(
    carried,
    shiftBy(Op.shl, significand(product), 53),
    shiftBy(Op.shl, significand(product), 52),
  );
  const units = f(Op.sub, f(Op.mul, significand(x), significand(y)), scaled);
  const unit = B.cat(
    B.cat(bit(Op.xor, sign(x), sign(y)), B.slice(B.binary(Op.sub, exy, k32(1127)), 0, 11)),
    B.constant(52, 0),
  );
  const e = f(Op.fmul, B.pure(Op.stof, 64, units), unit);
  const sum = f(Op.fadd, product, z);
  const d = sumError(product, z, sum);
  const t = f(Op.fadd, d, e);
  const rest = sumError(d, e, t);
  const isOdd = bit(Op.or, isZero(rest), B.slice(t, 0, 1));
  const away = B.select(bit(Op.eq, sign(rest), sign(t)), f(Op.add, t, k64(1n)), f(Op.sub, t, k64(1n)));
  const near = f(Op.fadd, sum, B.select(isOdd, t, away));
  const normal = (v: number): number => within(v, 1, 2046);
  const inside = [
    within(exponent(product), 200, 1600),
    bit(Op.or, within(exponent(z), 200, 1600), isZero(z)),
    within(exponent(near), 2, 2043),
    normal(ex),
    normal(ey),
  ].reduce((p, q) => bit(Op.and, p, q));
  const answer = (v: number): void => void B.leaveWith(Op.return, [v]);
  const when = (condition: number, v: () => number): void => {
    B.if(condition);
    answer(v());
    B.end();
  };
  when(inside, () => near);

  // Here no rounding of the product can be seen: it is exact, infinite, or the result.
  const finite = (v: number): number => bit(Op.ne, exponent(v), k32(0x7ff));
  const plain = [finite(x), finite(y), not(isZero(x)), not(isZero(y))].reduce((p, q) => bit(Op.and, p, q));
  when(not(plain), () => sum);
  when(not(finite(z)), () => z);
  when(isZero(z), () => product);

  // All finite and not zero: in 128 bits, what falls out below joined to the last one.
  const unpack = (v: number): { e: number; m: number } => {
    const fraction = f(Op.and, v, k64(FRACTION));
    const n = B.unary(Op.clz, fraction);
    const subnormal = bit(Op.eq, exponent(v), k32(0));
    return {
      e: B.select(
        subnormal,
        B.binary(Op.sub, k32(-1011), B.slice(n, 0, 32)),
        B.binary(Op.sub, exponent(v), k32(1023)),
      ),
      m: B.select(
        subnormal,
        B.pure(Op.shl, 64, fraction, n),
        f(Op.or, shiftBy(Op.shl, fraction, 11), k64(SIGN)),
      ),
    };
  };
  const [px, py, pz] = [unpack(x), unpack(y), unpack(z)];
  const one = B.constant(16, 1);
  const exact = B.pure(Op.shr, 128, B.pure(Op.mul, 128, B.zx(px.m, 128), B.zx(py.m, 128)), one);
  const addend = B.pure(Op.shr, 128, B.cat(pz.m, k64(0n)), one);
  const ep = B.binary(Op.add, B.binary(Op.add, px.e, py.e), k32(1));
  const top = B.select(bit(Op.slt, ep, pz.e), pz.e, ep);
  const jam = (v: number, n: number): number => {
    const kept = B.pure(Op.shr, 128, v, n);
    return B.pure(Op.or, 128, kept, B.zx(bit(Op.ne, B.pure(Op.shl, 128, kept, n), v), 128));
  };
  const p = jam(exact, B.binary(Op.sub, top, ep));
  const c = jam(addend, B.binary(Op.sub, top, pz.e));
  const negative = bit(Op.xor, sign(x), sign(y));
  const differ = bit(Op.xor, negative, sign(z));
  const flip = bit(Op.and, differ, bit(Op.ult, p, c));
  const size = B.select(
    flip,
    B.pure(Op.sub, 128, c, p),
    B.select(differ, B.pure(Op.sub, 128, p, c), B.pure(Op.add, 128, p, c)),
  );
  when(bit(Op.eq, size, B.constant(128, 0)), () => k64(0n));
  const n = B.slice(B.unary(Op.clz, size), 0, 32);
  const m = B.pure(Op.shl, 128, size, n);
  const mant = f(Op.or, B.slice(m, 64, 64), B.zx(bit(Op.ne, B.slice(m, 0, 64), k64(0n)), 64));
  const expo = B.binary(Op.sub, B.binary(Op.add, top, k32(1)), n);

  // Rounded to 53 bits, or as many fewer as a subnormal result lacks.
  const below = bit(Op.slt, expo, k32(-1022));
  const cut = B.select(below, B.binary(Op.sub, k32(11 - 1022), expo), k32(11));
  const kept = B.pure(Op.shr, 64, mant, cut);
  const lost = B.select(
    bit(Op.ult, k32(64), cut),
    k64(1n),
    B.pure(Op.shl, 64, mant, B.binary(Op.sub, k32(64), cut)),
  );
  const tie = bit(Op.eq, shiftBy(Op.shl, lost, 1), k64(0n));
  const up = bit(Op.and, sign(lost), bit(Op.or, not(tie), B.slice(kept, 0, 1)));
  const whole = f(Op.add, kept, B.zx(up, 64));
  // A carry out of the fraction goes on into the exponent, where it belongs.
  const field = B.select(below, k64(0n), shiftBy(Op.shl, B.sx(B.binary(Op.add, expo, k32(1022)), 64), 52));
  const packed = B.select(bit(Op.slt, k32(1023), expo), k64(INF), f(Op.add, field, whole));
  answer(f(Op.or, packed, B.cat(bit(Op.xor, negative, flip), B.constant(63, 0))));
  return { name: 'fma', params: [64, 64, 64], results: [64], body: B.body };
}
