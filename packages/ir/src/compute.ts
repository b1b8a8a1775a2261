// The meaning of every pure op on known values: the reference that folding, evaluation and tests share.
// In: an op number, widths and operand values. Out: the result, reduced to its width.
// Must not know: bodies, machines.
import { fromBits, fromInteger, multiplyAdd, roundIntegral, toBits, toInteger } from './float.js';
import { OPS, Op } from './op.js';

const signed = (v: bigint, width: number): bigint => BigInt.asIntN(width, v);

function leadingZeros(v: bigint, width: number): number {
  return v === 0n ? width : width - v.toString(2).length;
}

function trailingZeros(v: bigint, width: number): number {
  if (v === 0n) return width;
  let n = 0;
  while (!(v & 1n)) {
    v >>= 1n;
    n++;
  }
  return n;
}

function ones(v: bigint): number {
  let n = 0;
  for (; v; v >>= 1n) n += Number(v & 1n);
  return n;
}

function reverseBytes(v: bigint, width: number): bigint {
  let r = 0n;
  for (let i = 0; i < width; i += 8) {
    r = (r << 8n) | (v & 0xffn);
    v >>= 8n;
  }
  return r;
}

/** Truncating division and remainder of signed values; by zero as the op table says. */
function divide(op: number, a: bigint, b: bigint): bigint {
  if (op === Op.udiv || op === Op.sdiv) return b === 0n ? 0n : a / b;
  return b === 0n ? a : a % b;
}

/**
 * The value of pure op `op` with a result of `width` bits. `wa` and `wb` are the widths of operands a and b;
 * `a`, `b`, `c` the operands, unsigned, an immediate b (slice, frint) as it is.
 * Throws RangeError for an op that is not pure or is a leaf.
 */
export function compute(
  op: number,
  width: number,
  wa: number,
  wb: number,
  a: bigint,
  b: bigint,
  c: bigint,
): bigint {
  return BigInt.asUintN(width, raw(op, width, wa, wb, a, b, c));
}

function raw(op: number, width: number, wa: number, wb: number, a: bigint, b: bigint, c: bigint): bigint {
  const bit = (v: boolean): bigint => (v ? 1n : 0n);
  const float = (f: (x: number, y: number) => number): bigint =>
    toBits(f(fromBits(a, wa), fromBits(b, wa)), width);
  const w = BigInt(wa);
  switch (op) {
    case Op.add:
      return a + b;
    case Op.sub:
      return a - b;
    case Op.mul:
      return a * b;
    case Op.udiv:
    case Op.urem:
      return divide(op, a, b);
    case Op.sdiv:
    case Op.srem:
      return divide(op, signed(a, wa), signed(b, wa));
    case Op.and:
      return a & b;
    case Op.or:
      return a | b;
    case Op.xor:
      return a ^ b;
    case Op.not:
      return ~a;
    case Op.neg:
      return -a;
    case Op.shl:
      return b >= w ? 0n : a << b;
    case Op.shr:
      return b >= w ? 0n : a >> b;
    case Op.sar:
      return signed(a, wa) >> (b >= w ? w : b);
    case Op.rotl:
      return (a << (b % w)) | (a >> (w - (b % w)));
    case Op.rotr:
      return (a >> (b % w)) | (a << (w - (b % w)));
    case Op.eq:
      return bit(a === b);
    case Op.ne:
      return bit(a !== b);
    case Op.ult:
      return bit(a < b);
    case Op.ule:
      return bit(a <= b);
    case Op.slt:
      return bit(signed(a, wa) < signed(b, wa));
    case Op.sle:
      return bit(signed(a, wa) <= signed(b, wa));
    case Op.clz:
      return BigInt(leadingZeros(a, wa));
    case Op.ctz:
      return BigInt(trailingZeros(a, wa));
    case Op.popcnt:
      return BigInt(ones(a));
    case Op.bswap:
      return reverseBytes(a, wa);
    case Op.zx:
    case Op.undef:
    case Op.rare:
      return a;
    case Op.sx:
      return signed(a, wa);
    case Op.slice:
      return a >> b;
    case Op.cat:
      return (a << BigInt(wb)) | b;
    case Op.select:
      return a ? b : c;
    case Op.carry:
      return (a + b + c) >> w;
    case Op.fadd:
      return float((x, y) => x + y);
    case Op.fsub:
      return float((x, y) => x - y);
    case Op.fmul:
      return float((x, y) => x * y);
    case Op.fdiv:
      return float((x, y) => x / y);
    case Op.fsqrt:
      return toBits(Math.sqrt(fromBits(a, wa)), width);
    case Op.fma:
      return multiplyAdd(a, b, c);
    case Op.feq:
      return bit(fromBits(a, wa) === fromBits(b, wa));
    case Op.flt:
      return bit(fromBits(a, wa) < fromBits(b, wa));
    case Op.fle:
      return bit(fromBits(a, wa) <= fromBits(b, wa));
    case Op.fcvt:
      return toBits(fromBits(a, wa), width);
    case Op.frint:
      return toBits(roundIntegral(fromBits(a, wa), Number(b)), width);
    case Op.ftos:
      return toInteger(fromBits(a, wa), width, true);
    case Op.ftou:
      return toInteger(fromBits(a, wa), width, false);
    case Op.stof:
      return fromInteger(signed(a, wa), width);
    case Op.utof:
      return fromInteger(a, width);
    default:
      throw new RangeError(`compute: ${OPS[op]?.name ?? op} is not a computing op`);
  }
}

