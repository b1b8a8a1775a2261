// A region that starts in the middle of a loop nest would see the nest inside out: its entry heads all of its loops.
// So one that starts at the head of an inner loop holds that loop alone, and the nest is a region of its own, which
// starts where the outermost loop does.
// In: a discovered region. Out: the same, or its innermost loop; the outermost head. Must not know: code, locals.
import { JumpHint } from '@mimic/ir';
import type { Block, Discovered } from './discover.js';

/** `region` itself unless its entry heads a loop inside another one. `outer` of the result: where the loop is left to. */
export function narrow(region: Discovered): Discovered {
  const { blocks, entry } = region;
  const preds = predecessors(region);
  const loops = (preds.get(entry) ?? [])
    .map((from) => loopOf(entry, from, preds))
    .sort((a, b) => a.size - b.size);
  const inner = loops[0];
  if (!inner || loops.at(-1)!.size === inner.size) return region;
  // A loop around a computed jump is an interpreter's: which way through it is the inner one changes all the time.
  if ([...inner].some((pc) => blocks.get(pc)!.seen.length > 0)) return region;
  const outer = new Set<number>();
  const kept = new Map<number, Block>();
  for (const pc of inner) {
    const b = blocks.get(pc)!;
    kept.set(pc, b);
    for (const s of successors(b)) if (!inner.has(s)) outer.add(s);
  }
  let insns = 0;
  for (const b of kept.values()) insns += b.insns.length;
  return { ...region, blocks: kept, outer, insns };
}

/**
 * The head of the outermost loop around the region's entry, as far as addresses tell: compilers put the head of a loop
 * before what jumps back to it. Undefined where the entry is in no loop, is that head itself, or is in a loop around
 * a computed jump.
 */
export function outermostHead(region: Discovered): number | undefined {
  const { blocks, entry } = region;
  const preds = predecessors(region);
  const cycle = loopOf(entry, entry, preds);
  for (const from of preds.get(entry) ?? []) for (const pc of loopOf(entry, from, preds)) cycle.add(pc);
  let head: number | undefined;
  let span = 0;
  for (const pc of cycle) {
    const b = blocks.get(pc)!;
    if (b.seen.length > 0) return undefined;
    for (const s of successors(b)) {
      if (!cycle.has(s) || pc - s < span) continue;
      span = pc - s;
      head = s;
    }
  }
  return head === entry ? undefined : head;
}

function predecessors({ blocks }: Discovered): Map<number, number[]> {
  const preds = new Map<number, number[]>();
  for (const b of blocks.values())
    for (const s of successors(b)) {
      if (!blocks.has(s)) continue;
      const to = preds.get(s);
      if (to) to.push(b.pc);
      else preds.set(s, [b.pc]);
    }
  return preds;
}

function successors(b: Block): number[] {
  const out: number[] = [];
  if ((b.falls && !b.stops) || b.exits.some((e) => e.hint === JumpHint.call)) out.push(b.end);
  for (let k = 0; k < b.exits.length; k++) {
    const { hint, target } = b.exits[k]!;
    if (hint !== JumpHint.call && target !== undefined) out.push(target);
  }
  out.push(...b.seen);
  return out;
}

/** The blocks that reach `from` without passing `head`. */
function loopOf(head: number, from: number, preds: ReadonlyMap<number, readonly number[]>): Set<number> {
  const body = new Set([head]);
  const queue = [from];
  for (let pc = queue.pop(); pc !== undefined; pc = queue.pop()) {
    if (body.has(pc)) continue;
    body.add(pc);
    queue.push(...(preds.get(pc) ?? []));
  }
  return body;
}
