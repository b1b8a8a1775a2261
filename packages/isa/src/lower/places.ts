// The places of the language: cells, joined parts, slices, memory, operands chosen by rows.
// In: builder, state. Out: Place objects. Must not know: the syntax tree.
import { Op } from '@mimic/ir';
import type { Builder, Id } from './builder.js';
import type { Part, RegDef } from './names.js';
import type { Slot, State } from './state.js';
import type { Place, Value } from './values.js';

export interface Site {
  readonly b: Builder;
  readonly state: State;
  /** `msb0`: the spec counts bits from the left. */
  readonly msb0: boolean;
}

export function extract(b: Builder, id: Id, lo: number, width: number): Id {
  return b.pure(Op.slice, width, id, lo);
}

/** `id` with bits [lo, lo + w) replaced by `value`. */
export function insert(b: Builder, id: Id, lo: number, value: Id): Id {
  const width = b.width(id);
  const w = b.width(value);
  let out = value;
  if (lo > 0) out = b.pure(Op.cat, lo + w, out, extract(b, id, 0, lo));
  if (lo + w < width) out = b.pure(Op.cat, width, extract(b, id, lo + w, width - lo - w), out);
  return out;
}

export function cellSlot(cell: number, index: Id, width: number): Slot {
  return { key: `cell${cell}:${index}`, width, cell: { number: cell, index } };
}

/** Bits of one cell. */
export function cellPlace(
  s: Site,
  cell: number,
  index: Id,
  full: number,
  lo = 0,
  width = full,
  parts: readonly Part[] = [],
): Place {
  const slot = cellSlot(cell, index, full);
  return {
    width,
    read: (late) => extract(s.b, late ? s.state.readLate(slot) : s.state.readEntry(slot), lo, width),
    write: (v) => s.state.write(slot, width === full ? v : insert(s.b, s.state.readLate(slot), lo, v)),
    slice: (l, w) => cellPlace(s, cell, index, full, lo + l, w),
    part: (name) => partOf(s, parts, name, (l, w, sub) => cellPlace(s, cell, index, full, lo + l, w, sub)),
  };
}

/** A variable of the language. */
export function variablePlace(s: Site, slot: Slot): Place {
  return slicedPlace(s, {
    width: slot.width,
    read: () => s.state.readVariable(slot),
    write: (v) => s.state.write(slot, v),
  });
}

/** Gives a place that can be read and written whole its slices. */
export function slicedPlace(s: Site, whole: Omit<Place, 'slice'>, lo = 0, width = whole.width): Place {
  const full = whole.width === width;
  return {
    ...whole,
    width,
    read: (late) => extract(s.b, whole.read(late), lo, width),
    ...(whole.write
      ? { write: (v: Id) => whole.write!(full ? v : insert(s.b, whole.read(true), lo, v)) }
      : {}),
    slice: (l, w) => slicedPlace(s, whole, lo + l, w),
  };
}

/** `whole`, with parts by name. */
export function computedPlace(s: Site, whole: Omit<Place, 'slice'>, parts: readonly Part[]): Place {
  const at = (lo: number, width: number, of: readonly Part[]): Place => ({
    ...slicedPlace(s, whole, lo, width),
    part: (name) => partOf(s, of, name, (l, w, sub) => at(lo + l, w, sub)),
  });
  return at(0, whole.width, parts);
}

/** Places side by side, the most significant first. A gap is a width: reads as zeros, loses what is written. */
export function joinedPlace(s: Site, pieces: readonly (Place | number)[], extra: Partial<Place> = {}): Place {
  const widthOf = (p: Place | number): number => (typeof p === 'number' ? p : p.width);
  const width = pieces.reduce<number>((n, p) => n + widthOf(p), 0);
  return {
    width,
    read(late) {
      let out: Id | undefined;
      let w = 0;
      for (const p of pieces) {
        const v = typeof p === 'number' ? s.b.constant(p, 0) : p.read(late);
        w += widthOf(p);
        out = out === undefined ? v : s.b.pure(Op.cat, w, out, v);
      }
      return out!;
    },
    write(v) {
      let hi = width;
      for (const p of pieces) {
        hi -= widthOf(p);
        if (typeof p !== 'number') p.write!(extract(s.b, v, hi, p.width));
      }
    },
    slice(lo, w) {
      const out: (Place | number)[] = [];
      let hi = width;
      for (const p of pieces) {
        hi -= widthOf(p);
        const from = Math.max(lo, hi);
        const to = Math.min(lo + w, hi + widthOf(p));
        if (to <= from) continue;
        out.push(typeof p === 'number' ? to - from : p.slice(from - hi, to - from));
      }
      return out.length === 1 && typeof out[0] !== 'number' ? (out[0] as Place) : joinedPlace(s, out);
    },
    ...extra,
  };
}

