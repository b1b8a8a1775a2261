// Appends IR ops with folding and sharing, and keeps what is static apart from what happens at run time.
// In: ops with value ids. Out: a Body whose static ops come first. Must not know: the syntax tree.
import { Body, compute, OPS, Op } from '@mimic/ir';
import { fold } from './fold.js';

/**
 * A value of the body being built. Static values (fields, pc, constants and what is computed from them) count from 0;
 * the others from `DYNAMIC`, until finish() puts them in order.
 */
export type Id = number;
const DYNAMIC = 1 << 24;

/** More ops than this are branched over rather than run speculatively. */
const SPECULATE_OPS = 12;

/** Ops in order of execution, not yet placed. */
export type Chunk = Id[];

/** Builds one body. */
export class Builder {
  /** Ops that depend on fields, pc and constants only: safe to run first, whatever happens after. */
  private readonly prelude = new Body();
  /** The other ops, by id; their order is that of the chunks. */
  private readonly main = new Body();
  private readonly preludeShare = new Map<string, Id>();
  private readonly shares: Map<string, Id>[] = [new Map()];
  private chunk: Chunk = [];

  constructor(
    /** Whether params are static: they are in an instruction, not in a function. */
    private readonly staticParams: boolean,
  ) {}

  private body(id: Id): Body {
    return id >= DYNAMIC ? this.main : this.prelude;
  }
  private at(id: Id): number {
    return id >= DYNAMIC ? id - DYNAMIC : id;
  }
  private place(op: number, width: number, a: number, b: number, c: number): Id {
    const id = this.main.emit(op, width, a, b, c) + DYNAMIC;
    this.chunk.push(id);
    return id;
  }

  /** Width in bits. */
  width(id: Id): number {
    return this.body(id).width[this.at(id)]!;
  }
  isStatic(id: Id): boolean {
    return id < DYNAMIC;
  }
  op(id: Id): number {
    return this.body(id).op[this.at(id)]!;
  }
  /** Operand ids of a pure op. */
  operand(id: Id, slot: 'a' | 'b' | 'c'): number {
    return this.body(id)[slot][this.at(id)]!;
  }

  /** The value of a constant, or undefined. */
  constantOf(id: Id): bigint | undefined {
    if (id >= DYNAMIC || this.prelude.op[id] !== Op.const) return undefined;
    return this.prelude.constantValue(id);
  }

  /** The numbers that a static value may be, ascending; undefined where it depends on more than `limit` bits of fields. */
  possible(id: Id, limit: number): bigint[] | undefined {
    const { prelude } = this;
    const wanted = new Set<Id>();
    const visit = (v: Id): void => {
      if (wanted.has(v)) return;
      wanted.add(v);
      const shape = OPS[prelude.op[v]!]!.shape;
      [prelude.a[v]!, prelude.b[v]!, prelude.c[v]!].forEach((o, k) => {
        if (shape[k] === 'v') visit(o);
      });
    };
    if (!this.isStatic(id)) return undefined;
    visit(id);
    const order = [...wanted].sort((a, b) => a - b);
    const params = order.filter((v) => prelude.op[v] === Op.param);
    const width = params.reduce((n, v) => n + prelude.width[v]!, 0);
    if (width > limit || order.some((v) => prelude.op[v] === Op.pc)) return undefined;
    const out = new Set<bigint>();
    for (let n = 0n; n < 1n << BigInt(width); n++) {
      let rest = n;
      const values = new Map<Id, bigint>();
      for (const v of order) {
        const [a, b, c] = [prelude.a[v]!, prelude.b[v]!, prelude.c[v]!];
        const w = prelude.width[v]!;
        const shape = OPS[prelude.op[v]!]!.shape;
        if (prelude.op[v] === Op.const) values.set(v, prelude.constantValue(v));
        else if (prelude.op[v] === Op.param) {
          values.set(v, BigInt.asUintN(w, rest));
          rest >>= BigInt(w);
        } else {
          const at = (o: number, k: number): bigint => (shape[k] === 'v' ? values.get(o)! : BigInt(o));
          values.set(
            v,
            compute(
              prelude.op[v]!,
              w,
              shape[0] === 'v' ? prelude.width[a]! : 0,
              shape[1] === 'v' ? prelude.width[b]! : 0,
              at(a, 0),
              at(b, 1),
              at(c, 2),
            ),
          );
        }
      }
      out.add(values.get(id)!);
    }
    return [...out].sort((a, b) => (a < b ? -1 : 1));
  }

  constant(width: number, value: bigint | number): Id {
    const v = BigInt.asUintN(width, BigInt(value));
    const key = `k${width}:${v}`;
    let id = this.preludeShare.get(key);
    if (id === undefined) {
      id = this.prelude.constant(width, v);
      this.preludeShare.set(key, id);
    }
    return id;
  }

  param(index: number, width: number): Id {
    return this.leaf(Op.param, width, index, this.staticParams);
  }
  pc(width: number): Id {
    return this.leaf(Op.pc, width, 0, true);
  }
  private leaf(op: number, width: number, a: number, isStatic: boolean): Id {
    const key = `${op}:${a}`;
    if (isStatic) {
      let id = this.preludeShare.get(key);
      if (id === undefined) {
        id = this.prelude.emit(op, width, a);
        this.preludeShare.set(key, id);
      }
      return id;
    }
    const old = this.lookup(key);
    if (old !== undefined) return old;
    const id = this.place(op, width, a, 0, 0);
    // Params stand in the outermost scope only when first read there; elsewhere they are simply read again.
    this.shares.at(-1)!.set(key, id);
    return id;
  }

