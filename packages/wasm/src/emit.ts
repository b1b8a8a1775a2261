// Turns a body (widths up to 64) into WebAssembly code, op by op.
// In: a Body, a Target for everything that is not computing. Out: instructions in a Code, locals in a Locals.
// Must not know: architectures, where state and memory are.
import { type Body, OPS, Op } from '@mimic/ir';
import type { Code } from './code.js';
import { emitFloat, fromBits, toBits } from './emit-float.js';
import { emitPure } from './emit-pure.js';
import { floatValues, signOp } from './float-values.js';
import { Type, VOID, W } from './opcodes.js';
import { type Schedule, schedule } from './schedule.js';
import type { Target } from './target.js';

/** The value type that holds a value of `width` bits. */
export function typeOf(width: number): number {
  return width <= 32 ? Type.i32 : Type.i64;
}

/**
 * Allocates locals of one function. `reuse` gives all of them back, for the next body in the same function; `release`
 * those since a `mark`, where bodies nest.
 */
export class Locals {
  /** Types of the locals after the params. */
  readonly types: number[] = [];
  /** By the last two bits of a type, which tell the types apart: locals to be used again, the next one last. */
  private readonly free: readonly number[][] = [[], [], [], []];
  private readonly taken: number[] = [];

  constructor(readonly params: number) {}

  alloc(type: number): number {
    const local = this.free[type & 3]!.pop() ?? this.keep(type);
    this.taken.push(local);
    return local;
  }

  /** A local that is never given back. */
  keep(type: number): number {
    return this.params + this.types.push(type) - 1;
  }

  mark(): number {
    return this.taken.length;
  }

  release(mark: number): void {
    while (this.taken.length > mark) this.giveBack(this.taken.pop()!);
  }

  reuse(): void {
    for (const list of this.free) this.taken.push(...list.splice(0));
    // The lowest number is used first: bodies then agree on what a local is for.
    this.taken.sort((a, b) => b - a);
    for (const local of this.taken.splice(0)) this.giveBack(local);
  }

  private giveBack(local: number): void {
    this.free[this.types[local - this.params]! & 3]!.push(local);
  }
}

export class Emitter {
  /** Blocks open around the current position, within this body. */
  depth = 0;
  /** By value: the local that holds it, or -1. */
  private readonly where: number[];
  private readonly vars: number[];
  private readonly loops: number[] = [];
  /** Values that are kept as floats where they are kept. */
  private readonly floats: Uint8Array;
  /** By value: see `bits`. */
  private readonly significant: number[] = [];

  constructor(
    readonly body: Body,
    readonly target: Target,
    readonly code: Code,
    readonly locals: Locals,
    private readonly plan: Schedule = schedule(body, target.cheapParams, []),
  ) {
    this.where = new Array<number>(body.length).fill(-1);
    this.floats = floatValues(body, (cell, index) => target.floatCell?.(this, cell, index) ?? false);
    this.vars = body.vars.map((w) => locals.alloc(typeOf(w)));
  }

  /** Emits the whole body, with the target's `finish` at its end. */
  run(): void {
    const { body, code, plan } = this;
    for (let n = 0; n < this.vars.length; n++) {
      this.zero(typeOf(body.vars[n]!));
      this.setLocal(this.vars[n]!);
    }
    for (let i = 0; i < body.length; i++) {
      const op = body.op[i]!;
      const width = body.width[i]!;
      if (op === Op.call) this.call(i);
      else if (op === Op.if && body.op[i + 1] === Op.leave && body.op[i + 2] === Op.end) {
        this.leaveIf(body.a[i]!);
        i += 2;
      } else if (width === 0) this.effect(i, op);
      else if (op === Op.result || plan.lazy[i]) continue;
      else if (plan.uses[i] === 0) {
        if (op !== Op.load && op !== Op.host) continue;
        this.compute(i, true);
        code.byte(W.drop);
      } else {
        if (this.floats[i]) this.computeFloat(i);
        else this.compute(i, true);
        this.keep(i);
      }
    }
    this.target.finish(this);
  }

