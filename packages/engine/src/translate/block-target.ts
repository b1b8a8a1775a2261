// How the body of a block reads registers and memory, and leaves.
// In: a block, the region's code around it. Out: a Target for the Emitter. Must not know: how nodes are nested.
import { JumpHint } from '@mimic/ir';
import { type Emitter, type Target, Type, VOID, W } from '@mimic/wasm';
import { pushHost } from '../handler-target.js';
import { ExitCode } from '../layout.js';
import type { AccessGroup, PlannedAccess } from './checks.js';
import type { Block } from './discover.js';
import type { Bits } from './flow.js';
import type { RegionSurroundings } from './surroundings.js';

/** How translated code goes on in the interpreter: see RegionSurroundings. */
export type Resume = 'resume' | 'step' | 'rare' | 'cold' | 'jump';

/** What the code of a block needs of the region around it. */
export interface RegionCode {
  readonly surroundings: RegionSurroundings;
  /** Number of a register within the region, its local, and whether that is a float. */
  register(cell: number, index: number): number;
  home(register: number): number;
  isFloat(register: number): boolean;
  dirtyIn(node: number): Bits;
  spill(dirty: Bits): void;
  /** Whether the check of this group is known to hold where node `n` begins. */
  isKnown(n: number, group: AccessGroup): boolean;
  /** Gives up unless `length` bytes from the address on the stack may be read, or read and written. `wide`: 64 bits. */
  check(length: number, writes: boolean, wide: boolean, giveUp: () => void): void;
  /** The node that node `from` goes on at when it goes on at `pc`. */
  nodeAt(from: number, pc: number): number | undefined;
  /** Continues at node `to`, after storing what of `dirty` is not lazy there. */
  goTo(from: number, to: number, dirty: Bits): void;
  /** Continues at node `to` after a call: no register is in its local yet. */
  arrive(from: number, to: number): void;
  /** The computed jump of a block, to the address on the stack. */
  computed(from: number, site: number, dirty: Bits): void;
  /** Calls guest code; goes on only when it comes back to `back`. Registers are stored before, not loaded after. */
  call(target: number, back: number): void;
  /** The same for the address on the stack: what the call at `site` was seen to call is called directly. */
  callComputed(site: number, seen: readonly number[], back: number): void;
  /** Lets the interpreter go on at the address on the stack, up to where the caller expects it. */
  resume(how?: Resume): void;
  /** Leaves for an address that is not in the region; counts it, so that the region can grow. */
  cold(pc: number): void;
  /** Returns the address on the stack, and the fuel. */
  returnFuel(): void;
  /** Something rare in the instruction at `pc` leaves the region. */
  noteRare(pc: number): void;
  /** As if `depth` more blocks were open from here on. */
  deeper(depth: number): void;
  /** Fuel for what has been executed on the way here and was not taken off yet: 0 after a call. */
  owed: number;
}

export class BlockTarget implements Target {
  readonly cheapParams = true;
  /** Registers whose value is not stored: written since the block began, or dirty at its start. */
  private readonly dirty: Bits;
  /** Local with the host address of a group: of its end where memory is reversed, else of its start. */
  private hostBases: Map<AccessGroup, number> | undefined;
  private current = 0;
  private readonly s: RegionSurroundings;

  constructor(
    private readonly r: RegionCode,
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
    this.r.noteRare(this.insn.pc);
    this.giveUp(e, 'rare');
  }

