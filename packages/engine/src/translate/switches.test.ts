import { describe, expect, it } from 'vitest';
import type { Block } from './discover.js';
import { cycleEntries } from './entries.js';
import { spread, switches } from './switches.js';

const block = (pc: number, seen: number[]): Block => ({
  pc,
  insns: [],
  end: pc + 4,
  exits: [],
  seen,
  called: [],
  falls: false,
  stops: false,
});
const region = (...blocks: Block[]): Map<number, Block> => new Map(blocks.map((b) => [b.pc, b]));

describe('computed jumps', () => {
  it('share a dispatch when they share a target', () => {
    const [a, ...others] = switches(
      region(block(0, [8, 12]), block(4, [12, 16]), block(8, []), block(12, []), block(16, [])),
    );
    expect(others).toEqual([]);
    expect(a!.sites.map((b) => b.pc).sort((x, y) => x - y)).toEqual([0, 4]);
    expect(a!.targets).toEqual([8, 12, 16]);
  });

  it('have dispatches of their own otherwise, and know only targets in the region', () => {
    const found = switches(region(block(0, [8, 100]), block(4, [12]), block(8, []), block(12, [])));
    expect(found.map((s) => s.targets)).toEqual([[8], [12]]);
  });

  it.each([4, 44, 133, 256])('find %i targets by a hash that tells them apart, but for a few', (count) => {
    const addresses = Array.from({ length: count }, (_, k) => 0x1001f6d4 + 4 * ((k * k * 7) % 4096) + 64 * k);
    const { multiplier, bits, buckets } = spread(addresses);
    for (const a of addresses) expect(buckets[Math.imul(a, multiplier) >>> (32 - bits)]).toContain(a);
    expect(buckets.length).toBeLessThanOrEqual(4 * count);
    expect(Math.max(...buckets.map((b) => b.length))).toBeLessThanOrEqual(4);
  });
});

describe('entries', () => {
  it('are those of the outermost cycles, of the largest first', () => {
    // 0 -> 1 <-> 2, inside it 2 <-> 3; then 4, which is a loop of its own, then 5.
    expect(cycleEntries([[1], [2], [1, 3, 4], [2], [4, 5], []], 0)).toEqual([1, 4]);
  });

  it('are all entries of a cycle that has several', () => {
    expect(cycleEntries([[1, 2], [2], [1]], 0)).toEqual([1, 2]);
  });

  it('leave out what no cycle holds', () => {
    expect(cycleEntries([[1, 2], [3], [3], []], 0)).toEqual([]);
  });
});