  /** Pushes value `id`. Without `clean`, bits above its width may be anything. */
  push(id: number, clean = true): void {
    const local = this.where[id]!;
    if (local >= 0) {
      this.code.with(W.local_get, local);
      if (this.floats[id]) toBits(this, 64);
    } else this.compute(id, clean);
  }

  /** Pushes value `id`, of 32 or 64 bits, as a float. */
  pushFloat(id: number): void {
    const local = this.where[id]!;
    if (local >= 0) {
      this.getLocal(local);
      if (!this.floats[id]) fromBits(this, this.width(id));
    } else this.computeFloat(id);
  }

  /** Whether value `id` is better pushed as a float. */
  isFloat(id: number): boolean {
    return this.floats[id] === 1;
  }

  /** Pushes the load `id` sign-extended to 32 bits, if it is a load to be made here that the target can do so. */
  pushSignedLoad(id: number): boolean {
    const { body } = this;
    if (body.op[id] !== Op.load || this.where[id]! >= 0 || body.width[id]! > 16) return false;
    return this.target.loadSigned?.(this, body.a[id]!, body.width[id]!, id) ?? false;
  }

  /** Pushes value `id` as an i64, whatever its width. */
  push64(id: number): void {
    this.push(id);
    if (this.width(id) <= 32) this.code.byte(W.i64_extend_i32_u);
  }

  width(id: number): number {
    return this.body.width[id]!;
  }

  isParam(id: number): boolean {
    return this.body.op[id] === Op.param;
  }

  isConstant(id: number): boolean {
    return this.body.op[id] === Op.const;
  }

  constantValue(id: number): bigint {
    return this.body.constantValue(id);
  }

  /** A new local that holds the top of the stack; the value stays on the stack. */
  tee(type: number): number {
    const local = this.locals.alloc(type);
    this.code.byte(W.local_tee);
    this.code.u32(local);
    return local;
  }

  getLocal(local: number): void {
    this.code.with(W.local_get, local);
  }

  setLocal(local: number): void {
    this.code.with(W.local_set, local);
  }

  i32(value: number): void {
    this.code.byte(W.i32_const);
    this.code.s32(value);
  }

  i64(value: bigint): void {
    this.code.byte(W.i64_const);
    this.code.s64(value);
  }

  /** The value of a constant of up to 32 bits, unsigned below 32. */
  smallConstant(id: number): number {
    return this.body.a[id]!;
  }

  /** Whether `id` is the constant 0. */
  isZero(id: number): boolean {
    if (!this.isConstant(id)) return false;
    return this.body.width[id]! <= 32 ? this.body.a[id] === 0 : this.constantValue(id) === 0n;
  }

  /** Pushes `value` in the type that holds `width` bits. */
  constant(width: number, value: bigint | number): void {
    if (width > 32) this.i64(BigInt(value));
    else this.i32(typeof value === 'number' ? value : Number(BigInt.asIntN(32, value)));
  }

  /** Appends one-byte instructions. */
  op(first: number, second?: number, third?: number): void {
    this.code.byte(first);
    if (second !== undefined) this.code.byte(second);
    if (third !== undefined) this.code.byte(third);
  }

  /** A memory access with its alignment given as 2^0, so that unaligned ones are right. */
  memory(instruction: number, offset: number): void {
    this.code.byte(instruction);
    this.code.byte(0);
    this.code.u32(offset);
  }

  /** Starts an `if` of the target's own; `type` is VOID or a value type. */
  if(type: number): void {
    this.code.byte(W.if);
    this.code.byte(type);
    this.depth++;
  }

  else(): void {
    this.code.byte(W.else);
  }

  end(): void {
    this.code.byte(W.end);
    this.depth--;
  }

  /** Branches to a label `level` levels outside this body. */
  branch(instruction: number, level: number): void {
    this.code.byte(instruction);
    this.code.u32(this.depth + level);
  }

