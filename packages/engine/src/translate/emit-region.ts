// A region -> a WebAssembly function in structured control flow, registers in locals.
// In: discovered blocks, the module's surroundings. Out: a function body. Must not know: caches, linking.
//
// The function is (pc, ret, depth, fuel) -> (pc, fuel). It runs guest code from pc, one of the region's entries, and
// returns where the guest goes on; a caller that expects another address returns that upward, so frames may be lost but
// never the guest. `ret`: the address at which the caller goes on; depth: how much of the host's stack is left, in units;
// fuel: see layout.ts.
import { PAGE_SIZE, Perm } from '@mimic/bus';
import { JumpHint, type Program } from '@mimic/ir';
import {
  type Callables,
  Code,
  Emitter,
  type FunctionBody,
  Locals,
  type Target,
  Type,
  typeOf,
  VOID,
  W,
} from '@mimic/wasm';
import { Assembler } from '../assembler.js';
import { pushHost } from '../handler-target.js';
import { type EngineLayout, ExitCode, MOST_FRAME, RECORD_SIZE, STACK_UNIT } from '../layout.js';
import type { AccessGroup, PlannedAccess } from './checks.js';
import type { CodeStore } from './code-store.js';
import type { Block, Discovered } from './discover.js';
import { cycleEntries } from './entries.js';
import { analyse, type Bits, type Flow, kept, members } from './flow.js';
import { type CheckPlan, NO_CHECKS, planChecks } from './known-checks.js';
import { type Lifted, NOTHING } from './lifted.js';
import { innerLoops, type Shape, shape } from './order.js';
import { type Switch, spread, switches } from './switches.js';
import { follow, type Turn, unroll } from './unroll.js';

/** Function indices in the module that a region calls. */
export interface RegionSurroundings {
  readonly layout: EngineLayout;
  readonly program: Program;
  readonly store: CodeStore;
  readonly callables: Callables;
  /** (pc, ret, depth, fuel) -> (pc, fuel): the interpreter goes on until it reaches ret. */
  readonly resume: number;
  /** As resume, for an instruction that the region could not do: it is not entered again right there. */
  readonly step: number;
  /** As step, after something rare: counts it. */
  readonly rare: number;
  /** As resume, for code that the region does not hold: counts it. */
  readonly cold: number;
  /** As resume, for a computed jump or call: notes where it goes. */
  readonly jump: number;
  /** As resume, for a call: notes it if there is no region for it. */
  readonly call: number;
  /** (pc, ret, depth, fuel, slot) -> (pc, fuel): calls the region in a slot. */
  readonly enter: number;
  readonly host: number;
  /** How a call of a static target is made: a function of this module, or a slot of the shared table. */
  callee(target: number): { readonly func: number } | { readonly slot: number } | undefined;
  /** Instructions in which something rare happens often: they do all there is to do. */
  whole(pc: number): boolean;
  /** Whether the loop that starts here makes checks for all of its turns. */
  hoists(pc: number): boolean;
}

/** Bytes of a frame on the host's stack besides locals. Each guest instruction adds one, for what V8 spills. */
const FRAME = 128;

/** Where the guest is: the entry wanted, later where a computed jump goes. */
const PC = 0;
const RET = 1;
const DEPTH = 2;
const FUEL = 3;
const PARAMS = 4;

/** Entries that a region has besides its start, and those of them that are no targets of computed jumps, at most. */
const ENTRIES = { all: 256, plain: 12 } as const;
/** Targets of a computed jump that are compared with one by one. */
const FEW = 3;
/** Different callees that a computed call compares with. */
const CALLEES = 4;

/** Where a region is left in ways that a better region might not need, by address. */
export interface RegionExits {
  /** Addresses for which it is left because they are not in it. */
  readonly coldTargets: ReadonlySet<number>;
  /** Its computed jumps: by the address that they are noted under, where they lead without leaving it. */
  readonly jumpSites: ReadonlyMap<number, ReadonlySet<number>>;
  /** Instructions that it leaves to the interpreter when something rare happens. */
  readonly rareSites: ReadonlySet<number>;
  /** Loops that it leaves to the interpreter when a check for all of their turns fails. */
  readonly loopSites: ReadonlySet<number>;
}

