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
