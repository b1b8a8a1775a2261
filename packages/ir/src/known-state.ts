// What cells and variables are known to hold at a point of a body that is being built.
// In: reads and writes, the arms around them. Out: value ids; the ops that read and write. Must not know: the old body.
import type { Program } from './body.js';
import type { Builder } from './builder.js';
import { Op } from './op.js';

/** Nobody knows; of a variable: still zero, as at entry. */
const UNKNOWN = -1;
const ZERO = -2;
/** Of an arm that does not go on. */
const NEVER = -3;

/** Where the cells of a program have their places, and which of them share storage. */
interface CellPlaces {
  readonly start: readonly number[];
  readonly size: readonly number[];
  /** Of each: the index of the one that reads 0, or -1. */
  readonly zero: readonly number[];
  readonly aliases: readonly (readonly number[])[];
  readonly count: number;
}

const placesOf = new WeakMap<Program['cells'], CellPlaces>();

function cellPlaces({ cells }: Program): CellPlaces {
  let places = placesOf.get(cells);
  if (!places) {
    let count = 0;
    const start = cells.map((c) => (count += c.count) - c.count);
    const aliases = cells.map((x, a) =>
      cells.flatMap((y, b) =>
        a !== b && x.offset < y.offset + y.count * y.stride && y.offset < x.offset + x.count * x.stride
          ? [b]
          : [],
      ),
    );
    const size = cells.map((c) => c.count);
    const zero = cells.map((c) => (c.zero ? c.count - 1 : -1));
    placesOf.set(cells, (places = { start, size, zero, aliases, count }));
  }
  return places;
}

/** A cell at an index that is not constant: `value` at `index`, both value ids. */
interface Computed {
  readonly cell: number;
  readonly index: number;
  readonly value: number;
}

/** A place is a cell at a constant index, or behind those a variable. */
export class KnownState {
  private readonly cells: CellPlaces;
  /** By place: a value id, UNKNOWN or ZERO. */
  private readonly state: number[];
  /** What was changed, for `leave`: place, what it held, whether it was written. `top` words of it count. */
  private readonly log: number[] = [];
  private top = 0;
  /** Lengths of the log at the starts of the open arms. */
  private readonly marks: number[] = [];
  /** Never changed, only replaced. */
  private computed: readonly Computed[] = [];
  private readonly outerComputed: (readonly Computed[])[] = [];
  /** Cells that were set in the open arms, those of the innermost last; and how many at the start of each. */
  private readonly cellsSet: number[] = [];
  private readonly cellsMarks: number[] = [];
  /** Widths of the variables; the number of the first in the new body. */
  private vars: ArrayLike<number> = [];
  private base = 0;

  constructor(
    program: Program,
    private readonly B: Builder,
    /** Whether to know anything at all. */
    private readonly forward: boolean,
  ) {
    this.cells = cellPlaces(program);
    this.state = new Array<number>(this.cells.count).fill(UNKNOWN);
  }

  /** Forgets everything. */
  clear(): void {
    this.marks.length = 0;
    this.undo(0);
    this.computed = [];
    this.outerComputed.length = 0;
    this.cellsSet.length = this.cellsMarks.length = 0;
  }

  /** From here on variables are these, all zero. */
  begin(vars: ArrayLike<number>): void {
    const { state, cells } = this;
    const { body } = this.B;
    this.vars = vars;
    this.base = body.vars.length;
    for (let n = 0; n < vars.length; n++) {
      body.vars.push(vars[n]!);
      state[cells.count + n] = ZERO;
    }
  }

  private write(place: number, value: number, written: 0 | 1): void {
    const { log, state, top } = this;
    log[top] = place;
    log[top + 1] = state[place]!;
    log[top + 2] = written;
    this.top = top + 3;
    state[place] = value;
  }

  // ---- cells

  /** The value of a cell at a constant index, read unless it is known. */
  get(cell: number, index: number, width: number): number {
    if (index >>> 0 >= this.cells.size[cell]!) return this.getAt(cell, this.B.constant(32, index), width);
    if (index === this.cells.zero[cell]) return this.B.constant(width, 0);
    const place = this.cells.start[cell]! + index;
    const known = this.state[place]!;
    if (known >= 0 && this.forward) return known;
    const { B } = this;
    const value = B.effect(Op.get, width, cell, B.constant(32, index));
    this.write(place, value, 0);
    return value;
  }

  set(cell: number, index: number, value: number): void {
    const { B } = this;
    if (index >>> 0 >= this.cells.size[cell]!) {
      this.setAt(cell, B.constant(32, index), value);
      return;
    }
    B.effect(Op.set, 0, cell, B.constant(32, index), value);
    this.touch(cell);
    this.write(this.cells.start[cell]! + index, value, 1);
  }

  /** The same at an index that is not constant. */
  getAt(cell: number, index: number, width: number): number {
    for (let i = 0; this.forward && i < this.computed.length; i++) {
      const k = this.computed[i]!;
      if (k.cell === cell && k.index === index) return k.value;
    }
    const value = this.B.effect(Op.get, width, cell, index);
    this.computed = [...this.computed, { cell, index, value }];
    return value;
  }

  setAt(cell: number, index: number, value: number): void {
    this.B.effect(Op.set, 0, cell, index, value);
    this.touch(cell);
    this.forgetPlaces(cell);
    this.computed = [...this.computed, { cell, index, value }];
  }

