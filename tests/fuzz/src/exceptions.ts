// The differences that are known and explained. In: the text of an exceptions file. Out: which line excuses what.
// Must not know: how cases are run.
import { fieldsOf } from '@mimic/isa';
import type { Case } from './generate.js';
import { type Harness, type Result, valueAt } from './harness.js';

/** One place where two results differ. `bits` says where in it. */
export interface Difference {
  readonly what: string;
  readonly bits: bigint;
  /** How far the values are apart. */
  readonly distance?: bigint;
  readonly text: string;
}

interface Condition {
  readonly register: string;
  /** Of a result rather than before the case. */
  readonly after: 'ours' | 'theirs' | undefined;
  readonly mask: bigint;
  readonly value: bigint;
  readonly negate: boolean;
}

/** `insns | what | when | reason`: see tests/fuzz/exceptions-*.txt. */
export interface Exception {
  readonly line: number;
  readonly insns: RegExp;
  readonly what: readonly { readonly name: RegExp; readonly mask: bigint; readonly distance?: bigint }[];
  readonly when: readonly Condition[];
  readonly reason: string;
  used: number;
}

const glob = (text: string): RegExp =>
  new RegExp(`^(${text.replace(/[.+]/g, '\\$&').replace(/\*/g, '.*').replace(/,/g, '|')})$`);

/** Throws Error for a line that cannot be read. */
export function parseExceptions(text: string): Exception[] {
  const out: Exception[] = [];
  text.split('\n').forEach((source, k) => {
    if (source.trim() === '' || source.startsWith('#')) return;
    const parts = source.split('|').map((p) => p.trim());
    if (parts.length !== 4) throw new Error(`line ${k + 1}: not "instructions | what | when | reason"`);
    const [insns, what, when, reason] = parts as [string, string, string, string];
    out.push({
      line: k + 1,
      insns: glob(insns),
      what: what.split(/\s+/).map((w) => {
        const [place, distance] = w.split('~');
        const [name, mask] = place!.split('&');
        return {
          name: glob(name!),
          mask: mask === undefined ? -1n : BigInt(mask),
          ...(distance === undefined ? {} : { distance: BigInt(distance) }),
        };
      }),
      when: when === '' ? [] : when.split(/\s+/).map((w) => condition(w, k + 1)),
      reason,
      used: 0,
    });
  });
  return out;
}

/** `FPSCR&0xf8` some bits, `!FPSCR&0xf8` none of them, `FPSCR&3=2` exactly these; `>FPSCR&1` in the reference's result, `<` in ours. */
function condition(text: string, line: number): Condition {
  const m = text.match(/^(!?)([<>]?)([a-z]+\[\w+\]|[a-zA-Z]\w*)&(\w+)(?:=(\w+))?$/);
  if (!m) throw new Error(`line ${line}: "${text}" is not a condition`);
  return {
    register: m[3]!,
    after: m[2] === '>' ? 'theirs' : m[2] === '<' ? 'ours' : undefined,
    mask: BigInt(m[4]!),
    value: m[5] === undefined ? -1n : BigInt(m[5]),
    negate: m[1] === '!',
  };
}

export class Exceptions {
  constructor(
    readonly list: readonly Exception[],
    private readonly harness: Harness,
  ) {}

  /** Whether some line is about this instruction, not about all. */
  mentions(name: string): boolean {
    return this.list.some((e) => e.insns.test(name) && !e.insns.test('*'));
  }

  /** Whether all differences of a case are explained. */
  excuse(c: Case, differences: readonly Difference[], ours?: Result, theirs?: Result): boolean {
    const used: Exception[] = [];
    const fit = this.list.filter(
      (e) => c.insns.some((x) => e.insns.test(x.name)) && e.when.every((w) => this.holds(w, c, ours, theirs)),
    );
    for (const d of differences) {
      let bits = d.bits;
      for (const e of fit) {
        for (const w of e.what) {
          if (!w.name.test(d.what) || !(bits & w.mask)) continue;
          if (w.distance !== undefined && (d.distance === undefined || d.distance > w.distance)) continue;
          bits &= ~w.mask;
          used.push(e);
        }
      }
      if (bits) return false;
    }
    for (const e of new Set(used)) e.used++;
    return true;
  }

  private holds(w: Condition, c: Case, ours?: Result, theirs?: Result): boolean {
    let v: bigint;
    if (w.register === 'word') v = BigInt(c.words[0]!);
    else if (w.register === 'ours') v = BigInt(ours?.signal ?? 0);
    else if (w.register === 'theirs') v = BigInt(theirs?.signal ?? 0);
    else {
      const name = this.registerName(w.register, c);
      const slot = this.harness.slots.find((s) => s.name === name);
      if (!slot) throw new Error(`exceptions: there is no register ${name}`);
      const record = w.after ? { ours, theirs }[w.after]?.bytes : c.record;
      if (!record) return false;
      v = valueAt(record, slot);
    }
    const hit = w.value === -1n ? (v & w.mask) !== 0n : (v & w.mask) === w.value;
    return hit !== w.negate;
  }

  /** `r[rb]` is the register that the field rb of the first instruction names. */
  private registerName(name: string, c: Case): string {
    const m = name.match(/^([a-z]+)\[(\w+)\]$/);
    if (!m) return name;
    const insn = c.insns[0]!;
    const k = insn.fields.findIndex((f) => f.name === m[2]);
    if (k < 0) throw new Error(`exceptions: ${insn.name} has no field ${m[2]}`);
    return `${m[1]}${fieldsOf(insn, c.words[0]!)[k]}`;
  }
}
