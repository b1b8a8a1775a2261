// Appends ops to a body; pure ops are folded, reduced and shared on the way in.
// In: op numbers and value ids. Out: value ids, of an older op where one has the same value. Regions are scopes.
// Must not know: what the body is for.
import { reduce } from './algebra.js';
import { Body } from './body.js';
import { OPS, Op } from './op.js';

export class Builder {
  readonly body = new Body();
  /** Open-addressed table of pure ops by hash: id + 1, 0 for free. */
  private table = new Int32Array(256);
  private used = 0;
  /** Table positions in order of insertion, to undo at the end of a region; marks are lengths of it. */
  private readonly log: number[] = [];
  private readonly marks: number[] = [];

  /** Appends pure op `op` or finds an equal value. Operands must be visible here. */
  pure(op: number, width: number, a = 0, b = 0, c = 0): number {
    const known = reduce(this, op, width, a, b, c);
    return known >= 0 ? known : this.shared(op, width, a, b, c);
  }

  /** The id of an identical op that is visible here, else a new one. Does not fold. */
  shared(op: number, width: number, a = 0, b = 0, c = 0): number {
    const { body } = this;
    let h =
      Math.imul(op, 0x9e3779b1) ^
      Math.imul(width, 0x85ebca6b) ^
      Math.imul(a, 0xc2b2ae35) ^
      Math.imul(b, 0x27d4eb2f) ^
      Math.imul(c, 0x165667b1);
    h ^= h >>> 15;
    const mask = this.table.length - 1;
    let at = h & mask;
    for (let id: number; (id = this.table[at]! - 1) >= 0; at = (at + 1) & mask) {
      if (
        body.op[id] === op &&
        body.width[id] === width &&
        body.a[id] === a &&
        body.b[id] === b &&
        body.c[id] === c
      )
        return id;
    }
    const id = body.emit(op, width, a, b, c);
    this.insert(at, id);
    return id;
  }

  private insert(at: number, id: number): void {
    this.table[at] = id + 1;
    this.log.push(at);
    if (++this.used * 2 > this.table.length) this.grow();
  }

  private grow(): void {
    const ids = this.log.map((at) => this.table[at]! - 1);
    this.table = new Int32Array(this.table.length * 2);
    const { body } = this;
    const mask = this.table.length - 1;
    ids.forEach((id, k) => {
      let h =
        Math.imul(body.op[id]!, 0x9e3779b1) ^
        Math.imul(body.width[id]!, 0x85ebca6b) ^
        Math.imul(body.a[id]!, 0xc2b2ae35) ^
        Math.imul(body.b[id]!, 0x27d4eb2f) ^
        Math.imul(body.c[id]!, 0x165667b1);
      h ^= h >>> 15;
      let at = h & mask;
      while (this.table[at]) at = (at + 1) & mask;
      this.table[at] = id + 1;
      this.log[k] = at;
    });
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
    this.marks.push(this.log.length);
  }

  private leave(): void {
    const mark = this.marks.pop()!;
    // Undone in reverse, so that the probe sequences of older entries stay whole.
    while (this.log.length > mark) {
      this.table[this.log.pop()!] = 0;
      this.used--;
    }
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
