// Decides which values of a body are computed where they are used, and which go through a local.
// In: a Body. Out: a flag for each value. Must not know: instructions, targets.
import { type Body, OPS, Op, operands } from '@mimic/ir';

/** `lazy[i]`: value i is pushed by its users. `uses[i]`: how often it is used. */
export interface Schedule {
  readonly lazy: Uint8Array;
  readonly uses: Int32Array;
}

/**
 * A single-use value moves down to its user as long as no effect between them could be seen: a `get` does not cross
 * a `set`, nothing that may fault crosses another effect, and nothing moves into a loop. `pinned` values are used by
 * the target besides, so they stay where they are.
 */
export function schedule(body: Body, cheapParams: boolean, pinned: Iterable<number> = []): Schedule {
  const n = body.length;
  const uses = new Int32Array(n);
  const user = new Int32Array(n).fill(-1);
  const loop = new Int32Array(n);
  const loops: number[] = [-1];
  for (let i = 0; i < n; i++) {
    const op = body.op[i]!;
    if (op === Op.loop) loops.push(i);
    else if (op === Op.if) loops.push(loops.at(-1)!);
    loop[i] = loops.at(-1)!;
    if (op === Op.end) loops.pop();
    if (OPS[op]!.shape[0] === '*') {
      for (const v of operands(body, i)) {
        uses[v]!++;
        user[v] = i;
      }
      continue;
    }
    const shape = OPS[op]!.shape;
    if (shape[0] === 'v') note(body.a[i]!, i);
    if (shape[1] === 'v') note(body.b[i]!, i);
    if (shape[2] === 'v') note(body.c[i]!, i);
  }
  function note(v: number, i: number): void {
    uses[v]!++;
    user[v] = i;
  }

  for (const v of pinned) uses[v]! += 2;

  const lazy = new Uint8Array(n);
  /** Where a lazy value is computed in the end. */
  const at = new Int32Array(n);
  for (let i = n - 1; i >= 0; i--) {
    at[i] = i;
    const op = body.op[i]!;
    if (op === Op.const || (op === Op.param && cheapParams)) {
      lazy[i] = 1;
      continue;
    }
    if (uses[i] !== 1) continue;
    const u = user[i]!;
    const root = lazy[u] ? at[u]! : u;
    if (loop[i] !== loop[root] && body.op[root] !== Op.loop) continue;
    if (!mayMove(body, i, root)) continue;
    lazy[i] = 1;
    at[i] = root;
  }
  return { lazy, uses };
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
