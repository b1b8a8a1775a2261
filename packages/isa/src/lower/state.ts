// What an instruction has changed so far: variables, pending register writes, the pending jump. Branches are merged here.
// In: writes under the present control flow. Out: values so far, and the sets and jumps at the end.
// Must not know: the syntax tree.
import { Op } from '@mimic/ir';
import type { Builder, Chunk, Id } from './builder.js';

/** Something that changes: a `var`, a cell of the processor state, or the jump of one kind. */
export interface Slot {
  readonly key: string;
  readonly width: number;
  readonly cell?: { readonly number: number; readonly index: Id };
  readonly jump?: { readonly hint: number };
}

interface Entry {
  readonly slot: Slot;
  readonly value: Id;
  /** One bit: whether this path wrote it. Constant 1 mostly. */
  readonly cond: Id;
}

/** Slots that live in IR variables, because a loop changes them. */
interface Memory {
  readonly value: number;
  readonly cond: number;
}

/** See the file's head. */
export class State {
  private entries = new Map<string, Entry>();
  private memory = new Map<string, Memory>();
  /** What the bodies of loops that are being tried out write, on paths that leave them too. */
  private readonly tried: Map<string, Slot>[] = [];
  /** Set once the present path has left the instruction, loop or function. */
  left = false;
  /** How often something was written. */
  writes = 0;

  constructor(private readonly b: Builder) {}

  private one(): Id {
    return this.b.constant(1, 1);
  }

  write(slot: Slot, value: Id): void {
    this.writes++;
    for (const t of this.tried) t.set(slot.key, slot);
    const m = this.memory.get(slot.key);
    if (m) {
      this.b.effect(Op.vset, 0, m.value, value);
      this.b.effect(Op.vset, 0, m.cond, this.one());
    }
    // Last write last: commit goes in this order.
    this.entries.delete(slot.key);
    this.entries.set(slot.key, { slot, value, cond: this.one() });
  }

  private current(e: Entry): { value: Id; cond: Id } {
    const m = this.memory.get(e.slot.key);
    if (!m) return e;
    return { value: this.b.effect(Op.vget, e.slot.width, m.value), cond: this.b.effect(Op.vget, 1, m.cond) };
  }

  /** The value of a variable. */
  readVariable(slot: Slot): Id {
    return this.current(this.entries.get(slot.key)!).value;
  }

  /** A cell at entry, or at the last commit. */
  readEntry(slot: Slot): Id {
    return this.b.get(slot.cell!.number, slot.width, slot.cell!.index);
  }

  /**
   * A cell as written so far. Pending writes to the same cells under another index expression may be the same register
   * (`addc r3, r4, r3`), so they are compared; constants fold.
   */
  readLate(slot: Slot): Id {
    const cell = slot.cell!;
    let value: Id | undefined;
    for (const e of this.entries.values()) {
      if (e.slot.cell?.number !== cell.number) continue;
      const same = e.slot.cell.index === cell.index;
      if (
        !same &&
        this.b.constantOf(e.slot.cell.index) !== undefined &&
        this.b.constantOf(cell.index) !== undefined
      )
        continue;
      const now = this.current(e);
      const hit = same
        ? now.cond
        : this.b.pure(Op.and, 1, now.cond, this.b.pure(Op.eq, 1, e.slot.cell.index, cell.index));
      value =
        this.b.constantOf(hit) === 1n
          ? now.value
          : this.b.pure(Op.select, slot.width, hit, now.value, value ?? this.readEntry(slot));
    }
    return value ?? this.readEntry(slot);
  }

  /**
   * Runs one of two arms by `cond`. What both leave behind is merged, by select where the arms are cheap and without
   * effect, else through variables. `then` and `otherwise` return values of equal widths; so does this.
   */
  branch(cond: Id, then: () => Id[], otherwise: () => Id[]): Id[] {
    const known = this.b.constantOf(cond);
    if (known !== undefined) return known ? then() : otherwise();
    return this.fork(cond, then, otherwise, (a, c) => [() => a, () => c]);
  }

  /** `branch` for arms that are run for what they do. */
  either(cond: Id, then: () => void, otherwise: () => void = () => {}): void {
    const nothing = (f: () => void) => (): Id[] => {
      f();
      return [];
    };
    this.branch(cond, nothing(then), nothing(otherwise));
  }

