// Legaliser: turns every value above 64 bits into limbs, so that emitters see 64 bits at most.
// In: bodies and a Program. Out: bodies over a split Program, in which wide cells have an extra cell for each limb.
// Must not know: WebAssembly, where state lives.
import type { Body, Cell, Func, Program } from './body.js';
import { Builder } from './builder.js';
import { type Limbs, limbWidths, resize } from './limbs.js';
import { OPS, Op } from './op.js';
import { splitPure } from './split-pure.js';
import { wideDivision } from './wide-division.js';

export interface SplitOptions {
  /** The guest's byte order: which half of a 128-bit access comes first. */
  readonly bigEndian: boolean;
}

/** A program whose functions and traps pass limbs. `funcs` grows while bodies are split: divisions are added. */
export interface SplitProgram extends Program {
  readonly funcs: Func[];
  readonly source: Program;
  readonly bigEndian: boolean;
  /** By cell number of the source: the number of the cell for its first limb, or the cell itself if narrow. */
  readonly limbCell: readonly number[];
  /** Function number of the division of a width. */
  division(width: number): number;
}

/** Cell numbers of the source stay valid. Function and trap numbers stay; their params and results become limbs. */
export function splitProgram(source: Program, options: SplitOptions): SplitProgram {
  const cells: Cell[] = [...source.cells];
  const limbCell = source.cells.map((cell, n) => {
    if (cell.width <= 64) return n;
    const first = cells.length;
    limbWidths(cell.width).forEach((width, k) => {
      cells.push({ ...cell, name: `${cell.name}.${k}`, width, offset: cell.offset + 8 * k });
    });
    return first;
  });
  const funcs: Func[] = [];
  const divisions = new Map<number, number>();
  const split: SplitProgram = {
    cells,
    funcs,
    traps: source.traps.map((t) => ({ name: t.name, params: t.params.flatMap(limbWidths) })),
    hosts: source.hosts,
    word: source.word,
    source,
    bigEndian: options.bigEndian,
    limbCell,
    division(width) {
      let n = divisions.get(width);
      if (n === undefined) divisions.set(width, (n = funcs.push(wideDivision(width)) - 1));
      return n;
    },
  };
  // Numbers first: bodies may call any function, and divisions come after all of them.
  source.funcs.forEach((f) => {
    funcs.push({
      name: f.name,
      params: f.params.flatMap(limbWidths),
      results: f.results.flatMap(limbWidths),
      body: f.body,
    });
  });
  source.funcs.forEach((f, n) => {
    funcs[n] = { ...funcs[n]!, body: splitBody(f.body, split, f.params) };
  });
  return split;
}

/** Where each item's limbs start, by item. */
function starts(widths: readonly number[]): number[] {
  let at = 0;
  return widths.map((w) => (at += limbWidths(w).length) - limbWidths(w).length);
}

/**
 * `body`, of the source program, over limbs. `params` are the widths of its params; without it all have 64 bits at
 * most and keep their numbers. Simplifies on the way.
 */
export function splitBody(body: Body, split: SplitProgram, params?: readonly number[]): Body {
  const B = new Builder();
  const limbs: Limbs[] = [];
  const varStarts = starts(body.vars);
  B.body.vars.push(...body.vars.flatMap(limbWidths));
  const paramStarts = params && starts(params);
  const many = (op: number, width: number, at: number): number[] =>
    limbWidths(width).map((w, k) => B.effect(op, w, at + k));
  const list = (i: number): number[] =>
    body.extra.slice(body.a[i]!, body.a[i]! + body.b[i]!).flatMap((v) => limbs[v]!);
  for (let i = 0; i < body.length; i++) {
    const op = body.op[i]!;
    const w = body.width[i]!;
    const a = body.a[i]!;
    const b = body.b[i]!;
    const c = body.c[i]!;
    const one = (id: number): number => limbs[id]![0]!;
    let out: Limbs = [];
    switch (op) {
      case Op.const:
        out = limbWidths(w).map((lw, k) => B.constant(lw, w <= 32 ? a : body.big[a]! >> BigInt(64 * k)));
        break;
      case Op.param: {
        const first = paramStarts ? paramStarts[a]! : a;
        out = limbWidths(w).map((lw, k) => B.shared(op, lw, first + k));
        break;
      }
      case Op.pc:
        out = [B.shared(op, w)];
        break;
      case Op.get:
        out = limbWidths(w).map((lw, k) => B.effect(op, lw, split.limbCell[a]! + k, one(b)));
        break;
      case Op.set:
        limbs[c]!.forEach((id, k) => void B.effect(op, 0, split.limbCell[a]! + k, one(b), id));
        break;
      case Op.vget:
        out = many(op, w, varStarts[a]!);
        break;
      case Op.vset:
        limbs[b]!.forEach((id, k) => void B.effect(op, 0, varStarts[a]! + k, id));
        break;
      case Op.load:
        out = w <= 64 ? [B.effect(op, w, one(a))] : wideLoad(B, split, one(a), w);
        break;
      case Op.store:
        if (limbs[b]!.length === 1) B.effect(op, 0, one(a), one(b));
        else wideStore(B, split, one(a), limbs[b]!);
        break;
      case Op.host:
        out = [B.effect(op, w, a)];
        break;
      case Op.call:
        out = [B.call(c, list(i))];
        break;
      case Op.result: {
        const first = starts(split.source.funcs[body.c[a]!]!.results)[b]!;
        out = limbWidths(w).map((lw, k) => B.shared(op, lw, one(a), first + k));
        break;
      }
      case Op.if:
        B.if(one(a));
        break;
      case Op.else:
        B.else();
        break;
      case Op.loop:
        B.loop();
        break;
      case Op.end:
        B.end();
        break;
      case Op.break:
        B.effect(op, 0, a);
        break;
      case Op.leave:
        B.effect(op, 0);
        break;
      case Op.jump:
        B.effect(op, 0, one(a), b);
        break;
      case Op.return:
      case Op.trap:
        B.leaveWith(op, list(i), c);
        break;
      default: {
        const shape = OPS[op]!.shape;
        const y = shape[1] === 'v' ? limbs[b]! : [];
        const z = shape[2] === 'v' ? limbs[c]! : [];
        const wide = w > 64 || limbs[a]!.length > 1 || y.length > 1;
        if (!wide) out = [B.pure(op, w, one(a), shape[1] === 'v' ? y[0]! : b, shape[2] === 'v' ? z[0]! : 0)];
        else out = splitPure(B, split, op, w, limbs[a]!, y, z, b);
      }
    }
    limbs[i] = out;
  }
  return B.body;
}

/** Address of the limb `k` bytes further. */
function displaced(B: Builder, address: number, bytes: number): number {
  return B.binary(Op.add, address, B.constant(B.width(address), bytes));
}

/** Two accesses, the lower address first, so that the first inaccessible byte is the one reported. */
function wideLoad(B: Builder, split: SplitProgram, address: number, width: number): number[] {
  const first = B.effect(Op.load, 64, address);
  const second = B.effect(Op.load, width - 64, displaced(B, address, 8));
  return split.bigEndian ? [second, first] : [first, second];
}

/** A fault on the second half leaves the first half stored; a repeated instruction stores it again. */
function wideStore(B: Builder, split: SplitProgram, address: number, value: Limbs): void {
  const [low, high] = resize(B, value, 128);
  B.effect(Op.store, 0, address, split.bigEndian ? high! : low!);
  B.effect(Op.store, 0, displaced(B, address, 8), split.bigEndian ? low! : high!);
}
