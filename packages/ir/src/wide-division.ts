// Division of wide values: one generated function for each width, a restoring loop over the bits.
// In: a width above 64. Out: a Func from limbs to limbs. Must not know: who calls it.
import type { Func } from './body.js';
import { Builder } from './builder.js';
import {
  addLimbs,
  constantLimbs,
  countZeros,
  lessLimbs,
  limbWidths,
  nonZero,
  selectLimbs,
  shiftLimbs,
  subLimbs,
} from './limbs.js';
import { Op } from './op.js';

/** A function (a, b) -> (a / b, a % b) of unsigned values of `width` bits, all of them as limbs. */
export function wideDivision(width: number): Func {
  const B = new Builder();
  const widths = limbWidths(width);
  const n = widths.length;
  const a = widths.map((w, k) => B.pure(Op.param, w, k));
  const b = widths.map((w, k) => B.pure(Op.param, w, n + k));
  const q = widths.map((w) => B.body.variable(w));
  const r = widths.map((w) => B.body.variable(w));
  const left = B.body.variable(32);
  const bit0 = B.constant(1, 0);
  const read = (vars: number[]): number[] => vars.map((v, k) => B.effect(Op.vget, widths[k]!, v));
  const write = (vars: number[], values: readonly number[]): void =>
    vars.forEach((v, k) => void B.effect(Op.vset, 0, v, values[k]!));

  // Leading zeros of a give zeros of the quotient: start after them.
  const skip = countZeros(B, a, true);
  write(q, shiftLimbs(B, a, skip, true, bit0));
  B.effect(Op.vset, 0, left, B.slice(B.binary(Op.sub, B.constant(64, width), skip), 0, 32));
  B.loop();
  const count = B.effect(Op.vget, 32, left);
  B.if(B.pure(Op.eq, 1, count, B.constant(32, 0)));
  B.effect(Op.break, 0, 0);
  B.end();
  B.effect(Op.vset, 0, left, B.binary(Op.sub, count, B.constant(32, 1)));
  const [q0, r0] = [read(q), read(r)];
  const one = B.constant(64, 1);
  const topOf = (x: readonly number[]): number => B.slice(x.at(-1)!, widths.at(-1)! - 1, 1);
  const shifted = shiftLimbs(B, r0, one, true, bit0);
  const r1 = shifted.map((id, k) => (k === 0 ? B.binary(Op.or, id, B.zx(topOf(q0), widths[0]!)) : id));
  // The bit shifted out of r makes it larger than any b.
  const fits = B.pure(Op.or, 1, topOf(r0), lessLimbs(B, b, r1, false, true));
  write(r, selectLimbs(B, fits, subLimbs(B, r1, b), r1));
  const q1 = shiftLimbs(B, q0, one, true, bit0);
  write(
    q,
    q1.map((id, k) => (k === 0 ? B.binary(Op.or, id, B.zx(fits, widths[0]!)) : id)),
  );
  B.end();
  const ok = nonZero(B, b);
  B.leaveWith(Op.return, [...selectLimbs(B, ok, read(q), constantLimbs(B, width, 0n)), ...read(r)]);
  return {
    name: `udivrem${width}`,
    params: [...widths, ...widths],
    results: [...widths, ...widths],
    body: B.body,
  };
}

/** -x of limbs. */
export function negateLimbs(B: Builder, x: readonly number[]): number[] {
  const zero = x.map((id) => B.constant(B.width(id), 0));
  return addLimbs(
    B,
    x.map((id) => B.unary(Op.not, id)),
    zero,
    B.constant(1, 1),
  ).sum;
}
