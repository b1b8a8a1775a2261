// Vectors in the language: lanes of a value and functions that are applied to each, written out lane by lane.
// In: arguments as written. Out: values. docs/spec-language.md lists them for authors. Lane 0 is the lowest.
import { Op } from '@mimic/ir';
import type * as ast from '../syntax/ast.js';
import type { Span } from '../syntax/source.js';
import type { Id } from './builder.js';
import { inlineCall } from './call.js';
import type { Lowerer } from './lowerer.js';
import { packed } from './packed-lanes.js';
import { extract } from './places.js';
import { runBlock } from './statements.js';
import { bits, int, type Value } from './values.js';

/** Bits of the encoding that a number may depend on which each of its values is written out for. */
const MOST_BITS = 6;
/** Lanes at most. */
const MOST_LANES = 256;

/** What applies an argument, a lambda or the name of a function, to values. */
type Apply = (...args: Value[]) => Value;

function applier(l: Lowerer, arg: ast.Arg): Apply {
  const f = l.expr(arg.value);
  if (f.k === 'lambda')
    return (...args) =>
      l.inScope(() => {
        if (f.params.length > args.length)
          l.fail('arguments', `this takes ${f.params.length} arguments, here are ${args.length}`, arg.span);
        f.params.forEach((name, i) => {
          l.define(name, args[i]!, arg.span);
        });
        return 'stmts' in f.body ? runBlock(l, f.body) : l.expr(f.body);
      });
  if (f.k === 'fn')
    return (...args) =>
      l.inScope(() => {
        const names = args.slice(0, f.fn.params.length).map((v, i) => {
          l.define(`argument ${i}`, v, arg.span);
          return { value: { t: 'name', name: `argument ${i}`, span: arg.span } as ast.Expr, span: arg.span };
        });
        return inlineCall(l, f.fn, names, arg.span);
      });
  return l.fail('arguments', 'this takes a function: (a, b) -> ...', arg.span);
}

/** Runs `f` for the number that an argument is; where it depends on the encoding, for each that it may be. */
function withNumber(l: Lowerer, arg: ast.Arg, f: (n: number) => Value, span: Span): Value {
  const v = l.expr(arg.value, 32);
  if (v.k === 'int') return f(Number(v.value));
  const id = l.value(v, arg.span);
  const all = l.b.possible(id, MOST_BITS);
  if (!all)
    return l.fail('static', 'this must be known at translation, from a few bits of the encoding', arg.span);
  const from = (i: number): Value => {
    const n = all[i]!;
    if (i === all.length - 1) return f(Number(n));
    const is = l.b.pure(Op.eq, 1, id, l.b.constant(l.b.width(id), n));
    return l.conditional(
      is,
      () => f(Number(n)),
      () => from(i + 1),
      span,
    );
  };
  return from(0);
}

function parts(l: Lowerer, id: Id, count: number): Id[] {
  const w = l.b.width(id) / count;
  return Array.from({ length: count }, (_, i) => extract(l.b, id, i * w, w));
}

/** Lanes side by side, the first lowest. */
function joined(l: Lowerer, ids: readonly Id[]): Id {
  return ids.reduceRight((high, low) => l.b.pure(Op.cat, l.b.width(high) + l.b.width(low), high, low));
}

/** What stands between the width and the function. */
function operandsOf(l: Lowerer, args: readonly ast.Arg[]): Id[] {
  return args.slice(1, -1).map((a) => l.value(l.expr(a.value), a.span));
}

/** The lanes of each operand: `width` bits each of the first, as many of the others. */
function lanesOf(l: Lowerer, width: number, ids: readonly Id[], args: readonly ast.Arg[]): Id[][] {
  const count = l.b.width(ids[0]!) / width;
  return ids.map((id, i) => {
    const each = l.b.width(id) / count;
    if (!Number.isInteger(count) || !Number.isInteger(each) || count > MOST_LANES)
      l.fail('width', `${l.b.width(id)} bits do not fall into ${count} lanes`, args[i + 1]!.span);
    return parts(l, id, count);
  });
}