  /** An upper bound of the number of low bits of `id` that may be set. */
  bits(id: number): number {
    const known = this.significant[id];
    if (known !== undefined) return known;
    const { body } = this;
    const width = body.width[id]!;
    let n = width;
    const a = body.a[id]!;
    const b = body.b[id]!;
    const c = body.c[id]!;
    switch (body.op[id]) {
      case Op.const: {
        if (width <= 32) n = 32 - Math.clz32(body.a[id]!);
        else n = body.constantValue(id) === 0n ? 0 : body.constantValue(id).toString(2).length;
        break;
      }
      case Op.zx:
        n = this.bits(a);
        break;
      case Op.and:
        n = Math.min(this.bits(a), this.bits(b));
        break;
      case Op.or:
      case Op.xor:
        n = Math.max(this.bits(a), this.bits(b));
        break;
      case Op.select:
        n = Math.max(this.bits(b), this.bits(c));
        break;
      case Op.urem:
        if (this.isConstant(b) && this.constantValue(b) > 0n) n = this.bits(b);
        break;
      case Op.shr:
        if (this.isConstant(b)) n = Math.max(0, this.bits(a) - Number(this.constantValue(b)));
        break;
      case Op.clz:
      case Op.ctz:
      case Op.popcnt:
        n = Math.min(width, 32 - Math.clz32(width));
        break;
      default:
    }
    return (this.significant[id] = Math.min(n, width));
  }

  private zero(type: number): void {
    this.code.byte(type === Type.i32 ? W.i32_const : W.i64_const);
    this.code.byte(0);
  }

  private keep(id: number): void {
    const local = this.locals.alloc(this.floats[id] ? Type.f64 : typeOf(this.width(id)));
    this.where[id] = local;
    this.setLocal(local);
  }

  private compute(id: number, clean: boolean): void {
    const { body, target } = this;
    const op = body.op[id]!;
    const width = body.width[id]!;
    switch (op) {
      case Op.const:
        if (width <= 32) this.i32(body.a[id]!);
        else this.i64(body.big[body.a[id]!]!);
        return;
      case Op.param:
        target.param(this, body.a[id]!, width);
        return;
      case Op.pc:
        target.pc(this, width);
        return;
      case Op.get:
        target.get(this, body.a[id]!, body.b[id]!, width);
        return;
      case Op.vget:
        this.getLocal(this.vars[body.a[id]!]!);
        return;
      case Op.load:
        target.load(this, body.a[id]!, width, id);
        return;
      case Op.host:
        target.host(this, body.a[id]!, width);
        return;
      case Op.result:
        throw new Error(`emit: result %${id} of an unused call`);
      default:
        emitPure(this, id, op, width, clean);
    }
  }

  /** As compute, for a value of 32 or 64 bits that is wanted as a float. */
  private computeFloat(id: number): void {
    const { body, target } = this;
    const op = body.op[id]!;
    const width = body.width[id]!;
    const [a, b, c] = [body.a[id]!, body.b[id]!, body.c[id]!];
    const sign = signOp(body, id);
    if (op === Op.get && width === 64 && target.getFloat) target.getFloat(this, a, b);
    else if (op === Op.load && width === 64 && target.loadFloat) target.loadFloat(this, a, id);
    else if (sign) {
      this.pushFloat(a);
      this.op(sign === 'neg' ? W.f64_neg : W.f64_abs);
    } else if (op === Op.select && width === 64) {
      this.pushFloat(b);
      this.pushFloat(c);
      this.push(a);
      this.op(W.select);
    } else if (op === Op.ftos || op === Op.ftou || !emitFloat(this, op, width, a, b, c, true)) {
      this.compute(id, true);
      fromBits(this, width);
    }
  }

  /** Pushes one bit; what the first operand of an `and` or `or` decides keeps the second from being computed. */
  pushBit(id: number, negate = false): void {
    const { body } = this;
    const op = body.op[id]!;
    const inner = this.where[id]! < 0;
    if (inner && (op === Op.not || op === Op.rare)) this.pushBit(body.a[id]!, negate !== (op === Op.not));
    else if (inner && (op === Op.or || op === Op.and)) {
      const any = (op === Op.or) !== negate;
      this.pushBit(body.a[id]!, negate);
      this.if(Type.i32);
      if (any) this.i32(1);
      else this.pushBit(body.b[id]!, negate);
      this.else();
      if (any) this.pushBit(body.b[id]!, negate);
      else this.i32(0);
      this.end();
    } else {
      this.push(id);
      if (negate) this.op(W.i32_eqz);
    }
  }

