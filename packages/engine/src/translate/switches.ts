// Computed jumps that lead to the same places, as the `switch` of an interpreter's many copies of its dispatch does.
// In: blocks with where their computed jumps were seen to go. Out: groups of sites with their targets in common; a hash
// that tells the targets apart. Must not know: code, locals.
import type { Block } from './discover.js';

/** Sites whose jumps go through one dispatch. */
export interface Switch {
  /** Blocks that end in the jumps. */
  readonly sites: readonly Block[];
  /** Addresses, ascending. */
  readonly targets: readonly number[];
}

/** Groups the computed jumps of a region: two that share a target share them all. */
export function switches(blocks: ReadonlyMap<number, Block>): Switch[] {
  const groups = new Set<{ sites: Block[]; targets: Set<number> }>();
  for (const b of blocks.values()) {
    const seen = b.seen.filter((t) => blocks.has(t));
    if (seen.length === 0) continue;
    const made = { sites: [b], targets: new Set(seen) };
    for (const g of groups) {
      if (!seen.some((t) => g.targets.has(t))) continue;
      made.sites.push(...g.sites);
      for (const t of g.targets) made.targets.add(t);
      groups.delete(g);
    }
    groups.add(made);
  }
  return [...groups].map((g) => ({ sites: g.sites, targets: [...g.targets].sort((a, b) => a - b) }));
}

/** (address * multiplier) >>> (32 - bits), modulo 2^32, is the number of a bucket. */
export interface Hash {
  readonly multiplier: number;
  readonly bits: number;
  readonly buckets: readonly (readonly number[])[];
}

/** Multipliers that are tried. */
const TRIES = 64;

/** A hash of twice to four times as many buckets as there are addresses, with few of them in one bucket. */
export function spread(addresses: readonly number[]): Hash {
  const bits = 33 - Math.clz32(addresses.length);
  let best: Hash | undefined;
  let bestPairs = Infinity;
  // Odd numbers from a fixed sequence: the same code for the same region.
  let multiplier = 0x9e3779b1;
  for (let k = 0; k < TRIES && bestPairs > 0; k++) {
    const buckets: number[][] = Array.from({ length: 1 << bits }, () => []);
    let pairs = 0;
    for (const a of addresses) {
      const bucket = buckets[Math.imul(a, multiplier) >>> (32 - bits)]!;
      pairs += bucket.length;
      bucket.push(a);
    }
    if (pairs < bestPairs) {
      bestPairs = pairs;
      best = { multiplier, bits, buckets };
    }
    multiplier = (Math.imul(multiplier, 0x2c9277b5) + 0xac564b04) | 1;
  }
  return best!;
}
