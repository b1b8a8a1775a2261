// Encodings -> mask, value and fields of the instruction word.
// In: the boxes of an instruction, forms, names. Out: Encoded. Must not know: semantics.

import type { FieldType, Names } from './lower/names.js';
import type { EncodedField } from './model.js';
import type * as ast from './syntax/ast.js';
import { type Span, SpecError } from './syntax/source.js';

export interface Encoded {
  /** Bits in the word: 16 or 32. Of an instruction of bytes: those of the key. */
  readonly width: number;
  /** Of an instruction of bytes: how many of immediates follow. */
  readonly immediates?: number;
  readonly mask: number;
  readonly value: number;
  readonly fields: readonly (EncodedField & { readonly type: FieldType })[];
}

/** Numbers that stand for names in an encoding: parameters of a form, values of a family. */
export type Bindings = ReadonlyMap<string, bigint>;

interface Run {
  readonly width: number;
  /** Fixed bits as text of 0, 1 and -; or a piece of a field. */
  readonly bits?: string;
  readonly field?: string;
  /** Lowest bit of the piece in the field. */
  readonly lo?: number;
  readonly span: Span;
}

/** `leftmost`: the first of two 16-bit units stands left in the encoding. In the word it is the low half. */
export function encode(
  names: Names,
  encoding: ast.Encoding,
  bindings: Bindings,
  span: Span,
  leftmost = false,
): Encoded {
  const runs: Run[] = [];
  const widths = new Map<string, { width: number; type: FieldType }>();
  collect(names, encoding, bindings, runs, widths, 0);
  const width = runs.reduce((n, r) => n + r.width, 0);
  if (width !== 32 && width !== 16)
    throw new SpecError('encoding', `the encoding has ${width} bits; an instruction has 16 or 32`, span);
  let mask = 0n;
  let value = 0n;
  const pieces = new Map<string, { lo: number; at: number; width: number }[]>();
  let at = width;
  for (const r of runs) {
    at -= r.width;
    if (r.bits !== undefined) {
      for (let i = 0; i < r.width; i++) {
        const c = r.bits[i];
        const bit = 1n << BigInt(at + r.width - 1 - i);
        if (c !== '-') mask |= bit;
        if (c === '1') value |= bit;
      }
      continue;
    }
    const list = pieces.get(r.field!) ?? [];
    if (list.some((p) => p.lo < r.lo! + r.width && r.lo! < p.lo + p.width))
      throw new SpecError('encoding', `${r.field} stands twice in the encoding`, r.span);
    list.push({ lo: r.lo!, at, width: r.width });
    pieces.set(r.field!, list);
  }
  const fields = [...pieces].map(([name, list]) => {
    const { width: w, type } = widths.get(name)!;
    list.sort((a, b) => b.lo - a.lo);
    const sum = list.reduce((n, p) => n + p.width, 0);
    if (sum !== w)
      throw new SpecError('encoding', `the pieces of ${name} have ${sum} of its ${w} bits`, span);
    return { name, width: w, type, pieces: list.map((p) => ({ at: p.at, width: p.width })) };
  });
  if (!leftmost || width === 16) return { width, mask: Number(mask), value: Number(value), fields };
  return {
    width,
    mask: swapUnits(Number(mask)),
    value: swapUnits(Number(value)),
    fields: fields.map((f) => ({ ...f, pieces: f.pieces.flatMap(swappedPieces) })),
  };
}

/** A word of two 16-bit units with its halves exchanged. */
export function swapUnits(word: number): number {
  return ((word >>> 16) | (word << 16)) >>> 0;
}

function swappedPieces(p: EncodedField['pieces'][number]): EncodedField['pieces'] {
  if (p.at >= 16) return [{ at: p.at - 16, width: p.width }];
  if (p.at + p.width <= 16) return [{ at: p.at + 16, width: p.width }];
  return [
    { at: 0, width: p.at + p.width - 16 },
    { at: p.at + 16, width: 16 - p.at },
  ];
}

