// The operators of the language on values with and without a width.
// In: operands. Out: values. Must not know: statements.
import { Op } from '@mimic/ir';
import type * as ast from '../syntax/ast.js';
import type { Span } from '../syntax/source.js';
import type { Id } from './builder.js';
import type { Lowerer } from './lowerer.js';
import { bits, int, type Value } from './values.js';

const arithmetic: Readonly<Record<string, number>> = {
  '+': Op.add,
  '-': Op.sub,
  '*': Op.mul,
  '/u': Op.udiv,
  '/s': Op.sdiv,
  '%u': Op.urem,
  '%s': Op.srem,
  '&': Op.and,
  '|': Op.or,
  '^': Op.xor,
};
const shifts: Readonly<Record<string, number>> = {
  '<<': Op.shl,
  '>>u': Op.shr,
  '>>s': Op.sar,
  '<<<': Op.rotl,
  '>>>': Op.rotr,
};
/** Operator -> op, whether the operands are exchanged. */
const comparisons: Readonly<Record<string, readonly [number, boolean]>> = {
  '==': [Op.eq, false],
  '!=': [Op.ne, false],
  '<u': [Op.ult, false],
  '<s': [Op.slt, false],
  '<=u': [Op.ule, false],
  '<=s': [Op.sle, false],
  '>u': [Op.ult, true],
  '>s': [Op.slt, true],
  '>=u': [Op.ule, true],
  '>=s': [Op.sle, true],
};

function onInts(op: string, a: bigint, b: bigint): bigint | undefined {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/u':
    case '/s':
      return b === 0n ? undefined : a / b;
    case '%u':
    case '%s':
      return b === 0n ? undefined : a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return b < 0n || b > 4096n ? undefined : a << b;
    case '>>u':
    case '>>s':
      return b < 0n || b > 4096n ? undefined : a >> b;
    default:
      return undefined;
  }
}

function compareInts(op: string, a: bigint, b: bigint): boolean {
  switch (op) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<u':
    case '<s':
      return a < b;
    case '<=u':
    case '<=s':
      return a <= b;
    case '>u':
    case '>s':
      return a > b;
    default:
      return a >= b;
  }
}

/** A place is read once; then it is plain bits. */
function settle(l: Lowerer, v: Value, span: Span): Value {
  return v.k === 'place' ? bits(l.value(v, span)) : v;
}

function logical(l: Lowerer, e: Extract<ast.Expr, { t: 'binary' }>): Value {
  const and = e.op === '&&';
  const a = l.condition(e.left);
  const known = l.b.constantOf(a);
  // What decides alone keeps the other side from being looked at: it may not even be meaningful then.
  if (known !== undefined) return (known === 1n) === and ? bits(l.condition(e.right)) : bits(a);
  let right: Id;
  const { chunk, result, shared } = l.b.inChunk(() => l.condition(e.right));
  if (l.b.speculatable(chunk)) {
    l.b.inline(chunk, shared);
    right = result;
  } else {
    const one = l.b.constant(1, and ? 0 : 1);
    return bits(
      and
        ? l.state.branch(
            a,
            () => [l.condition(e.right)],
            () => [one],
          )[0]!
        : l.state.branch(
            a,
            () => [one],
            () => [l.condition(e.right)],
          )[0]!,
    );
  }
  return bits(l.b.pure(and ? Op.and : Op.or, 1, a, right));
}

/** Where the operands stand, for messages. */
interface Operands {
  readonly left: ast.Expr;
  readonly right: ast.Expr;
  readonly span: Span;
}

/** Both operands as IR of the same width. */
function pair(l: Lowerer, a: Value, c: Value, e: Operands, want: number | undefined): [Id, Id] {
  const width = l.widthOf(a) ?? l.widthOf(c) ?? want;
  if (width === undefined)
    l.fail('width', 'the width of neither operand is known', e.span, ['give one a width: zx(x, n)']);
  return [l.coerce(a, width, e.left.span), l.coerce(c, width, e.right.span)];
}

/** `want`: the width that the context asks for; it counts where neither operand has one. */
export function binary(l: Lowerer, e: Extract<ast.Expr, { t: 'binary' }>, want?: number): Value {
  if (e.op === '&&' || e.op === '||') return logical(l, e);
  const inner = e.op in arithmetic || e.op in shifts ? want : undefined;
  const a = settle(l, l.expr(e.left, inner), e.left.span);
  const c = settle(
    l,
    l.expr(e.right, e.op in shifts || e.op === '++' ? undefined : (l.widthOf(a) ?? inner)),
    e.right.span,
  );
  return binaryValues(l, e.op, a, c, e, inner);
}

/** As `binary`, on operands that are there already. */
export function binaryValues(l: Lowerer, op: string, a: Value, c: Value, e: Operands, want?: number): Value {
  if (op === '++') {
    const hi = l.value(a, e.left.span);
    const lo = l.value(c, e.right.span);
    return bits(l.b.pure(Op.cat, l.b.width(hi) + l.b.width(lo), hi, lo));
  }
  if (a.k === 'int' && c.k === 'int') {
    if (op in comparisons) return bits(l.b.constant(1, compareInts(op, a.value, c.value) ? 1 : 0));
    const v = onInts(op, a.value, c.value);
    if (v === undefined) l.fail('constant', `${a.value} ${op} ${c.value} cannot be computed`, e.span);
    return int(v);
  }
  if (op in shifts) {
    const value =
      a.k === 'int' && want !== undefined ? l.coerce(a, want, e.left.span) : l.value(a, e.left.span);
    const width = l.b.width(value);
    const amount =
      c.k === 'int'
        ? c.value < 0n
          ? l.fail('range', `a shift by ${c.value}`, e.right.span)
          : l.b.constant(32, c.value)
        : l.value(c.k === 'extend' ? bits(c.id) : c, e.right.span);
    return bits(l.b.pure(shifts[op]!, width, value, amount));
  }
  const [x, y] = pair(l, a, c, e, want);
  const cmp = comparisons[op];
  if (cmp) return bits(cmp[1] ? l.b.pure(cmp[0], 1, y, x) : l.b.pure(cmp[0], 1, x, y));
  return bits(l.b.pure(arithmetic[op]!, l.b.width(x), x, y));
}

export function unary(l: Lowerer, op: string, v: Value, span: Span): Value {
  const a = settle(l, v, span);
  if (a.k === 'int') {
    if (op === '-') return int(-a.value);
    if (op === '~') return int(~a.value);
    return bits(l.b.constant(1, a.value === 0n ? 1 : 0));
  }
  const id = l.value(a, span);
  const width = l.b.width(id);
  if (op === '!') {
    if (width !== 1)
      l.fail('condition', `! takes one bit, this has ${width}`, span, ['compare it: `== 0`, or use ~']);
    return bits(l.b.pure(Op.not, 1, id));
  }
  return bits(l.b.pure(op === '-' ? Op.neg : Op.not, width, id));
}
