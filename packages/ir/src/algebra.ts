// Constant folding and the algebra of pure ops; each rule has its equation beside it.
// In: an op about to be appended to a Builder. Out: an equal value that is simpler, or -1.
// Must not know: effects, control.
import type { Builder } from './builder.js';
import { compute, compute32, computes32 } from './compute.js';
import { difference } from './difference.js';
import { OPS, Op, operandSlots } from './op.js';
import { joined, strictly } from './ordering.js';

const COMMUTES = new Uint8Array(OPS.length);
for (const op of [Op.add, Op.mul, Op.and, Op.or, Op.xor, Op.eq, Op.ne]) COMMUTES[op] = 1;

/** Id of a value equal to `op` on these operands, or -1 when no rule applies. May append ops. */
export function reduce(B: Builder, op: number, w: number, a: number, b: number, c: number): number {
  if (op <= Op.pc) return -1;
  const { body } = B;
  const slots = operandSlots(op);
  const ka = body.op[a] === Op.const;
  const kb = (slots & 2) === 0 || body.op[b] === Op.const;
  const kc = (slots & 4) === 0 || body.op[c] === Op.const;
  if (ka && kb && kc && op !== Op.undef)
    return folded(B, op, w, a, b, c, (slots & 2) !== 0, (slots & 4) !== 0);
  if (ka && COMMUTES[op] === 1) return B.pure(op, w, b, a);
  const wa = body.width[a]!;
  switch (op) {
    case Op.add:
      if (!kb) return -1;
      if (zero(B, b)) return a; // x + 0 == x
      if (body.op[a] === Op.add && B.isConstant(body.b[a]!)) {
        return B.pure(Op.add, w, body.a[a]!, B.pure(Op.add, w, body.b[a]!, b)); // (x + k) + l == x + (k + l)
      }
      if (body.op[a] === Op.sub && B.isConstant(body.a[a]!)) {
        return B.pure(Op.sub, w, B.pure(Op.add, w, body.a[a]!, b), body.b[a]!); // (k - x) + l == (k + l) - x
      }
      return -1;
    case Op.sub:
      if (a === b) return B.constant(w, 0); // x - x == 0
      if (kb) return B.pure(Op.add, w, a, B.pure(Op.neg, w, b)); // x - k == x + -k
      if (zero(B, a)) return B.pure(Op.neg, w, b); // 0 - x == -x
      return -1;
    case Op.neg:
      return body.op[a] === Op.neg ? body.a[a]! : w === 1 ? a : -1; // --x == x
    case Op.mul:
      if (!kb) return -1;
      if (zero(B, b)) return b; // x * 0 == 0
      return powerOfTwo(B, b, (n) => B.pure(Op.shl, w, a, B.constant(16, n))); // x * 2^n == x << n
    case Op.udiv:
      return kb ? powerOfTwo(B, b, (n) => B.pure(Op.shr, w, a, B.constant(16, n))) : -1; // x / 2^n == x >> n
    case Op.urem:
      if (!kb || zero(B, b)) return -1;
      return powerOfTwo(B, b, () => B.pure(Op.and, w, a, B.constant(w, body.constantValue(b) - 1n))); // x % 2^n == x & (2^n - 1)
    case Op.and:
      if (a === b) return a;
      if (!kb) return w === 1 ? strictly(B, a, b) : -1;
      if (zero(B, b)) return b;
      if (ones(B, b)) return a;
      return reassociate(B, op, w, a, b);
    case Op.or:
      if (a === b) return a;
      // x < y or y < x == x != y
      if (
        (body.op[a] === Op.slt || body.op[a] === Op.ult) &&
        body.op[b] === body.op[a] &&
        body.a[a] === body.b[b] &&
        body.b[a] === body.a[b]
      ) {
        return B.pure(Op.ne, 1, body.a[a]!, body.b[a]!);
      }
      if (!kb) return -1;
      if (zero(B, b)) return a;
      if (ones(B, b)) return b;
      return reassociate(B, op, w, a, b);
    case Op.xor:
      if (a === b) return B.constant(w, 0);
      if (!kb) return without(B, a, b) ?? without(B, b, a) ?? -1; // x ^ (x ^ y) == y
      if (zero(B, b)) return a;
      if (ones(B, b)) return B.pure(Op.not, w, a);
      return reassociate(B, op, w, a, b);
    case Op.not:
      return invert(B, a);
    case Op.shl:
    case Op.shr:
    case Op.sar:
      return shift(B, op, w, a, b, kb);
    case Op.rotl:
    case Op.rotr:
      return (kb && body.constantValue(b) % BigInt(w) === 0n) || w === 1 ? a : -1;
    case Op.eq:
    case Op.ne:
      return equality(B, op, a, b, kb);
    case Op.ult:
    case Op.slt:
      if (a === b) return B.constant(1, 0);
      if (op === Op.ult && kb && zero(B, b)) return B.constant(1, 0); // x < 0 unsigned
      if (op === Op.ult && ka && zero(B, a)) return B.pure(Op.ne, 1, b, a); // 0 < x == x != 0
      if (op === Op.slt && ka && zero(B, a)) {
        const d = difference(B, b); // 0 < x - y == y < x, where x and y are extended
        if (d) return B.pure(d.signed ? Op.slt : Op.ult, 1, d.y, d.x);
      }
      return joined(B, op, a, b);
    case Op.ule:
    case Op.sle:
      if (a === b) return B.constant(1, 1);
      if (op === Op.ule && kb && zero(B, b)) return B.pure(Op.eq, 1, a, b);
      if (op === Op.ule && ka && zero(B, a)) return B.constant(1, 1);
      return joined(B, op, a, b);
    case Op.zx:
      if (w === wa) return a;
      if (body.op[a] === Op.zx) return B.pure(Op.zx, w, body.a[a]!);
      return -1;
    case Op.sx:
      if (w === wa) return a;
      if (body.op[a] === Op.sx) return B.pure(Op.sx, w, body.a[a]!);
      if (body.op[a] === Op.zx) return B.pure(Op.zx, w, body.a[a]!); // the sign bit is 0
      return -1;
    case Op.slice:
      return slice(B, w, a, b);
    case Op.cat:
      return cat(B, w, a, b);
    case Op.select:
      return select(B, w, a, b, c, ka);
    case Op.carry:
      if (kc && zero(B, c) && kb && zero(B, b)) return c;
      if (kc && zero(B, c) && ka && zero(B, a)) return c;
      return -1;
    default:
      return -1;
  }
}

