// Lays out a variant's operands in its record and rewrites its body to read them from there.
// In: a variant's body. Out: a body whose params are record operands, and how decode computes each.
// Must not know: WebAssembly.
import { type Body, Builder, Op, operands, type Program, print, removeDead } from '@mimic/ir';
import { type EngineLayout, LENGTH_AT, RECORD_SIZE } from './layout.js';
import { copyOp, NEAR, staticValues } from './specialize.js';

/** An operand in a record. `value` is a value id of the variant's body, for decode to compute. */
export interface Operand {
  /** What is stored: the value itself, the byte offset of a cell in the state block, the distance to a near target. */
  readonly kind: 'value' | 'cell' | 'near';
  readonly value: number;
  /** Of kind `cell`: the cell, and the bits by which the value is shifted left to make its index. */
  readonly cell: number;
  readonly scale: number;
  /** Width of the param that stands for it. */
  readonly width: number;
  /** Bytes that it takes. */
  readonly size: number;
  /** Byte offset in the record. */
  readonly at: number;
}

/** A variant as the interpreter runs it. */
export interface Handler {
  /** Over record operands, or in raw form over the fields of the instruction. */
  readonly body: Body;
  readonly operands: readonly Operand[];
  /** Operands did not fit: the record holds the instruction word, and the handler takes it apart. */
  readonly raw: boolean;
  /** Handlers with equal keys are the same code. */
  readonly key: string;
}

/** In a handler's body, cell `c + n * DISPLACED` is n cells after the one that the operand names. */
export const DISPLACED = 1 << 16;

/** Offset of the instruction word in a raw record. */
export const RAW_WORD = 4;
/** Offset of the context, 16 bits, in a raw record. */
export const RAW_CONTEXT = 2;

/**
 * Makes the handler of a variant of instruction number `insn`, whose length is 0 where it varies. `program` is split: no
 * value above 64 bits.
 */
export function makeHandler(
  body: Body,
  program: Program,
  insn: number,
  length: number,
  layout: EngineLayout,
): Handler {
  // Both ways across the records of a page.
  const near = 4096 << layout.shift > 0x8000 ? 32 : 16;
  for (const narrow of [false, true]) {
    const attempt = new Extraction(body, program, narrow, near).run();
    const placed = place(attempt.operands, length === 0 ? LENGTH_AT + 1 : LENGTH_AT);
    if (placed) {
      const key = `${print(attempt.body)}|${placed.map((o) => `${o.kind}${o.width}:${o.size}@${o.at}`)}`;
      return { body: attempt.body, operands: placed, raw: false, key };
    }
  }
  return { body: stripNear(body), operands: [], raw: true, key: `raw ${insn}|${print(body)}` };
}

/** Assigns offsets, largest first, behind the handler number and the length; undefined when they do not fit. */
function place(list: readonly Omit<Operand, 'at'>[], from: number): Operand[] | undefined {
  const used = new Uint8Array(RECORD_SIZE);
  used.fill(1, 0, from);
  const out: Operand[] = new Array<Operand>(list.length);
  const order = list.map((_, k) => k).sort((x, y) => list[y]!.size - list[x]!.size);
  for (const k of order) {
    const { size } = list[k]!;
    let at = 0;
    while (at < RECORD_SIZE && used.subarray(at, at + size).includes(1)) at += size;
    if (at >= RECORD_SIZE) return undefined;
    used.fill(1, at, at + size);
    out[k] = { ...list[k]!, at };
  }
  return out;
}

function sizeOf(width: number): number {
  return width <= 8 ? 1 : width <= 16 ? 2 : width <= 32 ? 4 : 8;
}

class Extraction {
  readonly operands: Omit<Operand, 'at'>[] = [];
  private readonly B = new Builder();
  private readonly map: Int32Array;
  private readonly known: Uint8Array;
  private readonly byKey = new Map<string, number>();

  constructor(
    private readonly from: Body,
    private readonly program: Program,
    /** Store extended values before their extension. */
    private readonly narrow: boolean,
    /** Bits of the distance to a near target. */
    private readonly near: number,
  ) {
    this.map = new Int32Array(from.length).fill(-1);
    this.known = staticValues(from);
    this.B.body.vars.push(...from.vars);
  }

  run(): { body: Body; operands: Omit<Operand, 'at'>[] } {
    const { from, B, map, known } = this;
    for (let i = 0; i < from.length; i++) {
      const op = from.op[i]!;
      if (known[i]) continue;
      const index = from.b[i]!;
      if ((op === Op.get || op === Op.set) && known[index] && from.op[index] !== Op.const) {
        const { k, cell } = this.cell(from.a[i]!, index);
        if (op === Op.get) map[i] = B.effect(op, from.width[i]!, cell, k);
        else B.effect(op, 0, cell, k, this.value(from.c[i]!));
      } else if (op === Op.jump && index & NEAR) {
        B.effect(op, 0, this.operand('near', from.a[i]!, 0, this.near), index);
      } else map[i] = copyOp(B, from, i, (v) => this.value(v));
    }
    return { body: removeDead(B.body), operands: this.operands };
  }

