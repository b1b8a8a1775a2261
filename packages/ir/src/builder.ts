// Appends ops to a body; pure ops are folded, reduced and shared on the way in.
// In: op numbers and value ids. Out: value ids, of an older op where one has the same value. Regions are scopes.
// Must not know: what the body is for.
import { reduce } from './algebra.js';
import { Body } from './body.js';
import { OPS, Op } from './op.js';

/** Slots of the table at first. A power of two. */
const SMALL = 64;

function hash(op: number, width: number, a: number, b: number, c: number): number {
  const h =
    Math.imul(op, 0x9e3779b1) ^
    Math.imul(width, 0x85ebca6b) ^
    Math.imul(a, 0xc2b2ae35) ^
    Math.imul(b, 0x27d4eb2f) ^
    Math.imul(c, 0x165667b1);
  return h ^ (h >>> 15);
}

/** What the builder, and who feeds it, does beside appending. */
export interface Simplifications {
  /** Constants and algebra: see algebra.ts. */
  readonly fold: boolean;
  /** One op for equal values. */
  readonly share: boolean;
  /** Registers and variables are known from their last write or read: see known-state.ts. */
  readonly forward: boolean;
}

export const ALL_SIMPLIFICATIONS: Simplifications = { fold: true, share: true, forward: true };

export class Builder {
  readonly body: Body = new Body(64);
  /** Open-addressed table of pure ops by hash: id + 1, 0 for free. */
  private table = new Int32Array(SMALL);
  /** Pure ops that are visible here, in order: where they stand in the table. */
  private slots = new Int32Array(SMALL);
  private count = 0;
  /** Counts at the starts of the open regions. */
  private readonly marks: number[] = [];

  constructor(private readonly does: Simplifications = ALL_SIMPLIFICATIONS) {}

  /** Starts over with an empty body. */
  clear(): void {
    this.forget(0);
    this.marks.length = 0;
    this.body.clear();
  }

  /** Appends pure op `op` or finds an equal value. Operands must be visible here. */
  pure(op: number, width: number, a = 0, b = 0, c = 0): number {
    const known = this.does.fold ? reduce(this, op, width, a, b, c) : -1;
    return known >= 0 ? known : this.shared(op, width, a, b, c);
  }

  /** The id of an identical op that is visible here, else a new one. Does not fold. */
  shared(op: number, width: number, a = 0, b = 0, c = 0): number {
    const { body, table } = this;
    if (!this.does.share) return body.emit(op, width, a, b, c);
    const mask = table.length - 1;
    let at = hash(op, width, a, b, c) & mask;
    for (let id = table[at]! - 1; id >= 0; id = table[at]! - 1) {
      if (
        body.op[id] === op &&
        body.a[id] === a &&
        body.b[id] === b &&
        body.width[id] === width &&
        body.c[id] === c
      )
        return id;
      at = (at + 1) & mask;
    }
    const id = body.emit(op, width, a, b, c);
    table[at] = id + 1;
    this.slots[this.count++] = at;
    if (this.count * 2 > table.length) this.grow();
    return id;
  }

  /** Makes a table of twice the size. */
  private grow(): void {
    const { body, table: old, slots: oldSlots } = this;
    const table = new Int32Array(old.length * 2);
    const slots = new Int32Array(old.length * 2);
    const mask = table.length - 1;
    for (let k = 0; k < this.count; k++) {
      const id = old[oldSlots[k]!]! - 1;
      let at = hash(body.op[id]!, body.width[id]!, body.a[id]!, body.b[id]!, body.c[id]!) & mask;
      while (table[at]) at = (at + 1) & mask;
      table[at] = id + 1;
      slots[k] = at;
    }
    this.table = table;
    this.slots = slots;
  }

  /** Appends an op that is not pure, as it is. */
  effect(op: number, width: number, a = 0, b = 0, c = 0): number {
    return this.body.emit(op, width, a, b, c);
  }

  /** A constant, reduced modulo 2^width. */
  constant(width: number, value: bigint | number): number {
    if (width <= 32) {
      const v = typeof value === 'number' ? value : Number(BigInt.asIntN(32, BigInt.asUintN(width, value)));
      return this.shared(Op.const, width, (width === 32 ? v : v & ((1 << width) - 1)) | 0);
    }
    const v = BigInt.asUintN(width, BigInt(value));
    const { big } = this.body;
    let at = big.indexOf(v);
    if (at < 0) at = big.push(v) - 1;
    return this.shared(Op.const, width, at);
  }

  /** Starts an `if` on a 1-bit value; the caller has resolved constant conditions. */
  if(condition: number): number {
    const id = this.effect(Op.if, 0, condition);
    this.enter();
    return id;
  }

  else(): void {
    this.leave();
    this.effect(Op.else, 0);
    this.enter();
  }

  loop(): number {
    const id = this.effect(Op.loop, 0);
    this.enter();
    return id;
  }

  end(): void {
    this.leave();
    this.effect(Op.end, 0);
  }

  private enter(): void {
    this.marks.push(this.count);
  }

  private leave(): void {
    this.forget(this.marks.pop()!);
  }

  /** Undone in reverse, so that the probe sequences of older entries stay whole. */
  private forget(mark: number): void {
    while (this.count > mark) this.table[this.slots[--this.count]!] = 0;
  }

  /** Leaves with the arguments or results `values`. */
  leaveWith(op: number, values: readonly number[], c = 0): number {
    return this.body.emit(op, 0, this.body.list(values), values.length, c);
  }

  call(func: number, args: readonly number[]): number {
    return this.leaveWith(Op.call, args, func);
  }

  isConstant(id: number): boolean {
    return this.body.op[id] === Op.const;
  }

  width(id: number): number {
    return this.body.width[id]!;
  }

  // Short names for what builders of bodies write most; widths follow from the operands.
  binary(op: number, a: number, b: number): number {
    return this.pure(op, OPS[op]!.result === 'bit' ? 1 : this.width(a), a, b);
  }
  unary(op: number, a: number): number {
    return this.pure(op, this.width(a), a);
  }
  zx(a: number, width: number): number {
    return this.pure(Op.zx, width, a);
  }
  sx(a: number, width: number): number {
    return this.pure(Op.sx, width, a);
  }
  slice(a: number, at: number, width: number): number {
    return this.pure(Op.slice, width, a, at);
  }
  cat(high: number, low: number): number {
    return this.pure(Op.cat, this.width(high) + this.width(low), high, low);
  }
  select(condition: number, yes: number, no: number): number {
    return this.pure(Op.select, this.width(yes), condition, yes, no);
  }
}