function collect(
  names: Names,
  encoding: ast.Encoding,
  bindings: Bindings,
  runs: Run[],
  widths: Map<string, { width: number; type: FieldType }>,
  depth: number,
): void {
  for (const part of encoding) {
    if (part.t !== 'form' && part.t !== 'box')
      throw new SpecError('encoding', 'only instructions of bytes are written so', part.span);
    if (part.t === 'form') {
      const def = names.defs.get(part.name);
      if (def?.kind !== 'form')
        throw new SpecError('unknown-name', `there is no form ${part.name}`, part.span);
      if (def.item.params.length !== part.args.length)
        throw new SpecError(
          'arguments',
          `form ${part.name} takes ${def.item.params.length} arguments, here are ${part.args.length}`,
          part.span,
        );
      if (depth > 8) throw new SpecError('recursion', `form ${part.name} contains itself`, part.span);
      const inner = new Map(bindings);
      def.item.params.forEach((p, i) => {
        inner.set(p.name, constant(part.args[i]!, bindings));
      });
      collect(names, def.item.encoding, inner, runs, widths, depth + 1);
      continue;
    }
    for (const cell of part.cells) cellRuns(names, cell, bindings, runs, widths);
  }
}

/** A number in an encoding. */
export function constant(e: ast.Expr, bindings: Bindings): bigint {
  if (e.t === 'num') return e.value;
  if (e.t === 'name' && bindings.has(e.name)) return bindings.get(e.name)!;
  if (e.t === 'binary') {
    const a = constant(e.left, bindings);
    const b = constant(e.right, bindings);
    if (e.op === '+') return a + b;
    if (e.op === '-') return a - b;
    if (e.op === '*') return a * b;
    if (e.op === '|') return a | b;
  }
  throw new SpecError('constant', 'an encoding takes numbers here', e.span);
}

/** Bits of one cell at most: more than any instruction has. */
const MOST_BITS = 128;

function fixed(value: bigint, width: number, span: Span): Run {
  if (width > MOST_BITS)
    throw new SpecError('encoding', `${width} bits: a cell has ${MOST_BITS} at most`, span);
  if (value < 0n || value >> BigInt(width))
    throw new SpecError('width', `${value} does not fit in ${width} bits`, span);
  return { width, bits: value.toString(2).padStart(width, '0'), span };
}

function cellRuns(
  names: Names,
  cell: ast.Cell,
  bindings: Bindings,
  runs: Run[],
  widths: Map<string, { width: number; type: FieldType }>,
): void {
  const field = (name: string, width?: number): { width: number; type: FieldType } => {
    const old = widths.get(name);
    if (old) return old;
    const def = names.defs.get(name);
    let found: { width: number; type: FieldType };
    if (def?.kind === 'field') found = names.resolveField(def.type, cell.span);
    else if (width !== undefined) found = { width, type: { t: 'plain', width } };
    else
      throw new SpecError('unknown-name', `${name} is not a field`, cell.span, [
        `declare it: field ${name} : WIDTH, or write ${name}:WIDTH here`,
      ]);
    if (width !== undefined && found.width !== width)
      throw new SpecError('width', `${name} has ${found.width} bits, here ${width}`, cell.span);
    widths.set(name, found);
    return found;
  };
  switch (cell.t) {
    case 'fixed':
      runs.push(fixed(cell.value, cell.width, cell.span));
      return;
    case 'bits':
      runs.push({ width: cell.bits.length, bits: cell.bits, span: cell.span });
      return;
    case 'equals':
      runs.push(fixed(cell.value, cell.width, cell.span));
      return;
    case 'field': {
      const bound = bindings.get(cell.name);
      if (bound !== undefined) {
        const width = cell.width ?? field(cell.name).width;
        runs.push(fixed(bound, width, cell.span));
        return;
      }
      const { width } = field(cell.name, cell.width);
      runs.push({ width, field: cell.name, lo: 0, span: cell.span });
      return;
    }
    case 'piece': {
      const def = names.defs.get(cell.name);
      if (def?.kind !== 'field')
        throw new SpecError(
          'unknown-name',
          `${cell.name} is not a declared field, and pieces do not tell its width`,
          cell.span,
          [`declare it: field ${cell.name} : WIDTH`],
        );
      const { width } = field(cell.name);
      const lo =
        names.bits === 'msb0' ? width - 1 - Math.max(cell.first, cell.last) : Math.min(cell.first, cell.last);
      const w = Math.abs(cell.first - cell.last) + 1;
      if (lo < 0 || lo + w > width) throw new SpecError('range', `${cell.name} has ${width} bits`, cell.span);
      runs.push({ width: w, field: cell.name, lo, span: cell.span });
    }
  }
}
