// Orders the blocks of a region for structured control flow: reverse postorder, dominators, loops; irreducible parts
// get a dispatcher.
// In: a graph of node numbers. Out: Shape. Must not know: instructions.

export interface Shape {
  /** Successors by node; nodes beyond the given ones are dispatchers. */
  readonly next: readonly (readonly number[])[];
  /** By node: entries that it dispatches to; undefined for a plain node. */
  readonly dispatch: readonly (readonly number[] | undefined)[];
  /** Dispatcher that an edge to this node goes through, or -1. */
  readonly via: Int32Array;
  /** Nodes in reverse postorder. */
  readonly order: readonly number[];
  /** Position in `order`. */
  readonly rank: Int32Array;
  /** Immediate dominator, -1 for the entry. */
  readonly idom: Int32Array;
  /** Dominator tree, children in reverse postorder. */
  readonly children: readonly (readonly number[])[];
  /** A back edge goes to it. */
  readonly isLoop: Uint8Array;
  /** Two or more forward edges go to it. */
  readonly isMerge: Uint8Array;
}

/** Every node is reachable from `root`. */
export function shape(graph: readonly (readonly number[])[], root = 0): Shape {
  const next = graph.map((s) => [...new Set(s)]);
  const dispatch: (number[] | undefined)[] = next.map(() => undefined);
  const via: number[] = next.map(() => -1);
  for (;;) {
    const made = arrange(next, root);
    const bad = irreducible(next, made);
    if (!bad) {
      return { next, dispatch, via: Int32Array.from(via), ...made };
    }
    // All edges to the entries of the component go through one dispatcher, which is then its only entry.
    const d = next.length;
    next.push(bad);
    dispatch.push(bad);
    via.push(-1);
    for (const e of bad) via[e] = d;
    for (let n = 0; n < d; n++) next[n] = [...new Set(next[n]!.map((s) => (bad.includes(s) ? d : s)))];
  }
}

type Arranged = Pick<Shape, 'order' | 'rank' | 'idom' | 'children' | 'isLoop' | 'isMerge'>;

function arrange(next: readonly (readonly number[])[], root: number): Arranged {
  const n = next.length;
  const post: number[] = [];
  const seen = new Uint8Array(n);
  const stack: [number, number][] = [[root, 0]];
  seen[root] = 1;
  while (stack.length) {
    const top = stack.at(-1)!;
    const s = next[top[0]]!;
    if (top[1] < s.length) {
      // The last successor first, so that the first one, the fall-through, comes early in the order.
      const to = s[s.length - 1 - top[1]++]!;
      if (!seen[to]) {
        seen[to] = 1;
        stack.push([to, 0]);
      }
    } else {
      post.push(top[0]);
      stack.pop();
    }
  }
  const order = post.reverse();
  const rank = new Int32Array(n).fill(-1);
  order.forEach((v, i) => {
    rank[v] = i;
  });
  const preds: number[][] = Array.from({ length: n }, () => []);
  for (const v of order) for (const s of next[v]!) preds[s]!.push(v);
  // Cooper, Harvey, Kennedy: dominators by iteration over reverse postorder.
  const idom = new Int32Array(n).fill(-1);
  idom[root] = root;
  const meet = (a: number, b: number): number => {
    while (a !== b) {
      while (rank[a]! > rank[b]!) a = idom[a]!;
      while (rank[b]! > rank[a]!) b = idom[b]!;
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const v of order) {
      if (v === root) continue;
      let d = -1;
      for (const p of preds[v]!) if (idom[p]! >= 0) d = d < 0 ? p : meet(d, p);
      if (d !== idom[v]) {
        idom[v] = d;
        changed = true;
      }
    }
  }
  idom[root] = -1;
  const children: number[][] = Array.from({ length: n }, () => []);
  for (const v of order) if (idom[v]! >= 0) children[idom[v]!]!.push(v);
  const isLoop = new Uint8Array(n);
  const isMerge = new Uint8Array(n);
  for (const v of order) {
    let forward = 0;
    for (const p of preds[v]!) {
      if (rank[p]! >= rank[v]!) isLoop[v] = 1;
      else forward++;
    }
    if (forward > 1) isMerge[v] = 1;
  }
  return { order, rank, idom, children, isLoop, isMerge };
}

/** The entries of an irreducible component, or undefined where every back edge goes to a dominator. */
function irreducible(next: readonly (readonly number[])[], a: Arranged): number[] | undefined {
  const dominates = (x: number, y: number): boolean => {
    while (y >= 0 && a.rank[y]! > a.rank[x]!) y = a.idom[y]!;
    return x === y;
  };
  for (const v of a.order)
    for (const h of next[v]!) {
      if (a.rank[h]! > a.rank[v]! || dominates(h, v)) continue;
      const component = cycleThrough(next, a, h);
      const entries = new Set<number>();
      for (const p of a.order)
        if (!component.has(p)) for (const s of next[p]!) if (component.has(s)) entries.add(s);
      return [...entries].sort((x, y) => a.rank[x]! - a.rank[y]!);
    }
  return undefined;
}

/** The strongly connected component of h among nodes that h's own dominator dominates. */
function cycleThrough(next: readonly (readonly number[])[], a: Arranged, h: number): Set<number> {
  const limit = a.idom[h]!;
  const inside = (v: number): boolean => {
    for (let x = a.idom[v]!; ; x = a.idom[x]!) {
      if (x === limit) return true;
      if (x < 0) return false;
    }
  };
  const reach = (graph: (v: number) => readonly number[]): Set<number> => {
    const out = new Set([h]);
    const queue = [h];
    for (let v = queue.pop(); v !== undefined; v = queue.pop())
      for (const s of graph(v))
        if (!out.has(s) && inside(s)) {
          out.add(s);
          queue.push(s);
        }
    return out;
  };
  const preds = new Map<number, number[]>();
  for (const v of a.order) for (const s of next[v]!) preds.set(s, [...(preds.get(s) ?? []), v]);
  const forward = reach((v) => next[v]!);
  const backward = reach((v) => preds.get(v) ?? []);
  return new Set([...forward].filter((v) => backward.has(v)));
}

/**
 * By node: number of the innermost loop that it is in, for loops without loops in them; -1 elsewhere. `graph` may be
 * larger than the nodes asked about: dispatchers are nobody's loop.
 */
export function innerLoops(s: Shape, nodes: number): Int32Array {
  const out = new Int32Array(nodes).fill(-1);
  const preds: number[][] = s.next.map(() => []);
  for (const v of s.order) for (const t of s.next[v]!) preds[t]!.push(v);
  for (const h of s.order) {
    if (!s.isLoop[h] || s.dispatch[h]) continue;
    const body = new Set([h]);
    const queue = preds[h]!.filter((p) => s.rank[p]! >= s.rank[h]!);
    for (let v = queue.pop(); v !== undefined; v = queue.pop()) {
      if (body.has(v)) continue;
      body.add(v);
      queue.push(...preds[v]!);
    }
    const inner = [...body].every((v) => v === h || (!s.isLoop[v] && !s.dispatch[v] && s.via[v]! < 0));
    if (inner && s.via[h]! < 0) for (const v of body) if (v < nodes) out[v] = h;
  }
  return out;
}
