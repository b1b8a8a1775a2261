// Rebuilds a body through the folding builder: constants and copies propagate, equal ops are shared, known `if`s and
// unreachable ops vanish, variables and cells are forwarded from their last write.
// In: a Body, optionally values for params and pc. Out: a new Body. Must not know: what dead.ts removes afterwards.
import type { Body, Program } from './body.js';
import { Builder } from './builder.js';
import { OPS, Op } from './op.js';
import { structure } from './structure.js';

/** Constants that stand for leaves. `params[k]` undefined keeps param k. Values are unsigned. */
export interface Substitution {
  readonly params?: readonly (bigint | number | undefined)[];
  readonly pc?: bigint | number;
  /** Values by id of the old body that are taken to be these constants. */
  readonly values?: ReadonlyMap<number, bigint | number>;
}

/** What a cell is known to hold: `value` at `index`, both value ids. */
interface KnownCell {
  readonly cell: number;
  readonly index: number;
  readonly value: number;
}

/** Known contents at a point. vars: a value id, -1 unknown, -2 still zero. */
interface Known {
  vars: number[];
  cells: KnownCell[];
}

interface Region {
  readonly kind: number;
  readonly condition: number;
  /** Position of the `if` or `loop` in the new body; -1 for one that was resolved. */
  readonly at: number;
  readonly before: Known;
  /** State at the end of the first arm; undefined while in it or when it does not fall through. */
  first?: Known | undefined;
  firstEnds: boolean;
  readonly cellsSet: Set<number>;
}

/** `body` itself is unchanged. Throws RangeError on a body that does not nest. */
export function simplify(body: Body, program: Program, substitution: Substitution = {}): Body {
  return new Simplifier(body, program, substitution).run();
}

class Simplifier {
  private readonly B = new Builder();
  private readonly map: number[];
  private known: Known;
  private readonly regions: Region[] = [];

  constructor(
    private readonly from: Body,
    private readonly program: Program,
    private readonly substitution: Substitution,
  ) {
    this.map = new Array<number>(from.length).fill(-1);
    this.known = { vars: new Array<number>(from.vars.length).fill(-2), cells: [] };
    this.B.body.vars.push(...from.vars);
  }

  run(): Body {
    const { from, map, B } = this;
    const { end, otherwise } = structure(from);
    const list = (i: number): number[] =>
      from.extra.slice(from.a[i]!, from.a[i]! + from.b[i]!).map((v) => map[v]!);
    for (let i = 0; i < from.length; i++) {
      const op = from.op[i]!;
      const w = from.width[i]!;
      const a = from.a[i]!;
      const b = from.b[i]!;
      const c = from.c[i]!;
      switch (op) {
        case Op.const:
          map[i] = w <= 32 ? B.constant(w, a) : B.constant(w, from.big[a]!);
          break;
        case Op.param: {
          const v = this.substitution.params?.[a];
          map[i] = v === undefined ? B.shared(op, w, a) : B.constant(w, v);
          break;
        }
        case Op.pc:
          map[i] = this.substitution.pc === undefined ? B.shared(op, w) : B.constant(w, this.substitution.pc);
          break;
        case Op.get:
          map[i] = this.get(a, map[b]!, w);
          break;
        case Op.set:
          this.set(a, map[b]!, map[c]!);
          break;
        case Op.vget:
          map[i] = this.vget(a, w);
          break;
        case Op.vset:
          B.effect(op, 0, a, map[b]!);
          this.known.vars[a] = map[b]!;
          break;
        case Op.load:
          map[i] = B.effect(op, w, map[a]!);
          break;
        case Op.store:
          B.effect(op, 0, map[a]!, map[b]!);
          break;
        case Op.host:
        case Op.mark:
          map[i] = B.effect(op, w, a);
          break;
        case Op.call:
          map[i] = B.call(c, list(i));
          break;
        case Op.result:
          map[i] = B.shared(op, w, map[a]!, b);
          break;
        case Op.if: {
          const condition = map[a]!;
          if (B.isConstant(condition)) {
            // Only the arm that runs is kept; the other is skipped whole.
            this.regions.push(this.region(Op.if, condition, -1));
            if (B.body.a[condition] === 0) {
              i = otherwise[i]!;
              if (from.op[i] === Op.end) this.regions.pop();
            }
          } else this.regions.push(this.region(Op.if, condition, B.if(condition)));
          break;
        }
        case Op.else: {
          const region = this.regions.at(-1)!;
          if (region.at < 0) {
            i = end[i]!;
            this.regions.pop();
          } else this.otherwise(region, false);
          break;
        }
        case Op.loop:
          this.forget(i, end[i]!);
          this.regions.push(this.region(Op.loop, -1, B.loop()));
          break;
        case Op.end:
          this.end(end[i]!, i);
          break;
        case Op.break:
        case Op.return:
        case Op.jump:
        case Op.trap:
          if (op === Op.break) B.effect(op, 0, a);
          else if (op === Op.jump) B.effect(op, 0, map[a]!, b);
          else B.leaveWith(op, list(i), c);
          i = this.afterLeaving(i, end, otherwise);
          break;
        default: {
          const shape = OPS[op]!.shape;
          map[i] = B.pure(op, w, map[a]!, shape[1] === 'v' ? map[b]! : b, shape[2] === 'v' ? map[c]! : c);
        }
      }
      const assumed = this.substitution.values?.get(i);
      if (assumed !== undefined) map[i] = B.constant(w, assumed);
    }
    return B.body;
  }