  /**
   * Branches to the label `level` levels out if value `id` is not 0, or with `negate` if it is; what decides alone
   * comes first, and what is computed only here is computed only when wanted.
   */
  branchIf(id: number, negate: boolean, level: number): void {
    const { body } = this;
    const op = body.op[id]!;
    const [a, b] = [body.a[id]!, body.b[id]!];
    const inner = this.where[id]! < 0 && body.width[id] === 1;
    if (inner && (op === Op.rare || op === Op.not)) this.branchIf(a, negate !== (op === Op.not), level);
    else if (inner && (op === Op.or || op === Op.and)) {
      if ((op === Op.or) !== negate) {
        this.branchIf(a, negate, level);
        this.branchIf(b, negate, level);
        return;
      }
      this.code.byte(W.block);
      this.code.byte(VOID);
      this.branchIf(a, !negate, 0);
      this.branchIf(b, negate, level + 1);
      this.code.byte(W.end);
    } else {
      this.push(id);
      if (negate) this.op(W.i32_eqz);
      this.code.byte(W.br_if);
      this.code.u32(level);
    }
  }

  /** `if id leave end` */
  private leaveIf(id: number): void {
    for (let k = 0; k < 2; k++) {
      this.code.byte(W.block);
      this.code.byte(VOID);
    }
    this.depth += 2;
    this.branchIf(id, false, 0);
    this.code.byte(W.br);
    this.code.u32(1);
    this.end();
    this.leave();
    this.end();
  }

  private leave(): void {
    if (!this.target.leave) throw new Error('emit: leave outside a block');
    this.target.leave(this);
  }

  private effect(i: number, op: number): void {
    const { body, target, code } = this;
    const a = body.a[i]!;
    const b = body.b[i]!;
    const c = body.c[i]!;
    switch (op) {
      case Op.set:
        target.set(this, a, b, c);
        break;
      case Op.vset:
        this.push(b);
        this.setLocal(this.vars[a]!);
        break;
      case Op.store:
        target.store(this, a, b, i);
        break;
      case Op.mark:
        target.mark?.(this, a);
        break;
      case Op.if:
        this.push(a);
        this.if(VOID);
        break;
      case Op.else:
        this.else();
        break;
      case Op.loop:
        code.byte(W.block);
        code.byte(VOID);
        code.byte(W.loop);
        code.byte(VOID);
        this.depth += 2;
        this.loops.push(this.depth);
        break;
      case Op.end:
        // The loop's own `end` is the one at which nothing else is open in it.
        if (this.loops.at(-1) === this.depth) {
          this.loops.pop();
          code.byte(W.br);
          code.u32(0);
          this.end();
        }
        this.end();
        break;
      case Op.break:
        code.byte(W.br);
        code.u32(this.depth - this.loops[this.loops.length - 1 - a]! + 1);
        break;
      case Op.leave:
        this.leave();
        break;
      case Op.jump:
        target.jump(this, a, b);
        break;
      case Op.trap:
        target.trap(this, c, body.extra.slice(a, a + b));
        break;
      case Op.return:
        target.return(this, body.extra.slice(a, a + b));
        break;
      default:
        throw new Error(`emit: ${OPS[op]!.name}`);
    }
  }

  /** Calls, and keeps in locals the results that are used. */
  private call(i: number): void {
    const { body, code, plan } = this;
    const a = body.a[i]!;
    for (let k = 0; k < body.b[i]!; k++) this.push(body.extra[a + k]!);
    code.byte(W.call);
    code.u32(this.target.call(body.c[i]!));
    const widths = this.target.results(body.c[i]!);
    const wanted: number[][] = widths.map(() => []);
    for (let j = i + 1; j < body.length; j++) {
      if (body.op[j] === Op.result && body.a[j] === i && plan.uses[j]! > 0) wanted[body.b[j]!]!.push(j);
    }
    for (let k = widths.length - 1; k >= 0; k--) {
      const ids = wanted[k]!;
      if (!ids.length) {
        code.byte(W.drop);
        continue;
      }
      this.keep(ids[0]!);
      for (const id of ids) this.where[id] = this.where[ids[0]!]!;
    }
  }
}
