// Finds the blocks of a region: what can be reached from an entry without leaving the guest function.
// In: an entry, a way to fetch words. Out: blocks of decoded instructions with their successors.
// Must not know: how blocks become code.
import { JumpHint } from '@mimic/ir';
import type { CodeStore, Exit, RegionInsn } from './code-store.js';

export interface Block {
  readonly pc: number;
  readonly insns: readonly RegionInsn[];
  /** Address behind the last instruction. */
  readonly end: number;
  /** Jumps of the last instruction. */
  readonly exits: readonly Exit[];
  /** Where its computed jump, if it has one, has been seen to go. */
  readonly seen: readonly number[];
  /** What its computed call, if it has one, has been seen to call. */
  readonly called: readonly number[];
  /** Whether execution may go on at `end` without a jump. */
  readonly falls: boolean;
  /** The block ends because what follows is not translated: the interpreter goes on at `end`. */
  readonly stops: boolean;
}

export interface Discovered {
  readonly entry: number;
  /** By address. */
  readonly blocks: ReadonlyMap<number, Block>;
  /** Guest pages that hold its instructions. */
  readonly pages: ReadonlySet<number>;
  /** Addresses that are left to regions of their own: see narrow.ts. */
  readonly outer: ReadonlySet<number>;
  /** Targets of calls, static or seen. */
  readonly calls: ReadonlySet<number>;
  readonly insns: number;
}

/** A region stops growing here. */
export const REGION_LIMITS = { blocks: 600, insns: 6000 } as const;

interface Scanned {
  readonly insns: RegionInsn[];
  readonly exits: readonly Exit[];
  readonly falls: boolean;
  readonly stops: boolean;
}

/** Whether the instruction at `pc` has been executed: code that never ran is left out, however near it is. */
export type Executed = (pc: number) => boolean;

/** Where the computed jump at an address has been seen to go. */
export type SeenJumps = (site: number) => readonly number[];

/** `allowed`: what the region may hold. Undefined when the entry itself does not decode or is left to the interpreter. */
export function discover(
  store: CodeStore,
  allowed: (pc: number) => boolean,
  executed: Executed,
  jumps: SeenJumps,
  entry: number,
): Discovered | undefined {
  const at = (pc: number, context = 0): RegionInsn | null => (allowed(pc) ? store.insn(pc, context) : null);
  if (!at(entry)) return undefined;

  // First the leaders: entry, static targets, what follows a jump.
  const leaders = new Set<number>([entry]);
  const calls = new Set<number>();
  const queue = [entry];
  const inside = new Map<number, RegionInsn>();
  function lead(pc: number): void {
    if (leaders.has(pc) || leaders.size >= REGION_LIMITS.blocks || !at(pc)) return;
    leaders.add(pc);
    queue.push(pc);
  }
  for (let start = queue.pop(); start !== undefined; start = queue.pop()) {
    let context = 0;
    for (let pc = start; !inside.has(pc); ) {
      const x = at(pc, context);
      if (!x || inside.size >= REGION_LIMITS.insns) break;
      inside.set(pc, x);
      context = x.after;
      const next = (pc + x.length) >>> 0;
      if (x.template.traps) break;
      const e = store.exits(x);
      if (e.exits.length === 0) {
        pc = next;
        continue;
      }
      // Where a call comes back to is wanted even if it has not come back yet.
      let back = e.falls && executed(next);
      for (let k = 0; k < e.exits.length; k++) {
        const { target, hint } = e.exits[k]!;
        if (hint === JumpHint.call) {
          back = true;
          if (target === undefined) {
            for (const t of jumps(pc)) if (executed(t)) calls.add(t);
          } else if (executed(target)) calls.add(target);
        } else if (target !== undefined) {
          if (executed(target)) lead(target);
        } else if (hint === JumpHint.plain) for (const t of jumps(pc)) lead(t);
      }
      // A block starts where decoding looks at nothing besides.
      if (back && context === 0) lead(next);
      break;
    }
  }

  const blocks = new Map<number, Block>();
  const pages = new Set<number>();
  for (const pc of leaders) {
    if (!inside.has(pc)) continue;
    const { insns, exits, falls, stops } = scan(store, inside, leaders, pc);
    const last = insns[insns.length - 1]!;
    const end = (last.pc + last.length) >>> 0;
    const to = store.pagesOf(last)[1];
    for (let [p] = store.pagesOf(insns[0]!); p <= to; p++) pages.add(p);
    let seen: readonly number[] = NONE;
    let called: readonly number[] = NONE;
    for (let k = 0; k < exits.length; k++) {
      const { target, hint } = exits[k]!;
      if (target !== undefined) continue;
      if (hint === JumpHint.plain) seen = jumps(last.pc);
      else if (hint === JumpHint.call) called = jumps(last.pc);
    }
    blocks.set(pc, { pc, insns, end, exits, seen, called, falls, stops });
  }
  return { entry, blocks, pages, outer: new Set(), calls, insns: inside.size };
}

const NONE: readonly never[] = [];

/** The block that starts at `pc`. */
function scan(
  store: CodeStore,
  inside: ReadonlyMap<number, RegionInsn>,
  leaders: ReadonlySet<number>,
  pc: number,
): Scanned {
  const insns: RegionInsn[] = [];
  for (;;) {
    const x = inside.get(pc);
    if (!x) return { insns, exits: NONE, falls: true, stops: true };
    insns.push(x);
    pc = (pc + x.length) >>> 0;
    if (x.template.traps) return { insns, exits: NONE, falls: false, stops: false };
    const { exits, falls } = store.exits(x);
    if (exits.length) return { insns, exits, falls, stops: false };
    if (leaders.has(pc)) return { insns, exits: NONE, falls: true, stops: false };
  }
}