  /** Nothing after op i of its region runs: goes on at the region's else or end, or past the body. */
  private afterLeaving(i: number, end: Int32Array, otherwise: Int32Array): number {
    const { from, regions, B } = this;
    for (;;) {
      // Find the closing op of the innermost open region of the old body.
      let j = i + 1;
      for (; j < from.length; j++) {
        const op = from.op[j];
        if (op === Op.if || op === Op.loop) j = end[j]!;
        else if (op === Op.else || op === Op.end) break;
      }
      if (j >= from.length) return from.length;
      const region = regions.at(-1)!;
      if (region.at >= 0 && from.op[j] === Op.else) {
        this.otherwise(region, true);
        return j;
      }
      regions.pop();
      if (region.at < 0) {
        // A resolved `if` whose arm leaves: so does what surrounds it.
        i = from.op[j] === Op.else ? end[j]! : j;
        continue;
      }
      B.end();
      if (region.kind === Op.loop) {
        this.known = region.before;
        this.forget(end[j]!, j);
        return j;
      }
      const first = from.op[otherwise[end[j]!]!] === Op.else ? region.first : region.before;
      if (first === undefined) {
        i = j;
        continue; // neither arm goes on
      }
      this.noteSets(region);
      this.known = this.visible(first, region.at);
      this.known.cells = region.before.cells.filter((k) => !region.cellsSet.has(k.cell));
      return j;
    }
  }

  private region(kind: number, condition: number, at: number): Region {
    const before = this.copy(this.known);
    return { kind, condition, at, before, firstEnds: false, cellsSet: new Set() };
  }

  private copy(known: Known): Known {
    return { vars: known.vars.slice(), cells: known.cells.slice() };
  }

  private otherwise(region: Region, left: boolean): void {
    region.first = left ? undefined : this.known;
    region.firstEnds = left;
    this.known = this.copy(region.before);
    this.B.else();
  }

  private end(opener: number, i: number): void {
    const region = this.regions.pop()!;
    if (region.at < 0) return;
    this.B.end();
    if (region.kind === Op.loop) {
      this.known = region.before;
      this.forget(opener, i);
      return;
    }
    this.noteSets(region);
    const hadElse = region.first !== undefined || region.firstEnds;
    const second = this.known;
    if (region.firstEnds) this.known = this.visible(second, region.at);
    else this.known = this.merge(region, hadElse ? region.first! : second, hadElse ? second : region.before);
    this.known.cells = region.before.cells.filter((k) => !region.cellsSet.has(k.cell));
  }

