// Rebuilds bodies through the folding builder: constants and copies propagate, equal ops are shared, known `if`s and
// unreachable ops vanish, variables and cells are forwarded from their last write. A block is made of its instructions'
// templates in the same way, one behind the other.
// In: packed bodies, optionally values for params and pc. Out: a Body. Must not know: what dead.ts removes afterwards.
import type { Body, Program } from './body.js';
import { ALL_SIMPLIFICATIONS, Builder, type Simplifications } from './builder.js';
import { compute32, computes32 } from './compute.js';
import { KnownState } from './known-state.js';
import { Op, operandSlots } from './op.js';
import {
  isFloating,
  OP_WORDS,
  PACKED_OPS,
  PACKED_OPS_AT,
  PACKED_ROOTS,
  PACKED_ROOTS_AT,
  PACKED_VARS,
  type Packed,
  pack,
  packedConstant,
  ROOT_WORDS,
} from './packed.js';

/** Constants that stand for leaves. `params[k]` undefined keeps param k. Values are unsigned. */
export interface Substitution {
  readonly params?: readonly (bigint | number | undefined)[];
  readonly pc?: bigint | number;
  /** Pure values by id of the old body that are taken to be these constants. */
  readonly values?: ReadonlyMap<number, bigint | number>;
  /** Instructions leave their block where something rare happens before they have done anything. */
  readonly leaves?: boolean;
}

/** `body` itself is unchanged. Throws RangeError on a body that does not nest. */
export function simplify(
  body: Body,
  program: Program,
  substitution: Substitution = {},
  does: Simplifications = ALL_SIMPLIFICATIONS,
): Body {
  const s = new Simplifier(program, does);
  s.leaving = substitution.leaves ?? false;
  s.add(pack(body), substitution.params, substitution.pc, substitution.values);
  return s.body;
}

/** An `if` or `loop` that is open. */
interface Region {
  readonly kind: number;
  /** Value id of the condition, -1 of a loop. */
  readonly condition: number;
  /** Position of the `if` or `loop` in the new body; -1 for one that was resolved. */
  readonly at: number;
  /** What its first arm wrote, once it has ended; undefined when it does not go on. */
  first: Writes | undefined;
  hasElse: boolean;
}

/** Places of KnownState, and what they hold, in turns. */
type Writes = readonly number[];

/** How far a value of the old body is. A constant of up to 32 bits is no op until one needs it. */
enum Made {
  no,
  id,
  constant,
}

export class Simplifier {
  private readonly B: Builder;
  private readonly known: KnownState;
  private readonly regions: Region[] = [];
  /** By value of the body that is being added: Made, and its new id or its constant. */
  private made = new Uint8Array(64);
  private map = new Int32Array(64);
  private from: Packed = NOTHING;
  private opsAt = 0;
  private params: Substitution['params'];
  private pc: Substitution['pc'];
  /** Ops of the old body up to here are made if they are wanted later. */
  private settled = 0;
  /** What was added leaves: nothing behind it runs. */
  private left = false;
  /** Whether an instruction whose `mark` is added leaves where something rare happens. */
  leaving = false;
  /** The present one does: it has done nothing yet. */
  private mayLeave = false;
  /** Bits by new id that are known to the end, because otherwise something left. */
  private readonly assumed = new Map<number, number>();

  constructor(program: Program, does: Simplifications = ALL_SIMPLIFICATIONS) {
    this.B = new Builder(does);
    this.known = new KnownState(program, this.B, does.forward);
  }

  /** What was added so far. `clear` takes it back. */
  get body(): Body {
    return this.B.body;
  }

  /** Starts over. */
  clear(): void {
    this.B.clear();
    this.known.clear();
    this.regions.length = 0;
    this.left = false;
    this.leaving = false;
    this.mayLeave = false;
    this.assumed.clear();
  }

  mark(n: number): void {
    if (!this.left) this.B.effect(Op.mark, 0, n);
    this.mayLeave = this.leaving;
  }

  /** Appends a body, with its own variables. */
  add(
    from: Packed,
    params: Substitution['params'],
    pc: Substitution['pc'],
    values?: Substitution['values'],
  ): void {
    if (this.left) return;
    const n = from[PACKED_OPS]!;
    if (n > this.made.length) {
      this.made = new Uint8Array(2 * n);
      this.map = new Int32Array(2 * n);
    } else this.made.fill(Made.no, 0, n);
    this.from = from;
    this.opsAt = from[PACKED_OPS_AT]!;
    this.params = params;
    this.pc = pc;
    this.settled = 0;
    this.known.begin(from.subarray(PACKED_OPS_AT + 1, PACKED_OPS_AT + 1 + from[PACKED_VARS]!));
    if (values) for (const [id, v] of values) this.constant(id, this.widthOf(id), v);
    this.roots();
  }

