// A region -> a WebAssembly function in structured control flow, registers in locals.
// In: discovered blocks, the module's surroundings. Out: a function body. Must not know: caches, linking.
//
// The function is (ret, depth, fuel) -> (pc, fuel). It runs guest code from the region's entry and returns where the
// guest goes on; a caller that expects another address returns that upward, so frames may be lost but never the guest.
// `ret`: the address at which the caller goes on; depth: frames that may still be stacked; fuel: see layout.ts.
import { Perm } from '@mimic/bus';
import { type Body, JumpHint, Op, type Program } from '@mimic/ir';
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
import { pushHost } from '../handler-target.js';
import { type EngineLayout, ExitCode, RECORD_SIZE } from '../layout.js';
import { type AccessGroup, type PlannedAccess, planAccesses } from './checks.js';
import type { CodeStore } from './code-store.js';
import type { Block, Discovered } from './discover.js';
import { analyse, type Bits, type BlockFlow, type Flow, kept, members } from './flow.js';
import { innerLoops, type Shape, shape } from './order.js';

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
  /** As step, after a permission check failed: counts it. */
  readonly refused: number;
  /** As resume, for code that the region does not hold: counts it. */
  readonly cold: number;
  /** As resume, for a computed jump: notes where it goes. */
  readonly jump: number;
  /** (ret, depth, fuel, slot) -> (pc, fuel): calls the region in a slot. */
  readonly enter: number;
  /** (address, bytes) -> 0 when the exact check allows it. */
  readonly slowRead: number;
  readonly slowWrite: number;
  readonly host: number;
  /** How a call of a static target is made: a function of this module, or a slot of the shared table. */
  callee(target: number): { readonly func: number } | { readonly slot: number } | undefined;
  /** Instructions whose permission check fails often: they check exactly before they give up. */
  exact(pc: number): boolean;
}

/** Guest instructions that add a frame to what a region counts for, as a power of two. */
const FRAME_SHIFT = 7;

const RET = 0;
const DEPTH = 1;
const FUEL = 2;

/** Where a region is left in ways that a better region might not need, by address. */
export interface RegionExits {
  /** Addresses for which it is left because they are not in it. */
  readonly coldTargets: ReadonlySet<number>;
  /** Its computed jumps. */
  readonly jumpSites: ReadonlySet<number>;
  /** Instructions that it leaves to the interpreter when their quick check fails. */
  readonly checkSites: ReadonlySet<number>;
}

/** What is known of a region once it is emitted. */
export interface EmittedRegion extends RegionExits {
  readonly body: FunctionBody;
  /** Bodies by block, for dumps. */
  readonly bodies: readonly (readonly [pc: number, body: Body])[];
}

export function emitRegion(region: Discovered, s: RegionSurroundings): EmittedRegion {
  return new RegionEmitter(region, s).run();
}

interface Node {
  readonly block: Block;
  readonly body: Body;
}

