// Drops what nobody uses: pure ops, reads, calls, writes of variables that are never read, empty `if`s.
// In: a Body. Out: a new Body, ids renumbered. Must not know: algebra.
import { Body } from './body.js';
import { OPS, Op } from './op.js';
import { structure } from './structure.js';

/** `body` itself is unchanged. Functions are total, so calls whose results are unused go too. */
export function removeDead(body: Body): Body {
  const n = body.length;
  const { end } = structure(body);
  const read: number[] = new Array<number>(body.vars.length).fill(0);
  for (let i = 0; i < n; i++) if (body.op[i] === Op.vget) read[body.a[i]!] = 1;

  // Roots, and with each the control ops around it.
  const live: number[] = new Array<number>(n).fill(0);
  const open: number[] = [];
  for (let i = 0; i < n; i++) {
    const op = body.op[i]!;
    if (op === Op.if || op === Op.loop) open.push(i);
    if (op === Op.end) open.pop();
    if (!isRoot(body, i, read)) continue;
    live[i] = 1;
    if (op === Op.loop) live[end[i]!] = 1;
    for (const at of open) live[at] = live[end[at]!] = 1;
  }
  for (let i = n - 1; i >= 0; i--) {
    if (!live[i]) continue;
    const shape = OPS[body.op[i]!]!.shape;
    if (shape[0] === 'v') live[body.a[i]!] = 1;
    else if (shape[0] === '*') for (const v of operands(body, i)) live[v] = 1;
    if (shape[1] === 'v') live[body.b[i]!] = 1;
    if (shape[2] === 'v') live[body.c[i]!] = 1;
  }
  return keep(body, live, end);
}

function isRoot(body: Body, i: number, read: readonly number[]): boolean {
  switch (body.op[i]) {
    case Op.set:
    case Op.load:
    case Op.store:
    case Op.host:
    case Op.mark:
    case Op.loop:
    case Op.break:
    case Op.return:
    case Op.jump:
    case Op.trap:
      return true;
    case Op.vset:
      return read[body.a[i]!] === 1;
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

function holds(live: readonly number[], from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (live[i]) return true;
  return false;
}

/** The ops marked in `live`, and the `else` of each live `if` whose second arm holds something. */
function keep(body: Body, live: readonly number[], end: Int32Array): Body {
  const out = new Body();
  const vars = new Map<number, number>();
  const variable = (v: number): number => {
    if (!vars.has(v)) vars.set(v, out.variable(body.vars[v]!));
    return vars.get(v)!;
  };
  const map: number[] = new Array<number>(body.length).fill(0);
  for (let i = 0; i < body.length; i++) {
    const op = body.op[i]!;
    const keepElse = op === Op.else && live[end[i]!] === 1 && holds(live, i + 1, end[i]!);
    if (!live[i] && !keepElse) continue;
    const w = body.width[i]!;
    const [a, b, c] = [body.a[i]!, body.b[i]!, body.c[i]!];
    const shape = OPS[op]!.shape;
    if (op === Op.const) map[i] = w <= 32 ? out.emit(op, w, a) : out.constant(w, body.big[a]!);
    else if (shape[0] === '*')
      map[i] = out.emit(op, w, out.list(body.extra.slice(a, a + b).map((v) => map[v]!)), b, c);
    else {
      const first = op === Op.vget || op === Op.vset ? variable(a) : shape[0] === 'v' ? map[a]! : a;
      map[i] = out.emit(op, w, first, shape[1] === 'v' ? map[b]! : b, shape[2] === 'v' ? map[c]! : c);
    }
  }
  return out;
}