  private roots(): void {
    const { from, opsAt, B, known } = this;
    const rootsAt = from[PACKED_ROOTS_AT]!;
    const count = from[PACKED_ROOTS]!;
    for (let k = 0; k < count; k++) {
      const i = from[rootsAt + ROOT_WORDS * k]!;
      const at = opsAt + OP_WORDS * i;
      const op = from[at]! & 0xff;
      const w = from[at]! >>> 8;
      const a = from[at + 1]!;
      const b = from[at + 2]!;
      switch (op) {
        case Op.get:
          this.set(i, this.isConstant(b) ? known.get(a, this.map[b]!, w) : known.getAt(a, this.map[b]!, w));
          break;
        case Op.set: {
          this.mayLeave = false;
          const value = this.value(from[at + 3]!);
          if (this.isConstant(b)) known.set(a, this.map[b]!, value);
          else known.setAt(a, this.map[b]!, value);
          break;
        }
        case Op.vget:
          this.set(i, known.vget(a));
          break;
        case Op.vset:
          known.vset(a, this.value(b));
          break;
        case Op.load:
          this.set(i, B.effect(op, w, this.value(a)));
          break;
        case Op.store: {
          const address = this.value(a);
          B.effect(op, 0, address, this.value(b));
          this.mayLeave = false;
          break;
        }
        case Op.host:
          this.set(i, B.effect(op, w, a));
          break;
        case Op.rare:
          this.rare(i, a);
          break;
        case Op.mark:
          this.mark(a);
          break;
        case Op.call:
          this.set(i, B.call(from[at + 3]!, this.list(a, b)));
          break;
        case Op.if:
          if (this.isConstant(a)) {
            // Only the arm that runs is kept; the other is skipped whole.
            this.regions.push({ kind: op, condition: -1, at: -1, first: undefined, hasElse: false });
            if (this.map[a] === 0) {
              k = from[rootsAt + ROOT_WORDS * k + 1]!;
              if (this.opOf(k) === Op.end) this.regions.pop();
            }
          } else {
            const condition = this.map[a]!;
            this.settle(i);
            this.regions.push({ kind: op, condition, at: B.if(condition), first: undefined, hasElse: false });
            known.enter();
          }
          break;
        case Op.else: {
          const region = this.regions.at(-1)!;
          if (region.at < 0) {
            k = from[rootsAt + ROOT_WORDS * k + 1]!;
            this.regions.pop();
          } else this.otherwise(region, false);
          break;
        }
        case Op.loop:
          this.settle(i);
          this.forget(k);
          this.regions.push({ kind: op, condition: -1, at: B.loop(), first: undefined, hasElse: false });
          known.enter();
          break;
        case Op.end:
          this.end();
          break;
        default:
          if (op === Op.break) B.effect(op, 0, a);
          else if (op === Op.jump) B.effect(op, 0, this.inArm(this.value(a)), b);
          else if (op === Op.leave) B.effect(op, 0);
          else B.leaveWith(op, this.list(a, b), from[at + 3]!);
          k = this.afterLeaving(k, count);
      }
    }
  }

  /** A select by the condition of an `if` around it is what the arm says. */
  private inArm(id: number): number {
    const { body } = this.B;
    for (const r of this.regions) {
      if (r.at < 0 || r.kind !== Op.if || body.op[id] !== Op.select) continue;
      const by = body.a[id]!;
      // A select by the opposite was turned around when it was made.
      const opposite = body.op[r.condition] === Op.not && body.a[r.condition] === by;
      if (by !== r.condition && !opposite) continue;
      id = r.hasElse === opposite ? body.b[id]! : body.c[id]!;
    }
    return id;
  }

