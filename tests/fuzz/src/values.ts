// Register values that find mistakes: ends of ranges, addresses of the scratch pages, every kind of floating-point number.
// In: a seeded generator, where code and data lie. Out: unsigned words. Must not know: instructions.
import type { Random } from '@mimic/ir';

export interface Places {
  readonly data: number;
  readonly page: number;
  readonly landing: readonly [number, number];
}

const EDGES = [
  0, 1, 2, 0xffffffff, 0xfffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0x7ffffffe, 0xffff, 0x8000, 0xffff8000,
];

export const word = (r: Random): number => (r.below(65536) * 65536 + r.below(65536)) >>> 0;

/** An integer: a third are addresses, most of them in the pages, some across their edges. */
export function integer(r: Random, places: Places): number {
  switch (r.below(12)) {
    case 0:
    case 1:
    case 2:
      return address(r, places);
    case 3:
      return (places.data + places.page / 2 + r.below(256) - 128) >>> 0;
    case 4:
    case 5:
      return r.pick(EDGES);
    case 6:
      return r.below(70);
    case 7:
      return (places.landing[0] + r.below(places.landing[1] - places.landing[0])) >>> 0;
    case 8:
      return (2 ** r.below(32) - r.below(2)) >>> 0;
    case 9:
      return (word(r) & word(r) & word(r)) >>> 0;
    default:
      return word(r);
  }
}

function address(r: Random, { data, page }: Places): number {
  const edge = data + page * r.pick([0, 1, 1, 1, 2]);
  return r.below(2) ? data + r.below(page) : (edge + r.below(160) - 80) >>> 0;
}

/** What the floating-point numbers of one case have in common. */
export type FloatMood = 'any' | 'near' | 'single' | 'large' | 'small' | 'tie';
export const MOODS: readonly FloatMood[] = ['any', 'any', 'near', 'single', 'large', 'small', 'tie'];

/** A binary64 number: its high and low words. */
export function float(r: Random, mood: FloatMood): readonly [number, number] {
  if (r.below(12) === 0) return decimal(r);
  if (r.below(mood === 'any' ? 2 : 6) === 0) return special(r);
  const sign = r.below(2) ? 0x80000000 : 0;
  let [high, low] = fraction(r);
  let exponent = 0;
  switch (mood) {
    case 'near':
      exponent = 1023 + r.below(5) - 2;
      break;
    case 'tie':
      exponent = 1023 + r.pick([0, 0, 1, -1, 23, 24, 25, 29, 52, 53, 54, -23, -24, -25, -29, -52, -53, -54]);
      [high, low] = tie(r);
      break;
    case 'single':
      exponent = 1023 + r.below(300) - 150;
      low = (low & 0xe0000000) >>> 0;
      break;
    case 'large':
      exponent = r.pick([1023 + 127, 1023 + 64, 2046, 1535, 2045, 1534, 1150, 1151, 1400]) + r.below(5) - 2;
      break;
    case 'small':
      exponent =
        r.pick([0, 0, 1, 2, 511, 512, 53, 1023 - 126, 1023 - 127, 1023 - 149, 1023 - 150, 1023 - 63, 1060]) +
        r.below(3);
      break;
    default:
      exponent = r.below(2048);
  }
  return [(sign | (Math.min(exponent, 2047) << 20) | high) >>> 0, low];
}

/** Fractions with many bits, with few, with long runs. */
function fraction(r: Random): [number, number] {
  switch (r.below(5)) {
    case 0:
      return [word(r) & 0xfffff, 0];
    case 1: {
      const n = r.below(53);
      const bit = (k: number): [number, number] =>
        k < 32 ? [0, (1 << k) >>> 0] : [(1 << (k - 32)) & 0xfffff, 0];
      const [a, b] = bit(n);
      return r.below(2) ? [a, b] : [~a & 0xfffff, ~b >>> 0];
    }
    case 2:
      return [word(r) & 0xfffff, (word(r) & 0xe0000000) >>> 0];
    default:
      return [word(r) & 0xfffff, word(r)];
  }
}

/** Fractions half-way between two singles, or almost. */
function tie(r: Random): [number, number] {
  const low = ((word(r) & 0xe0000000) >>> 0) + r.pick([0, 0x10000000, 0x0fffffff, 0x10000001, 1, 0x1fffffff]);
  return [r.pick([0, 0xfffff, word(r) & 0xfffff]), r.below(4) ? low : 0];
}