/** What is known of a region once it is emitted. */
export interface EmittedRegion extends RegionExits {
  readonly body: FunctionBody;
  /** Where it may be entered; the first is its start. */
  readonly entries: readonly number[];
}

export function emitRegion(region: Discovered, s: RegionSurroundings): EmittedRegion {
  return new RegionEmitter(region, s).run();
}

/** A block, or a turn of it; or where computed jumps meet; or where the entry is looked up. */
interface Node {
  readonly block?: Block;
  readonly switch?: Switch;
  readonly lifted: Lifted;
}

interface Edges {
  readonly next: readonly number[];
  /** As BlockFlow.after: registers are loaded anew there. */
  readonly after: readonly number[];
}

class RegionEmitter {
  private readonly nodes: Node[] = [];
  private readonly numbers = new Map<number, number>();
  private readonly turns = new Map<number, Turn>();
  /** Number of the switch that a computed jump goes through, by its block. */
  private readonly switchOf = new Map<number, number>();
  /** The node that looks up the entry, or 0: the start itself. */
  private readonly root: number;
  /** Nodes by which the region is entered. */
  private readonly doors: readonly number[];
  private readonly flow: Flow;
  private readonly shape: Shape;
  private readonly checkPlan: CheckPlan;
  /** Innermost loop of each node. */
  private readonly loops: Int32Array;
  private readonly code = new Code(4096);
  private readonly locals = new Locals(PARAMS);
  /** Local of each register. */
  private readonly homes: number[];
  private readonly floats: readonly boolean[];
  /** Blocks open around the position, and the level of each label. */
  private level = 0;
  private readonly labels = new Map<number, number>();
  private readonly coldTargets = new Set<number>();
  private readonly jumpSites = new Map<number, ReadonlySet<number>>();
  private readonly rareSites = new Set<number>();
  private readonly loopSites = new Set<number>();
  /** Local that tells a dispatcher where to go. */
  private readonly selectors = new Map<number, number>();