  /** Nothing after root k of its arm runs: goes on at the end of the arm, or past the body. */
  private afterLeaving(k: number, count: number): number {
    const { from, regions, B, known } = this;
    const rootsAt = from[PACKED_ROOTS_AT]!;
    for (;;) {
      const j = from[rootsAt + ROOT_WORDS * k + 2]!;
      if (j === count) {
        this.left = true;
        return count;
      }
      const region = regions.at(-1)!;
      const isElse = this.opOf(j) === Op.else;
      if (region.at >= 0 && isElse) {
        this.otherwise(region, true);
        return j;
      }
      regions.pop();
      if (region.at < 0) {
        // A resolved `if` whose arm leaves: so does what surrounds it.
        k = isElse ? from[rootsAt + ROOT_WORDS * j + 1]! : j;
        continue;
      }
      B.end();
      known.leave();
      if (region.kind === Op.if && region.hasElse) {
        if (!region.first) {
          k = j;
          continue; // neither arm goes on
        }
        known.join(region.condition, region.at, region.first, undefined);
      }
      return j;
    }
  }

  private otherwise(region: Region, left: boolean): void {
    const { known } = this;
    region.first = left ? undefined : known.writes();
    region.hasElse = true;
    known.leave();
    this.B.else();
    known.enter();
  }

  private end(): void {
    const { known } = this;
    const region = this.regions.pop()!;
    if (region.at < 0) return;
    this.B.end();
    if (region.kind === Op.loop) {
      known.leave(); // what a loop may change was forgotten before it
      return;
    }
    const writes = known.writes();
    known.leave();
    if (!region.hasElse) known.join(region.condition, region.at, writes, NO_WRITES);
    else known.join(region.condition, region.at, region.first, writes);
  }

  /** Forgets what the loop at root k may change: it runs an unknown number of times. */
  private forget(k: number): void {
    const { from, opsAt } = this;
    const rootsAt = from[PACKED_ROOTS_AT]!;
    const end = from[rootsAt + ROOT_WORDS * k + 1]!;
    for (; k < end; k++) {
      const at = opsAt + OP_WORDS * from[rootsAt + ROOT_WORDS * k]!;
      const op = from[at]! & 0xff;
      if (op === Op.vset) this.known.forgetVariable(from[at + 1]!);
      else if (op === Op.set) this.known.forgetCell(from[at + 1]!);
    }
  }

  /** Makes what was not needed before op i but is after it: from here on it would be made inside an arm. */
  private settle(i: number): void {
    const { from, opsAt, made } = this;
    for (let v = this.settled; v < i; v++) {
      const at = opsAt + OP_WORDS * v;
      if (made[v] === Made.no && from[at + 4]! > i && isFloating(from[at]! & 0xff)) this.make(v);
    }
    this.settled = i;
  }

  // ---- values

  private opOf(root: number): number {
    const { from } = this;
    return from[this.opsAt + OP_WORDS * from[from[PACKED_ROOTS_AT]! + ROOT_WORDS * root]!]! & 0xff;
  }

  private widthOf(v: number): number {
    return this.from[this.opsAt + OP_WORDS * v]! >>> 8;
  }

  /** Makes value v if need be; whether it is a constant of up to 32 bits, which `map` then holds, else its new id. */
  private isConstant(v: number): boolean {
    if (this.made[v] === Made.no) this.make(v);
    else if (this.assumed.size > 0 && this.made[v] === Made.id) this.set(v, this.map[v]!);
    return this.made[v] === Made.constant;
  }

  /** The new id of value v. */
  private value(v: number): number {
    return this.isConstant(v) ? this.B.shared(Op.const, this.widthOf(v), this.map[v]!) : this.map[v]!;
  }

  private list(at: number, count: number): number[] {
    const out: number[] = [];
    for (let k = at; k < at + count; k++) out.push(this.value(this.from[k]!));
    return out;
  }

  /** Value v is what has the new id. */
  private set(v: number, id: number): void {
    const { body } = this.B;
    const bit = this.assumed.size > 0 ? this.assumption(id) : undefined;
    if (bit !== undefined) {
      this.made[v] = Made.constant;
      this.map[v] = bit;
    } else if (body.op[id] === Op.const && body.width[id]! <= 32) {
      this.made[v] = Made.constant;
      this.map[v] = body.a[id]!;
    } else {
      this.made[v] = Made.id;
      this.map[v] = id;
    }
  }

  /** What bit `id` is known to be. It may have been made before its operand was known. */
  private assumption(id: number): number | undefined {
    const bit = this.assumed.get(id);
    if (bit !== undefined || this.B.body.op[id] !== Op.not) return bit;
    const opposite = this.assumed.get(this.B.body.a[id]!);
    return opposite === undefined ? undefined : 1 - opposite;
  }

