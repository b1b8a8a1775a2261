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
import { type EngineLayout, ExitCode, RECORD_SIZE } from '../layout.js';
import { planChecks, type RangeCheck } from './checks.js';
import type { Block, Discovered } from './discover.js';
import { analyse, type Bits, type Flow, isLazy, members } from './flow.js';
import { lift } from './lift.js';
import { type Shape, shape } from './order.js';
import type { Templates } from './templates.js';

/** Function indices in the module that a region calls. */
export interface RegionSurroundings {
  readonly layout: EngineLayout;
  readonly program: Program;
  readonly templates: Templates;
  readonly callables: Callables;
  /** (pc, ret, depth, fuel) -> (pc, fuel): the interpreter goes on until it reaches ret. */
  readonly resume: number;
  /** As resume, for an instruction that the region could not do: it is not entered again right there. */
  readonly step: number;
  /** As step, after a permission check failed: counts it. */
  readonly refused: number;
  /** (address, bytes) -> 0 when the exact check allows it. */
  readonly slowRead: number;
  readonly slowWrite: number;
  readonly host: number;
  /** How a call of a static target is made: a function of this module, or a slot of the shared table. */
  callee(target: number): { readonly func: number } | { readonly slot: number } | undefined;
  /** Type number of a region's function. */
  readonly type: number;
  /** Instructions whose permission check fails often: they check exactly before they give up. */
  exact(pc: number): boolean;
}

const RET = 0;
const DEPTH = 1;
const FUEL = 2;

