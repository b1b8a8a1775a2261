// Where a region may be entered besides its start without harm to its loops: what every cycle is entered by anyway.
// In: a graph of node numbers. Out: node numbers. Must not know: instructions.

/**
 * The nodes by which the outermost cycles of `next` are entered, those of the largest cycles first. An edge to them
 * from outside leaves a loop the single entry that it has. Every node is reachable from `start`.
 */
export function cycleEntries(next: readonly (readonly number[])[], start: number): number[] {
  const component = components(next, start);
  const size = new Map<number, number>();
  for (const c of component) size.set(c, (size.get(c) ?? 0) + 1);
  const entries = new Set<number>();
  const enter = (v: number): void => {
    if (size.get(component[v]!)! > 1 || next[v]!.includes(v)) entries.add(v);
  };
  enter(start);
  next.forEach((to, v) => {
    if (component[v]! >= 0) for (const t of to) if (component[t] !== component[v]) enter(t);
  });
  return [...entries].sort((a, b) => size.get(component[b]!)! - size.get(component[a]!)! || a - b);
}

/** Strongly connected components (Tarjan): the number of its component by node, -1 where `start` does not reach. */
function components(next: readonly (readonly number[])[], start: number): Int32Array {
  const component = new Int32Array(next.length).fill(-1);
  const index = new Int32Array(next.length).fill(-1);
  const low = new Int32Array(next.length);
  const at = new Int32Array(next.length);
  const open: number[] = [start];
  const path: number[] = [start];
  let count = 0;
  let found = 0;
  index[start] = low[start] = count++;
  while (path.length) {
    const v = path.at(-1)!;
    const to = next[v]![at[v]!++];
    if (to !== undefined) {
      if (index[to]! < 0) {
        index[to] = low[to] = count++;
        open.push(to);
        path.push(to);
      } else if (component[to]! < 0) low[v] = Math.min(low[v]!, index[to]!);
      continue;
    }
    path.pop();
    const parent = path.at(-1);
    if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[v]!);
    if (low[v] !== index[v]) continue;
    for (;;) {
      const w = open.pop()!;
      component[w] = found;
      if (w === v) break;
    }
    found++;
  }
  return component;
}
