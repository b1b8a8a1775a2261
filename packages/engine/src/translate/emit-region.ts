// A region -> a WebAssembly function in structured control flow, registers in locals.
// In: discovered blocks, the module's surroundings. Out: a function body. Must not know: caches, linking.
//
// The function is (pc, ret, depth, fuel) -> (pc, fuel). It runs guest code from pc, one of the region's entries, and
// returns where the guest goes on; a caller that expects another address returns that upward, so frames may be lost but
// never the guest. `ret`: the address at which the caller goes on; depth: how much of the host's stack is left, in units;
// fuel: see layout.ts.
import { PAGE_SIZE, Perm } from '@mimic/bus';
import { Code, Emitter, type FunctionBody, Locals, Type, typeOf, VOID, W } from '@mimic/wasm';
import { Assembler } from '../assembler.js';
import { MOST_FRAME, RECORD_SIZE, STACK_UNIT } from '../layout.js';
import { BlockTarget, type RegionCode, type Resume } from './block-target.js';
import type { AccessGroup } from './checks.js';
import type { Discovered } from './discover.js';
import { analyse, type Bits, type Flow, kept, members } from './flow.js';
import { type CheckPlan, NO_CHECKS, planChecks } from './known-checks.js';
import type { Shape } from './order.js';
import { type Node, RegionGraph } from './region-graph.js';
import type { RegionSurroundings } from './surroundings.js';
import { type Switch, spread } from './switches.js';

/** Bytes of a frame on the host's stack besides locals; and for what V8 spills, for each guest instruction. */
const FRAME = 128;
const SPILLED = 4;

/** Where the guest is: the entry wanted, later where a computed jump goes. */
const PC = 0;
const RET = 1;
const DEPTH = 2;
const FUEL = 3;
const PARAMS = 4;

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

class RegionEmitter implements RegionCode {
  private readonly graph: RegionGraph;
  private readonly nodes: readonly Node[];
  private readonly shape: Shape;
  private readonly flow: Flow;
  private readonly checkPlan: CheckPlan;
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
  /** Fuel for what has been executed on the way here since FUEL was written: taken off where ways meet. */
  owed = 0;
  /** Local that tells a dispatcher where to go. */
  private readonly selectors = new Map<number, number>();

  constructor(
    private readonly region: Discovered,
    readonly surroundings: RegionSurroundings,
  ) {
    const s = surroundings;
    this.graph = new RegionGraph(region, s.store, s.whole);
    const { nodes, edges, shape, loops } = this.graph;
    this.nodes = nodes;
    this.shape = shape;
    this.flow = analyse(
      nodes.map(({ lifted }, n) => ({ uses: lifted.uses, ...edges[n]!, loop: loops[n]! })),
      (cell) => s.program.cells[cell]!.hidden === true,
      s.store.passes.lazy,
    );
    this.checkPlan = s.store.passes.checks
      ? planChecks(
          nodes.map(({ block, lifted }, n) => ({
            checks: block ? lifted.checks : undefined,
            ...edges[n]!,
            hoists: block !== undefined && s.hoists(block.pc),
          })),
          shape,
        )
      : NO_CHECKS;
    this.floats = this.floatRegisters();
    this.homes = this.flow.registers.map((r, n) =>
      this.locals.alloc(this.floats[n] ? Type.f64 : typeOf(r.width)),
    );
  }

  /** By register: whether it holds floats somewhere, and so does everywhere. */
  private floatRegisters(): boolean[] {
    const out = this.flow.registers.map(() => false);
    for (const { lifted } of this.nodes)
      for (const { cell, index } of lifted.floats) out[this.flow.number(cell, index)] = true;
    return out;
  }

  run(): EmittedRegion {
    if (this.graph.root === 0) {
      this.load(this.liveIn(0));
      this.checkLoop(0);
    }
    this.tree(this.graph.root);
    this.op(W.unreachable);
    const code = this.prologue();
    code.append(this.code);
    return {
      body: { locals: this.locals.types, code },
      entries: this.graph.entries(),
      coldTargets: this.coldTargets,
      jumpSites: this.jumpSites,
      rareSites: this.rareSites,
      loopSites: this.loopSites,
    };
  }

