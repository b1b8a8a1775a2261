// Calls of `fn`s: inlined, or out of line.
// In: a function item and arguments. Out: its value. Must not know: built-ins.
import { Op } from '@mimic/ir';
import type * as ast from '../syntax/ast.js';
import type { Span } from '../syntax/source.js';
import type { Lowerer } from './lowerer.js';
import { variablePlace } from './places.js';
import { containsReturn, runBlock } from './statements.js';
import { bits, NONE, type Value } from './values.js';

/** Calls and computed registers inside each other at most. */
export const MAX_DEPTH = 64;

export function inlineCall(l: Lowerer, fn: ast.FnItem, args: readonly ast.Arg[], span: Span): Value {
  if (args.length !== fn.params.length)
    l.fail('arguments', `${fn.name} takes ${fn.params.length} arguments, here are ${args.length}`, span, [
      signature(fn),
    ]);
  if (fn.outline) return outlineCall(l, fn, args);
  if (l.depth >= MAX_DEPTH)
    l.fail('recursion', `${fn.name} calls itself without end`, span, [
      'functions are inlined; use `repeat` for a loop',
    ]);
  const frame = new Map<string, Value>();
  fn.params.forEach((p, i) => {
    const arg = args[i]!;
    frame.set(p.name, argument(l, p, arg));
  });
  l.depth++;
  try {
    return l.inFrame(frame, () => resulting(l, fn, callBody(l, fn, span), span));
  } finally {
    l.depth--;
  }
}

function argument(l: Lowerer, p: ast.Param, arg: ast.Arg): Value {
  const v = l.expr(
    arg.value,
    p.type && (p.type.width !== undefined || p.type.name === 'word') ? l.typeWidth(p.type) : undefined,
  );
  if (p.ref) {
    if (v.k !== 'place')
      l.fail('reference', `${p.name} is a reference: it needs something that can be assigned`, arg.span);
    return v;
  }
  // By value: an unsized parameter keeps what it is given, a number without width included.
  const unsized = !p.type || (p.type.name === 'bits' && !p.type.arg);
  if (unsized) return v.k === 'place' ? bits(l.value(v, arg.span)) : v;
  const width = l.typeWidth(p.type!);
  return l.coerced(v, width, arg.span);
}

/** Runs the body; an early `return` leaves a loop that runs once. */
function callBody(l: Lowerer, fn: ast.FnItem, span: Span): Value {
  const want =
    fn.results.length === 1 && fn.results[0]!.name !== 'bits' ? l.typeWidth(fn.results[0]!) : undefined;
  if (!containsReturn(fn.body)) return runBlock(l, fn.body, want);
  if (fn.results.length === 0 || fn.results.some((r) => r.name === 'bits'))
    l.fail('return', `${fn.name} returns early, so its result needs a type: -> width`, span);
  const widths = fn.results.map((r) => l.typeWidth(r));
  const slots = widths.map((width) => ({ key: `return${l.fresh()}`, width }));
  for (const s of slots) l.state.write(s, l.b.constant(s.width, 0));
  const put = (v: Value, at: Span): void => {
    const items = v.k === 'tuple' ? v.items : [v];
    if (items.length !== slots.length)
      l.fail('return', `${fn.name} returns ${slots.length} values, here are ${items.length}`, at);
    slots.forEach((s, i) => {
      l.state.write(s, l.coerce(items[i]!, s.width, at));
    });
  };
  const saved = l.onReturn;
  const savedWidth = l.returnWidth;
  l.returnWidth = want;
  const savedLoops = l.loops;
  l.onReturn = (v, at) => {
    put(v, at);
    const depth = l.loops.length - 1 - l.loops.indexOf(loop);
    l.b.effect(Op.break, 0, depth);
    l.state.left = true;
  };
  const loop = { kind: 'inline' as const };
  l.state.loop(() => {
    l.loops = [...savedLoops, loop];
    const v = runBlock(l, fn.body, want);
    if (!l.state.left) {
      put(v, fn.span);
      l.b.effect(Op.break, 0, 0);
    }
    l.loops = savedLoops;
  });
  l.onReturn = saved;
  l.returnWidth = savedWidth;
  const out = slots.map((s): Value => bits(variablePlace(l.site, s).read(true)));
  return out.length === 1 ? out[0]! : { k: 'tuple', items: out };
}

function resulting(l: Lowerer, fn: ast.FnItem, v: Value, span: Span): Value {
  if (fn.results.length === 0) return v.k === 'place' ? bits(l.value(v, span)) : v;
  if (l.state.left && v.k === 'none') return v;
  const items = v.k === 'tuple' ? v.items : [v];
  if (items.length !== fn.results.length)
    l.fail(
      'result',
      `${fn.name} gives ${v.k === 'none' ? 'no' : items.length} values instead of ${fn.results.length}`,
      fn.span,
    );
  const out = items.map((x, i): Value => {
    const r = fn.results[i]!;
    if (r.name === 'bits' || r.name === 'static') return x.k === 'place' ? bits(l.value(x, span)) : x;
    return l.coerced(x, l.typeWidth(r), fn.span);
  });
  return out.length === 1 ? out[0]! : { k: 'tuple', items: out };
}

function outlineCall(l: Lowerer, fn: ast.FnItem, args: readonly ast.Arg[]): Value {
  const f = l.spec.outlined(fn);
  const ids = args.map((a, i) => l.coerce(l.expr(a.value, f.params[i]!), f.params[i]!, a.span));
  const call = l.b.effect(Op.call, 0, l.b.list(ids), ids.length, f.number);
  const out = f.results.map((w, i): Value => bits(l.b.effect(Op.result, w, call, i)));
  return out.length === 0 ? NONE : out.length === 1 ? out[0]! : { k: 'tuple', items: out };
}

/** How the function is declared, for messages. */
export function signature(fn: ast.FnItem): string {
  return `fn ${fn.name}(${fn.params.map((p) => (p.ref ? '&' : '') + p.name).join(', ')})`;
}