/** The constant that `op` on constants gives. `vb`, `vc`: slots b and c are values, not immediates. */
function folded(
  B: Builder,
  op: number,
  w: number,
  a: number,
  b: number,
  c: number,
  vb: boolean,
  vc: boolean,
): number {
  const { body } = B;
  const wa = body.width[a]!;
  const wb = vb ? body.width[b]! : 0;
  if (w <= 32 && wa <= 32 && wb <= 32 && (!vc || body.width[c]! <= 32) && computes32(op))
    return B.constant(w, compute32(op, w, wa, wb, body.a[a]!, vb ? body.a[b]! : b, vc ? body.a[c]! : 0));
  const y = vb ? body.constantValue(b) : BigInt(b);
  return B.constant(w, compute(op, w, wa, wb, body.constantValue(a), y, vc ? body.constantValue(c) : 0n));
}

/** The value of a constant, exact below 2^53: an amount to shift by. */
function amount(B: Builder, id: number): number {
  return B.width(id) <= 32 ? B.body.a[id]! >>> 0 : Number(B.body.constantValue(id));
}

function zero(B: Builder, id: number): boolean {
  if (B.body.op[id] !== Op.const) return false;
  return B.width(id) <= 32 ? B.body.a[id] === 0 : B.body.constantValue(id) === 0n;
}

function ones(B: Builder, id: number): boolean {
  if (!B.isConstant(id)) return false;
  const w = B.width(id);
  return w <= 32 ? B.body.a[id]! >>> 0 === 2 ** w - 1 : B.body.constantValue(id) === (1n << BigInt(w)) - 1n;
}