  /** Leaves at once when the host's stack or the fuel is used up: whoever is below goes on from here. */
  private prologue(): Code {
    let insns = 0;
    for (const { block } of this.nodes) insns += block?.insns.length ?? 0;
    const bytes = FRAME + 8 * this.locals.types.length + SPILLED * insns;
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
      this.settle();
      this.owed = 0;
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
      this.owed = 0;
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
    if (this.shape.isLoop[node] || this.shape.via[node]! >= 0) {
      this.ifSpent();
      this.spill(this.flow.blocks[node]!.dirtyIn);
      this.leaveAt(block.pc);
      this.close();
    }
    this.owed += block.insns.length * RECORD_SIZE;
    const mark = this.locals.mark();
    const target = new BlockTarget(this, node, block, lifted.accesses);
    new Emitter(lifted.body, target, this.code, this.locals, lifted.plan).run();
    this.locals.release(mark);
  }

  /** Goes on at the entry in PC. */
  private enter(root: number): void {
    const last = this.graph.doors.at(-1)!;
    for (const to of this.graph.doors) {
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
    const through = this.graph.switchAt(from);
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
      this.ifSpent();
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
        this.goTo(node, this.nodeAt(node, t)!, dirty);
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
    const same = this.graph.loops[from] === this.graph.loops[to];
    for (let w = 0; w < dirty.length; w++) this.storeWord(w, dirty[w]! & ~kept(a, b, same, w));
    if (this.shape.rank[from]! < this.shape.rank[to]!) this.checkLoop(to);
    this.branch(from, to);
  }

  /** Where a loop is entered: makes the checks that its turns leave out, or lets the interpreter enter it. */
  private checkLoop(to: number): void {
    for (const { cell, index, low, length, writes } of this.checkPlan.atLoop.get(to) ?? []) {
      const { pc } = this.nodes[to]!.block!;
      this.loopSites.add(pc);
      const register = this.register(cell, index);
      const wide = this.flow.registers[register]!.width > 32;
      this.get(this.home(register));
      if (low !== 0) {
        if (wide) this.i64(low);
        else this.i32(low);
        this.op(wide ? W.i64_add : W.i32_add);
      }
      this.check(length, writes, wide, () => {
        this.spill(this.dirtyIn(to));
        this.i32(pc);
        this.resume('rare');
      });
    }
  }

  /**
   * Gives up unless the pages allow to read, or to read and write, `length` bytes from the address on the stack. The
   * last page of a mapping does not say so in one bit: there a second test looks at the page alone. An address of 64
   * bits must be in the window, besides.
   */
  check(length: number, writes: boolean, wide: boolean, giveUp: () => void): void {
    const at = wide ? this.scratch(2, Type.i64) : this.scratch(0);
    this.set(at);
    this.open(W.block);
    this.open(W.block);
    if (wide) {
      this.get(at);
      this.i64(0xffffffff);
      this.op(W.i64_gt_u);
      this.code.with(W.br_if, 0);
    }
    this.get(at);
    if (wide) this.op(W.i32_wrap_i64);
    this.pages(length, writes, 1, 0);
    this.close();
    giveUp();
    this.close();
  }

  /** The page tests for the address on the stack: goes to label `yes` where they succeed, to `no` where they fail. */
  private pages(length: number, writes: boolean, yes: number, no: number): void {
    const alone = writes ? Perm.R | Perm.W : Perm.R;
    const all = writes ? alone | Perm.CODE : alone;
    const page = (): void => {
      this.i32(12);
      this.op(W.i32_shr_u);
      this.memory(W.i32_load8_u, this.surroundings.layout.permBase);
    };
    if (length === 1) {
      page();
      this.i32(all);
      this.op(W.i32_and);
      this.i32(alone);
      this.op(W.i32_eq);
      this.code.with(W.br_if, yes);
      return;
    }
    const address = this.scratch(0);
    const perm = this.scratch(1);
    this.code.with(W.local_tee, address);
    page();
    this.code.with(W.local_tee, perm);
    this.i32(writes ? Perm.WRITE_FAST : Perm.READ_FAST);
    this.op(W.i32_and);
    this.code.with(W.br_if, yes);
    this.get(perm);
    this.i32(all);
    this.op(W.i32_and);
    this.i32(alone);
    this.op(W.i32_ne);
    this.code.with(W.br_if, no);
    this.get(address);
    this.i32(PAGE_SIZE - 1);
    this.op(W.i32_and);
    this.i32(PAGE_SIZE - length);
    this.op(W.i32_le_u);
    this.code.with(W.br_if, yes);
  }

  private readonly scratches: number[] = [];
  private scratch(n: number, type: number = Type.i32): number {
    return (this.scratches[n] ??= this.locals.keep(type));
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
    const { owed } = this;
    if (g.rank[to]! <= g.rank[from]! || g.isMerge[to]) {
      this.settle();
      this.code.byte(W.br);
      this.code.u32(this.level - this.labels.get(to)!);
      return;
    }
    this.tree(to);
    this.owed = owed;
  }

  /** Takes off what is owed, on this way. */
  private settle(): void {
    if (this.owed === 0) return;
    this.pushFuel();
    this.set(FUEL);
  }

  private pushFuel(): void {
    this.get(FUEL);
    if (this.owed === 0) return;
    this.i32(this.owed);
    this.op(W.i32_sub);
  }

  /** Opens what is done when the fuel is used up, where a loop begins. */
  private ifSpent(): void {
    this.get(FUEL);
    this.i32(0);
    this.op(W.i32_lt_s);
    this.open(W.if);
  }

  nodeAt(from: number, pc: number): number | undefined {
    return this.graph.nodeAt(from, pc);
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
    const { offset, stride } = this.surroundings.program.cells[cell]!;
    return this.surroundings.layout.stateBase + offset + index * stride;
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
    this.returnFuel();
  }
  private leaveForPc(): void {
    this.get(PC);
    this.returnFuel();
  }

  /** Lets the interpreter go on at the address on the stack, up to where the caller expects it. */
  resume(how: Resume = 'resume'): void {
    this.get(RET);
    this.get(DEPTH);
    this.pushFuel();
    this.op(W.call);
    this.code.u32(this.surroundings[how]);
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
    this.owed = 0;
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
    this.code.u32(few ? this.surroundings.jump : this.surroundings.call);
    this.set(FUEL);
    this.set(PC);
    this.close();
    this.owed = 0;
    this.comeBack(back);
  }

  /** Calls a known address. Leaves in PC and FUEL where the guest goes on. */
  private callTo(target: number, back: number): void {
    const callee = this.surroundings.callee(target);
    this.i32(target);
    this.frame(back);
    if (callee && 'slot' in callee) this.i32(callee.slot);
    this.op(W.call);
    this.code.u32(
      !callee ? this.surroundings.call : 'func' in callee ? callee.func : this.surroundings.enter,
    );
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
    this.pushFuel();
  }

  returnFuel(): void {
    this.pushFuel();
    this.op(W.return);
  }

  /** Tells the service that notes computed jumps which one is made; `known`: where it goes inside the region. */
  private noteSite(site: number, known: readonly number[]): void {
    this.jumpSites.set(site, new Set(known));
    this.i32(0);
    this.i32(site);
    this.memory(W.i32_store, this.surroundings.layout.stateBase + this.surroundings.layout.fields.site);
  }

  /** Something rare in the instruction at `pc` leaves the region. */
  noteRare(pc: number): void {
    this.rareSites.add(pc);
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
  private i64(value: number): void {
    this.code.byte(W.i64_const);
    this.code.s64(BigInt(value));
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
