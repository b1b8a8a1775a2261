// The differences that are known and explained. In: the text of an exceptions file. Out: which line excuses what.
// Must not know: how cases are run.
import type { Case } from './generate.js';
import type { Harness } from './harness.js';

/** One place where two results differ. `bits` says where in it. */
export interface Difference {
  readonly what: string;
  readonly bits: bigint;
  readonly text: string;
}

interface Condition {
  readonly register: string;
  readonly mask: bigint;
  readonly value: bigint;
  readonly negate: boolean;
}

/** `insns | what | when | reason`: see tests/fuzz/exceptions-*.txt. */
export interface Exception {
  readonly line: number;
  readonly insns: RegExp;
  readonly what: readonly { readonly name: RegExp; readonly mask: bigint }[];
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
        const [name, mask] = w.split('&');
        return { name: glob(name!), mask: mask === undefined ? -1n : BigInt(mask) };
      }),
      when: when === '' ? [] : when.split(/\s+/).map((w) => condition(w, k + 1)),
      reason,
      used: 0,
    });
  });
  return out;
}

/** `FPSCR&0xf8` some bits, `!FPSCR&0xf8` none of them, `FPSCR&3=2` exactly these. */
function condition(text: string, line: number): Condition {
  const m = text.match(/^(!?)([a-zA-Z]\w*)&(\w+)(?:=(\w+))?$/);
  if (!m) throw new Error(`line ${line}: "${text}" is not a condition`);
  const exact = m[4] !== undefined;
  return { register: m[2]!, mask: BigInt(m[3]!), value: exact ? BigInt(m[4]!) : -1n, negate: m[1] === '!' };
}

export class Exceptions {
  constructor(
    readonly list: readonly Exception[],
    private readonly harness: Harness,
  ) {}

  /** Whether some line is about this instruction. */
  mentions(name: string): boolean {
    return this.list.some((e) => e.insns.test(name));
  }

  /** Whether all differences of a case are explained; `expected` is what the reference gave. */
  excuse(c: Case, differences: readonly Difference[]): boolean {
    const used: Exception[] = [];
    for (const d of differences) {
      let bits = d.bits;
      for (const e of this.list) {
        if (!c.insns.some((x) => e.insns.test(x.name)) || !e.when.every((w) => this.holds(w, c))) continue;
        for (const w of e.what) {
          if (!w.name.test(d.what) || !(bits & w.mask)) continue;
          bits &= ~w.mask;
          used.push(e);
        }
      }
      if (bits) return false;
    }
    for (const e of new Set(used)) e.used++;
    return true;
  }

  private holds(w: Condition, c: Case): boolean {
    const slot = this.harness.slots.find((s) => s.name === w.register);
    const v = slot
      ? slot.width === 64
        ? c.record.getBigUint64(slot.at)
        : BigInt(c.record.getUint32(slot.at))
      : this.field(w.register, c);
    const hit = w.value === -1n ? (v & w.mask) !== 0n : (v & w.mask) === w.value;
    return hit !== w.negate;
  }

  /** `word` is the first instruction itself. */
  private field(name: string, c: Case): bigint {
    if (name !== 'word') throw new Error(`exceptions: there is no register ${name}`);
    return BigInt(c.words[0]!);
  }
}
