// Which values of 64 bits are better kept as floats than as integers.
// In: a Body. Out: a flag for each value. Must not know: instructions, targets.
import { type Body, OPS, Op } from '@mimic/ir';

const flags = (ops: readonly number[]): Uint8Array =>
  Uint8Array.from(OPS, (_, op) => (ops.includes(op) ? 1 : 0));

/** Ops from floats to a float. */
const ARITHMETIC = [Op.fadd, Op.fsub, Op.fmul, Op.fdiv, Op.fsqrt, Op.fma, Op.frint, Op.fcvt];
/** Ops whose result is a float by nature, where it has 64 bits. */
const NATIVE = flags([...ARITHMETIC, Op.stof, Op.utof]);
/** Ops whose operands are floats. */
const WANTS = flags([...ARITHMETIC, Op.feq, Op.flt, Op.fle, Op.ftos, Op.ftou]);

const SIGN = 1n << 63n;

/** What an op on the sign alone does, as a float operation; undefined for any other op. */
export function signOp(body: Body, id: number): 'neg' | 'abs' | undefined {
  const op = body.op[id];
  if ((op !== Op.xor && op !== Op.and) || body.width[id] !== 64) return undefined;
  const mask = body.b[id]!;
  if (body.op[mask] !== Op.const) return undefined;
  const k = BigInt.asUintN(64, body.constantValue(mask));
  if (op === Op.xor) return k === SIGN ? 'neg' : undefined;
  return k === SIGN - 1n ? 'abs' : undefined;
}

const NONE = new Uint8Array(0);

function hasWide(body: Body): boolean {
  for (let i = 0; i < body.length; i++) if (body.width[i] === 64) return true;
  return false;
}

/**
 * Floats are the results of float ops, and what comes unchanged from elsewhere to operands of float ops or into a
 * cell that holds a float.
 */
export function floatValues(body: Body, inCell: (cell: number, index: number) => boolean): Uint8Array {
  const n = body.length;
  if (!hasWide(body)) return NONE;
  const out = new Uint8Array(n);
  const want = (v: number): void => {
    if (body.width[v] === 64) out[v] = 1;
  };
  // Users come after what they use.
  for (let i = n - 1; i >= 0; i--) {
    const op = body.op[i]!;
    const [a, b, c] = [body.a[i]!, body.b[i]!, body.c[i]!];
    if (WANTS[op]) {
      want(a);
      if (op !== Op.fsqrt && op !== Op.frint && op !== Op.fcvt && op !== Op.ftos && op !== Op.ftou) want(b);
      if (op === Op.fma) want(c);
    }
    if (op === Op.set && body.width[c] === 64 && inCell(a, b)) want(c);
    if (body.width[i] !== 64) continue;
    if (NATIVE[op] || (op === Op.get && inCell(a, b))) out[i] = 1;
    if (!out[i]) continue;
    if (signOp(body, i)) want(a);
    else if (op === Op.select) {
      want(b);
      want(c);
    } else if (!NATIVE[op] && op !== Op.get && op !== Op.load) out[i] = 0;
  }
  return out;
}
