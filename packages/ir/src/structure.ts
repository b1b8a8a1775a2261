// The nesting of a body's control ops.
// In: a Body. Out: for each control op, where its counterpart stands. Throws on unbalanced nesting (our bug).
// Must not know: what ops mean otherwise.
import type { Body } from './body.js';
import { Op } from './op.js';

/**
 * By op position. `end`: of `if`, `else` and `loop` their `end`; of `break` the end of the loop that it leaves;
 * of `end` the position of its opener. `otherwise`: of `if` its `else`, or its `end` without one. Others -1.
 */
export interface Structure {
  readonly end: Int32Array;
  readonly otherwise: Int32Array;
}

const NONE: Structure = { end: new Int32Array(0), otherwise: new Int32Array(0) };
const known = new WeakMap<Body, { length: number; value: Structure }>();

/** Throws RangeError, with the position, where control ops do not nest. Kept for as long as the body does not grow. */
export function structure(body: Body): Structure {
  // Most bodies are straight.
  let straight = true;
  for (let i = 0; i < body.length; i++) if (body.op[i]! >= Op.if && body.op[i]! <= Op.break) straight = false;
  if (straight) return NONE;
  const kept = known.get(body);
  if (kept?.length === body.length) return kept.value;
  const value = analyse(body);
  known.set(body, { length: body.length, value });
  return value;
}

function analyse(body: Body): Structure {
  const n = body.length;
  const end = new Int32Array(n).fill(-1);
  const otherwise = new Int32Array(n).fill(-1);
  const open: number[] = [];
  const breaks: [number, number][] = [];
  for (let i = 0; i < n; i++) {
    const op = body.op[i];
    if (op === Op.if || op === Op.loop) open.push(i);
    else if (op === Op.else) {
      const at = open.at(-1);
      if (at === undefined || body.op[at] !== Op.if || otherwise[at] !== -1)
        throw new RangeError(`op ${i}: else without if`);
      otherwise[at] = i;
    } else if (op === Op.break) {
      const loops = open.filter((at) => body.op[at] === Op.loop);
      const at = loops[loops.length - 1 - body.a[i]!];
      if (at === undefined) throw new RangeError(`op ${i}: break ${body.a[i]} has no such loop`);
      breaks.push([i, at]);
    } else if (op === Op.end) {
      const at = open.pop();
      if (at === undefined) throw new RangeError(`op ${i}: end without if or loop`);
      end[at] = i;
      end[i] = at;
      if (body.op[at] === Op.if) {
        if (otherwise[at] === -1) otherwise[at] = i;
        else end[otherwise[at]!] = i;
      }
    }
  }
  if (open.length)
    throw new RangeError(`op ${open.at(-1)}: ${body.op[open.at(-1)!] === Op.if ? 'if' : 'loop'} without end`);
  for (const [i, at] of breaks) end[i] = end[at]!;
  return { end, otherwise };
}