/** A named part of a place. Repeated parts come as an array of places. */
function partOf(
  s: Site,
  parts: readonly Part[],
  name: string,
  make: (lo: number, width: number, parts: readonly Part[]) => Place,
): Value | undefined {
  const p = parts.find((x) => x.name === name);
  if (!p) return undefined;
  if (p.count === 1) return { k: 'place', place: make(p.lo, p.width, p.parts) };
  // Repetitions go on in the direction in which the spec counts.
  const lo = (i: number): number => (s.msb0 ? p.lo - i * p.width : p.lo + i * p.width);
  return {
    k: 'array',
    count: p.count,
    at: (index) => {
      const i = index.k === 'int' ? Number(index.value) : Number.NaN;
      return Number.isInteger(i) && i >= 0 && i < p.count
        ? { k: 'place', place: make(lo(i), p.width, p.parts) }
        : { k: 'none' };
    },
  };
}

/** A split register: its parts joined, its gaps zero. */
export function splitPlace(s: Site, def: RegDef): Place {
  const zero = s.b.constant(32, 0);
  // Of a leaf, at an index that may depend on a field.
  const leaf = (cell: number, index: Id, width: number): Place => cellPlace(s, cell, index, width);

  const group = (parts: readonly Part[], width: number, offset: Id, own: Partial<Place>): Place => {
    const pieces: { lo: number; place: Place }[] = [];
    for (const p of parts)
      for (let i = 0; i < p.count; i++) {
        const lo = s.msb0 ? p.lo - i * p.width : p.lo + i * p.width;
        pieces.push({ lo, place: one(p, s.b.constant(32, i), offset) });
      }
    pieces.sort((a, b) => b.lo - a.lo);
    const out: (Place | number)[] = [];
    let hi = width;
    for (const { lo, place } of pieces) {
      if (lo + place.width < hi) out.push(hi - lo - place.width);
      out.push(place);
      hi = lo;
    }
    if (hi > 0) out.push(hi);
    return joinedPlace(s, out, own);
  };
  const scaled = (i: Id, by: number, offset: Id): Id =>
    s.b.pure(Op.add, 32, offset, s.b.pure(Op.mul, 32, i, s.b.constant(32, by)));
  /** Repetition i of part p, whose enclosing group starts `offset` cells on. */
  const one = (p: Part, i: Id, offset: Id): Place => {
    const at = scaled(i, p.width, offset);
    if (p.parts.length) return group(p.parts, p.width, at, { part: (n) => named(p.parts, n, at) });
    const cell = p.cell!;
    if (def.bitCells === undefined)
      return leaf(cell, s.b.pure(Op.add, 32, s.b.constant(32, p.first!), i), p.width);
    return leaf(cell, s.b.pure(Op.add, 32, s.b.constant(32, p.first!), at), 1);
  };
  const named = (parts: readonly Part[], name: string, offset: Id): Value | undefined => {
    const p = parts.find((x) => x.name === name);
    if (!p) return undefined;
    if (p.count === 1) return { k: 'place', place: one(p, zero, offset) };
    return {
      k: 'array',
      count: p.count,
      at: (index) => ({ k: 'place', place: one(p, index32(s, index), offset) }),
    };
  };
  return group(def.parts, def.width, zero, {
    part: (n) => named(def.parts, n, zero),
    ...(def.bitCells !== undefined ? { at: (i: Value) => leaf(def.bitCells!, index32(s, i), 1) } : {}),
  });
}

/** An index as 32 bits; NaN-free: the checker has seen that it is static. */
export function index32(s: Site, v: Value): Id {
  if (v.k === 'int') return s.b.constant(32, v.value);
  if (v.k === 'bits') {
    const w = s.b.width(v.id);
    return w < 32 ? s.b.pure(Op.zx, 32, v.id) : w === 32 ? v.id : extract(s.b, v.id, 0, 32);
  }
  return s.b.constant(32, 0);
}

/** A whole register. */
export function registerPlace(s: Site, def: RegDef): Place {
  if (def.cell !== undefined)
    return cellPlace(s, def.cell, s.b.constant(32, 0), def.width, 0, def.width, def.parts);
  return splitPlace(s, def);
}

/** Guest memory at an address. */
export function memoryPlace(s: Site, address: Id, width: number): Place {
  return slicedPlace(s, {
    width,
    read: () => s.b.effect(Op.load, width, address),
    write: (v) => {
      s.b.effect(Op.store, 0, address, v);
    },
  });
}

/** One of several places by condition; the last row has none. */
export function chosenPlace(
  s: Site,
  rows: readonly { readonly when?: Id; readonly place: Place }[],
  extra: Partial<Place> = {},
): Place {
  const width = rows[0]!.place.width;
  const read = (i: number, late: boolean): Id => {
    const r = rows[i]!;
    if (r.when === undefined || i === rows.length - 1) return r.place.read(late);
    return s.state.branch(
      r.when,
      () => [r.place.read(late)],
      () => [read(i + 1, late)],
    )[0]!;
  };
  const write = (i: number, v: Id): void => {
    const r = rows[i]!;
    if (r.when === undefined || i === rows.length - 1) return r.place.write?.(v);
    s.state.either(
      r.when,
      () => r.place.write?.(v),
      () => write(i + 1, v),
    );
  };
  return {
    ...slicedPlace(s, { width, read: (late) => read(0, late), write: (v) => write(0, v) }),
    ...extra,
  };
}

/** A value that cannot be written; writes vanish. */
export function constantPlace(s: Site, id: () => Id, width: number): Place {
  return slicedPlace(s, { width, read: id, write: () => {} });
}