  constructor(
    private readonly region: Discovered,
    private readonly s: RegionSurroundings,
  ) {
    const blocks = [...region.blocks.values()].sort((a, b) => a.pc - b.pc);
    const entry = blocks.findIndex((b) => b.pc === region.entry);
    blocks.unshift(...blocks.splice(entry, 1));
    blocks.forEach((block, n) => {
      this.numbers.set(block.pc, n);
      this.nodes.push({ block, lifted: s.store.block(block.insns, s.whole) });
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
    if (s.store.passes.unroll && this.unroll(loops, edges, graph)) {
      arranged = shape(graph, this.root);
      loops = innerLoops(arranged, this.nodes.length);
    }
    this.shape = arranged;
    this.loops = loops;
    this.flow = analyse(
      this.nodes.map(({ lifted }, n) => ({
        uses: lifted.uses,
        next: edges[n]!.next,
        after: edges[n]!.after,
        loop: this.loops[n]!,
      })),
      (cell) => s.program.cells[cell]!.hidden === true,
      s.store.passes.lazy,
    );
    this.checkPlan = s.store.passes.checks
      ? planChecks(
          this.nodes.map(({ block, lifted }, n) => ({
            checks: block ? lifted.checks : undefined,
            next: edges[n]!.next,
            after: edges[n]!.after,
            hoists: block !== undefined && s.hoists(block.pc),
          })),
          this.shape,
        )
      : NO_CHECKS;
    this.floats = this.floatRegisters();
    this.homes = this.flow.registers.map((r, n) =>
      this.locals.alloc(this.floats[n] ? Type.f64 : typeOf(r.width)),
    );
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
  private entries(): number[] {
    const out = new Set<number>();
    for (const n of this.doors) {
      const { block, switch: sw } = this.nodes[n]!;
      if (block) out.add(block.pc);
      for (const t of sw?.targets ?? []) out.add(t);
    }
    return [...out];
  }

  /** By register: whether it holds floats somewhere, and so does everywhere. */
  private floatRegisters(): boolean[] {
    const out = this.flow.registers.map(() => false);
    for (const { lifted } of this.nodes)
      for (const { cell, index } of lifted.floats) out[this.flow.number(cell, index)] = true;
    return out;
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

  run(): EmittedRegion {
    if (this.root === 0) {
      this.load(this.liveIn(0));
      this.checkLoop(0);
    }
    this.tree(this.root);
    this.op(W.unreachable);
    const code = this.prologue();
    code.append(this.code);
    return {
      body: { locals: this.locals.types, code },
      entries: this.entries(),
      coldTargets: this.coldTargets,
      jumpSites: this.jumpSites,
      rareSites: this.rareSites,
      loopSites: this.loopSites,
    };
  }

  /** Leaves at once when the host's stack or the fuel is used up: whoever is below goes on from here. */
  private prologue(): Code {
    const bytes = FRAME + 8 * this.locals.types.length + this.region.insns;
    const a = new Assembler();
    a.get(DEPTH)
      .i32(Math.min(Math.ceil(bytes / STACK_UNIT), MOST_FRAME))
      .op(W.i32_sub)
      .tee(DEPTH);
    a.get(FUEL).op(W.i32_or).i32(0).op(W.i32_lt_s).open(W.if, VOID).get(PC).get(FUEL).op(W.return).end();
    return a.code;
  }

  // ---- control flow (Ramsey, "Beyond Relooper", ICFP 2022)

  private tree(node: number): void {
    const { shape: g } = this;
    const merges: number[] = [];
    const children = g.children[node]!;
    for (let k = 0; k < children.length; k++) if (g.isMerge[children[k]!]) merges.push(children[k]!);
    if (g.isLoop[node]) {
      this.open(W.loop);
      this.labels.set(node, this.level);
    }
    // The block of the merge that comes last in order is the outermost.
    for (let k = merges.length - 1; k >= 0; k--) {
      this.open(W.block);
      this.labels.set(merges[k]!, this.level);
    }
    this.node(node);
    for (let k = 0; k < merges.length; k++) {
      this.close();
      this.tree(merges[k]!);
    }
    if (g.isLoop[node]) {
      this.close();
      this.op(W.unreachable);
    }
  }

  private node(node: number): void {
    const entries = this.shape.dispatch[node];
    if (entries) {
      this.cases(
        () => this.get(this.selectors.get(node)!),
        entries.map((to) => () => this.branch(node, to)),
      );
      return;
    }
    const { block, lifted, switch: sw } = this.nodes[node]!;
    if (sw) return this.dispatch(node, sw);
    if (!block) return this.enter(node);
    this.get(FUEL);
    this.i32(block.insns.length * RECORD_SIZE);
    this.op(W.i32_sub);
    if (this.shape.isLoop[node] || this.shape.via[node]! >= 0) {
      this.op(W.local_tee);
      this.code.u32(FUEL);
      this.i32(0);
      this.op(W.i32_lt_s);
      this.open(W.if);
      this.spill(this.flow.blocks[node]!.dirtyIn);
      this.leaveAt(block.pc);
      this.close();
    } else this.set(FUEL);
    const mark = this.locals.mark();
    const target = new BlockTarget(this, node, block, lifted.accesses);
    new Emitter(lifted.body, target, this.code, this.locals, lifted.plan).run();
    this.locals.release(mark);
  }

  /** Goes on at the entry in PC. */
  private enter(root: number): void {
    const last = this.doors.at(-1)!;
    for (const to of this.doors) {
      if (to !== last) {
        const { block, switch: sw } = this.nodes[to]!;
        const wanted = block ? [block.pc] : sw!.targets;
        wanted.forEach((pc, n) => {
          this.get(PC);
          this.i32(pc);
          this.op(W.i32_eq);
          if (n > 0) this.op(W.i32_or);
        });
        this.open(W.if);
      }
      this.arrive(root, to);
      if (to !== last) this.close();
    }
  }

  /** The computed jump of a block, to the address on the stack. */
  computed(from: number, site: number, dirty: Bits): void {
    this.set(PC);
    const through = this.switchOf.get(from);
    if (through !== undefined) return this.goTo(from, through, dirty);
    this.spill(dirty);
    this.noteSite(site, []);
    this.get(PC);
    this.resume('jump');
  }

  /** Goes on where a computed jump leads, whose address is in PC. */
  private dispatch(node: number, { sites, targets }: Switch): void {
    const dirty = this.dirtyIn(node);
    if (this.shape.isLoop[node] || this.shape.via[node]! >= 0) {
      this.get(FUEL);
      this.i32(0);
      this.op(W.i32_lt_s);
      this.open(W.if);
      this.spill(dirty);
      this.leaveForPc();
      this.close();
    }
    const among = (some: readonly number[]): void => {
      for (const t of some) {
        this.get(PC);
        this.i32(t);
        this.op(W.i32_eq);
        this.open(W.if);
        this.goTo(node, this.numbers.get(t)!, dirty);
        this.close();
      }
    };
    if (targets.length <= FEW) among(targets);
    else {
      const { multiplier, bits, buckets } = spread(targets);
      this.open(W.block);
      const out = this.level;
      this.cases(
        () => {
          this.get(PC);
          this.i32(multiplier);
          this.op(W.i32_mul);
          this.i32(32 - bits);
          this.op(W.i32_shr_u);
        },
        buckets.map((some) =>
          some.length === 0
            ? undefined
            : () => {
                among(some);
                this.code.byte(W.br);
                this.code.u32(this.level - out);
              },
        ),
        out,
      );
      this.close();
    }
    this.spill(dirty);
    this.noteSite(sites[0]!.insns.at(-1)!.pc, targets);
    this.get(PC);
    this.resume('jump');
  }

  /**
   * Runs the case whose number `index` pushes. No case ends by going on behind. `undefined`: goes to the label at
   * `otherwise`. The last case is run for a larger number, too.
   */
  private cases(index: () => void, cases: readonly ((() => void) | undefined)[], otherwise = 0): void {
    const real = cases.flatMap((c) => c ?? []);
    for (const _ of real) this.open(W.block);
    index();
    this.op(W.br_table);
    this.code.u32(cases.length - 1);
    let next = 0;
    for (const c of cases) this.code.u32(c ? next++ : this.level - otherwise);
    for (const run of real) {
      this.close();
      run();
    }
  }

  /** Continues at node `to`, after storing what of `dirty` is not lazy there. */
  goTo(from: number, to: number, dirty: Bits): void {
    const a = this.flow.blocks[from]!;
    const b = this.flow.blocks[to]!;
    const same = this.loops[from] === this.loops[to];
    for (let w = 0; w < dirty.length; w++) this.storeWord(w, dirty[w]! & ~kept(a, b, same, w));
    if (this.shape.rank[from]! < this.shape.rank[to]!) this.checkLoop(to);
    this.branch(from, to);
  }

  /** Where a loop is entered: makes the checks that its turns leave out, or lets the interpreter enter it. */
  private checkLoop(to: number): void {
    for (const { cell, index, low, length, writes } of this.checkPlan.atLoop.get(to) ?? []) {
      const { pc } = this.nodes[to]!.block!;
      this.loopSites.add(pc);
      this.get(this.home(this.register(cell, index)));
      if (low !== 0) {
        this.i32(low);
        this.op(W.i32_add);
      }
      this.check(length, writes, () => {
        this.spill(this.dirtyIn(to));
        this.i32(pc);
        this.resume('rare');
      });
    }
  }

  /**
   * Gives up unless the pages allow to read, or to read and write, `length` bytes from the address on the stack. The
   * last page of a mapping does not say so in one bit: there a second test looks at the page alone.
   */
  check(length: number, writes: boolean, giveUp: () => void): void {
    const alone = writes ? Perm.R | Perm.W : Perm.R;
    const all = writes ? alone | Perm.CODE : alone;
    if (length === 1) {
      // A byte is on one page, which can be looked at alone at once.
      this.i32(12);
      this.op(W.i32_shr_u);
      this.memory(W.i32_load8_u, this.s.layout.permBase);
      this.i32(all);
      this.op(W.i32_and);
      this.i32(alone);
      this.op(W.i32_ne);
      this.open(W.if);
      giveUp();
      this.close();
      return;
    }
    const address = this.scratch(0);
    const perm = this.scratch(1);
    this.code.with(W.local_tee, address);
    this.i32(12);
    this.op(W.i32_shr_u);
    this.memory(W.i32_load8_u, this.s.layout.permBase);
    this.code.with(W.local_tee, perm);
    // What may be written may be read.
    this.i32(writes ? Perm.WRITE_FAST : Perm.READ_FAST);
    this.op(W.i32_and);
    this.op(W.i32_eqz);
    this.open(W.if);
    this.open(W.block);
    this.open(W.block);
    this.get(perm);
    this.i32(all);
    this.op(W.i32_and);
    this.i32(alone);
    this.op(W.i32_ne);
    this.code.with(W.br_if, 0);
    this.get(address);
    this.i32(PAGE_SIZE - 1);
    this.op(W.i32_and);
    this.i32(PAGE_SIZE - length);
    this.op(W.i32_le_u);
    this.code.with(W.br_if, 1);
    this.close();
    giveUp();
    this.close();
    this.close();
  }

  private readonly scratches: number[] = [];
  private scratch(n: number): number {
    return (this.scratches[n] ??= this.locals.keep(Type.i32));
  }

  /** Continues at node `to` after a call, or where the region is entered: no register is in its local yet. */
  arrive(from: number, to: number): void {
    this.load(this.liveIn(to));
    this.checkLoop(to);
    this.branch(from, to);
  }

  /** Whether the check of this group is known to hold where node `n` begins. */
  isKnown(n: number, group: AccessGroup): boolean {
    return this.checkPlan.known[n]?.has(group) === true;
  }

  /** Continues at node `to` with the registers as they are. */
  private branch(from: number, to: number): void {
    const { shape: g } = this;
    for (let d = g.via[to]!; d >= 0 && d !== from; d = g.via[to]!) {
      let selector = this.selectors.get(d);
      if (selector === undefined) this.selectors.set(d, (selector = this.locals.keep(Type.i32)));
      this.i32(g.dispatch[d]!.indexOf(to));
      this.set(selector);
      to = d;
    }
    if (g.rank[to]! <= g.rank[from]! || g.isMerge[to]) {
      this.code.byte(W.br);
      this.code.u32(this.level - this.labels.get(to)!);
      return;
    }
    this.tree(to);
  }

  /** The node that node `from` goes on at when it goes on at `pc`. */
  nodeAt(from: number, pc: number): number | undefined {
    const to = this.numbers.get(pc);
    const turn = this.turns.get(from);
    return turn === undefined || to === undefined ? to : follow(turn, to);
  }

  /** As if `depth` more blocks were open from here on. */
  deeper(depth: number): void {
    this.level += depth;
  }

  // ---- registers

  home(register: number): number {
    return this.homes[register]!;
  }
  isFloat(register: number): boolean {
    return this.floats[register]!;
  }
  register(cell: number, index: number): number {
    return this.flow.number(cell, index);
  }
  dirtyIn(node: number): Bits {
    return this.flow.blocks[node]!.dirtyIn;
  }
  private liveIn(node: number): Bits {
    return this.flow.blocks[node]!.liveIn;
  }

  private address(n: number): number {
    const { cell, index } = this.flow.registers[n]!;
    const { offset, stride } = this.s.program.cells[cell]!;
    return this.s.layout.stateBase + offset + index * stride;
  }

  /** Stores a register to the state block. */
  store(n: number): void {
    this.i32(0);
    this.get(this.homes[n]!);
    const narrow = this.flow.registers[n]!.width <= 32;
    this.memory(narrow ? W.i32_store : this.floats[n] ? W.f64_store : W.i64_store, this.address(n));
  }

  spill(dirty: Bits): void {
    for (let w = 0; w < dirty.length; w++) this.storeWord(w, dirty[w]!);
  }

  /** Stores the registers whose bits are set in word `w` of a set. */
  private storeWord(w: number, bits: number): void {
    for (; bits !== 0; bits &= bits - 1) this.store(32 * w + 31 - Math.clz32(bits & -bits));
  }

  /** Loads registers from the state block. */
  load(wanted: Bits): void {
    for (const n of members(wanted)) {
      this.i32(0);
      const narrow = this.flow.registers[n]!.width <= 32;
      this.memory(narrow ? W.i32_load : this.floats[n] ? W.f64_load : W.i64_load, this.address(n));
      this.set(this.homes[n]!);
    }
  }

  // ---- leaving

  /** Returns: the guest goes on at `pc`. */
  leaveAt(pc: number): void {
    this.i32(pc);
    this.get(FUEL);
    this.op(W.return);
  }
  private leaveForPc(): void {
    this.get(PC);
    this.get(FUEL);
    this.op(W.return);
  }

  /** Lets the interpreter go on at the address on the stack, up to where the caller expects it. */
  resume(how: 'resume' | 'step' | 'rare' | 'cold' | 'jump' = 'resume'): void {
    this.get(RET);
    this.get(DEPTH);
    this.get(FUEL);
    this.op(W.call);
    this.code.u32(this.s[how]);
    this.op(W.return);
  }

  /** Leaves for an address that is not in the region; counts it, so that the region can grow. */
  cold(pc: number): void {
    this.i32(pc);
    if (this.region.outer.has(pc)) this.resume();
    else {
      this.coldTargets.add(pc);
      this.resume('cold');
    }
  }

  /** Calls guest code; goes on only when it comes back to `back`. Registers are stored before, not loaded after. */
  call(target: number, back: number): void {
    this.callTo(target, back);
    this.comeBack(back);
  }

  /** The same for the address on the stack: what the call at `site` was seen to call is called directly. */
  callComputed(site: number, seen: readonly number[], back: number): void {
    this.set(PC);
    const few = seen.length <= CALLEES;
    this.open(W.block);
    const done = this.level;
    for (const t of few ? seen : []) {
      this.get(PC);
      this.i32(t);
      this.op(W.i32_eq);
      this.open(W.if);
      this.callTo(t, back);
      this.code.byte(W.br);
      this.code.u32(this.level - done);
      this.close();
    }
    if (few) this.noteSite(site, seen);
    this.get(PC);
    this.frame(back);
    this.op(W.call);
    this.code.u32(few ? this.s.jump : this.s.call);
    this.set(FUEL);
    this.set(PC);
    this.close();
    this.comeBack(back);
  }

  /** Calls a known address. Leaves in PC and FUEL where the guest goes on. */
  private callTo(target: number, back: number): void {
    const callee = this.s.callee(target);
    this.i32(target);
    this.frame(back);
    if (callee && 'slot' in callee) this.i32(callee.slot);
    this.op(W.call);
    this.code.u32(!callee ? this.s.call : 'func' in callee ? callee.func : this.s.enter);
    this.set(FUEL);
    this.set(PC);
  }

  /** Leaves unless the guest is where the call comes back to. */
  private comeBack(back: number): void {
    this.get(PC);
    this.i32(back);
    this.op(W.i32_ne);
    this.open(W.if);
    this.leaveForPc();
    this.close();
  }

  private frame(back: number): void {
    this.i32(back);
    this.get(DEPTH);
    this.get(FUEL);
  }

  returnFuel(): void {
    this.get(FUEL);
    this.op(W.return);
  }

  /** `if then [else otherwise] end` on the value on the stack. */
  ifElse(then: () => void, otherwise?: () => void): void {
    this.open(W.if);
    then();
    if (otherwise) {
      this.op(W.else);
      otherwise();
    }
    this.close();
  }

  /** Tells the service that notes computed jumps which one is made; `known`: where it goes inside the region. */
  private noteSite(site: number, known: readonly number[]): void {
    this.jumpSites.set(site, new Set(known));
    this.i32(0);
    this.i32(site);
    this.memory(W.i32_store, this.s.layout.stateBase + this.s.layout.fields.site);
  }

  /** Something rare in the instruction at `pc` leaves the region. */
  noteRare(pc: number): void {
    this.rareSites.add(pc);
  }

  get surroundings(): RegionSurroundings {
    return this.s;
  }

  // ---- instructions

  private op(code: number): void {
    this.code.byte(code);
  }
  private get(local: number): void {
    this.code.with(W.local_get, local);
  }
  private set(local: number): void {
    this.code.with(W.local_set, local);
  }
  private i32(value: number): void {
    this.code.byte(W.i32_const);
    this.code.s32(value);
  }
  private memory(instruction: number, offset: number): void {
    this.code.byte(instruction);
    this.code.byte(0);
    this.code.u32(offset);
  }
  private open(instruction: number): void {
    this.code.byte(instruction);
    this.code.byte(VOID);
    this.level++;
  }
  private close(): void {
    this.code.byte(W.end);
    this.level--;
  }
}

/** How the body of one block reads and leaves. */
class BlockTarget implements Target {
  readonly cheapParams = true;
  /** Registers whose value is not stored: written since the block began, or dirty at its start. */
  private readonly dirty: Bits;
  /** Local with the host address of a group: of its end where memory is reversed, else of its start. */
  private hostBases: Map<AccessGroup, number> | undefined;
  private current = 0;
  private readonly s: RegionSurroundings;

  constructor(
    private readonly r: RegionEmitter,
    private readonly node: number,
    private readonly block: Block,
    private readonly accesses: ReadonlyMap<number, PlannedAccess>,
  ) {
    this.dirty = r.dirtyIn(node).slice();
    this.s = r.surroundings;
  }

  private refuse(what: string): never {
    throw new Error(`translate: a block has a ${what}: ${this.block.pc.toString(16)}`);
  }
  param(): void {
    this.refuse('param');
  }
  pc(): void {
    this.refuse('pc');
  }
  return(): void {
    this.refuse('return');
  }

  mark(_e: Emitter, n: number): void {
    this.current = n;
  }

  private register(e: Emitter, cell: number, index: number): number {
    return this.r.register(cell, e.smallConstant(index));
  }

  get(e: Emitter, cell: number, index: number): void {
    const n = this.register(e, cell, index);
    e.getLocal(this.r.home(n));
    if (this.r.isFloat(n)) e.op(W.i64_reinterpret_f64);
  }

  getFloat(e: Emitter, cell: number, index: number): void {
    const n = this.register(e, cell, index);
    e.getLocal(this.r.home(n));
    if (!this.r.isFloat(n)) e.op(W.f64_reinterpret_i64);
  }

  floatCell(e: Emitter, cell: number, index: number): boolean {
    return this.r.isFloat(this.register(e, cell, index));
  }

  set(e: Emitter, cell: number, index: number, value: number): void {
    const n = this.register(e, cell, index);
    if (this.r.isFloat(n)) e.pushFloat(value);
    else e.push(value);
    e.setLocal(this.r.home(n));
    this.dirty[n >>> 5]! |= 1 << (n & 31);
  }

  private get insn() {
    return this.block.insns[this.current]!;
  }

  leave(e: Emitter): void {
    this.giveUp(e, 'rare');
  }

  /** Stores what is dirty and lets the interpreter do this instruction. */
  private giveUp(e: Emitter, how: 'step' | 'rare'): void {
    const { pc } = this.insn;
    if (how === 'rare') this.r.noteRare(pc);
    this.r.spill(this.dirty);
    e.i32(pc);
    this.r.resume(how);
  }

  load(e: Emitter, _address: number, width: number, op: number): void {
    const offset = this.place(e, op, width / 8);
    e.memory(
      width === 8 ? W.i32_load8_u : width === 16 ? W.i32_load16_u : width === 32 ? W.i32_load : W.i64_load,
      offset,
    );
  }

  loadSigned(e: Emitter, _address: number, width: number, op: number): boolean {
    const offset = this.place(e, op, width / 8);
    e.memory(width === 8 ? W.i32_load8_s : W.i32_load16_s, offset);
    return true;
  }

  loadFloat(e: Emitter, _address: number, op: number): void {
    e.memory(W.f64_load, this.place(e, op, 8));
  }

  store(e: Emitter, _address: number, value: number, op: number): void {
    const width = e.width(value);
    const offset = this.place(e, op, width / 8);
    if (e.isFloat(value)) {
      e.pushFloat(value);
      e.memory(W.f64_store, offset);
      return;
    }
    e.push(value, false);
    e.memory(
      width === 8 ? W.i32_store8 : width === 16 ? W.i32_store16 : width === 32 ? W.i32_store : W.i64_store,
      offset,
    );
  }

  /** Pushes the base of the host address of an access, checked; returns the offset from it. */
  private place(e: Emitter, op: number, bytes: number): number {
    const { group, from } = this.accesses.get(op)!;
    this.hostBases ??= new Map();
    let base = this.hostBases.get(group);
    const { reversed } = this.s.layout;
    if (base === undefined) {
      if (!this.r.isKnown(this.node, group)) this.check(e, group);
      // Reversed, the range ends where it starts: at minus the guest address behind its last byte.
      base = e.locals.alloc(Type.i32);
      this.hostBases.set(group, base);
      if (reversed) {
        e.i32(-(group.low + group.length));
        if (group.base >= 0) {
          e.push(group.base);
          e.op(W.i32_sub);
        }
      } else this.pushLow(e, group);
      e.code.byte(W.local_tee);
      e.code.u32(base);
    } else e.getLocal(base);
    return reversed ? group.length - from - bytes : from;
  }

  private pushLow(e: Emitter, group: AccessGroup): void {
    if (group.base < 0) {
      e.i32(group.low);
      return;
    }
    e.push(group.base);
    if (group.low === 0) return;
    e.i32(group.low);
    e.op(W.i32_add);
  }

  /** Leaves unless the pages of the group's range allow its accesses. */
  private check(e: Emitter, group: AccessGroup): void {
    this.pushLow(e, group);
    this.r.check(group.length, group.writes, () => {
      this.r.spill(this.dirty);
      e.i32(this.insn.pc);
      this.r.resume('step');
    });
  }

  host(e: Emitter, n: number, width: number): void {
    pushHost(e, this.s.host, n, width);
  }

  /** Ends the stay: the interpreter must not do an instruction again that has written registers already. */
  trap(e: Emitter, trap: number, args: readonly number[]): void {
    const { stateBase, fields } = this.s.layout;
    const note = (at: number, push: () => void, instruction: number): void => {
      e.i32(0);
      push();
      e.memory(instruction, stateBase + at);
    };
    const note32 = (at: number, v: number): void => note(at, () => e.i32(v), W.i32_store);
    this.r.spill(this.dirty);
    note32(fields.exit, ExitCode.trap);
    note32(fields.trap, trap);
    note32(fields.length, this.insn.insn.length);
    note(fields.pc, () => e.i64(BigInt(this.insn.pc)), W.i64_store);
    args.forEach((v, k) => {
      note(fields.trapArgs + 8 * k, () => e.push64(v), W.i64_store);
    });
    e.i32(-1);
    this.r.returnFuel();
  }

  jump(e: Emitter, target: number, hint: number): void {
    const to = e.isConstant(target) ? Number(e.constantValue(target)) : undefined;
    this.r.deeper(e.depth);
    this.jumpTo(e, target, to, hint);
    this.r.deeper(-e.depth);
  }

  private jumpTo(e: Emitter, target: number, to: number | undefined, hint: number): void {
    const behind = this.block.end;
    if (hint === JumpHint.call && to !== behind) return this.callOut(e, target, to, behind);
    const node = to === undefined ? undefined : this.r.nodeAt(this.node, to);
    if (node !== undefined) return this.r.goTo(this.node, node, this.dirty);
    if (to === undefined && hint === JumpHint.plain) {
      e.push(target);
      return this.r.computed(this.node, this.insn.pc, this.dirty);
    }
    this.r.spill(this.dirty);
    if (to !== undefined) return this.r.cold(to);
    e.push(target);
    if (hint === JumpHint.return) this.r.returnFuel();
    else this.r.resume();
  }

  private callOut(e: Emitter, target: number, to: number | undefined, behind: number): void {
    // The target is pushed before registers are loaded anew: it may be one of them.
    this.r.spill(this.dirty);
    if (to === undefined) {
      e.push(target);
      this.r.callComputed(this.insn.pc, this.block.called, behind);
    } else this.r.call(to, behind);
    const node = this.r.nodeAt(this.node, behind);
    if (node === undefined) {
      this.r.cold(behind);
      return;
    }
    this.r.arrive(this.node, node);
  }

  finish(e: Emitter): void {
    const { block } = this;
    if (!block.falls) {
      e.op(W.unreachable);
      return;
    }
    const node = block.stops ? undefined : this.r.nodeAt(this.node, block.end);
    if (node !== undefined) this.r.goTo(this.node, node, this.dirty);
    else {
      this.r.spill(this.dirty);
      this.r.cold(block.end);
    }
  }

  call(n: number): number {
    return this.s.callables.index(n);
  }
  results(n: number): readonly number[] {
    return this.s.callables.results(n);
  }
  fma(): number | 'host' {
    return this.s.callables.fma();
  }
}
