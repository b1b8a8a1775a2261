// Decides which values of a body are computed where they are used, and which go through a local.
// In: a Body. Out: a flag for each value. Must not know: instructions, targets.
import { type Body, OPS, Op, operandSlots } from '@mimic/ir';

/** `lazy[i]`: value i is pushed by its users. `uses[i]`: how often it is used. */
export interface Schedule {
  readonly lazy: readonly number[];
  readonly uses: readonly number[];
}

/**
 * A single-use value moves down to its user as long as no effect between them could be seen: a `get` does not cross
 * a `set`, nothing that may fault crosses another effect, and nothing moves into a loop. `pinned` values are used by
 * the target besides, so they stay where they are. Without `move` all but constants and cheap params do.
 */
export function schedule(body: Body, cheapParams: boolean, pinned: readonly number[], move = true): Schedule {
  const n = body.length;
  const { op: ops, a, b, c, extra } = body;
  const uses = new Array<number>(n).fill(0);
  /** The last user. */
  const user = new Array<number>(n).fill(-1);
  // By op: the `loop` around it. Most bodies have none.
  const loop = body.has(Op.loop) ? loopsOf(body) : undefined;
  for (let i = 0; i < n; i++) {
    const op = ops[i]!;
    const slots = operandSlots(op);
    if (slots & 1) {
      uses[a[i]!]!++;
      user[a[i]!] = i;
    } else if (slots === 0 && OPS[op]!.shape[0] === '*') {
      for (let k = a[i]!; k < a[i]! + b[i]!; k++) {
        uses[extra[k]!]!++;
        user[extra[k]!] = i;
      }
    }
    if (slots & 2) {
      uses[b[i]!]!++;
      user[b[i]!] = i;
    }
    if (slots & 4) {
      uses[c[i]!]!++;
      user[c[i]!] = i;
    }
  }
  for (let k = 0; k < pinned.length; k++) uses[pinned[k]!]! += 2;

  const lazy = new Array<number>(n).fill(0);
  const cold = departing(body, uses);
  /** Values that may be computed more than once. */
  const again = new Array<number>(n).fill(0);
  // From here on `user` of a lazy value is where it is computed in the end.
  for (let i = n - 1; i >= 0; i--) {
    const op = ops[i]!;
    if (op === Op.const || (op === Op.param && cheapParams)) {
      lazy[i] = 1;
      user[i] = i;
      continue;
    }
    if (!move || (uses[i] !== 1 && !cold?.[i])) continue;
    const u = user[i]!;
    if (uses[i] !== 1 || (lazy[u] === 1 && again[u] === 1)) {
      if (OPS[op]!.kind !== 'pure') continue;
      again[i] = 1;
    }
    const root = lazy[u] === 1 ? user[u]! : u;
    if (loop && loop[i] !== loop[root] && ops[root] !== Op.loop) continue;
    if (!mayMove(body, i, root)) continue;
    lazy[i] = 1;
    user[i] = root;
  }
  return { lazy, uses };
}

function loopsOf(body: Body): number[] {
  const out: number[] = [];
  const open: number[] = [-1];
  for (let i = 0; i < body.length; i++) {
    const op = body.op[i]!;
    if (op === Op.loop) open.push(i);
    else if (op === Op.if) open.push(open.at(-1)!);
    out.push(open.at(-1)!);
    if (op === Op.end) open.pop();
  }
  return out;
}

function mayMove(body: Body, i: number, root: number): boolean {
  switch (body.op[i]) {
    case Op.get:
      for (let j = i + 1; j < root; j++) if (body.op[j] === Op.set || isControl(body.op[j]!)) return false;
      return true;
    case Op.vget:
      for (let j = i + 1; j < root; j++) {
        if ((body.op[j] === Op.vset && body.a[j] === body.a[i]) || isControl(body.op[j]!)) return false;
      }
      return true;
    case Op.load: {
      // A store checks its address before it pushes its value.
      if (body.op[root] === Op.store) return false;
      for (let j = i + 1; j < root; j++) {
        const op = body.op[j]!;
        if (
          isControl(op) ||
          (OPS[op]!.kind === 'effect' && op !== Op.get && op !== Op.vget && op !== Op.vset)
        )
          return false;
      }
      return true;
    }
    default:
      return OPS[body.op[i]!]!.kind === 'pure';
  }
}

function isControl(op: number): boolean {
  return OPS[op]!.kind === 'control';
}

/**
 * Bits that only decide whether a block is left: mostly the first of them decides, and the others are better computed
 * again where they are wanted than once for all.
 */
function departing(body: Body, uses: readonly number[]): Uint8Array | undefined {
  if (!body.has(Op.leave)) return undefined;
  const n = body.length;
  const out = new Uint8Array(n);
  const asked = new Int32Array(n);
  for (let i = n - 1; i >= 0; i--) {
    const op = body.op[i]!;
    const leaves = op === Op.if && body.op[i + 1] === Op.leave;
    if (!leaves && (body.width[i] !== 1 || asked[i] === 0 || asked[i] !== uses[i])) continue;
    if (!leaves) out[i] = 1;
    if (leaves || op === Op.not || op === Op.rare) asked[body.a[i]!]!++;
    else if (op === Op.and || op === Op.or) {
      asked[body.a[i]!]!++;
      asked[body.b[i]!]!++;
    }
  }
  return out;
}
