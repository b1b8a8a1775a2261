// Which pattern wins, and the tree that finds it.
// In: masks and values. Out: DecodeNode[], overlaps. Must not know: fields, semantics.
import type { DecodeNode } from './model.js';

export interface Pattern {
  readonly name: string;
  /** The name without the number that tells it from others. */
  readonly base: string;
  readonly mask: number;
  readonly value: number;
  readonly where: boolean;
  /** Traits that it needs. */
  readonly needs: readonly number[];
  /** Whether the condition may hold for words that have the bits `value` under `mask`. */
  readonly allows?: (mask: number, value: number) => boolean;
  /** Names of the instructions that this one is declared to win over. */
  readonly over: readonly string[];
}

/** Two patterns that share words while neither is narrower, with such a word. */
export interface Overlap {
  readonly a: number;
  readonly b: number;
  readonly witness: number;
}

const contains = (outer: number, inner: number): boolean => (outer & inner) >>> 0 === inner >>> 0;

const over = (a: Pattern, b: Pattern): boolean => a.over.includes(b.name) || a.over.includes(b.base);

/** Whether a comes before b where both match: it is narrower, has a condition, or says so. */
function before(a: Pattern, b: Pattern): boolean {
  if (over(a, b)) return true;
  if (over(b, a)) return false;
  if (a.mask !== b.mask) return contains(a.mask, b.mask);
  if (a.needs.length !== b.needs.length)
    return a.needs.length > b.needs.length && b.needs.every((k) => a.needs.includes(k));
  return a.where && !b.where;
}

/** All crossing overlaps of patterns that may meet (`together`). Patterns with the same mask whose conditions differ are taken to be separate. */
export function overlaps(
  patterns: readonly Pattern[],
  together: (a: number, b: number) => boolean = () => true,
): Overlap[] {
  const out: Overlap[] = [];
  for (let i = 0; i < patterns.length; i++)
    for (let j = i + 1; j < patterns.length; j++) {
      const a = patterns[i]!;
      const b = patterns[j]!;
      if (((a.value ^ b.value) & a.mask & b.mask) !== 0 || !together(i, j)) continue;
      if (before(a, b) || before(b, a)) continue;
      if (a.mask === b.mask && (a.where || a.needs.length) && (b.where || b.needs.length)) continue;
      const shared = [a.mask | b.mask, a.value | b.value] as const;
      if (a.allows?.(...shared) === false || b.allows?.(...shared) === false) continue;
      out.push({ a: i, b: j, witness: (a.value | b.value) >>> 0 });
    }
  return out;
}

/** Patterns that never win: another one takes all of their words, because it says `over` them or has no condition. */
export function unreachable(
  patterns: readonly Pattern[],
  together: (a: number, b: number) => boolean = () => true,
): { readonly pattern: number; readonly by: number }[] {
  const out: { pattern: number; by: number }[] = [];
  patterns.forEach((p, pattern) => {
    const by = patterns.findIndex(
      (q, other) =>
        q !== p &&
        !q.where &&
        q.needs.length === 0 &&
        together(pattern, other) &&
        contains(p.mask, q.mask) &&
        ((p.value ^ q.value) & q.mask) === 0 &&
        before(q, p) &&
        !before(p, q),
    );
    if (by >= 0) out.push({ pattern, by });
  });
  return out;
}

/** The longest run of set bits, at most 10 long, lowest first among equals. */
function longestRun(mask: number): { at: number; width: number } | undefined {
  let best: { at: number; width: number } | undefined;
  for (let at = 0; at < 32; ) {
    if (!((mask >>> at) & 1)) {
      at++;
      continue;
    }
    let width = 0;
    while (at + width < 32 && (mask >>> (at + width)) & 1 && width < 10) width++;
    if (!best || width > best.width) best = { at, width };
    at += width;
  }
  return best;
}

/** Patterns that are looked at together: those of one decoder. */
export interface PatternGroup {
  /** Which values of the mode bits of an address select it, by value. */
  readonly modes: readonly boolean[];
  /** Which words are its own; where several groups take a word, the narrowest has it. */
  readonly mask: number;
  readonly value: number;
  /** Numbers of its patterns. */
  readonly patterns: readonly number[];
}

/** The tree over words of 32 bits; nodes by index, the root is 0. `modeMask`: bits of the address that are modes. */
export function buildTree(
  patterns: readonly Pattern[],
  groups: readonly PatternGroup[],
  modeMask: number,
): DecodeNode[] {
  const nodes: DecodeNode[] = [];
  const build = (set: readonly number[], used: number): number => {
    const index = nodes.length;
    nodes.push({ kind: 'leaf', insns: [] });
    const common = set.reduce((m, i) => m & patterns[i]!.mask, ~used);
    const run = set.length > 1 ? longestRun(common) : undefined;
    if (!run) {
      nodes[index] = { kind: 'leaf', insns: order(patterns, set) };
      return index;
    }
    const field = run.width === 32 ? -1 : ((1 << run.width) - 1) << run.at;
    const next = new Array<number>(1 << run.width).fill(-1);
    const groups = new Map<number, number[]>();
    for (const i of set) {
      const key = (patterns[i]!.value & field) >>> run.at;
      groups.set(key, [...(groups.get(key) ?? []), i]);
    }
    for (const [key, group] of groups) next[key] = build(group, used | field);
    nodes[index] = { kind: 'switch', at: run.at, width: run.width, next };
    return index;
  };
  const words = (list: readonly PatternGroup[]): number => {
    const [first, ...rest] = list;
    if (!first) return -1;
    const run = first.mask === 0 ? undefined : longestRun(first.mask);
    if (!run) return build(first.patterns, 0);
    const index = nodes.push({ kind: 'leaf', insns: [] }) - 1;
    const own = build(first.patterns, first.mask);
    const others = words(rest);
    const next = Array.from({ length: 1 << run.width }, (_, v) =>
      v === first.value >>> run.at ? own : others,
    );
    nodes[index] = { kind: 'switch', at: run.at, width: run.width, next };
    return index;
  };
  const ordered = [...groups].sort((a, b) => bits(b.mask) - bits(a.mask));
  const run = modeMask ? longestRun(modeMask) : undefined;
  if (!run) words(ordered);
  else {
    const index = nodes.push({ kind: 'leaf', insns: [] }) - 1;
    const next = Array.from({ length: 1 << run.width }, (_, v) => words(ordered.filter((g) => g.modes[v])));
    nodes[index] = { kind: 'mode', at: run.at, width: run.width, next };
  }
  return nodes;
}

function bits(mask: number): number {
  let n = 0;
  for (let m = mask >>> 0; m; m >>>= 1) n += m & 1;
  return n;
}

/** A topological order of `before`; the order of the spec where it does not matter. */
function order(patterns: readonly Pattern[], set: readonly number[]): number[] {
  const out: number[] = [];
  const rest = [...set];
  while (rest.length) {
    const k = rest.findIndex((i) => rest.every((j) => j === i || !before(patterns[j]!, patterns[i]!)));
    out.push(...rest.splice(Math.max(k, 0), 1));
  }
  return out;
}
