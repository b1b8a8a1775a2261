// Differences of extended values: they cannot overflow, so their sign tells which is the greater. That is how a processor's
// "less" and "greater" come out of one word that is kept instead of flags.
// In: a value of a Builder's body. Out: what is compared. Must not know: which rule asks.
import type { Builder } from './builder.js';
import { Op } from './op.js';

/** x - y, both of the same width before they were extended. */
export interface Difference {
  readonly x: number;
  readonly y: number;
  readonly signed: boolean;
  /** Bits from here up are all the sign. */
  readonly width: number;
}

/** `v` as a difference of extended values; undefined where it is none. May append constants. */
export function difference(B: Builder, v: number): Difference | undefined {
  const { body } = B;
  const a = body.a[v]!;
  const b = body.b[v]!;
  const whole = body.width[v]!;
  const extended = (id: number): boolean => body.op[id] === Op.sx || body.op[id] === Op.zx;
  const made = (of: number, other: number | bigint, swapped: boolean): Difference | undefined => {
    const signed = body.op[of] === Op.sx;
    const inner = body.a[of]!;
    const width = body.width[inner]!;
    if (width >= whole) return undefined;
    let second: number;
    if (typeof other === 'bigint') {
      const low = signed ? -(1n << BigInt(width - 1)) : 0n;
      if (other < low || other >= low + (1n << BigInt(width))) return undefined;
      second = B.constant(width, BigInt.asUintN(width, other));
    } else {
      if (body.op[other] !== body.op[of] || body.width[body.a[other]!] !== width) return undefined;
      second = body.a[other]!;
    }
    return { x: swapped ? second : inner, y: swapped ? inner : second, signed, width };
  };
  const value = (id: number): bigint => BigInt.asIntN(whole, body.constantValue(id));
  switch (body.op[v]) {
    case Op.sx:
      return made(v, 0n, false);
    case Op.add:
      return extended(a) && B.isConstant(b) ? made(a, -value(b), false) : undefined;
    case Op.sub:
      if (extended(a) && extended(b)) return made(a, b, false);
      return extended(b) && B.isConstant(a) ? made(b, value(a), true) : undefined;
    default:
      return undefined;
  }
}
