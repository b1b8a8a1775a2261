// A body: the IR of one instruction, block or function, as parallel arrays.
// In: nothing. Out: Body, Cell, Module-level declarations. Must not know: who fills it or reads it.
import { Op } from './op.js';

/**
 * A group of `count` equal storage cells of the processor state, each `width` bits wide.
 * A cell takes 4 bytes when it has up to 32 bits, else 8 bytes for each begun 64, little-endian, zero-extended.
 */
export interface Cell {
  readonly name: string;
  readonly width: number;
  readonly count: number;
  /** Byte offset in the state block. */
  readonly offset: number;
  /** Bytes from one cell to the next. */
  readonly stride: number;
  /** No register by itself, but what others are computed from. */
  readonly hidden?: boolean;
  /** The last one reads 0 and is never set. */
  readonly zero?: boolean;
}

/** Bytes that a cell of `width` bits takes. */
export function cellStride(width: number): number {
  return width <= 32 ? 4 : 8 * Math.ceil(width / 64);
}

/** An out-of-line function: no registers, no memory, several results. */
export interface Func {
  readonly name: string;
  readonly params: readonly number[];
  readonly results: readonly number[];
  readonly body: Body;
}

/** What a body's numbers refer to. */
export interface Program {
  readonly cells: readonly Cell[];
  readonly funcs: readonly Func[];
  readonly traps: readonly { readonly name: string; readonly params: readonly number[] }[];
  readonly hosts: readonly { readonly name: string; readonly width: number }[];
  /** Width of `pc` and of addresses, 32 or 64. */
  readonly word: number;
}

/** The arrays of a body, for those who store one or make one at once. */
export interface BodyParts {
  readonly op: readonly number[];
  readonly width: readonly number[];
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly c: readonly number[];
  readonly extra: readonly number[];
  readonly big: readonly bigint[];
  readonly vars: readonly number[];
}

/** Value ids are op positions. Ops are in order of execution; control ops nest. */
export class Body {
  /** Number of ops. The arrays may be longer. */
  length = 0;
  readonly op: number[];
  /** Result width in bits, 0 for none. */
  readonly width: number[];
  readonly a: number[];
  readonly b: number[];
  readonly c: number[];
  /** Operand lists of call, return and trap. */
  readonly extra: number[] = [];
  /** Constants wider than 32 bits. */
  readonly big: bigint[] = [];
  /** Widths of the mutable variables. */
  readonly vars: number[] = [];

  /** `capacity`: ops for which there is room at first. Arrays: typed ones of this size cost V8 a `malloc` each. */
  constructor(capacity = 16) {
    this.op = new Array<number>(capacity);
    this.width = new Array<number>(capacity);
    this.a = new Array<number>(capacity);
    this.b = new Array<number>(capacity);
    this.c = new Array<number>(capacity);
  }

  static from(parts: BodyParts): Body {
    const { length } = parts.op;
    const body = new Body(length);
    for (let i = 0; i < length; i++)
      body.emit(parts.op[i]!, parts.width[i]!, parts.a[i]!, parts.b[i]!, parts.c[i]!);
    body.extra.push(...parts.extra);
    body.big.push(...parts.big);
    body.vars.push(...parts.vars);
    return body;
  }

  parts(): BodyParts {
    const { length, extra, big, vars } = this;
    const cut = (array: readonly number[]): number[] => array.slice(0, length);
    return {
      op: cut(this.op),
      width: cut(this.width),
      a: cut(this.a),
      b: cut(this.b),
      c: cut(this.c),
      extra,
      big,
      vars,
    };
  }

  /** A body of its own with the same ops. */
  copy(): Body {
    return Body.from(this.parts());
  }

  /** Whether an op with this number is there. */
  has(op: number): boolean {
    for (let i = 0; i < this.length; i++) if (this.op[i] === op) return true;
    return false;
  }

  /** Empties the body; its arrays stay, for the next one. */
  clear(): void {
    this.length = this.extra.length = this.big.length = this.vars.length = 0;
  }

  /** Appends an op and returns its value id. Nothing is checked: verify() does that. */
  emit(op: number, width: number, a = 0, b = 0, c = 0): number {
    const n = this.length;
    this.op[n] = op;
    this.width[n] = width;
    this.a[n] = a;
    this.b[n] = b;
    this.c[n] = c;
    this.length = n + 1;
    return n;
  }

  /** Appends a constant; `value` is reduced modulo 2^width. */
  constant(width: number, value: bigint | number): number {
    const v = BigInt.asUintN(width, BigInt(value));
    if (width <= 32) return this.emit(Op.const, width, Number(BigInt.asIntN(32, v)));
    this.big.push(v);
    return this.emit(Op.const, width, this.big.length - 1);
  }

  /** The value of the constant at `id`, unsigned. Only for a `const` op. */
  constantValue(id: number): bigint {
    const a = this.a[id]!;
    return this.width[id]! <= 32 ? BigInt.asUintN(32, BigInt(a)) : this.big[a]!;
  }

  /** Appends `values` to the operand lists and returns where they start. */
  list(values: readonly number[]): number {
    const at = this.extra.length;
    for (let i = 0; i < values.length; i++) this.extra.push(values[i]!);
    return at;
  }

  /** Declares a variable and returns its number. */
  variable(width: number): number {
    this.vars.push(width);
    return this.vars.length - 1;
  }
}