  private lookup(key: string): Id | undefined {
    for (let i = this.shares.length - 1; i >= 0; i--) {
      const id = this.shares[i]!.get(key);
      if (id !== undefined) return id;
    }
    return undefined;
  }

  /** A pure op. Operands that the op table marks `v` are ids, those marked `i` plain numbers. */
  pure(op: number, width: number, a = 0, b = 0, c = 0): Id {
    const shape = OPS[op]!.shape;
    const args = [a, b, c];
    const folded = fold(this, op, width, args);
    if (folded !== undefined) return folded;
    let allStatic = true;
    for (let i = 0; i < 3; i++) if (shape[i] === 'v' && !this.isStatic(args[i]!)) allStatic = false;
    const key = `${op}:${width}:${a}:${b}:${c}`;
    const old = allStatic ? this.preludeShare.get(key) : this.lookup(key);
    if (old !== undefined) return old;
    if (allStatic) {
      const id = this.prelude.emit(op, width, a, b, c);
      this.preludeShare.set(key, id);
      return id;
    }
    const id = this.place(op, width, a, b, c);
    this.shares.at(-1)!.set(key, id);
    return id;
  }

  /** Reads a cell; shared until forget(). */
  get(cell: number, width: number, index: Id): Id {
    const key = `get:${cell}:${index}`;
    const old = this.lookup(key);
    if (old !== undefined) return old;
    const id = this.place(Op.get, width, cell, index, 0);
    this.shares.at(-1)!.set(key, id);
    return id;
  }

  /** Cells were written: earlier reads no longer stand for later ones. */
  forget(): void {
    for (const s of this.shares) for (const k of [...s.keys()]) if (k.startsWith('get:')) s.delete(k);
  }

  /** An effect or control op. */
  effect(op: number, width = 0, a = 0, b = 0, c = 0): Id {
    return this.place(op, width, a, b, c);
  }
  list(values: readonly Id[]): number {
    return this.main.list(values);
  }
  variable(width: number): number {
    return this.main.variable(width);
  }

  /** Runs `f` with a chunk and a scope of its own; what it shares is not visible afterwards. */
  inChunk<T>(f: () => T): { chunk: Chunk; result: T; shared: Map<string, Id> } {
    const outer = this.chunk;
    const chunk: Chunk = [];
    this.chunk = chunk;
    this.shares.push(new Map());
    try {
      const result = f();
      return { chunk, result, shared: this.shares.at(-1)! };
    } finally {
      this.shares.pop();
      this.chunk = outer;
    }
  }

  /** Goes on with a chunk that is not placed yet. */
  continueChunk<T>(chunk: Chunk, shared: Map<string, Id>, f: () => T): T {
    const outer = this.chunk;
    this.chunk = chunk;
    this.shares.push(shared);
    try {
      return f();
    } finally {
      this.shares.pop();
      this.chunk = outer;
    }
  }

  /** Places a chunk unconditionally, with what it shares. */
  inline(chunk: Chunk, shared: Map<string, Id>): void {
    this.chunk.push(...chunk);
    for (const [k, v] of shared) this.shares.at(-1)!.set(k, v);
  }

  /** Places `if cond then [else otherwise] end`. */
  branch(cond: Id, then: Chunk, otherwise: Chunk): void {
    if (then.length === 0 && otherwise.length === 0) return;
    this.effect(Op.if, 0, cond);
    this.chunk.push(...then);
    if (otherwise.length) {
      this.effect(Op.else);
      this.chunk.push(...otherwise);
    }
    this.effect(Op.end);
  }

  /** Places `loop chunk end`. */
  loop(chunk: Chunk): void {
    this.effect(Op.loop);
    this.chunk.push(...chunk);
    this.effect(Op.end);
  }

  /** Appends an assignment of a variable to a chunk that is not placed yet. */
  appendSet(chunk: Chunk, variable: number, value: Id): void {
    chunk.push(this.main.emit(Op.vset, 0, variable, value) + DYNAMIC);
  }

  /** Whether a chunk may run although it need not: pure ops and register reads, and not many. */
  speculatable(chunk: Chunk): boolean {
    if (chunk.length > SPECULATE_OPS) return false;
    return chunk.every((id) => {
      const op = this.op(id);
      if (op === Op.udiv || op === Op.sdiv || op === Op.urem || op === Op.srem) return false;
      return OPS[op]!.kind === 'pure' || op === Op.get || op === Op.vget;
    });
  }

  /** The body: static ops first, then the rest, ids made contiguous. */
  finish(): Body {
    const out = new Body();
    const shift = this.prelude.length;
    const extraShift = this.prelude.extra.length;
    out.big.push(...this.prelude.big);
    out.vars.push(...this.main.vars);
    const order = new Map<Id, number>();
    this.chunk.forEach((id, i) => {
      order.set(id, i + shift);
    });
    const id = (v: number): number => (v >= DYNAMIC ? order.get(v)! : v);
    const copy = (from: Body, i: number, isMain: boolean): void => {
      const op = from.op[i]!;
      const shape = OPS[op]!.shape;
      const slots = [from.a[i]!, from.b[i]!, from.c[i]!];
      if (op !== Op.const)
        for (let k = 0; k < 3; k++) {
          if (shape[k] === 'v') slots[k] = id(slots[k]!);
          else if (shape[k] === '*' && isMain) slots[k]! += extraShift;
        }
      out.emit(op, from.width[i]!, slots[0], slots[1], slots[2]);
    };
    for (let i = 0; i < shift; i++) copy(this.prelude, i, false);
    for (const v of this.chunk) copy(this.main, v - DYNAMIC, true);
    out.extra.push(...this.prelude.extra, ...this.main.extra.map((v) => order.get(v) ?? v));
    return out;
  }
}
