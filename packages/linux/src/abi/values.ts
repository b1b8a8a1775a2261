// Constants of the ABI by group and name. In: LinuxAbi.values. Out: numbers, and names for traces.
// Must not know: which call uses them.
import type { LinuxAbi } from '@mimic/isa';

/** Lookups in `values`. A name that the ABI lacks gives a value that matches nothing: NaN. */
export class Values {
  private readonly reverse = new Map<string, Map<number, string>>();

  constructor(private readonly abi: LinuxAbi) {}

  /** All constants of a group. */
  group(name: string): Readonly<Record<string, number>> {
    return this.abi.values[name] ?? {};
  }

  get(group: string, name: string): number {
    return this.abi.values[group]?.[name] ?? Number.NaN;
  }

  /** True if all bits of the named flag are set. */
  has(bits: number, group: string, name: string): boolean {
    const flag = this.get(group, name);
    return flag > 0 && (bits & flag) >>> 0 === flag >>> 0;
  }

  /** The first name with that value. */
  nameOf(group: string, value: number): string | undefined {
    let names = this.reverse.get(group);
    if (!names) {
      names = new Map();
      for (const [name, number] of Object.entries(this.group(group)))
        if (!names.has(number)) names.set(number, name);
      this.reverse.set(group, names);
    }
    return names.get(value);
  }

  /** `A|B|0x10`: the names of the single bits that are set. */
  flags(group: string, value: number): string {
    const parts: string[] = [];
    let rest = value >>> 0;
    for (const [name, flag] of Object.entries(this.group(group)).sort((a, b) => b[1] - a[1])) {
      const bits = flag >>> 0;
      if (bits !== 0 && (rest & bits) >>> 0 === bits) {
        parts.push(name);
        rest = (rest & ~bits) >>> 0;
      }
    }
    if (rest || parts.length === 0) parts.push(rest ? `0x${rest.toString(16)}` : '0');
    return parts.join('|');
  }
}
