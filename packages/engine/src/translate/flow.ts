// Which registers a region holds in locals, what is loaded at its entries and stored at its exits.
// In: the bodies of its blocks and their edges. Out: sets of registers by block. Must not know: WebAssembly.
import { type Body, Op } from '@mimic/ir';

/** A register: a cell at a constant index, numbered within the region. */
export interface Register {
  readonly cell: number;
  readonly index: number;
  readonly width: number;
}

/** A set of registers, 32 bits a word. */
export type Bits = number[];

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

/** The registers of one body, whatever region it is in. Parallel arrays. */
export interface RegisterUses {
  /** By cell and index: see keyOf. */
  readonly keys: readonly number[];
  readonly widths: readonly number[];
  /** Read before it is written. A write that may not happen leaves the old value: that is a use, too. */
  readonly used: readonly boolean[];
  readonly written: readonly boolean[];
}

export interface FlowNode {
  readonly uses: RegisterUses;
  /** Nodes that follow with the registers as they are. */
  readonly next: readonly number[];
  /** Nodes that follow a call: registers are loaded anew there. */
  readonly after: readonly number[];
  /** Number of the innermost loop whose registers stay in locals while it runs; -1 outside. */
  readonly loop: number;
}

const INDEX_BITS = 12;
export const keyOf = (cell: number, index: number): number => (cell << INDEX_BITS) | index;
export const cellOf = (key: number): number => key >> INDEX_BITS;
export const indexOf = (key: number): number => key & ((1 << INDEX_BITS) - 1);

/** Indices of cells are constant: the body is a block's, simplified. */
export function registerUses(body: Body): RegisterUses {
  const keys: number[] = [];
  const widths: number[] = [];
  const used: boolean[] = [];
  const written: boolean[] = [];
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    const op = body.op[i]!;
    if (op === Op.if || op === Op.loop) depth++;
    else if (op === Op.end) depth--;
    else if (op === Op.get || op === Op.set) {
      const key = keyOf(body.a[i]!, body.a[body.b[i]!]!);
      let k = keys.indexOf(key);
      if (k < 0) {
        k = keys.push(key) - 1;
        widths.push(op === Op.get ? body.width[i]! : body.width[body.c[i]!]!);
        used.push(false);
        written.push(false);
      }
      if (!written[k] && (op === Op.get || depth > 0)) used[k] = true;
      if (op === Op.set) written[k] = true;
    }
  }
  return { keys, widths, used, written };
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

function empty(words: number): Bits {
  const out: Bits = [];
  for (let w = 0; w < words; w++) out.push(0);
  return out;
}

/** The members of a set. */
export function members(s: Bits): number[] {
  const out: number[] = [];
  for (let w = 0; w < s.length; w++)
    for (let v = s[w]!; v !== 0; v &= v - 1) out.push(32 * w + 31 - Math.clz32(v & -v));
  return out;
}

/** Adds b to a. */
function union(a: Bits, b: Bits): void {
  for (let i = 0; i < a.length; i++) a[i]! |= b[i]!;
}

/**
 * Node 0 is the entry. `hidden`: cells from which others are computed, as flags are. Without `lazy` every register is
 * stored at the end of the block that writes it.
 */
export function analyse(nodes: readonly FlowNode[], hidden: (cell: number) => boolean, lazy = true): Flow {
  const numbers = new Map<number, number>();
  const registers: Register[] = [];
  // By index: code that V8 has not optimised yet allocates for each step of an iterator.
  for (let i = 0; i < nodes.length; i++) {
    const { uses } = nodes[i]!;
    for (let k = 0; k < uses.keys.length; k++) {
      const key = uses.keys[k]!;
      if (numbers.has(key)) continue;
      numbers.set(key, registers.length);
      registers.push({
        cell: cellOf(key),
        index: indexOf(key),
        width: uses.widths[k]!,
      });
    }
  }
  const words = (registers.length + 31) >>> 5 || 1;
  const flags = empty(words);
  for (let n = 0; n < registers.length; n++)
    if (lazy && (registers[n]!.width === 1 || hidden(registers[n]!.cell))) add(flags, n);
  const blocks: BlockFlow[] = [];
  for (let i = 0; i < nodes.length; i++) {
    const { keys, used, written } = nodes[i]!.uses;
    const uses = empty(words);
    const defs = empty(words);
    for (let k = 0; k < keys.length; k++) {
      const n = numbers.get(keys[k]!)!;
      if (used[k]) add(uses, n);
      if (written[k]) add(defs, n);
    }
    blocks.push({ uses, defs, flags, lazy: flags.slice(), dirtyIn: empty(words), liveIn: empty(words) });
  }

  if (lazy) layLazy(nodes, blocks, flags);

  // Forward: what may be dirty. An edge stores what is not lazy on both of its sides.
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 0; i < nodes.length; i++) {
      const { next, loop } = nodes[i]!;
      const b = blocks[i]!;
      for (let k = 0; k < next.length; k++) {
        const to = blocks[next[k]!]!;
        const same = loop === nodes[next[k]!]!.loop;
        for (let w = 0; w < words; w++) {
          const old = to.dirtyIn[w]!;
          const v = old | ((b.dirtyIn[w]! | b.defs[w]!) & kept(b, to, same, w));
          if (v === old) continue;
          to.dirtyIn[w] = v;
          changed = true;
        }
      }
    }
  }
  // Backward: what must hold its value. Every block may be left, and then what is dirty is stored.
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = nodes.length - 1; i >= 0; i--) {
      const { next } = nodes[i]!;
      const b = blocks[i]!;
      for (let w = 0; w < words; w++) {
        let live = 0;
        for (let k = 0; k < next.length; k++) live |= blocks[next[k]!]!.liveIn[w]!;
        live = (live & ~b.defs[w]!) | b.uses[w]! | b.dirtyIn[w]!;
        if (live === b.liveIn[w]) continue;
        b.liveIn[w] = live;
        changed = true;
      }
    }
  }
  return { registers, blocks, number: (cell, index) => numbers.get(keyOf(cell, index))! };
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
function layLazy(nodes: readonly FlowNode[], blocks: readonly BlockFlow[], flags: Bits): void {
  const byLoop = new Map<number, Bits>();
  for (let i = 0; i < nodes.length; i++) {
    const { loop } = nodes[i]!;
    if (loop < 0) continue;
    const all = byLoop.get(loop);
    if (all) union(all, blocks[i]!.defs);
    else byLoop.set(loop, blocks[i]!.defs.slice());
  }
  for (const [loop, all] of byLoop)
    if (members(all).filter((n) => !has(flags, n)).length > LAZY_REGISTERS) byLoop.delete(loop);
  for (let i = 0; i < nodes.length; i++) {
    const all = byLoop.get(nodes[i]!.loop);
    if (all) union(blocks[i]!.lazy, all);
  }
}