class RegionEmitter {
  private readonly nodes: Node[] = [];
  private readonly numbers = new Map<number, number>();
  private readonly flow: Flow;
  private readonly shape: Shape;
  /** Innermost loop of each node. */
  private readonly loops: Int32Array;
  private readonly code = new Code(4096);
  private readonly locals = new Locals(3);
  /** Local of each register. */
  private readonly homes: number[];
  /** Blocks open around the position, and the level of each label. */
  private level = 0;
  private readonly labels = new Map<number, number>();
  private readonly coldTargets = new Set<number>();
  private readonly jumpSites = new Set<number>();
  readonly checkSites = new Set<number>();
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
      this.nodes.push({ block, body: s.store.body(block.insns) });
    });
    const edges = this.nodes.map((node) => this.edgesOf(node));
    this.shape = shape(edges.map((e) => [...e.next, ...e.after]));
    this.loops = innerLoops(this.shape, this.nodes.length);
    this.flow = analyse(
      this.nodes.map(({ body }, n) => ({
        body,
        next: edges[n]!.next,
        after: edges[n]!.after,
        loop: this.loops[n]!,
      })),
    );
    this.homes = this.flow.registers.map((r) => this.locals.alloc(typeOf(r.width)));
  }

  private edgesOf({ block, body }: Node): { next: number[]; after: number[] } {
    const next: number[] = [];
    const after: number[] = [];
    const number = (pc: number): number | undefined => this.numbers.get(pc);
    const behind = number(block.end);
    if (block.falls && !block.stops && behind !== undefined) next.push(behind);
    for (const e of block.exits) {
      if (e.hint === JumpHint.call) {
        if (behind !== undefined) after.push(behind);
      } else if (e.target !== undefined) {
        const n = number(e.target);
        if (n !== undefined) next.push(n);
      }
    }
    for (const target of block.seen) {
      const n = number(target);
      if (n !== undefined) next.push(n);
    }
    // Targets that are known only together with the instructions before.
    for (let i = 0; i < body.length; i++) {
      if (body.op[i] !== Op.jump || body.op[body.a[i]!] !== Op.const) continue;
      const to = Number(body.constantValue(body.a[i]!));
      const n = number(to);
      if (n !== undefined && (body.b[i] !== JumpHint.call || to === block.end)) next.push(n);
    }
    return { next, after };
  }

  run(): EmittedRegion {
    const { code } = this;
    // Out of frames or out of fuel: whoever is below goes on from here.
    this.get(DEPTH);
    this.i32(1);
    this.op(W.i32_sub);
    this.get(FUEL);
    this.op(W.i32_or);
    this.i32(0);
    this.op(W.i32_lt_s);
    this.open(W.if);
    this.leaveAt(this.region.entry);
    this.close();
    // Large functions have large frames on the host's stack: they count for several.
    const more = this.region.insns >>> FRAME_SHIFT;
    if (more > 0) {
      this.get(DEPTH);
      this.i32(more);
      this.op(W.i32_sub);
      this.set(DEPTH);
    }
    this.load(this.flow.blocks[0]!.liveIn);
    this.tree(0);
    code.byte(W.unreachable);
    return {
      body: { locals: this.locals.types, code },
      coldTargets: this.coldTargets,
      jumpSites: this.jumpSites,
      checkSites: this.checkSites,
      bodies: this.nodes.map((n) => [n.block.pc, n.body] as const),
    };
  }

  // ---- control flow (Ramsey, "Beyond Relooper", ICFP 2022)

  private tree(node: number): void {
    const { shape: g } = this;
    const merges = g.children[node]!.filter((c) => g.isMerge[c]);
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
    for (const m of merges) {
      this.close();
      this.tree(m);
    }
    if (g.isLoop[node]) {
      this.close();
      this.op(W.unreachable);
    }
  }

  private node(node: number): void {
    const entries = this.shape.dispatch[node];
    if (entries) {
      for (const [k, to] of entries.slice(0, -1).entries()) {
        this.get(this.selectors.get(node)!);
        this.i32(k);
        this.op(W.i32_eq);
        this.open(W.if);
        this.branch(node, to);
        this.close();
      }
      this.branch(node, entries.at(-1)!);
      return;
    }
    const { block, body } = this.nodes[node]!;
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
    const target = new BlockTarget(this, node, block, body);
    new Emitter(body, target, this.code, this.locals, target.bases()).run();
    this.locals.release(mark);
  }

  /** Continues at node `to`, after storing what of `dirty` is not lazy there. */
  goTo(from: number, to: number, dirty: Bits): void {
    this.spill(this.unkept(from, to, dirty));
    this.branch(from, to);
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

  nodeAt(pc: number): number | undefined {
    return this.numbers.get(pc);
  }

  /** Runs `f` as if `depth` more blocks were open. */
  within(depth: number, f: () => void): void {
    this.level += depth;
    f();
    this.level -= depth;
  }

  // ---- registers

  home(cell: number, index: number): number {
    return this.homes[this.flow.number(cell, index)]!;
  }
  register(cell: number, index: number): number {
    return this.flow.number(cell, index);
  }
  dirtyIn(node: number): Bits {
    return this.flow.blocks[node]!.dirtyIn;
  }
  liveIn(node: number): Bits {
    return this.flow.blocks[node]!.liveIn;
  }

  private address(n: number): number {
    const { cell, index } = this.flow.registers[n]!;
    const { offset, stride } = this.s.program.cells[cell]!;
    return this.s.layout.stateBase + offset + index * stride;
  }

  /** What must be stored on the edge: of `dirty`, what is not lazy on both sides. */
  unkept(from: number, to: number, dirty: Bits): Bits {
    const a: BlockFlow = this.flow.blocks[from]!;
    const b: BlockFlow = this.flow.blocks[to]!;
    const same = this.loops[from] === this.loops[to];
    return dirty.map((v, w) => (v & ~kept(a, b, same, w)) >>> 0);
  }

  /** Stores a register to the state block. */
  store(n: number): void {
    this.i32(0);
    this.get(this.homes[n]!);
    this.memory(this.flow.registers[n]!.width <= 32 ? W.i32_store : W.i64_store, this.address(n));
  }

  spill(dirty: Bits): void {
    for (const n of members(dirty)) this.store(n);
  }

  /** Loads registers from the state block. */
  load(wanted: Bits): void {
    for (const n of members(wanted)) {
      this.i32(0);
      this.memory(this.flow.registers[n]!.width <= 32 ? W.i32_load : W.i64_load, this.address(n));
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

  /** Lets the interpreter go on at the address that `pc` pushes, up to where the caller expects it. */
  resume(pc: () => void, how: 'resume' | 'step' | 'refused' | 'cold' | 'jump' = 'resume'): void {
    pc();
    this.get(RET);
    this.get(DEPTH);
    this.get(FUEL);
    this.op(W.call);
    this.code.u32(this.s[how]);
    this.op(W.return);
  }

  /** Leaves for an address that is not in the region; counts it, so that the region can grow. */
  cold(pc: number): void {
    if (this.region.outer.has(pc)) {
      this.resume(() => this.i32(pc));
      return;
    }
    this.coldTargets.add(pc);
    this.resume(() => this.i32(pc), 'cold');
  }

  /** Calls guest code; goes on only when it comes back to `back`. Registers are stored before, not loaded after. */
  call(push: () => void, target: number | undefined, back: number): void {
    const callee = target === undefined ? undefined : this.s.callee(target);
    if (callee && 'func' in callee) {
      this.frame(back);
      this.op(W.call);
      this.code.u32(callee.func);
    } else if (callee) {
      // The stub in an empty slot finds the address here.
      this.i32(0);
      this.i32(target!);
      this.memory(W.i32_store, this.s.layout.stateBase + this.s.layout.fields.pc);
      this.frame(back);
      this.i32(callee.slot);
      this.op(W.call);
      this.code.u32(this.s.enter);
    } else {
      push();
      this.frame(back);
      this.op(W.call);
      this.code.u32(this.s.resume);
    }
    this.set(FUEL);
    const pc = this.scratch();
    this.op(W.local_tee);
    this.code.u32(pc);
    this.i32(back);
    this.op(W.i32_ne);
    this.open(W.if);
    this.get(pc);
    this.get(FUEL);
    this.op(W.return);
    this.close();
  }

  private frame(back: number): void {
    this.i32(back);
    this.get(DEPTH);
    this.i32(1);
    this.op(W.i32_sub);
    this.get(FUEL);
  }

  private scratchLocal = -1;
  scratch(): number {
    if (this.scratchLocal < 0) this.scratchLocal = this.locals.keep(Type.i32);
    return this.scratchLocal;
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

  /** Tells the service that notes computed jumps which one is made. */
  noteSite(site: number): void {
    this.jumpSites.add(site);
    this.i32(0);
    this.i32(site);
    this.memory(W.i32_store, this.s.layout.stateBase + this.s.layout.fields.site);
  }

  get surroundings(): RegionSurroundings {
    return this.s;
  }

  // ---- instructions

  private op(...codes: number[]): void {
    for (const c of codes) this.code.byte(c);
  }
  private get(local: number): void {
    this.code.byte(W.local_get);
    this.code.u32(local);
  }
  private set(local: number): void {
    this.code.byte(W.local_set);
    this.code.u32(local);
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
  private readonly accesses: Map<number, PlannedAccess>;
  /** Local with the host address of a group: of its end where memory is reversed, else of its start. */
  private readonly hostBases = new Map<AccessGroup, number>();
  private current = 0;
  private readonly s: RegionSurroundings;

  constructor(
    private readonly r: RegionEmitter,
    private readonly node: number,
    private readonly block: Block,
    body: Body,
  ) {
    this.dirty = r.dirtyIn(node).slice();
    this.accesses = planAccesses(body);
    this.s = r.surroundings;
  }

  /** Values that addresses of accesses start from. */
  *bases(): Generator<number> {
    for (const { group } of this.accesses.values()) if (group.base >= 0) yield group.base;
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

  get(e: Emitter, cell: number, index: number): void {
    e.getLocal(this.r.home(cell, Number(e.constantValue(index))));
  }

  set(e: Emitter, cell: number, index: number, value: number): void {
    const i = Number(e.constantValue(index));
    const n = this.r.register(cell, i);
    e.push(value);
    e.setLocal(this.r.home(cell, i));
    this.dirty[n >>> 5]! |= 1 << (n & 31);
  }

  private get insn() {
    return this.block.insns[this.current]!;
  }

  /** Stores what is dirty and lets the interpreter do this instruction. */
  private leave(e: Emitter, how: 'step' | 'refused'): void {
    this.r.within(e.depth, () => {
      this.r.spill(this.dirty);
      this.r.resume(() => e.i32(this.insn.pc), how);
    });
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

  store(e: Emitter, _address: number, value: number, op: number): void {
    const width = e.width(value);
    const offset = this.place(e, op, width / 8);
    e.push(value, false);
    e.memory(
      width === 8 ? W.i32_store8 : width === 16 ? W.i32_store16 : width === 32 ? W.i32_store : W.i64_store,
      offset,
    );
  }

  /** Pushes the base of the host address of an access, checked; returns the offset from it. */
  private place(e: Emitter, op: number, bytes: number): number {
    const { group, from } = this.accesses.get(op)!;
    let base = this.hostBases.get(group);
    const { reversed } = this.s.layout;
    if (base === undefined) {
      this.check(e, group);
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
    const exact = this.s.exact(this.insn.pc);
    const low = exact ? e.tee(Type.i32) : -1;
    const mask = (group.reads ? Perm.READ_FAST : 0) | (group.writes ? Perm.WRITE_FAST : 0);
    e.i32(12);
    e.op(W.i32_shr_u);
    e.memory(W.i32_load8_u, this.s.layout.permBase);
    e.i32(mask);
    e.op(W.i32_and);
    if (mask & (mask - 1)) {
      e.i32(mask);
      e.op(W.i32_ne);
    } else e.op(W.i32_eqz);
    e.if(VOID);
    if (!exact) {
      this.r.checkSites.add(this.insn.pc);
      this.leave(e, 'refused');
    } else {
      const slow = (func: number): void => {
        e.getLocal(low);
        e.i32(group.length);
        e.op(W.call);
        e.code.u32(func);
      };
      if (group.reads) slow(this.s.slowRead);
      if (group.writes) slow(this.s.slowWrite);
      if (group.reads && group.writes) e.op(W.i32_or);
      e.if(VOID);
      this.leave(e, 'step');
      e.end();
    }
    e.end();
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
    this.r.within(e.depth, () => this.r.spill(this.dirty));
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
    this.r.within(e.depth, () => {
      const behind = this.block.end;
      if (hint === JumpHint.call && to !== behind) return this.callOut(e, target, to, behind);
      const node = to === undefined ? undefined : this.r.nodeAt(to);
      if (node !== undefined) return this.r.goTo(this.node, node, this.dirty);
      if (to === undefined && hint === JumpHint.plain) return this.computed(e, target);
      this.r.spill(this.dirty);
      if (to === undefined && hint === JumpHint.return) {
        e.push(target);
        this.r.returnFuel();
      } else if (to === undefined) this.r.resume(() => e.push(target));
      else this.r.cold(to);
    });
  }

  /** A jump to a computed address: the places where it has been seen to go are tried first, in halves. */
  private computed(e: Emitter, target: number): void {
    const site = this.insn.pc;
    const known = this.block.seen.filter((t) => this.r.nodeAt(t) !== undefined).sort((a, b) => a - b);
    e.push(target);
    const pc = e.locals.alloc(Type.i32);
    e.setLocal(pc);
    const among = (from: number, to: number): void => {
      if (to - from > 4) {
        const middle = (from + to) >> 1;
        e.getLocal(pc);
        e.i32(known[middle]!);
        e.op(W.i32_lt_u);
        this.r.ifElse(
          () => among(from, middle),
          () => among(middle, to),
        );
        return;
      }
      for (let k = from; k < to; k++) {
        e.getLocal(pc);
        e.i32(known[k]!);
        e.op(W.i32_eq);
        this.r.ifElse(() => this.r.goTo(this.node, this.r.nodeAt(known[k]!)!, this.dirty));
      }
    };
    among(0, known.length);
    this.r.spill(this.dirty);
    this.r.noteSite(site);
    this.r.resume(() => e.getLocal(pc), 'jump');
  }

  private callOut(e: Emitter, target: number, to: number | undefined, behind: number): void {
    // The target is pushed before registers are loaded anew: it may be one of them.
    this.r.spill(this.dirty);
    this.r.call(() => e.push(target), to, behind);
    const node = this.r.nodeAt(behind);
    if (node === undefined) {
      this.r.cold(behind);
      return;
    }
    this.r.load(this.r.liveIn(node));
    this.r.goTo(
      this.node,
      node,
      this.dirty.map(() => 0),
    );
  }

  finish(e: Emitter): void {
    const { block } = this;
    if (!block.falls) {
      e.op(W.unreachable);
      return;
    }
    const node = block.stops ? undefined : this.r.nodeAt(block.end);
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
}
