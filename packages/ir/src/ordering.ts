// Comparisons as flags leave them: of numbers moved to the upper end of a word, and two that say one thing together.
// In: operands of an op about to be appended. Out: an equal value that is simpler, or -1. Must not know: flags.
import type { Builder } from './builder.js';
import { Op } from './op.js';

/** x ++ k < y ++ k == x < y, and so for every comparison. */
export function joined(B: Builder, op: number, a: number, b: number): number {
  const { body } = B;
  const cat = body.op[a] === Op.cat ? a : body.op[b] === Op.cat ? b : -1;
  if (cat < 0) return -1;
  const low = body.b[cat]!;
  if (!B.isConstant(low)) return -1;
  const n = B.width(low);
  const k = body.constantValue(low);
  /** What stands above k in a value, or -1. */
  const above = (id: number): number => {
    if (B.isConstant(id)) {
      const v = body.constantValue(id);
      return BigInt.asUintN(n, v) === k ? B.constant(B.width(id) - n, v >> BigInt(n)) : -1;
    }
    const end = body.b[id]!;
    const same =
      body.op[id] === Op.cat && B.isConstant(end) && B.width(end) === n && body.constantValue(end) === k;
    return same ? body.a[id]! : -1;
  };
  const x = above(a);
  const y = x < 0 ? -1 : above(b);
  return y < 0 ? -1 : B.pure(op, 1, x, y);
}

/** x <= y and x != y == x < y */
export function strictly(B: Builder, a: number, b: number): number {
  const { body } = B;
  if (body.op[a] === Op.ne) return body.op[b] === Op.ne ? -1 : strictly(B, b, a);
  const op = body.op[a] === Op.ule ? Op.ult : body.op[a] === Op.sle ? Op.slt : -1;
  if (op < 0 || body.op[b] !== Op.ne) return -1;
  const [x, y] = [body.a[a]!, body.b[a]!];
  const [p, q] = [body.a[b]!, body.b[b]!];
  return (p === x && q === y) || (p === y && q === x) ? B.pure(op, 1, x, y) : -1;
}