  /**
   * As `branch`, for arms whose results are not IR yet: when both are known, `unify` says how each becomes IR of
   * matching widths; that is run inside its arm. The condition must not be constant.
   */
  fork<T>(
    cond: Id,
    then: () => T,
    otherwise: () => T,
    unify: (a: T, c: T) => readonly [() => Id[], () => Id[]],
  ): Id[] {
    const before = this.entries;
    const leftBefore = this.left;
    const memoryBefore = this.memory;
    const arm = (f: () => T) => {
      this.entries = new Map(before);
      this.memory = new Map(memoryBefore);
      this.left = leftBefore;
      const r = this.b.inChunk(f);
      return {
        chunk: r.chunk,
        shared: r.shared,
        value: r.result,
        entries: this.entries,
        memory: this.memory,
        left: this.left,
        result: [] as Id[],
      };
    };
    const a = arm(then);
    const c = arm(otherwise);
    const [resultA, resultC] = unify(a.value, c.value);
    a.result = this.b.continueChunk(a.chunk, a.shared, resultA);
    c.result = this.b.continueChunk(c.chunk, c.shared, resultC);
    this.left = a.left && c.left;
    // What a loop in one arm moved into variables is in them behind the other, too.
    this.memory = new Map([...c.memory, ...a.memory]);
    for (const arm of [a, c])
      if (!arm.left)
        this.b.continueChunk(arm.chunk, arm.shared, () => {
          for (const [key, m] of this.memory) if (arm.memory.get(key) !== m) this.move(m, arm, key);
          return [];
        });
    const free =
      this.b.op(cond) !== Op.rare &&
      !a.left &&
      !c.left &&
      this.b.speculatable(a.chunk) &&
      this.b.speculatable(c.chunk);
    if (free) {
      this.b.inline(a.chunk, a.shared);
      this.b.inline(c.chunk, c.shared);
    }
    const exports: (() => void)[] = [];
    const merge = (width: number, va: Id, vc: Id): Id => {
      if (va === vc) return va;
      if (free) return this.b.pure(Op.select, width, cond, va, vc);
      const v = this.b.variable(width);
      if (!a.left) this.b.appendSet(a.chunk, v, va);
      if (!c.left) this.b.appendSet(c.chunk, v, vc);
      let id = -1;
      exports.push(() => {
        id = this.b.effect(Op.vget, width, v);
      });
      pending.push(() => id);
      return -pending.length;
    };
    // Values that come out of variables exist only once the `if` is placed; until then they are negative tickets.
    const pending: (() => Id)[] = [];
    const redeem = (v: Id): Id => (v < 0 ? pending[-v - 1]!() : v);

    // A value of the only arm that comes out of the branch. What is static is visible everywhere.
    const survive = (v: Id): Id => {
      if (this.b.isStatic(v)) return v;
      const other = this.b.constant(this.b.width(v), 0);
      return a.left ? merge(this.b.width(v), other, v) : merge(this.b.width(v), v, other);
    };

    const zero = this.b.constant(1, 0);
    const merged: Entry[] = [];
    const keys = new Set([...a.entries.keys(), ...c.entries.keys()]);
    for (const key of keys) {
      const ea = a.entries.get(key);
      const ec = c.entries.get(key);
      const e = (ea ?? ec)!;
      if (this.memory.has(key)) {
        merged.push(e);
        continue;
      }
      if (ea === ec) {
        merged.push(e);
        continue;
      }
      if (a.left || c.left) {
        // Only one arm comes out: its values count.
        const out = a.left ? ec : ea;
        if (!out || (a.left && c.left)) continue;
        merged.push(
          out === before.get(key)
            ? out
            : { slot: e.slot, value: survive(out.value), cond: survive(out.cond) },
        );
        continue;
      }
      const va = ea?.value;
      const vc = ec?.value;
      let value: Id;
      if (va !== undefined && vc !== undefined) value = merge(e.slot.width, va, vc);
      else if (free) value = (va ?? vc)!;
      else value = this.oneSided(merge, e.slot.width, va, vc);
      const ca = ea?.cond ?? zero;
      const cc = ec?.cond ?? zero;
      merged.push({ slot: e.slot, value, cond: this.mergeCond(merge, cond, ca, cc) });
    }
    let results: Id[];
    if (a.left && c.left) results = a.result.length ? a.result : c.result;
    else if (a.left || c.left) results = (a.left ? c.result : a.result).map(survive);
    else results = a.result.map((v, i) => merge(this.b.width(v), v, c.result[i]!));
    if (!free) this.b.branch(cond, a.chunk, c.chunk);
    for (const e of exports) e();
    this.entries = new Map(
      merged.map((e) => [e.slot.key, { slot: e.slot, value: redeem(e.value), cond: redeem(e.cond) }]),
    );
    return results.map(redeem);
  }

