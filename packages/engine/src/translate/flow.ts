// Which registers a region holds in locals, what is loaded at its entries and stored at its exits.
// In: the bodies of its blocks and their edges. Out: sets of registers by block. Must not know: WebAssembly.
import { type Body, OPS, Op } from '@mimic/ir';

/** A register: a cell at a constant index, numbered within the region. */
export interface Register {
  readonly cell: number;
  readonly index: number;
  readonly width: number;
}

/** A set of registers. */
export type Bits = Uint32Array;

export interface BlockFlow {
  /** Read before it is written here. */
  readonly uses: Bits;
  readonly defs: Bits;
  readonly flags: Bits;
  /** Registers that are stored only when the region is left from here. */
  readonly lazy: Bits;
  /** Those of them that may have been written and not stored, at the block's start. */
  readonly dirtyIn: Bits;
  /** Must hold the right value at the block's start. */
  readonly liveIn: Bits;
}

export interface FlowNode {
  readonly body: Body;
  /** Nodes that follow with the registers as they are. */
  readonly next: readonly number[];
  /** Nodes that follow a call: registers are loaded anew there. */
  readonly after: readonly number[];
  /** Number of the innermost loop whose registers stay in locals while it runs; -1 outside. */
  readonly loop: number;
}

export interface Flow {
  readonly registers: readonly Register[];
  readonly blocks: readonly BlockFlow[];
  /** Number of a register by cell and index. */
  number(cell: number, index: number): number;
}

/** A loop that writes more registers than this stores them as the code around it does: the host has few registers. */
const LAZY_REGISTERS = 9;

export const has = (s: Bits, n: number): boolean => (s[n >>> 5]! & (1 << (n & 31))) !== 0;
export const add = (s: Bits, n: number): void => void (s[n >>> 5]! |= 1 << (n & 31));

/** The members of a set. */
export function members(s: Bits): number[] {
  const out: number[] = [];
  for (let w = 0; w < s.length; w++)
    for (let v = s[w]!; v !== 0; v &= v - 1) out.push(32 * w + 31 - Math.clz32(v & -v));
  return out;
}

/** Adds b to a; whether that changed a. */
function union(a: Bits, b: Bits): boolean {
  let changed = false;
  for (let i = 0; i < a.length; i++) {
    const v = (a[i]! | b[i]!) >>> 0;
    if (v !== a[i]) {
      a[i] = v;
      changed = true;
    }
  }
  return changed;
}

/** Node 0 is the entry. */
export function analyse(nodes: readonly FlowNode[]): Flow {
  const numbers = new Map<number, number>();
  const registers: Register[] = [];
  const number = (cell: number, index: number): number => numbers.get(cell * 4096 + index)!;
  for (const { body } of nodes)
    for (let i = 0; i < body.length; i++) {
      const op = body.op[i]!;
      if (op !== Op.get && op !== Op.set) continue;
      const index = Number(body.constantValue(body.b[i]!));
      const key = body.a[i]! * 4096 + index;
      if (numbers.has(key)) continue;
      numbers.set(key, registers.length);
      registers.push({
        cell: body.a[i]!,
        index,
        width: op === Op.get ? body.width[i]! : body.width[body.c[i]!]!,
      });
    }
  const words = Math.ceil(registers.length / 32) || 1;
  const empty = (): Bits => new Uint32Array(words);
  const blocks = nodes.map(({ body }) => {
    const uses = empty();
    const defs = empty();
    // A write in an `if` may not happen: what it leaves is the old value, so that is used.
    let depth = 0;
    let leaves = false;
    for (let i = 0; i < body.length; i++) {
      const op = body.op[i]!;
      if (op === Op.if || op === Op.loop) depth++;
      else if (op === Op.end) depth--;
      else if (op === Op.get || op === Op.set) {
        const r = number(body.a[i]!, Number(body.constantValue(body.b[i]!)));
        if (op === Op.get) {
          if (!has(defs, r)) add(uses, r);
        } else if (depth === 0) add(defs, r);
        else if (!has(defs, r)) {
          add(uses, r);
          add(defs, r);
        }
      } else if (op === Op.load || op === Op.store || OPS[op]!.kind === 'control') leaves = true;
    }
    return { uses, defs, flags: empty(), lazy: empty(), dirtyIn: empty(), liveIn: empty(), leaves };
  });

  layLazy(nodes, blocks, registers);

  // Forward: what may be dirty. An edge stores what is not lazy on both of its sides.
  for (let changed = true; changed; ) {
    changed = false;
    nodes.forEach((n, i) => {
      const b = blocks[i]!;
      for (const s of n.next) {
        const to = blocks[s]!;
        const out = empty();
        for (let w = 0; w < words; w++)
          out[w] = ((b.dirtyIn[w]! | b.defs[w]!) & kept(b, to, n.loop === nodes[s]!.loop, w)) >>> 0;
        if (union(to.dirtyIn, out)) changed = true;
      }
    });
  }
  // Backward: what must hold its value. Every block may be left, and then what is dirty is stored.
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = nodes.length - 1; i >= 0; i--) {
      const b = blocks[i]!;
      const live = empty();
      for (const s of nodes[i]!.next) union(live, blocks[s]!.liveIn);
      for (let w = 0; w < words; w++) live[w] = (live[w]! & ~b.defs[w]!) >>> 0;
      union(live, b.uses);
      union(live, b.dirtyIn);
      if (union(b.liveIn, live)) changed = true;
    }
  }
  return { registers, blocks, number };
}

/** What an edge leaves unstored: flags, and in a loop what its blocks keep in locals. */
export function kept(from: BlockFlow, to: BlockFlow, sameLoop: boolean, word: number): number {
  return sameLoop ? from.lazy[word]! & to.lazy[word]! : from.flags[word]! & to.flags[word]!;
}

/**
 * Flags are stored only where the region is left: mostly nobody reads them. So are the registers that a small loop
 * writes, while it runs. All others are stored at the end of the block that writes them: a store costs less than to
 * keep a value in reach of every exit. (docs/performance.md)
 */
function layLazy(
  nodes: readonly FlowNode[],
  blocks: readonly { defs: Bits; lazy: Bits; flags: Bits }[],
  registers: readonly Register[],
): void {
  const byLoop = new Map<number, Bits>();
  nodes.forEach((n, i) => {
    if (n.loop < 0) return;
    const all = byLoop.get(n.loop);
    if (all) union(all, blocks[i]!.defs);
    else byLoop.set(n.loop, blocks[i]!.defs.slice());
  });
  const isFlag = (n: number): boolean => registers[n]!.width === 1;
  for (const [loop, all] of byLoop)
    if (members(all).filter((n) => !isFlag(n)).length > LAZY_REGISTERS) byLoop.delete(loop);
  nodes.forEach((n, i) => {
    registers.forEach((r, k) => {
      if (r.width !== 1) return;
      add(blocks[i]!.lazy, k);
      add(blocks[i]!.flags, k);
    });
    const all = byLoop.get(n.loop);
    if (all) union(blocks[i]!.lazy, all);
  });
}
