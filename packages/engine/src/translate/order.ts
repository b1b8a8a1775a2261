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
  const next = graph.map(distinct);
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
    for (let n = 0; n < d; n++) next[n] = distinct(next[n]!.map((s) => (bad.includes(s) ? d : s)));
  }
}

/** Each once, in the same order. */
function distinct(nodes: readonly number[]): number[] {
  if (nodes.length > 4) return [...new Set(nodes)];
  const out: number[] = [];
  for (let k = 0; k < nodes.length; k++) if (!out.includes(nodes[k]!)) out.push(nodes[k]!);
  return out;
}

/** Who leads to each node, as far as it is in `order`. */
function predecessors(next: readonly (readonly number[])[], order: readonly number[]): number[][] {
  const preds: number[][] = [];
  for (let n = 0; n < next.length; n++) preds.push([]);
  // By index here and below: code that V8 has not optimised yet allocates for each step of an iterator.
  for (let k = 0; k < order.length; k++) {
    const v = order[k]!;
    const to = next[v]!;
    for (let i = 0; i < to.length; i++) preds[to[i]!]!.push(v);
  }
  return preds;
}

type Arranged = Pick<Shape, 'order' | 'rank' | 'idom' | 'children' | 'isLoop' | 'isMerge'>;

function arrange(next: readonly (readonly number[])[], root: number): Arranged {
  const n = next.length;
  const post: number[] = [];
  const seen = new Uint8Array(n);
  // The nodes that are open, and how many successors of each are still to be looked at.
  const stack = [root];
  const left = [next[root]!.length];
  seen[root] = 1;
  while (stack.length > 0) {
    const top = stack.length - 1;
    const v = stack[top]!;
    if (left[top]! > 0) {
      // The last successor first, so that the first one, the fall-through, comes early in the order.
      left[top]!--;
      const to = next[v]![left[top]!]!;
      if (seen[to] === 0) {
        seen[to] = 1;
        stack.push(to);
        left.push(next[to]!.length);
      }
    } else {
      post.push(v);
      stack.pop();
      left.pop();
    }
  }
  const order = post.reverse();
  const rank = new Int32Array(n).fill(-1);
  for (let i = 0; i < order.length; i++) rank[order[i]!] = i;
  const preds = predecessors(next, order);
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
    for (let k = 0; k < order.length; k++) {
      const v = order[k]!;
      if (v === root) continue;
      const from = preds[v]!;
      let d = -1;
      for (let i = 0; i < from.length; i++)
        if (idom[from[i]!]! >= 0) d = d < 0 ? from[i]! : meet(d, from[i]!);
      if (d !== idom[v]) {
        idom[v] = d;
        changed = true;
      }
    }
  }
  idom[root] = -1;
  const children: number[][] = [];
  for (let v = 0; v < n; v++) children.push([]);
  const isLoop = new Uint8Array(n);
  const isMerge = new Uint8Array(n);
  for (let k = 0; k < order.length; k++) {
    const v = order[k]!;
    if (idom[v]! >= 0) children[idom[v]!]!.push(v);
    const from = preds[v]!;
    let forward = 0;
    for (let i = 0; i < from.length; i++) {
      if (rank[from[i]!]! >= k) isLoop[v] = 1;
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
  for (let k = 0; k < a.order.length; k++) {
    const v = a.order[k]!;
    for (let i = 0; i < next[v]!.length; i++) {
      const h = next[v]![i]!;
      if (a.rank[h]! > k || dominates(h, v)) continue;
      const component = cycleThrough(next, a, h);
      const entries = new Set<number>();
      for (const p of a.order)
        if (!component.has(p)) for (const s of next[p]!) if (component.has(s)) entries.add(s);
      return [...entries].sort((x, y) => a.rank[x]! - a.rank[y]!);
    }
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
  const preds = predecessors(next, a.order);
  const forward = reach((v) => next[v]!);
  const backward = reach((v) => preds[v]!);
  return new Set([...forward].filter((v) => backward.has(v)));
}

/**
 * By node: number of the innermost loop that it is in, for loops without loops in them; -1 elsewhere. `graph` may be
 * larger than the nodes asked about: dispatchers are nobody's loop.
 */
export function innerLoops(s: Shape, nodes: number): Int32Array {
  const out = new Int32Array(nodes).fill(-1);
  const preds = predecessors(s.next, s.order);
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