  /** The new id of value `v`, as an operand of the record when it is static. */
  private value(v: number): number {
    const { from, B, known, map } = this;
    if (!known[v]) return map[v]!;
    const op = from.op[v]!;
    const w = from.width[v]!;
    if (op === Op.const) return w <= 32 ? B.constant(w, from.a[v]!) : B.constant(w, from.constantValue(v));
    const inner = from.a[v]!;
    if ((op === Op.zx || op === Op.sx) && (this.narrow || w > 32) && sizeOf(from.width[inner]!) < sizeOf(w)) {
      return B.pure(op, w, this.value(inner));
    }
    return this.operand('value', v, 0, w);
  }

  /** The operand for a static index, and the cell with its displacement: neighbours share one operand. */
  private cell(cell: number, index: number): { k: number; cell: number } {
    const { from } = this;
    const [base, low] = [from.a[index]!, from.b[index]!];
    const n = from.op[low] === Op.const ? Number(from.constantValue(low)) : Infinity;
    if (n < this.program.cells[cell]!.count) {
      if (from.op[index] === Op.cat)
        return { k: this.operand('cell', base, cell, 16, from.width[low]!), cell: cell + n * DISPLACED };
      if (from.op[index] === Op.add && largest(from, base) + n < 2 ** from.width[index]!) {
        return { k: this.operand('cell', base, cell, 16), cell: cell + n * DISPLACED };
      }
    }
    return { k: this.operand('cell', index, cell, 16), cell };
  }

  private operand(kind: Operand['kind'], value: number, cell: number, width: number, scale = 0): number {
    const key = `${kind} ${value} ${cell} ${scale}`;
    let k = this.byKey.get(key);
    if (k === undefined) {
      let size = sizeOf(width);
      if (kind === 'cell') {
        const c = this.program.cells[cell]!;
        if (c.offset + c.count * c.stride > 0xffff) size = 4;
      }
      k =
        this.operands.push({ kind, value, cell, scale, width: kind === 'cell' ? 8 * size : width, size }) - 1;
      this.byKey.set(key, k);
    }
    return this.B.shared(Op.param, this.operands[k]!.width, k);
  }
}

/** An upper bound of static value `id`. */
function largest(body: Body, id: number): number {
  const all = 2 ** body.width[id]! - 1;
  const [a, b] = [body.a[id]!, body.b[id]!];
  switch (body.op[id]) {
    case Op.const:
      return Number(body.constantValue(id));
    case Op.zx:
      return largest(body, a);
    case Op.add:
      return Math.min(all, largest(body, a) + largest(body, b));
    case Op.shl: {
      // Bits shifted out would make it smaller than this.
      const most = largest(body, a) * 2 ** largest(body, b);
      return Math.min(all, most);
    }
    default:
      return all;
  }
}

/** Raw handlers compute their targets: no near jumps. */
function stripNear(body: Body): Body {
  for (let i = 0; i < body.length; i++) if (body.op[i] === Op.jump) body.b[i]! &= ~NEAR;
  return body;
}

/** Appends to `B` the value that decode stores for `operand` of a variant with body `body`. */
export function operandValue(
  B: Builder,
  operand: Operand,
  program: Program,
  imported: (v: number) => number,
  shift: number,
): number {
  const v = imported(operand.value);
  const fit = (id: number, width: number): number =>
    B.width(id) >= width ? B.slice(id, 0, width) : B.zx(id, width);
  if (operand.kind === 'cell') {
    const { offset, stride } = program.cells[operand.cell]!;
    const scaled = B.binary(Op.mul, fit(v, 32), B.constant(32, stride << operand.scale));
    return fit(B.binary(Op.add, scaled, B.constant(32, offset)), 8 * operand.size);
  }
  if (operand.kind === 'near') {
    const distance = B.binary(Op.sub, v, B.shared(Op.pc, B.width(v)));
    return fit(B.pure(Op.shl, B.width(v), distance, B.constant(16, shift)), operand.width);
  }
  return fit(v, 8 * operand.size);
}

/** Copies static value `v` of `body` into `B`, memoised by the builder's sharing. */
export function importStatic(B: Builder, body: Body, v: number): number {
  const done = new Map<number, number>();
  const go = (id: number): number => {
    let to = done.get(id);
    if (to === undefined) {
      for (const o of operands(body, id)) go(o);
      to = copyOp(B, body, id, go);
      done.set(id, to);
    }
    return to;
  };
  return go(v);
}