/** Whether the result of `op` is a float whose NaN payload is unspecified. */
export function isFloatResult(op: number): boolean {
  return (op >= Op.fadd && op <= Op.fsqrt) || op === Op.fcvt || op === Op.frint || op === Op.fma;
}

/** Smallest int32: x ^ SIGN orders unsigned values as signed ones. */
const SIGN = 1 << 31;
const FAST = new Set<number>([
  ...[Op.add, Op.sub, Op.mul, Op.and, Op.or, Op.xor, Op.not, Op.neg, Op.shl, Op.shr, Op.sar, Op.eq, Op.ne],
  ...[Op.ult, Op.ule, Op.slt, Op.sle, Op.zx, Op.sx, Op.slice, Op.cat, Op.select],
]);
const HAS32 = Uint8Array.from(OPS, (_, op) => (FAST.has(op) ? 1 : 0));

/** Whether compute32 does `op`. */
export function computes32(op: number): boolean {
  return HAS32[op] === 1;
}

function keep(v: number, width: number): number {
  return width === 32 ? v | 0 : v & ((1 << width) - 1);
}

function signed32(v: number, width: number): number {
  return (v << (32 - width)) >> (32 - width);
}

/**
 * compute() for operands and results of up to 32 bits, all as `const` holds them: int32, zero-extended below 32 bits.
 * The same meaning, fast: folding is most of what translating does, and larger numbers would be objects to V8.
 */
export function compute32(
  op: number,
  width: number,
  wa: number,
  wb: number,
  a: number,
  b: number,
  c: number,
): number {
  switch (op) {
    case Op.add:
      return keep(a + b, width);
    case Op.sub:
      return keep(a - b, width);
    case Op.mul:
      return keep(Math.imul(a, b), width);
    case Op.and:
      return a & b;
    case Op.or:
      return a | b;
    case Op.xor:
      return a ^ b;
    case Op.not:
      return keep(~a, width);
    case Op.neg:
      return keep(-a, width);
    case Op.shl:
      return b < 0 || b >= wa ? 0 : keep(a << b, width);
    case Op.shr:
      return b < 0 || b >= wa ? 0 : keep(a >>> b, width);
    case Op.sar:
      return keep(signed32(a, wa) >> (b < 0 || b > 31 ? 31 : b), width);
    case Op.eq:
      return a === b ? 1 : 0;
    case Op.ne:
      return a !== b ? 1 : 0;
    case Op.ult:
      return (a ^ SIGN) < (b ^ SIGN) ? 1 : 0;
    case Op.ule:
      return (a ^ SIGN) <= (b ^ SIGN) ? 1 : 0;
    case Op.slt:
      return signed32(a, wa) < signed32(b, wa) ? 1 : 0;
    case Op.sle:
      return signed32(a, wa) <= signed32(b, wa) ? 1 : 0;
    case Op.zx:
      return a;
    case Op.sx:
      return keep(signed32(a, wa), width);
    case Op.slice:
      return keep(a >>> b, width);
    case Op.cat:
      return (a << wb) | b;
    case Op.select:
      return a ? b : c;
    default:
      throw new RangeError(`compute32: ${OPS[op]?.name ?? op}`);
  }
}