/** The value of each turn, in order; `first` turns come before the function's own number of the lane. */
function each(l: Lowerer, lanes: readonly Id[][], f: Apply, span: Span): Id[] {
  return lanes[0]!.map((_, i) => l.value(f(...lanes.map((of) => bits(of[i]!)), int(i)), span));
}

type Builtin = (l: Lowerer, args: readonly ast.Arg[], span: Span) => Value;

/** lanes(w, a, b, (x, y, i) -> e) */
const lanes: Builtin = (l, args, span) =>
  withNumber(
    l,
    args[0]!,
    (w) => {
      const operands = operandsOf(l, args);
      const of = lanesOf(l, w, operands, args);
      const f = applier(l, args.at(-1)!);
      const { writes } = l.state;
      const turn = (i: number): Id => l.value(f(...of.map((ids) => bits(ids[i]!)), int(i)), span);
      const first = turn(0);
      const lowest = of.map((ids) => ids[0]!);
      const all = l.state.writes === writes ? packed(l.b, w, operands, lowest, first) : undefined;
      return bits(all ?? joined(l, [first, ...of[0]!.slice(1).map((_, i) => turn(i + 1))]));
    },
    span,
  );

/** any(w, a, b, (x, y) -> one bit) */
const any: Builtin = (l, args, span) =>
  withNumber(
    l,
    args[0]!,
    (w) =>
      bits(
        each(l, lanesOf(l, w, operandsOf(l, args), args), applier(l, args.at(-1)!), span).reduce((a, b) =>
          l.b.pure(Op.or, 1, a, b),
        ),
      ),
    span,
  );

/** reduce(w, a, (x, y) -> e): halves first, as hardware does. */
const reduce: Builtin = (l, args, span) =>
  withNumber(
    l,
    args[0]!,
    (w) => {
      const f = applier(l, args[2]!);
      const halves = (ids: readonly Id[]): Id =>
        ids.length === 1
          ? ids[0]!
          : l.value(
              f(bits(halves(ids.slice(0, ids.length / 2))), bits(halves(ids.slice(ids.length / 2)))),
              span,
            );
      return bits(halves(lanesOf(l, w, operandsOf(l, args), args)[0]!));
    },
    span,
  );

/** join(n, (i) -> e) */
const join: Builtin = (l, args, span) => {
  const f = applier(l, args[1]!);
  const count = Number(l.staticInt(l.expr(args[0]!.value), args[0]!.span, 'the number of lanes'));
  if (count < 1 || count > MOST_LANES) l.fail('range', `${count} lanes`, span);
  return bits(
    joined(
      l,
      Array.from({ length: count }, (_, i) => l.value(f(int(i)), span)),
    ),
  );
};

/** lane(w, a, i) */
const lane: Builtin = (l, args, span) => {
  const w = Number(l.staticInt(l.expr(args[0]!.value, 32), args[0]!.span, 'the width of a lane'));
  const id = l.value(l.expr(args[1]!.value), args[1]!.span);
  const i = l.expr(args[2]!.value);
  const width = l.b.width(id);
  if (i.k === 'int') {
    if (i.value < 0n || (Number(i.value) + 1) * w > width)
      l.fail('range', `lane ${i.value} of ${width / w}`, span);
    return bits(extract(l.b, id, Number(i.value) * w, w));
  }
  const number = l.value(i, args[2]!.span);
  const wide = l.b.width(number) < 16 ? l.b.pure(Op.zx, 16, number) : number;
  const shift = l.b.pure(Op.mul, l.b.width(wide), wide, l.b.constant(l.b.width(wide), w));
  return bits(extract(l.b, l.b.pure(Op.shr, width, id, shift), 0, w));
};

/** known(e, (n) -> value) */
const known: Builtin = (l, args, span) => {
  const f = applier(l, args[1]!);
  return withNumber(l, args[0]!, (n) => f(int(n)), span);
};

export const VECTORS: Readonly<
  Record<string, { readonly min: number; readonly max: number; readonly run: Builtin }>
> = {
  lanes: { min: 3, max: 8, run: lanes },
  any: { min: 3, max: 8, run: any },
  reduce: { min: 3, max: 3, run: reduce },
  join: { min: 2, max: 2, run: join },
  lane: { min: 3, max: 3, run: lane },
  known: { min: 2, max: 2, run: known },
};