  /** Sets the variables of a slot to what it is at the end of an arm. */
  private move(
    to: Memory,
    arm: { readonly entries: ReadonlyMap<string, Entry>; readonly memory: ReadonlyMap<string, Memory> },
    key: string,
  ): void {
    const e = arm.entries.get(key);
    if (!e) {
      this.b.effect(Op.vset, 0, to.cond, this.b.constant(1, 0));
      return;
    }
    const from = arm.memory.get(key);
    this.b.effect(Op.vset, 0, to.value, from ? this.b.effect(Op.vget, e.slot.width, from.value) : e.value);
    this.b.effect(Op.vset, 0, to.cond, from ? this.b.effect(Op.vget, 1, from.cond) : e.cond);
  }

  private oneSided(
    merge: (w: number, a: Id, c: Id) => Id,
    width: number,
    va: Id | undefined,
    vc: Id | undefined,
  ): Id {
    // The side that did not write leaves the variable as it is; whether it counts is the condition's affair.
    const zero = this.b.constant(width, 0);
    return merge(width, va ?? zero, vc ?? zero);
  }

  private mergeCond(merge: (w: number, a: Id, c: Id) => Id, cond: Id, ca: Id, cc: Id): Id {
    if (ca === cc) return ca;
    const ka = this.b.constantOf(ca);
    const kc = this.b.constantOf(cc);
    if (ka === 1n && kc === 0n) return cond;
    if (ka === 0n && kc === 1n) return this.b.pure(Op.not, 1, cond);
    if (this.b.isStatic(ca) && this.b.isStatic(cc)) return this.b.pure(Op.select, 1, cond, ca, cc);
    return merge(1, ca, cc);
  }

  /** Runs a loop body. What it changes moves into variables first; a dry run finds out what that is. */
  loop(body: () => void): void {
    const saved = this.entries;
    const savedLeft = this.left;
    this.entries = new Map(saved);
    const written = new Map<string, Slot>();
    this.tried.push(written);
    const { memory } = this;
    this.memory = new Map(memory);
    this.b.inChunk(body);
    this.memory = memory;
    this.tried.pop();
    const changed = [...written.values()].filter(
      (slot) => !this.memory.has(slot.key) && (slot.cell || slot.jump || saved.has(slot.key)),
    );
    this.entries = new Map(saved);
    this.left = savedLeft;
    for (const slot of changed) {
      const e = this.entries.get(slot.key);
      const m = { value: this.b.variable(slot.width), cond: this.b.variable(1) };
      const zero = this.b.constant(1, 0);
      this.b.effect(Op.vset, 0, m.value, e?.value ?? this.b.constant(slot.width, 0));
      this.b.effect(Op.vset, 0, m.cond, e?.cond ?? zero);
      this.memory.set(slot.key, m);
      if (!e) this.entries.set(slot.key, { slot, value: this.b.constant(slot.width, 0), cond: zero });
    }
    const { chunk } = this.b.inChunk(body);
    this.b.loop(chunk);
    this.left = savedLeft;
  }

  /** The writes of cells so far as `set` ops, in order. Does not forget them: see commit. */
  emitSets(): void {
    let group: { cond: Id; chunk: Chunk } | undefined;
    const flush = (): void => {
      if (group) this.b.branch(group.cond, group.chunk, []);
      group = undefined;
    };
    for (const e of [...this.entries.values()]) {
      if (!e.slot.cell) continue;
      const { value, cond } = this.current(e);
      if (this.b.constantOf(cond) === 0n) continue;
      const emit = (): void => {
        this.b.effect(Op.set, 0, e.slot.cell!.number, e.slot.cell!.index, value);
      };
      if (this.b.constantOf(cond) === 1n) {
        flush();
        emit();
        continue;
      }
      if (group?.cond !== cond) flush();
      const { chunk } = this.b.inChunk(emit);
      if (group) group.chunk.push(...chunk);
      else group = { cond, chunk };
    }
    flush();
  }

  /** Makes the writes so far take effect: later reads see them. */
  commit(): void {
    this.emitSets();
    for (const [key, e] of [...this.entries]) {
      if (!e.slot.cell) continue;
      const m = this.memory.get(key);
      if (m) this.b.effect(Op.vset, 0, m.cond, this.b.constant(1, 0));
      else this.entries.delete(key);
    }
    this.b.forget();
  }

  /** Ends the instruction: register writes, then the jump. */
  finish(): void {
    this.emitSets();
    for (const e of [...this.entries.values()]) {
      if (!e.slot.jump) continue;
      const { value, cond } = this.current(e);
      const { chunk } = this.b.inChunk(() => this.b.effect(Op.jump, 0, value, e.slot.jump!.hint));
      if (this.b.constantOf(cond) === 1n) this.b.inline(chunk, new Map());
      else this.b.branch(cond, chunk, []);
    }
  }
}