  /** Storage of a cell is written: forgets what is known only as far as it lies elsewhere. */
  private touch(cell: number): void {
    const aliases = this.cells.aliases[cell]!;
    for (let k = 0; k < aliases.length; k++) this.forgetPlaces(aliases[k]!);
    if (this.computed.length > 0)
      this.computed = this.computed.filter((k) => k.cell !== cell && !aliases.includes(k.cell));
    if (this.marks.length > 0) this.cellsSet.push(cell);
  }

  private forgetPlaces(cell: number): void {
    const from = this.cells.start[cell]!;
    const to = this.cells.start[cell + 1] ?? this.cells.count;
    for (let place = from; place < to; place++)
      if (this.state[place]! !== UNKNOWN) this.write(place, UNKNOWN, 1);
  }

  forgetCell(cell: number): void {
    this.touch(cell);
    this.forgetPlaces(cell);
  }

  // ---- variables

  vget(variable: number): number {
    const place = this.cells.count + variable;
    const known = this.state[place]!;
    const width = this.vars[variable]!;
    if (known >= 0 && this.forward) return known;
    if (known === ZERO && this.forward) return this.B.constant(width, 0);
    const value = this.B.effect(Op.vget, width, this.base + variable);
    this.write(place, value, 0);
    return value;
  }

  vset(variable: number, value: number): void {
    this.B.effect(Op.vset, 0, this.base + variable, value);
    this.write(this.cells.count + variable, value, 1);
  }

  forgetVariable(variable: number): void {
    this.write(this.cells.count + variable, UNKNOWN, 1);
  }

  // ---- arms

  enter(): void {
    this.marks.push(this.top);
    this.outerComputed.push(this.computed);
    this.cellsMarks.push(this.cellsSet.length);
  }

  /** What was written since `enter`: places and what they hold now, in turns. */
  writes(): number[] {
    const { log, state, top } = this;
    const out: number[] = [];
    for (let i = this.marks.at(-1)!; i < top; i += 3)
      if (log[i + 2] === 1 && lookUp(out, log[i]!) < 0) out.push(log[i]!, state[log[i]!]!);
    return out;
  }

  /** Back to what was known at `enter`, except for cells at computed indices that were set since. */
  leave(): void {
    this.undo(this.marks.pop()!);
    const mark = this.cellsMarks.pop()!;
    this.computed = this.outerComputed.pop()!;
    if (this.computed.length > 0) {
      const set = this.cellsSet.slice(mark).flatMap((c) => [c, ...this.cells.aliases[c]!]);
      this.computed = this.computed.filter((k) => !set.includes(k.cell));
    }
    if (this.marks.length === 0) this.cellsSet.length = 0;
  }

  private undo(mark: number): void {
    const { log, state } = this;
    for (let i = this.top - 3; i >= mark; i -= 3) state[log[i]!] = log[i + 1]!;
    this.top = mark;
  }

  /**
   * Behind an `if` on `condition` at position `at`, both arms left: `yes` and `no` are their writes, undefined for an
   * arm that does not go on.
   */
  join(
    condition: number,
    at: number,
    yes: readonly number[] | undefined,
    no: readonly number[] | undefined,
  ): void {
    const first = yes ?? no!;
    for (let i = 0; i < first.length; i += 2) {
      const place = first[i]!;
      this.joinPlace(condition, at, place, this.valueIn(yes, place), this.valueIn(no, place));
    }
    if (!yes || !no) return;
    for (let i = 0; i < no.length; i += 2)
      if (lookUp(yes, no[i]!) < 0) this.joinPlace(condition, at, no[i]!, this.state[no[i]!]!, no[i + 1]!);
  }

  private valueIn(writes: readonly number[] | undefined, place: number): number {
    if (!writes) return NEVER;
    const i = lookUp(writes, place);
    return i < 0 ? this.state[place]! : writes[i + 1]!;
  }

  private joinPlace(condition: number, at: number, place: number, x: number, y: number): void {
    const variable = place - this.cells.count;
    let v = UNKNOWN;
    if (x === NEVER || x === y) v = this.outside(y, at);
    else if (y === NEVER) v = this.outside(x, at);
    else if (variable >= 0) {
      const yes = this.outside(x, at);
      const no = this.outside(y, at);
      if (yes !== UNKNOWN && no !== UNKNOWN)
        v = this.B.select(condition, this.nonZero(yes, variable), this.nonZero(no, variable));
    }
    this.write(place, v, 1);
  }

  /** `v` as it is seen behind the `if` at position `at`, or UNKNOWN. */
  private outside(v: number, at: number): number {
    if (v < at) return v;
    const { B } = this;
    if (!B.isConstant(v)) return UNKNOWN;
    const width = B.width(v);
    return B.constant(width, width <= 32 ? B.body.a[v]! : B.body.constantValue(v));
  }

  private nonZero(v: number, variable: number): number {
    return v === ZERO ? this.B.constant(this.vars[variable]!, 0) : v;
  }
}

/** Where `place` stands in `writes`, or -1. */
function lookUp(writes: readonly number[], place: number): number {
  for (let i = 0; i < writes.length; i += 2) if (writes[i] === place) return i;
  return -1;
}
