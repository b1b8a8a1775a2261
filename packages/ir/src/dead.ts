// Drops what nobody uses: pure ops, reads, calls, writes of variables that are never read, empty `if`s.
// In: a Body. Out: a new Body, ids renumbered. Must not know: algebra.
import { Body } from './body.js';
import { OPS, Op, operandSlots } from './op.js';

/** `body` itself is unchanged. Functions are total, so calls whose results are unused go too. */
export function removeDead(body: Body): Body {
  const n = body.length;
  for (let i = 0; i < n; i++) live[i] = 0;
  return keep(body, live, mark(body, live));
}

/** Used again by each run: by op, whether it is kept, and its new id. */
const live: number[] = [];
const map: number[] = [];

/** Sets `live` for each op that is kept; returns how many are. Users come after what they use: one pass backward. */
function mark(body: Body, live: number[]): number {
  const { op: ops, a, b, c, extra } = body;
  const read = body.vars.length > 0 ? readVariables(body) : NONE;
  // Of each open region: whether anything in it is live, its `end`, and its `else` if anything behind that is.
  const open: { any: boolean; readonly end: number; otherwise: number }[] = [];
  let region: { any: boolean; readonly end: number; otherwise: number } | undefined;
  let count = 0;
  for (let i = body.length - 1; i >= 0; i--) {
    const op = ops[i]!;
    if (op === Op.end) {
      if (region) open.push(region);
      region = { any: false, end: i, otherwise: -1 };
      continue;
    }
    if (op === Op.else) {
      if (region!.any) region!.otherwise = i;
      continue;
    }
    if (op === Op.if || op === Op.loop) {
      const { any, end, otherwise } = region!;
      region = open.pop();
      if (!any && op === Op.if) continue;
      live[i] = live[end] = 1;
      count += 2;
      if (otherwise >= 0) {
        live[otherwise] = 1;
        count++;
      }
      if (op === Op.if) live[a[i]!] = 1;
      if (region) region.any = true;
      continue;
    }
    if (live[i] === 0) {
      if (!isRoot(op) && !(op === Op.vset && read[a[i]!] === 1)) continue;
      live[i] = 1;
    }
    count++;
    if (region) region.any = true;
    const slots = operandSlots(op);
    if (slots & 1) live[a[i]!] = 1;
    if (slots & 2) live[b[i]!] = 1;
    if (slots & 4) live[c[i]!] = 1;
    if (slots === 0 && OPS[op]!.shape[0] === '*')
      for (let k = a[i]!; k < a[i]! + b[i]!; k++) live[extra[k]!] = 1;
  }
  return count;
}

const NONE: readonly number[] = [];

function readVariables(body: Body): readonly number[] {
  const read = new Array<number>(body.vars.length).fill(0);
  for (let i = 0; i < body.length; i++) if (body.op[i] === Op.vget) read[body.a[i]!] = 1;
  return read;
}

function isRoot(op: number): boolean {
  switch (op) {
    case Op.set:
    case Op.load:
    case Op.store:
    case Op.host:
    case Op.mark:
    case Op.break:
    case Op.return:
    case Op.jump:
    case Op.trap:
    case Op.leave:
      return true;
    default:
      return false;
  }
}

/** The value ids that op `i` uses. */
export function operands(body: Body, i: number): readonly number[] {
  const shape = OPS[body.op[i]!]!.shape;
  if (shape[0] === '*') return body.extra.slice(body.a[i]!, body.a[i]! + body.b[i]!);
  const out: number[] = [];
  if (shape[0] === 'v') out.push(body.a[i]!);
  if (shape[1] === 'v') out.push(body.b[i]!);
  if (shape[2] === 'v') out.push(body.c[i]!);
  return out;
}

/** The `count` ops marked in `live`. */
function keep(body: Body, live: readonly number[], count: number): Body {
  const out = new Body(count);
  const vars = new Array<number>(body.vars.length).fill(-1);
  for (let i = 0; i < body.length; i++) {
    if (live[i] === 0) continue;
    const op = body.op[i]!;
    const w = body.width[i]!;
    let a = body.a[i]!;
    let b = body.b[i]!;
    let c = body.c[i]!;
    const slots = operandSlots(op);
    if (slots & 1) a = map[a]!;
    else if (op === Op.const) {
      if (w > 32) a = out.big.push(body.big[a]!) - 1;
    } else if (op === Op.vget || op === Op.vset) {
      if (vars[a]! < 0) vars[a] = out.variable(body.vars[a]!);
      a = vars[a]!;
    } else if (slots === 0 && OPS[op]!.shape[0] === '*') {
      const at = out.extra.length;
      for (let k = a; k < a + b; k++) out.extra.push(map[body.extra[k]!]!);
      a = at;
    }
    if (slots & 2) b = map[b]!;
    if (slots & 4) c = map[c]!;
    map[i] = out.emit(op, w, a, b, c);
  }
  return out;
}
