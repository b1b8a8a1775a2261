// Random cases: legal instructions with random fields, random registers.
// In: a Harness, a seeded generator. Out: records for the guest. Must not know: what the instructions do, beyond whether
// they jump, trap into the system, or read the clock.
import { type Body, evaluate, Op, type Random } from '@mimic/ir';
import { type Decoded, type Insn, modesOf } from '@mimic/isa';
import { type Harness, putAt, type Slot } from './harness.js';
import { type FloatMood, float, integer, MOODS, vector, wideInteger, word } from './values.js';

export interface Case {
  /** Mode bits of the code's address. */
  readonly mode: number;
  readonly insns: readonly Insn[];
  readonly words: readonly number[];
  readonly record: DataView;
}

export class Generator {
  readonly insns: readonly Insn[];
  private readonly straight: readonly Insn[];
  private readonly jumps: ReadonlySet<Insn>;
  private readonly settled: readonly number[];
  /** By instruction: the modes that it may be in. */
  private readonly modes: ReadonlyMap<Insn, readonly number[]>;

  /** `single`: names of instructions that are only run alone. */
  constructor(
    private readonly harness: Harness,
    private readonly random: Random,
    readonly pages: Uint8Array,
    only?: ReadonlySet<string>,
    single: (insn: Insn) => boolean = () => false,
  ) {
    const { isa } = harness;
    const call = isa.program.traps.findIndex((t) => t.name === isa.abi?.syscallTrap);
    const uses = (insn: Insn, test: (b: Body, i: number) => boolean): boolean =>
      insn.template.parts().op.some((_, i) => test(insn.template, i));
    this.insns = isa.insns.filter(
      (x) =>
        (!only || only.has(x.name)) &&
        !uses(x, (b, i) => b.op[i] === Op.host || (b.op[i] === Op.trap && b.c[i] === call)),
    );
    this.jumps = new Set(this.insns.filter((x) => uses(x, (b, i) => b.op[i] === Op.jump)));
    this.straight = this.insns.filter((x) => !this.jumps.has(x) && !single(x));
    this.modes = modesOf(isa);
    const values: number[] = [];
    while (values.length < 4096) {
      const v = harness.settled(BigInt(this.settledValue()));
      if (v !== undefined) values.push(Number(v));
    }
    this.settled = values;
  }

  /** Half with nothing enabled; every combination of the rest. */
  private settledValue(): number {
    const r = this.random;
    const bits = (r.below(65536) * 65536 + r.below(65536)) >>> 0;
    const low = r.below(2) ? bits & 3 : bits & 0xff;
    return (
      ((r.below(3) ? bits & 0xfffff000 & (r.below(65536) << 16) : 0) |
        low |
        (r.below(4) ? 0 : bits & 0x7f000)) >>>
      0
    );
  }

  next(): Case {
    const { harness, random: r } = this;
    for (;;) {
      const count = r.below(20) || this.straight.length === 0 ? 1 : 2 + r.below(harness.maxCode - 1);
      const words: number[] = [];
      let mode: number | undefined;
      let code: readonly Decoded[] = [];
      while (words.length < count) {
        const insn = r.pick(count === 1 ? this.insns : this.straight);
        const modes = this.modes.get(insn)!;
        const in_ = mode ?? (modes.length > 1 ? r.pick(modes) : modes[0]!);
        const word = modes.includes(in_) ? this.encode(insn) : undefined;
        if (word === undefined) continue;
        const all = harness.decodeAll([...words, word], in_);
        if (all?.at(-1)?.insn !== insn) continue;
        mode = in_;
        code = all;
        words.push(word);
      }
      const insns = code.map((d) => d.insn);
      const c = { mode: mode!, insns, words, record: this.record(words, code, mode!) };
      if (!this.jumps.has(insns[0]!) || this.lands(c)) return c;
    }
  }

  /** The word of `insn` with random fields, which may make it another instruction, or none. */
  private encode(insn: Insn): number {
    const r = this.random;
    const few = r.below(3) === 0 ? [r.below(32), r.below(32), r.below(32)] : undefined;
    let word = insn.value;
    for (const f of insn.fields) {
      let v = f.width === 5 && few ? r.pick(few) : Number(r.bits(f.width));
      while (this.harness.avoid.get(f.name)?.includes(v)) v = Number(r.bits(f.width));
      if (f.width >= 12 && r.below(5) < 3) v = (r.below(160) - 80) & (2 ** f.width - 1);
      let low = f.width;
      for (const p of f.pieces) {
        low -= p.width;
        word = (word | (((v >>> low) & (2 ** p.width - 1)) << p.at)) >>> 0;
      }
    }
    return word;
  }

  private record(words: readonly number[], code: readonly Decoded[], mode: number): DataView {
    const { harness, random: r } = this;
    const record = new DataView(new ArrayBuffer(harness.recordSize));
    let at = 4;
    words.forEach((w, k) => {
      if (code[k]!.length === 2) record.setUint16(at, w & 0xffff, harness.little);
      else record.setUint32(at, w, harness.little);
      at += code[k]!.length;
    });
    record.setUint32(0, (at - 4) | mode, harness.little);
    const mood = r.pick(MOODS);
    for (const s of harness.slots) putAt(record, s, this.value(s, mood) & s.mask);
    return record;
  }

  private value(s: Slot, mood: FloatMood): bigint {
    const { harness, random: r } = this;
    if (s.name === harness.settledRegister) return BigInt(r.pick(this.settled));
    switch (s.holds) {
      case 'float': {
        const [high, low] = float(r, mood);
        return (BigInt(high) << 32n) | BigInt(low);
      }
      case 'vector':
        return vector(r, mood);
      case 'mode':
        return r.below(2) ? BigInt(word(r)) : 0n;
      default:
        return s.width === 64 ? wideInteger(r, harness) : BigInt(integer(r, harness));
    }
  }

  /** Whether a case that jumps goes to a trap or to nothing, not into the program that runs it. */
  private lands(c: Case): boolean {
    const { harness } = this;
    const { isa, code } = harness;
    const m = harness.machineOf(c.record, new Uint8Array(0));
    const [d] = harness.decodeAll(c.words, c.mode)!;
    const out = evaluate(isa.program, d!.insn.template, d!.fields.map(BigInt), BigInt(code + c.mode), m);
    if (out.kind !== 'jump') return true;
    const to = Number(out.target);
    if (to >= harness.landing[0] && to < harness.landing[1]) return to < code || to >= code + harness.page;
    return (to < 0x3f000000 || to >= 2 ** 32) && !(to >= harness.own[0] && to < harness.own[1]);
  }
}

/** Contents of the pages: integers, addresses within them, floating-point numbers of both formats. */
export function scratchPages(r: Random, harness: Harness): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * harness.page));
  for (let at = 0; at < view.byteLength; at += 8) {
    const [high, low] = float(r, r.pick(MOODS));
    const { little } = harness;
    if (r.below(2)) {
      view.setBigUint64(at, (BigInt(high) << 32n) | BigInt(low), little);
    } else {
      view.setUint32(at, integer(r, harness), little);
      view.setFloat32(
        at + 4,
        r.pick([0, -0, 1.5, 1e-40, -1e-45, 3e38, Number.POSITIVE_INFINITY, Number.NaN, r.below(1e6) / 7]),
        little,
      );
    }
  }
  return new Uint8Array(view.buffer);
}