function powerOfTwo(B: Builder, id: number, then: (n: number) => number): number {
  const v = B.body.constantValue(id);
  return v !== 0n && (v & (v - 1n)) === 0n ? then(v.toString(2).length - 1) : -1;
}

/** (x op k) op l == x op (k op l) */
function reassociate(B: Builder, op: number, w: number, a: number, b: number): number {
  const { body } = B;
  if (body.op[a] !== op || !B.isConstant(body.b[a]!)) return -1;
  return B.pure(op, w, body.a[a]!, B.pure(op, w, body.b[a]!, b));
}

/** What is left of x ^ y without one of the two. */
function without({ body }: Builder, one: number, both: number): number | undefined {
  if (body.op[both] !== Op.xor) return undefined;
  if (body.a[both] === one) return body.b[both];
  return body.b[both] === one ? body.a[both] : undefined;
}

/** !(x < y) == y <= x and so on. */
function invert(B: Builder, a: number): number {
  const { body } = B;
  const x = body.a[a]!;
  const y = body.b[a]!;
  switch (body.op[a]) {
    case Op.not:
      return x;
    case Op.eq:
      return B.pure(Op.ne, 1, x, y);
    case Op.ne:
      return B.pure(Op.eq, 1, x, y);
    case Op.ult:
      return B.pure(Op.ule, 1, y, x);
    case Op.ule:
      return B.pure(Op.ult, 1, y, x);
    case Op.slt:
      return B.pure(Op.sle, 1, y, x);
    case Op.sle:
      return B.pure(Op.slt, 1, y, x);
    default:
      return -1;
  }
}

function shift(B: Builder, op: number, w: number, a: number, b: number, kb: boolean): number {
  const { body } = B;
  if (zero(B, a)) return a;
  if (!kb) return -1;
  const n = amount(B, b);
  if (n === 0) return a;
  if (n >= w)
    return op === Op.sar ? (w === 1 ? a : B.pure(Op.sar, w, a, B.constant(16, w - 1))) : B.constant(w, 0);
  if (body.op[a] === op && B.isConstant(body.b[a]!)) {
    return B.pure(op, w, body.a[a]!, B.constant(32, n + amount(B, body.b[a]!))); // (x << m) << n == x << (m + n)
  }
  // One width for all constant amounts, so that equal shifts are shared.
  return B.width(b) === 16 ? -1 : B.pure(op, w, a, B.constant(16, n));
}

function equality(B: Builder, op: number, a: number, b: number, kb: boolean): number {
  const { body } = B;
  if (a === b) return B.constant(1, op === Op.eq ? 1 : 0);
  const tops = joined(B, op, a, b);
  if (tops >= 0 || !kb) return tops;
  const wa = B.width(a);
  if (wa === 1) return zero(B, b) === (op === Op.eq) ? B.pure(Op.not, 1, a) : a; // x == 0 is !x, x == 1 is x
  const x = body.a[a]!;
  if (body.op[a] === Op.zx) {
    const wx = B.width(x);
    if (wa <= 32) {
      const k = body.a[b]!;
      return k >>> wx !== 0 ? B.constant(1, op === Op.eq ? 0 : 1) : B.pure(op, 1, x, B.constant(wx, k));
    }
    const k = body.constantValue(b);
    return k >> BigInt(wx) ? B.constant(1, op === Op.eq ? 0 : 1) : B.pure(op, 1, x, B.constant(wx, k));
  }
  if (body.op[a] === Op.add && B.isConstant(body.b[a]!)) {
    return B.pure(op, 1, x, B.pure(Op.sub, wa, b, body.b[a]!)); // x + k == l is x == l - k
  }
  if (body.op[a] === Op.sub && zero(B, b)) return B.pure(op, 1, x, body.b[a]!); // x - y == 0 is x == y
  return -1;
}

/** (x - y)[n] == x < y, where x and y are extended and n is above their widths. */
function signBit(B: Builder, v: number, at: number): number {
  const d = difference(B, v);
  return d && at >= d.width ? B.pure(d.signed ? Op.slt : Op.ult, 1, d.x, d.y) : -1;
}