  /** Stores what is dirty and lets the interpreter do this instruction. */
  private giveUp(e: Emitter, how: 'step' | 'rare'): void {
    this.r.spill(this.dirty);
    e.i32(this.insn.pc);
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
          this.pushWindow(e, group.base);
          e.op(W.i32_sub);
        }
      } else this.pushLow(e, group);
      e.code.byte(W.local_tee);
      e.code.u32(base);
    } else e.getLocal(base);
    return reversed ? group.length - from - bytes : from;
  }

  /** Pushes the lower 32 bits of an address. */
  private pushWindow(e: Emitter, value: number): void {
    e.push(value);
    if (e.width(value) > 32) e.op(W.i32_wrap_i64);
  }

  private pushLow(e: Emitter, group: AccessGroup): void {
    if (group.base < 0) {
      e.i32(group.low);
      return;
    }
    this.pushWindow(e, group.base);
    if (group.low === 0) return;
    e.i32(group.low);
    e.op(W.i32_add);
  }

  /** Leaves unless the pages of the group's range allow its accesses. */
  private check(e: Emitter, group: AccessGroup): void {
    const wide = group.base >= 0 && e.width(group.base) > 32;
    if (wide) {
      e.push(group.base);
      if (group.low !== 0) {
        e.i64(BigInt(group.low));
        e.op(W.i64_add);
      }
    } else this.pushLow(e, group);
    this.r.check(group.length, group.writes, wide, () => this.giveUp(e, 'step'));
  }

  host(e: Emitter, n: number, width: number): void {
    pushHost(e, this.s.host, n, width);
  }

  /** Stores what `push` pushes in an engine field. */
  private note(e: Emitter, field: number, push: () => void, instruction: number = W.i32_store): void {
    e.i32(0);
    push();
    e.memory(instruction, this.s.layout.stateBase + field);
  }

  /** Ends the stay: the interpreter must not do an instruction again that has written registers already. */
  trap(e: Emitter, trap: number, args: readonly number[]): void {
    const { fields } = this.s.layout;
    this.r.spill(this.dirty);
    this.note(e, fields.exit, () => e.i32(ExitCode.trap));
    this.note(e, fields.trap, () => e.i32(trap));
    this.note(e, fields.length, () => e.i32(this.insn.length));
    this.note(e, fields.pc, () => e.i64(BigInt(this.insn.pc)), W.i64_store);
    args.forEach((v, k) => {
      this.note(e, fields.trapArgs + 8 * k, () => e.push64(v), W.i64_store);
    });
    e.i32(-1);
    this.r.returnFuel();
  }

  /** Ends the stay at an address of 64 bits where no code can be: the host reports the fault. */
  private leaveBeyond(e: Emitter, push: () => void): void {
    const { fields } = this.s.layout;
    this.r.spill(this.dirty);
    this.note(e, fields.exit, () => e.i32(ExitCode.miss));
    this.note(e, fields.pc, push, W.i64_store);
    e.i32(-1);
    this.r.returnFuel();
  }

  jump(e: Emitter, target: number, hint: number): void {
    const to = e.isConstant(target) ? e.constantValue(target) : undefined;
    this.r.deeper(e.depth);
    if (to !== undefined && to > 0xffffffffn) this.leaveBeyond(e, () => e.i64(to));
    else this.jumpTo(this.window(e, target, to), to === undefined ? undefined : Number(to), hint);
    this.r.deeper(-e.depth);
  }

  /** How to push the lower 32 bits of a jump's target. Leaves where the upper ones are not 0. */
  private window(e: Emitter, target: number, to: bigint | undefined): () => void {
    if (to !== undefined || e.width(target) <= 32) return () => e.push(target);
    e.push(target);
    const wide = e.tee(Type.i64);
    e.i64(0xffffffffn);
    e.op(W.i64_gt_u);
    e.if(VOID);
    this.leaveBeyond(e, () => e.getLocal(wide));
    e.end();
    return () => {
      e.getLocal(wide);
      e.op(W.i32_wrap_i64);
    };
  }

  private jumpTo(push: () => void, to: number | undefined, hint: number): void {
    const behind = this.block.end;
    if (hint === JumpHint.call && to !== behind) return this.callOut(push, to, behind);
    const node = to === undefined ? undefined : this.r.nodeAt(this.node, to);
    if (node !== undefined) return this.r.goTo(this.node, node, this.dirty);
    if (to === undefined && hint === JumpHint.plain) {
      push();
      return this.r.computed(this.node, this.insn.pc, this.dirty);
    }
    this.r.spill(this.dirty);
    if (to !== undefined) return this.r.cold(to);
    push();
    if (hint === JumpHint.return) this.r.returnFuel();
    else this.r.resume();
  }

  private callOut(push: () => void, to: number | undefined, behind: number): void {
    // The target is pushed before registers are loaded anew: it may be one of them.
    this.r.spill(this.dirty);
    const { owed } = this.r;
    if (to === undefined) {
      push();
      this.r.callComputed(this.insn.pc, this.block.called, behind);
    } else this.r.call(to, behind);
    const node = this.r.nodeAt(this.node, behind);
    if (node === undefined) this.r.cold(behind);
    else this.r.arrive(this.node, node);
    // What follows is where the call was not made.
    this.r.owed = owed;
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
