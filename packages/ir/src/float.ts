// IEEE 754 binary32 and binary64 on bit patterns, as the float ops of the table mean them.
// In: bit patterns (bigint) and a format width. Out: bit patterns, NaN results canonical.
// Must not know: bodies, machines.

const view = new DataView(new ArrayBuffer(8));

/** The number with bit pattern `bits` in the format of `width` (32 or 64) bits. */
export function fromBits(bits: bigint, width: number): number {
  if (width === 32) {
    view.setUint32(0, Number(bits));
    return view.getFloat32(0);
  }
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** The bit pattern of `x`, rounded to nearest even to the format of `width` (32 or 64) bits. */
export function toBits(x: number, width: number): bigint {
  if (Number.isNaN(x)) return width === 32 ? 0x7fc00000n : 0x7ff8000000000000n;
  if (width === 32) {
    view.setFloat32(0, x);
    return BigInt(view.getUint32(0));
  }
  view.setFloat64(0, x);
  return view.getBigUint64(0);
}

/** Rounds to an integral value: mode 0 to nearest even, 1 toward zero, 2 up, 3 down. Keeps the sign of zero. */
export function roundIntegral(x: number, mode: number): number {
  if (mode === 1) return Math.trunc(x);
  if (mode === 2) return Math.ceil(x);
  if (mode === 3) return Math.floor(x);
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const low = Math.floor(x);
  const rest = x - low;
  const rounded = rest < 0.5 ? low : rest > 0.5 ? low + 1 : low % 2 === 0 ? low : low + 1;
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
}

/** `x` as an integer of `width` bits, toward zero, saturating; NaN gives 0. */
export function toInteger(x: number, width: number, signed: boolean): bigint {
  if (Number.isNaN(x)) return 0n;
  const low = signed ? -(1n << BigInt(width - 1)) : 0n;
  const high = (1n << BigInt(signed ? width - 1 : width)) - 1n;
  if (x === Infinity) return high;
  const v = x === -Infinity ? low : BigInt(Math.trunc(x));
  return BigInt.asUintN(width, v < low ? low : v > high ? high : v);
}

/** The bit pattern nearest to the integer `v`, in one rounding. */
export function fromInteger(v: bigint, width: number): bigint {
  const negative = v < 0n;
  let m = negative ? -v : v;
  // Through a double, binary32 would round twice: fold the low bits into a sticky bit first.
  if (width === 32 && m >= 1n << 53n) m = ((m >> 11n) | ((m & 0x7ffn) === 0n ? 0n : 1n)) << 11n;
  const x = Number(m);
  return toBits(negative ? -x : x, width);
}

/** x * y + z on bit patterns of binary64, rounded once, to nearest even. */
export function multiplyAdd(x: bigint, y: bigint, z: bigint): bigint {
  const [a, b, c] = [fromBits(x, 64), fromBits(y, 64), fromBits(z, 64)];
  // Here no rounding of the product can be seen: it is exact, infinite, or the result.
  if (!Number.isFinite(a) || !Number.isFinite(b) || a === 0 || b === 0) return toBits(a * b + c, 64);
  if (!Number.isFinite(c)) return toBits(c, 64);
  if (c === 0) return toBits(a * b, 64);
  const [p, q, r] = [unpack(x), unpack(y), unpack(z)];
  const exponent = Math.min(p.exponent + q.exponent, r.exponent);
  const at = (mantissa: bigint, e: number): bigint => mantissa << BigInt(e - exponent);
  const sum = at(p.mantissa * q.mantissa, p.exponent + q.exponent) + at(r.mantissa, r.exponent);
  return sum === 0n ? 0n : roundBinary(sum, exponent);
}

/** A finite number as mantissa * 2^exponent, the mantissa signed. */
function unpack(bits: bigint): { mantissa: bigint; exponent: number } {
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const size = biased ? fraction | (1n << 52n) : fraction;
  return { mantissa: bits >> 63n ? -size : size, exponent: Math.max(biased, 1) - 1075 };
}

/** The binary64 nearest to v * 2^exponent; v is not 0. */
function roundBinary(v: bigint, exponent: number): bigint {
  const sign = v < 0n ? 1n << 63n : 0n;
  const size = v < 0n ? -v : v;
  // The unit of the result's last place: 53 bits from the leading one, or the smallest subnormal.
  const unit = Math.max(exponent + size.toString(2).length - 53, -1074);
  const shift = BigInt(Math.abs(unit - exponent));
  let n = unit <= exponent ? size << shift : size >> shift;
  if (unit > exponent) {
    const rest = size - (n << shift);
    const half = 1n << (shift - 1n);
    if (rest > half || (rest === half && n & 1n)) n++;
  }
  // A carry out of the fraction goes on into the exponent, where it belongs.
  const bits = n >> 52n ? (BigInt(unit + 1074) << 52n) + n : n;
  return sign | (bits >= 0x7ff0000000000000n ? 0x7ff0000000000000n : bits);
}
