// The nodes of a region and how they lie: blocks, dispatches of computed jumps, turns of small loops, and where it is entered.
// In: discovered blocks. Out: RegionGraph. Must not know: code, locals, registers.
import { JumpHint } from '@mimic/ir';
import type { CodeStore } from './code-store.js';
import type { Block, Discovered } from './discover.js';
import { cycleEntries } from './entries.js';
import { type Lifted, NOTHING } from './lifted.js';
import { innerLoops, type Shape, shape } from './order.js';
import { type Switch, switches } from './switches.js';
import { follow, type Turn, unroll } from './unroll.js';

/** A block, or a turn of it; or where computed jumps meet; or where the entry is looked up. */
export interface Node {
  readonly block?: Block;
  readonly switch?: Switch;
  readonly lifted: Lifted;
}

export interface Edges {
  readonly next: readonly number[];
  /** As BlockFlow.after: registers are loaded anew there. */
  readonly after: readonly number[];
}

/** Entries that a region has besides its start, and those of them that are no targets of computed jumps, at most. */
const ENTRIES = { all: 256, plain: 12 } as const;

export class RegionGraph {
  readonly nodes: Node[] = [];
  readonly edges: Edges[];
  /** The node that looks up the entry, or 0: the start itself. */
  readonly root: number;
  /** Nodes by which the region is entered. */
  readonly doors: readonly number[];
  readonly shape: Shape;
  /** Innermost loop of each node. */
  readonly loops: Int32Array;
  /** Nodes by the address of their block. */
  private readonly numbers = new Map<number, number>();
  private readonly turns = new Map<number, Turn>();
  /** Number of the switch that a computed jump goes through, by its block. */
  private readonly switchOf = new Map<number, number>();

  /** `whole`: instructions that do all there is to do, however rare. */
  constructor(region: Discovered, store: CodeStore, whole: (pc: number) => boolean) {
    const blocks = [...region.blocks.values()].sort((a, b) => a.pc - b.pc);
    const entry = blocks.findIndex((b) => b.pc === region.entry);
    blocks.unshift(...blocks.splice(entry, 1));
    blocks.forEach((block, n) => {
      this.numbers.set(block.pc, n);
      this.nodes.push({ block, lifted: store.block(block.insns, whole) });
    });
    for (const sw of switches(region.blocks)) {
      for (const b of sw.sites) this.switchOf.set(this.numbers.get(b.pc)!, this.nodes.length);
      this.nodes.push({ switch: sw, lifted: NOTHING });
    }
    const edges: Edges[] = this.nodes.map((node, n) => this.edgesOf(node, n));
    const graph = edges.map((e) => [...e.next, ...e.after]);
    this.doors = [0, ...this.sideDoors(graph)];
    this.root = 0;
    if (this.doors.length > 1) {
      this.root = this.nodes.length;
      this.nodes.push({ lifted: NOTHING });
      edges.push({ next: [], after: this.doors });
      graph.push([...this.doors]);
    }
    let arranged = shape(graph, this.root);
    let loops = innerLoops(arranged, this.nodes.length);
    if (store.passes.unroll && this.unroll(loops, edges, graph)) {
      arranged = shape(graph, this.root);
      loops = innerLoops(arranged, this.nodes.length);
    }
    this.edges = edges;
    this.shape = arranged;
    this.loops = loops;
  }

  /** The node that node `from` goes on at when it goes on at `pc`. */
  nodeAt(from: number, pc: number): number | undefined {
    const to = this.numbers.get(pc);
    const turn = this.turns.get(from);
    return turn === undefined || to === undefined ? to : follow(turn, to);
  }

  /** The dispatch that the computed jump of node `from` goes through. */
  switchAt(from: number): number | undefined {
    return this.switchOf.get(from);
  }

  /** Puts small loops there several times; whether there were any. */
  private unroll(loops: Int32Array, edges: Edges[], graph: number[][]): boolean {
    const turns = unroll(
      loops,
      (n) =>
        edges[n]!.after.length > 0 || this.switchOf.has(n) ? undefined : this.nodes[n]!.block?.insns.length,
      (n) => this.nodes.push(this.nodes[n]!) - 1,
    );
    for (const [n, turn] of turns) this.turns.set(n, turn);
    for (const n of turns.keys()) {
      edges[n] = this.edgesOf(this.nodes[n]!, n);
      graph[n] = [...edges[n]!.next];
    }
    return turns.size > 0;
  }

  /** Nodes besides the start by which the region can be entered at no cost. */
  private sideDoors(graph: readonly (readonly number[])[]): number[] {
    let plain = 0;
    const doors = cycleEntries(graph, 0).filter((n) => {
      if (n === 0) return false;
      const sw = this.nodes[n]!.switch;
      return sw ? sw.targets.length <= ENTRIES.all : plain++ < ENTRIES.plain;
    });
    // What has most targets last: it is not looked up but goes without saying.
    const targets = (n: number): number => this.nodes[n]!.switch?.targets.length ?? 0;
    return doors.sort((a, b) => targets(a) - targets(b));
  }

  /** Addresses by which the region is entered, its start first. */
  entries(): number[] {
    const out = new Set<number>();
    for (const n of this.doors) {
      const { block, switch: sw } = this.nodes[n]!;
      if (block) out.add(block.pc);
      for (const t of sw?.targets ?? []) out.add(t);
    }
    return [...out];
  }

  private edgesOf(node: Node, n: number): Edges {
    const number = (pc: number): number | undefined => this.nodeAt(n, pc);
    if (node.switch) return { next: node.switch.targets.map((t) => number(t)!), after: [] };
    const block = node.block!;
    const next: number[] = [];
    const after: number[] = [];
    const behind = number(block.end);
    if (block.falls && !block.stops && behind !== undefined) next.push(behind);
    for (let k = 0; k < block.exits.length; k++) {
      const e = block.exits[k]!;
      if (e.hint === JumpHint.call) {
        if (behind !== undefined) after.push(behind);
      } else if (e.target !== undefined) {
        const to = number(e.target);
        if (to !== undefined) next.push(to);
      }
    }
    const through = this.switchOf.get(n);
    if (through !== undefined) next.push(through);
    // Targets that are known only together with the instructions before.
    const { jumps } = node.lifted;
    for (let k = 0; k < jumps.length; k++) {
      const { target: to, hint } = jumps[k]!;
      const t = number(to);
      if (t !== undefined && (hint !== JumpHint.call || to === block.end)) next.push(t);
    }
    return { next, after };
  }
}