  /** An outer region has set what an inner one has. */
  private noteSets(region: Region): void {
    const outer = this.regions.findLast((r) => r.at >= 0);
    if (outer) for (const cell of region.cellsSet) outer.cellsSet.add(cell);
  }

  /** `known` without the values that were defined inside the region that began at `at`. */
  private visible(known: Known, at: number): Known {
    return { vars: known.vars.map((v) => (v > at ? -1 : v)), cells: known.cells };
  }

  /** Variables after an `if` whose arms both go on. */
  private merge(region: Region, yes: Known, no: Known): Known {
    const vars = yes.vars.map((v, n) => {
      const u = no.vars[n]!;
      if (v === u) return v > region.at ? -1 : v;
      const x = this.outside(v, region.at, n);
      const y = this.outside(u, region.at, n);
      return x < 0 || y < 0 ? -1 : this.B.select(region.condition, x, y);
    });
    return { vars, cells: [] };
  }

  /** The id of `v` as seen after the region that began at `at`, or -1. */
  private outside(v: number, at: number, variable: number): number {
    const { B } = this;
    if (v === -2) return B.constant(B.body.vars[variable]!, 0);
    if (v < at) return v;
    if (!B.isConstant(v)) return -1;
    return B.width(v) <= 32
      ? B.constant(B.width(v), B.body.a[v]!)
      : B.constant(B.width(v), B.body.constantValue(v));
  }

  private vget(variable: number, width: number): number {
    const v = this.known.vars[variable]!;
    if (v === -2) return this.B.constant(width, 0);
    if (v >= 0) return v;
    return (this.known.vars[variable] = this.B.effect(Op.vget, width, variable));
  }

  private get(cell: number, index: number, width: number): number {
    const hit = this.known.cells.find((k) => k.cell === cell && k.index === index);
    if (hit) return hit.value;
    const value = this.B.effect(Op.get, width, cell, index);
    this.known.cells.push({ cell, index, value });
    return value;
  }

  private set(cell: number, index: number, value: number): void {
    const { B } = this;
    B.effect(Op.set, 0, cell, index, value);
    this.known.cells = this.known.cells.filter((k) => {
      if (k.cell === cell) return B.isConstant(k.index) && B.isConstant(index) && k.index !== index;
      return !this.overlaps(k.cell, cell);
    });
    this.known.cells.push({ cell, index, value });
    this.regions.findLast((r) => r.at >= 0)?.cellsSet.add(cell);
    this.noteAliases(cell);
  }

  private overlaps(a: number, b: number): boolean {
    const x = this.program.cells[a]!;
    const y = this.program.cells[b]!;
    return x.offset < y.offset + y.count * y.stride && y.offset < x.offset + x.count * x.stride;
  }

  /** Cells that share storage with `cell` count as set too: split-wide.ts names limbs so. */
  private noteAliases(cell: number): void {
    const region = this.regions.findLast((r) => r.at >= 0);
    if (region)
      for (const k of region.before.cells)
        if (k.cell !== cell && this.overlaps(k.cell, cell)) region.cellsSet.add(k.cell);
  }

  /** Forgets what the ops from..to of the old body may change: they run an unknown number of times. */
  private forget(from: number, to: number): void {
    this.known = { vars: this.known.vars.slice(), cells: this.known.cells };
    const set = new Set<number>();
    for (let i = from; i < to; i++) {
      if (this.from.op[i] === Op.vset) this.known.vars[this.from.a[i]!] = -1;
      else if (this.from.op[i] === Op.set) set.add(this.from.a[i]!);
    }
    if (!set.size) return;
    const outer = this.regions.findLast((r) => r.at >= 0);
    if (outer) for (const cell of set) outer.cellsSet.add(cell);
    this.known.cells = this.known.cells.filter(
      (k) => !set.has(k.cell) && ![...set].some((s) => this.overlaps(k.cell, s)),
    );
  }
}
