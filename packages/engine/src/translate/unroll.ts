// Small inner loops run several turns between two looks at the fuel: their blocks are there several times over.
// In: loops of a region's graph. Out: which loops, and how many turns. Must not know: code, locals.

/** A loop whose blocks are there once for each turn. */
export interface Unrolled {
  readonly header: number;
  /** By turn: the node that stands for a node of the loop. The first turn is the loop itself. */
  readonly turns: readonly ReadonlyMap<number, number>[];
}

/** A node of a turn. */
export interface Turn {
  readonly loop: Unrolled;
  readonly turn: number;
}

/** Instructions of all turns of a loop together, and turns, at most. */
const INSNS = 96;
const TURNS = 8;

/**
 * `loops`: the innermost loop of each node, or -1. `size`: instructions of a node; undefined keeps its loop as it is.
 * `copy` makes another node like the one given. Turns by node, for all nodes of loops that have several.
 */
export function unroll(
  loops: Int32Array,
  size: (node: number) => number | undefined,
  copy: (node: number) => number,
): Map<number, Turn> {
  const members = new Map<number, number[]>();
  loops.forEach((header, n) => {
    if (header < 0) return;
    const of = members.get(header);
    if (of) of.push(n);
    else members.set(header, [n]);
  });
  const out = new Map<number, Turn>();
  for (const [header, nodes] of members) {
    const insns = nodes.reduce((sum, n) => sum + (size(n) ?? Number.NaN), 0);
    const count = Math.min(Math.floor(INSNS / insns), TURNS);
    if (!(count > 1)) continue;
    const turns = [new Map(nodes.map((n) => [n, n]))];
    for (let k = 1; k < count; k++) turns.push(new Map(nodes.map((n) => [n, copy(n)])));
    const loop = { header, turns };
    turns.forEach((nodesOf, turn) => {
      for (const n of nodesOf.values()) out.set(n, { loop, turn });
    });
  }
  return out;
}

/** Where an edge from a node of `turn` to node `to` of the region leads. */
export function follow({ loop, turn }: Turn, to: number): number {
  const next = to === loop.header ? (turn + 1) % loop.turns.length : turn;
  return loop.turns[next]!.get(to) ?? to;
}