function slice(B: Builder, w: number, a: number, at: number): number {
  const { body } = B;
  if (w === B.width(a)) return a;
  const x = body.a[a]!;
  switch (body.op[a]) {
    case Op.mul:
    case Op.add:
    case Op.sub:
      // The low bits of a result depend on the low bits of the operands alone.
      if (at === 0 && isExtended(B, x, w) && isExtended(B, body.b[a]!, w))
        return B.pure(body.op[a]!, w, B.pure(Op.slice, w, x, 0), B.pure(Op.slice, w, body.b[a]!, 0));
      return w === 1 ? signBit(B, a, at) : -1;
    case Op.slice:
      return B.pure(Op.slice, w, x, at + body.b[a]!);
    case Op.zx: {
      const wx = B.width(x);
      if (at + w <= wx) return B.pure(Op.slice, w, x, at);
      if (at >= wx) return B.constant(w, 0);
      return B.pure(Op.zx, w, B.pure(Op.slice, wx - at, x, at));
    }
    case Op.sx: {
      const wx = B.width(x);
      if (at + w <= wx) return B.pure(Op.slice, w, x, at);
      return at === 0 ? B.pure(Op.sx, w, x) : w === 1 ? signBit(B, a, at) : -1;
    }
    case Op.cat: {
      const y = body.b[a]!;
      const wy = B.width(y);
      if (at + w <= wy) return B.pure(Op.slice, w, y, at);
      if (at >= wy) return B.pure(Op.slice, w, x, at - wy);
      return -1;
    }
    case Op.and:
    case Op.or:
    case Op.xor:
      // Moves the slice inward where that makes one side vanish: with a constant.
      if (!B.isConstant(body.b[a]!)) return -1;
      return B.pure(body.op[a]!, w, B.pure(Op.slice, w, x, at), B.pure(Op.slice, w, body.b[a]!, at));
    case Op.shr: {
      const k = body.b[a]!;
      if (!B.isConstant(k)) return -1;
      const n = amount(B, k); // below the width: shift() saw to it
      return at + n + w <= B.width(a) ? B.pure(Op.slice, w, x, at + n) : -1;
    }
    default:
      return -1;
  }
}

function cat(B: Builder, w: number, a: number, b: number): number {
  const { body } = B;
  if (zero(B, a)) return B.pure(Op.zx, w, b); // 0 ++ x == zx(x)
  // x[h:m] ++ x[m-1:l] == x[h:l]
  if (
    body.op[a] === Op.slice &&
    body.op[b] === Op.slice &&
    body.a[a] === body.a[b] &&
    body.b[a] === body.b[b]! + B.width(b)
  ) {
    return B.pure(Op.slice, w, body.a[a]!, body.b[b]!);
  }
  return -1;
}

function select(B: Builder, w: number, a: number, b: number, c: number, ka: boolean): number {
  const { body } = B;
  if (ka) return zero(B, a) ? c : b;
  if (b === c) return b;
  if (body.op[a] === Op.not) return B.pure(Op.select, w, body.a[a]!, c, b);
  if (w === 1 && B.isConstant(b) && B.isConstant(c)) return zero(B, b) ? B.pure(Op.not, 1, a) : a; // both differ
  if (w === 1 && B.isConstant(c) && zero(B, c)) return B.pure(Op.and, 1, a, b);
  if (w === 1 && B.isConstant(b) && !zero(B, b)) return B.pure(Op.or, 1, a, c);
  if (w === 1 && B.isConstant(b)) return B.pure(Op.and, 1, B.pure(Op.not, 1, a), c);
  if (w === 1 && B.isConstant(c)) return B.pure(Op.or, 1, B.pure(Op.not, 1, a), b);
  return -1;
}

/** Whether the low `w` bits of a value are there without computing: it is constant, or extended from w bits or fewer. */
function isExtended(B: Builder, id: number, w: number): boolean {
  const { body } = B;
  const op = body.op[id];
  return op === Op.const || ((op === Op.zx || op === Op.sx) && body.width[body.a[id]!]! <= w);
}