/** What is known of a region once it is emitted. */
export interface EmittedRegion {
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
  private readonly code = new Code(4096);
  private readonly locals = new Locals(3);
  /** Local of each register. */
  private readonly homes: number[];
  /** Blocks open around the position, and the level of each label. */
  private level = 0;
  private readonly labels = new Map<number, number>();
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
      this.nodes.push({ block, body: lift(block, s.templates) });
    });
    const edges = this.nodes.map((node) => this.edgesOf(node));
    this.flow = analyse(
      this.nodes.map(({ body }, n) => ({ body, next: edges[n]!.next, after: edges[n]!.after })),
    );
    this.shape = shape(edges.map((e) => [...e.next, ...e.after]));
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
    this.load(this.flow.blocks[0]!.liveIn);
    this.tree(0);
    code.byte(W.unreachable);
    return {
      body: { locals: this.locals.types, code },
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
      entries.forEach((to, k) => {
        if (k === entries.length - 1) return this.branch(node, to);
        this.get(this.selectors.get(node)!);
        this.i32(k);
        this.op(W.i32_eq);
        this.open(W.if);
        this.branch(node, to);
        this.close();
      });
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
    const target = new BlockTarget(this, node, block, body);
    new Emitter(body, target, this.code, this.locals).run();
  }

  /** Continues at node `to` with the registers as they are. */
  branch(from: number, to: number): void {
    const { shape: g } = this;
    for (let d = g.via[to]!; d >= 0 && d !== from; d = g.via[to]!) {
      let selector = this.selectors.get(d);
      if (selector === undefined) this.selectors.set(d, (selector = this.locals.alloc(Type.i32)));
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

  isLazy(n: number): boolean {
    return isLazy(this.flow.registers[n]!);
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
  resume(pc: () => void, how: 'resume' | 'step' | 'refused' = 'resume'): void {
    pc();
    this.get(RET);
    this.get(DEPTH);
    this.get(FUEL);
    this.op(W.call);
    this.code.u32(this.s[how]);
    this.op(W.return);
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
      this.op(W.call_indirect);
      this.code.u32(this.s.type);
      this.code.u32(0);
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
    if (this.scratchLocal < 0) this.scratchLocal = this.locals.alloc(Type.i32);
    return this.scratchLocal;
  }

  returnFuel(): void {
    this.get(FUEL);
    this.op(W.return);
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
  /** Written since the block began, and dirty at its start. */
  private readonly dirty: Bits;
  private readonly checks: Map<number, RangeCheck>;
  private current = 0;
  private readonly s: RegionSurroundings;

  constructor(
    private readonly r: RegionEmitter,
    private readonly node: number,
    private readonly block: Block,
    body: Body,
  ) {
    this.dirty = r.dirtyIn(node).slice();
    this.checks = planChecks(body);
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

  get(e: Emitter, cell: number, index: number): void {
    e.getLocal(this.r.home(cell, Number(e.constantValue(index))));
  }

  set(e: Emitter, cell: number, index: number, value: number): void {
    const i = Number(e.constantValue(index));
    const n = this.r.register(cell, i);
    e.push(value);
    e.setLocal(this.r.home(cell, i));
    if (this.r.isLazy(n)) this.dirty[n >>> 5]! |= 1 << (n & 31);
    else this.r.store(n);
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

  load(e: Emitter, address: number, width: number, op: number): void {
    const a = this.checked(e, address, op);
    this.pushHost(e, a, width / 8);
    e.memory(
      width === 8 ? W.i32_load8_u : width === 16 ? W.i32_load16_u : width === 32 ? W.i32_load : W.i64_load,
      this.offset,
    );
  }

  store(e: Emitter, address: number, value: number, op: number): void {
    const width = e.width(value);
    const a = this.checked(e, address, op);
    this.pushHost(e, a, width / 8);
    e.push(value, false);
    e.memory(
      width === 8 ? W.i32_store8 : width === 16 ? W.i32_store16 : width === 32 ? W.i32_store : W.i64_store,
      this.offset,
    );
  }

  private offset = 0;

  /** Pushes the host address of `bytes` at the guest address in the local. */
  private pushHost(e: Emitter, local: number, bytes: number): void {
    this.offset = 0;
    if (this.s.layout.reversed) e.i32(-bytes);
    e.getLocal(local);
    if (this.s.layout.reversed) e.op(W.i32_sub);
  }

  /** A local with the address; its range is checked before, unless an earlier check covers it. */
  private checked(e: Emitter, address: number, op: number): number {
    const check = this.checks.get(op);
    if (check) {
      if (check.base < 0) e.i32(check.low);
      else {
        e.push(check.base);
        if (check.low !== 0) {
          e.i32(check.low);
          e.op(W.i32_add);
        }
      }
      const exact = this.s.exact(this.insn.pc);
      const low = exact ? e.tee(Type.i32) : -1;
      const mask = (check.reads ? Perm.READ_FAST : 0) | (check.writes ? Perm.WRITE_FAST : 0);
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
      if (exact) {
        e.getLocal(low);
        e.i32(check.length);
        e.op(W.call);
        e.code.u32(check.writes ? this.s.slowWrite : this.s.slowRead);
        if (check.writes && check.reads) {
          e.getLocal(low);
          e.i32(check.length);
          e.op(W.call);
          e.code.u32(this.s.slowRead);
          e.op(W.i32_or);
        }
        e.if(VOID);
        this.leave(e, 'step');
        e.end();
      } else this.leave(e, 'refused');
      e.end();
    }
    e.push(address);
    const local = e.locals.alloc(Type.i32);
    e.setLocal(local);
    return local;
  }

  host(e: Emitter, n: number, width: number): void {
    e.i32(n);
    e.op(W.call);
    e.code.u32(this.s.host);
    if (width <= 32) e.op(W.i32_wrap_i64);
    if (width < 32) {
      e.i32(2 ** width - 1);
      e.op(W.i32_and);
    } else if (width > 32 && width < 64) {
      e.i64((1n << BigInt(width)) - 1n);
      e.op(W.i64_and);
    }
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
      if (node !== undefined) return this.r.branch(this.node, node);
      this.r.spill(this.dirty);
      if (to === undefined && hint === JumpHint.return) {
        e.push(target);
        this.r.returnFuel();
      } else this.r.resume(() => (to === undefined ? e.push(target) : e.i32(to)));
    });
  }

  private callOut(e: Emitter, target: number, to: number | undefined, behind: number): void {
    // The target is pushed before registers are loaded anew: it may be one of them.
    this.r.spill(this.dirty);
    this.r.call(() => e.push(target), to, behind);
    const node = this.r.nodeAt(behind);
    if (node === undefined) {
      this.r.resume(() => e.i32(behind));
      return;
    }
    this.r.load(this.r.liveIn(node));
    this.r.branch(this.node, node);
  }

  finish(e: Emitter): void {
    const { block } = this;
    if (!block.falls) {
      e.op(W.unreachable);
      return;
    }
    const node = block.stops ? undefined : this.r.nodeAt(block.end);
    if (node !== undefined) this.r.branch(this.node, node);
    else {
      this.r.spill(this.dirty);
      this.r.resume(() => e.i32(block.end));
    }
  }

  call(n: number): number {
    return this.s.callables.index(n);
  }
  results(n: number): readonly number[] {
    return this.s.callables.results(n);
  }
}
