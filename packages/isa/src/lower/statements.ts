// Statements of the language -> effects. A block's value is its last expression.
// In: syntax and a Lowerer. Out: values; ops in the builder. Must not know: how expressions are lowered.
import { JumpHint, Op } from '@mimic/ir';
import type * as ast from '../syntax/ast.js';
import type { Span } from '../syntax/source.js';
import type { Lowerer } from './lowerer.js';
import { binaryValues } from './operators.js';
import { variablePlace } from './places.js';
import { bits, int, NONE, type Value } from './values.js';

/** A `for` may unroll to this many turns. */
const MAX_TURNS = 512;

/** Whether a block leaves its function early: a `return` anywhere but as the very last statement. */
export function containsReturn(block: ast.Block): boolean {
  return block.stmts.some((s) => {
    switch (s.t) {
      case 'return':
        return true;
      case 'if':
        return containsReturn(s.then) || (s.else !== undefined && containsReturn(s.else));
      case 'for':
      case 'repeat':
      case 'atomic':
        return containsReturn(s.body);
      case 'expr':
        return s.value.t === 'match' && s.value.arms.some((a) => containsReturn(a.body));
      default:
        return false;
    }
  });
}

export function runBlock(l: Lowerer, block: ast.Block, want?: number): Value {
  return l.inScope(() => {
    let last: Value = NONE;
    for (const s of block.stmts) {
      if (l.state.left) {
        l.spec.warn('unreachable', 'this is never reached', s.span);
        break;
      }
      last = statement(l, s, s === block.stmts.at(-1) ? want : undefined);
    }
    return last;
  });
}

/** An instruction's `body` inside what its decoder puts around it: what follows a `guard` is under its condition. */
export function runGuarded(l: Lowerer, decoder: ast.Block | undefined, body: ast.Block): void {
  const stmts = decoder?.stmts ?? [];
  const from = (k: number): void => {
    const s = stmts[k];
    if (!s) runBlock(l, body);
    else if (s.t === 'guard') l.state.either(l.condition(s.test), () => from(k + 1));
    else {
      statement(l, s);
      from(k + 1);
    }
  };
  l.inScope(() => from(0));
}

function statement(l: Lowerer, s: ast.Stmt, want?: number): Value {
  switch (s.t) {
    case 'expr':
      return l.expr(s.value, want);
    case 'let':
      bind(l, s);
      return NONE;
    case 'assign':
      assign(l, s);
      return NONE;
    case 'if': {
      const otherwise = s.else;
      return l.conditional(
        l.condition(s.test),
        () => runBlock(l, s.then, want),
        () => (otherwise ? runBlock(l, otherwise, want) : NONE),
        s.span,
        want,
      );
    }
    case 'for':
      forLoop(l, s);
      return NONE;
    case 'repeat':
      repeat(l, s);
      return NONE;
    case 'goto':
      when(l, s.when, () => goto(l, s));
      return NONE;
    case 'trap':
      when(l, s.when, () => {
        const args = s.args.map((a) => l.expr(a.value));
        if (s.after) l.state.emitSets();
        l.trap(s.name, args, s.span);
      });
      return NONE;
    case 'return':
      when(l, s.when, () => {
        if (!l.onReturn) l.fail('return', 'there is no function to return from', s.span);
        l.onReturn(l.expr(s.value, l.returnWidth), s.span);
      });
      return NONE;
    case 'simple':
      when(l, s.when, () => simple(l, s.word, s.span));
      return NONE;
    case 'guard':
      return l.fail('guard', 'a `guard` stands in a decoder', s.span);
    case 'atomic':
      // Guest threads switch between instructions only, so an instruction is atomic as it is.
      return runBlock(l, s.body);
  }
}

function when(l: Lowerer, cond: ast.Expr | undefined, f: () => void): void {
  if (!cond) return f();
  l.state.either(l.condition(cond), () => f());
}

function bind(l: Lowerer, s: Extract<ast.Stmt, { t: 'let' }>): void {
  const v = l.expr(s.value, s.type ? l.typeWidth(s.type) : undefined);
  if (s.names.length > 1) {
    if (v.k !== 'tuple' || v.items.length !== s.names.length)
      l.fail('tuple', `${s.names.length} names for ${v.k === 'tuple' ? v.items.length : 1} values`, s.span);
    s.names.forEach((n, i) => {
      declare(l, n, v.items[i]!, s);
    });
    return;
  }
  declare(l, s.names[0]!, s.type ? l.coerced(v, l.typeWidth(s.type), s.value.span) : v, s);
}

function declare(l: Lowerer, name: string, v: Value, s: Extract<ast.Stmt, { t: 'let' }>): void {
  if (!s.mutable) {
    l.define(name, v.k === 'place' ? bits(l.value(v, s.span)) : v, s.span);
    return;
  }
  const id =
    v.k === 'int'
      ? l.fail('width', `var ${name} needs a width`, s.span, [`write: var ${name} : 32 = ...`])
      : l.value(v, s.value.span);
  const slot = { key: `var${l.fresh()}`, width: l.b.width(id) };
  l.state.write(slot, id);
  l.define(name, { k: 'place', place: variablePlace(l.site, slot) }, s.span);
}