  /** From here to the end bit `id` is this, and so are those that it follows from. */
  private assume(id: number, bit: number): void {
    const { op, a, b } = this.B.body;
    if (op[id] === Op.const || this.assumed.has(id)) return;
    this.assumed.set(id, bit);
    // The opposite of a comparison is another comparison.
    if (op[id]! >= Op.eq && op[id]! <= Op.sle) this.assumed.set(this.B.pure(Op.not, 1, id), 1 - bit);
    if (op[id] === Op.rare) this.assume(a[id]!, bit);
    else if (op[id] === Op.not) this.assume(a[id]!, 1 - bit);
    else if (op[id] === (bit ? Op.and : Op.or)) {
      this.assume(a[id]!, bit);
      this.assume(b[id]!, bit);
    }
  }

  /** Makes value v, `rare` of the bit a: 0 where the instruction leaves instead. */
  private rare(v: number, a: number): void {
    const { B } = this;
    if (this.isConstant(a)) {
      this.made[v] = Made.constant;
      this.map[v] = this.map[a]!;
      return;
    }
    const bit = this.map[a]!;
    if (!this.mayLeave) return this.set(v, B.pure(Op.rare, 1, bit));
    B.if(bit);
    B.effect(Op.leave, 0);
    B.end();
    if (this.regions.every((r) => r.at < 0)) this.assume(bit, 0);
    this.made[v] = Made.constant;
    this.map[v] = 0;
  }

  private constant(v: number, width: number, value: bigint | number): void {
    if (width > 32) this.set(v, this.B.constant(width, value));
    else {
      const n = typeof value === 'number' ? value : Number(BigInt.asIntN(32, value));
      this.made[v] = Made.constant;
      this.map[v] = (width === 32 ? n : n & ((1 << width) - 1)) | 0;
    }
  }

  private make(v: number): void {
    const { from, B } = this;
    const at = this.opsAt + OP_WORDS * v;
    const op = from[at]! & 0xff;
    const w = from[at]! >>> 8;
    const a = from[at + 1]!;
    const b = from[at + 2]!;
    switch (op) {
      case Op.const:
        if (w > 32) this.set(v, B.constant(w, packedConstant(from, a, w)));
        else {
          this.made[v] = Made.constant;
          this.map[v] = a;
        }
        return;
      case Op.param: {
        const p = this.params === undefined ? undefined : this.params[a];
        if (p === undefined) this.set(v, B.shared(op, w, a));
        else this.constant(v, w, p);
        return;
      }
      case Op.pc:
        if (this.pc === undefined) this.set(v, B.shared(op, w));
        else this.constant(v, w, this.pc);
        return;
      case Op.result:
        this.set(v, B.shared(op, w, this.map[a]!, b));
        return;
      case Op.zx:
        // Most constants are fields, widened.
        if (w <= 32 && this.isConstant(a)) {
          this.made[v] = Made.constant;
          this.map[v] = this.map[a]!;
          return;
        }
        break;
      case Op.select:
        // Only what is chosen is made.
        if (this.isConstant(a)) {
          const chosen = this.map[a] === 0 ? from[at + 3]! : b;
          if (this.made[chosen] === Made.no) this.make(chosen);
          this.made[v] = this.made[chosen]!;
          this.map[v] = this.map[chosen]!;
          return;
        }
        break;
      default:
    }
    this.compute(v, op, w, a, b, from[at + 3]!);
  }

  /** Constants are computed at once; what else there is goes through the builder. */
  private compute(v: number, op: number, w: number, a: number, b: number, c: number): void {
    const { map } = this;
    const slots = operandSlots(op);
    const kb = (slots & 2) === 0;
    const kc = (slots & 4) === 0;
    if (
      this.isConstant(a) &&
      (kb || this.isConstant(b)) &&
      (kc || this.isConstant(c)) &&
      w <= 32 &&
      computes32(op)
    ) {
      this.made[v] = Made.constant;
      map[v] = compute32(
        op,
        w,
        this.widthOf(a),
        kb ? 0 : this.widthOf(b),
        map[a]!,
        kb ? b : map[b]!,
        map[c]!,
      );
      return;
    }
    const x = this.value(a);
    const y = kb ? b : this.value(b);
    this.set(v, this.B.pure(op, w, x, y, kc ? c : this.value(c)));
  }
}

const NOTHING = new Int32Array(0);
const NO_WRITES: Writes = [];