function special(r: Random): readonly [number, number] {
  const sign = r.below(2) ? 0x80000000 : 0;
  const payload = word(r) & 0x7ffff;
  switch (r.below(12)) {
    case 0:
    case 1:
      return [sign, 0];
    case 2:
    case 3:
      return [(sign | 0x7ff00000) >>> 0, 0];
    case 4:
      return [(sign | 0x7ff80000 | payload) >>> 0, word(r)];
    case 5:
      return [(sign | 0x7ff00000 | payload) >>> 0, word(r) | 1];
    case 6:
      return [sign | (word(r) & 0xfffff), word(r)];
    case 7:
      return [sign, r.below(4)];
    case 8:
      return r.pick([
        [(sign | 0x7fefffff) >>> 0, 0xffffffff],
        [(sign | 0x47efffff) >>> 0, 0xe0000000],
        [(sign | 0x47efffff) >>> 0, 0xf0000000],
      ]);
    case 9:
      return r.pick([
        [sign | 0x00100000, 0],
        [sign | 0x38100000, 0],
        [sign | 0x36a00000, 0],
        [sign | 0x36900000, r.below(2)],
      ]);
    case 10:
      // About the ends of 32-bit integers, with halves.
      return [(sign | 0x41e00000) >>> 0, r.pick([0, 0x00100000, 0x00200000, 0xfff00000, 0x00080000])];
    default:
      return [(sign | 0x3ff00000) >>> 0, 0];
  }
}

/** A word of 64 bits: an address, a small number of either sign, one of 32 bits in either half, or any. */
export function wideInteger(r: Random, places: Places): bigint {
  const low = BigInt(integer(r, places));
  switch (r.below(6)) {
    case 0:
    case 1:
    case 2:
      return low;
    case 3:
      return BigInt.asUintN(64, BigInt.asIntN(32, low));
    case 4:
      return (low << 32n) | BigInt(r.pick(EDGES));
    default:
      return (BigInt(word(r)) << 32n) | BigInt(word(r));
  }
}

const SINGLES = [
  0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00001, 0xffc12345, 0x7f800001,
  0xffa00000, 1, 0x007fffff, 0x80000001, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x4f000000, 0xcf000000,
  0x5f000000, 0x4b000001,
];

function single(r: Random): number {
  if (r.below(3) === 0) return r.pick(SINGLES);
  const exponent = r.below(2) ? 127 + r.below(9) - 4 : r.below(256);
  return (
    ((r.below(2) << 31) | (exponent << 23) | (word(r) & r.pick([0x7fffff, 0x7f0000, 0x400000, 0xf]))) >>> 0
  );
}

/** A word of 128 bits: two doubles, four singles, lanes of integers at the ends of their ranges, or any. */
export function vector(r: Random, mood: FloatMood): bigint {
  if (r.below(8) === 0) return digits(r);
  let v = 0n;
  const kind = r.below(5);
  for (let k = 0; k < 4; k += 2) {
    let [a, b] = [word(r), word(r)];
    if (kind < 2) [b, a] = float(r, mood);
    else if (kind === 2) [a, b] = [single(r), single(r)];
    else if (kind === 3) [a, b] = [lanes(r), lanes(r)];
    v |= (BigInt(a >>> 0) | (BigInt(b >>> 0) << 32n)) << BigInt(32 * k);
  }
  return v;
}

/** A decimal64 number with few digits, or many nines, whose exponent is near 0 or the ends; or an integer. */
function decimal(r: Random): readonly [number, number] {
  if (r.below(4) === 0) return [r.below(2) ? 0 : -1 >>> 0, r.below(100000)];
  const exponent = r.pick([398, 398, 398, 398, 0, 1, 15, 760, 767, 500]) + r.below(12) - 6;
  const biased = Math.min(Math.max(exponent, 0), 767);
  let rest = 0n;
  for (let k = 0; k < 5; k++) rest = (rest << 10n) | BigInt(r.pick([0, 0, 0, 1, 255, 0x100, word(r) & 1023]));
  const digit = r.pick([0, 0, 0, 1, 9, r.below(10)]);
  const upper = biased >> 8;
  const g = digit > 7 ? 24 | (upper << 1) | (digit & 1) : (upper << 3) | digit;
  const high = (r.below(2) << 31) | (g << 26) | ((biased & 255) << 18) | Number(rest >> 32n);
  return [high >>> 0, Number(rest & 0xffffffffn)];
}

/** A packed decimal integer with a sign, or its digits as characters. */
function digits(r: Random): bigint {
  const count = r.below(32);
  let v = 0n;
  for (let k = 0; k < count; k++) v = (v << 4n) | BigInt(r.pick([0, 9, r.below(10), r.below(10)]));
  switch (r.below(6)) {
    case 0: {
      const zone = r.pick([0x30n, 0xf0n]);
      let out = 0n;
      for (let k = 0n; k < 16n; k++) out |= (zone | ((v >> (4n * k)) & 15n)) << (8n * k);
      return out ^ (BigInt(r.below(16)) << 4n);
    }
    case 1: {
      let out = r.pick([0x2bn, 0x2dn]);
      for (let k = 0n; k < 7n; k++) out |= (0x30n | ((v >> (4n * k)) & 15n)) << (16n + 16n * k);
      return out;
    }
    default:
      return (v << 4n) | BigInt(10 + r.below(6));
  }
}

function lanes(r: Random): number {
  const width = r.pick([8, 16, 32]);
  let v = 0;
  for (let at = 0; at < 32; at += width) {
    const top = 2 ** (width - 1);
    const lane = r.pick([0, 1, top, top - 1, 2 * top - 1, top + 1, r.below(2 * width), word(r) % (2 * top)]);
    v = (v | (lane << at)) >>> 0;
  }
  return v;
}