function assign(l: Lowerer, s: Extract<ast.Stmt, { t: 'assign' }>): void {
  if (s.targets.length > 1) {
    const v = l.expr(s.value);
    if (v.k !== 'tuple' || v.items.length !== s.targets.length)
      l.fail(
        'tuple',
        `${s.targets.length} targets for ${v.k === 'tuple' ? v.items.length : 1} values`,
        s.span,
      );
    // All are read before the first is written: memory and variables change at once.
    const places = s.targets.map((t) => l.place(t));
    const ids = v.items.map((x, i) => l.coerce(x, places[i]!.width, s.value.span));
    places.forEach((p, i) => {
      store(l, p.write, ids[i]!, s.targets[i]!.span);
    });
    return;
  }
  const target = s.targets[0]!;
  const place = l.place(target);
  let v: Value;
  if (s.op === '=') v = l.expr(s.value, place.width);
  else {
    const now = bits(place.read(true));
    const by = l.expr(s.value, place.width);
    v = binaryValues(l, s.op.slice(0, -1), now, by.k === 'place' ? bits(l.value(by, s.value.span)) : by, {
      left: target,
      right: s.value,
      span: s.span,
    });
  }
  store(l, place.write, l.coerce(v, place.width, s.value.span), target.span);
}

function store(l: Lowerer, write: ((id: number) => void) | undefined, id: number, span: Span): void {
  if (!write) l.fail('assign', 'this cannot be assigned', span);
  write(id);
}

/** A loop over numbers, unrolled. Bounds that depend on fields range over all they may be, each turn under a guard. */
function forLoop(l: Lowerer, s: Extract<ast.Stmt, { t: 'for' }>): void {
  const turn = (i: bigint): void => {
    l.inScope(() => {
      l.define(s.name, int(i), s.span);
      runBlock(l, s.body);
    });
  };
  const first = l.expr(s.first);
  if (!s.last) return forList(l, s, first, turn);
  const last = l.expr(s.last);
  const lo = bound(l, first, s.first, 0n);
  const hi = bound(l, last, s.last, undefined);
  if (hi - lo >= BigInt(MAX_TURNS))
    l.fail('unroll', `this would unroll ${hi - lo + 1n} times; at most ${MAX_TURNS}`, s.span, [
      'use `repeat` for a loop at run time',
    ]);
  for (let i = lo; i <= hi; i++) {
    let cond: number | undefined;
    const guard = (v: Value, op: number, swap: boolean): void => {
      if (v.k === 'int') return;
      const id = l.value(v, s.span);
      const w = l.b.width(id);
      if (i >> BigInt(w)) return;
      const c = l.b.constant(w, i);
      const g = swap ? l.b.pure(op, 1, id, c) : l.b.pure(op, 1, c, id);
      cond = cond === undefined ? g : l.b.pure(Op.and, 1, cond, g);
    };
    guard(first, Op.ule, true);
    guard(last, Op.ule, false);
    if (cond === undefined) turn(i);
    else l.state.either(cond, () => turn(i));
  }
}

/** The least (given) or greatest value a bound may have. */
function bound(l: Lowerer, v: Value, e: ast.Expr, least: bigint | undefined): bigint {
  if (v.k === 'int') return v.value;
  const id = l.value(v, e.span);
  const k = l.b.constantOf(id);
  if (k !== undefined) return k;
  if (!l.b.isStatic(id))
    l.fail('static', 'the bounds of a `for` must be known at translation', e.span, [
      'use `repeat while` for a loop at run time',
    ]);
  return least ?? (1n << BigInt(l.b.width(id))) - 1n;
}

/** `for i in bits`: the set bits of a static value; `for i in [..]` over a list. */
function forList(
  l: Lowerer,
  s: Extract<ast.Stmt, { t: 'for' }>,
  set: Value,
  turn: (i: bigint) => void,
): void {
  const id = l.value(set, s.first.span);
  if (!l.b.isStatic(id))
    l.fail('static', 'a `for` goes over bits that are known at translation', s.first.span);
  const w = l.b.width(id);
  for (let i = 0; i < w; i++) {
    const bit = l.b.pure(Op.slice, 1, id, l.site.msb0 ? w - 1 - i : i);
    l.state.either(bit, () => turn(BigInt(i)));
  }
}

function repeat(l: Lowerer, s: Extract<ast.Stmt, { t: 'repeat' }>): void {
  const saved = l.loops;
  l.state.loop(() => {
    l.loops = [...saved, { kind: 'repeat' }];
    if (s.test) {
      const go = l.condition(s.test);
      l.state.either(
        go,
        () => {},
        () => {
          l.b.effect(Op.break, 0, 0);
          l.state.left = true;
        },
      );
    }
    runBlock(l, s.body);
    l.state.left = false;
    l.loops = saved;
  });
}

function goto(l: Lowerer, s: Extract<ast.Stmt, { t: 'goto' }>): void {
  if (l.kind !== 'insn') l.fail('goto', 'only an instruction can go somewhere', s.span);
  const hint = s.kinds.includes('link')
    ? JumpHint.call
    : s.kinds.includes('return')
      ? JumpHint.return
      : JumpHint.plain;
  const target = l.coerce(l.expr(s.target), l.word, s.target.span);
  const jump = (): void => l.state.write({ key: `jump${hint}`, width: l.word, jump: { hint } }, target);
  when(l, s.when, jump);
}

function simple(l: Lowerer, word: string, span: Span): void {
  switch (word) {
    case 'commit':
      return l.state.commit();
    case 'break': {
      const i = l.loops.findLastIndex((x) => x.kind === 'repeat');
      if (i < 0) l.fail('break', 'there is no `repeat` to leave', span);
      l.b.effect(Op.break, 0, l.loops.length - 1 - i);
      l.state.left = true;
      return;
    }
    case 'undefined':
      return l.undefinedInstruction(span);
    default:
  }
}
