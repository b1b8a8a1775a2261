// Where regions of a loop nest start: the nest at its outermost head, what runs now at its own loop.
import { JumpHint } from '@mimic/ir';
import { describe, expect, it } from 'vitest';
import type { Block, Discovered } from './discover.js';
import { narrow, outermostHead } from './narrow.js';

/** A region of blocks of one instruction; `ways`: by address, where its jump goes; it falls through besides. */
function region(entry: number, ways: Readonly<Record<number, number | 'seen' | undefined>>): Discovered {
  const blocks = new Map<number, Block>();
  for (const [key, to] of Object.entries(ways)) {
    const pc = Number(key);
    const exits = typeof to === 'number' ? [{ target: to, hint: JumpHint.plain }] : [];
    blocks.set(pc, {
      pc,
      insns: [{}],
      end: pc + 4,
      exits,
      seen: to === 'seen' ? [0x10] : [],
      called: [],
      falls: true,
      stops: false,
    } as unknown as Block);
  }
  return { entry, blocks, pages: new Set([0]), outer: new Set(), calls: new Set(), insns: blocks.size };
}

/** 0x10 heads a loop with two in it, at 0x14 and at 0x1c. */
const nest = { 16: undefined, 20: undefined, 24: 20, 28: undefined, 32: 28, 36: 16, 40: undefined };

describe('a region that starts in a loop nest', () => {
  it('holds the inner loop alone that it starts with', () => {
    const d = narrow(region(0x1c, nest));
    expect([...d.blocks.keys()].sort()).toEqual([0x1c, 0x20]);
    expect([...d.outer]).toEqual([0x24]);
  });

  it.each([0x14, 0x18, 0x1c, 0x20, 0x24])('knows from %i where the nest starts', (entry) => {
    expect(outermostHead(region(entry, nest))).toBe(0x10);
  });

  it('has nothing to look for at the head itself, and behind the loops', () => {
    expect(outermostHead(region(0x10, nest))).toBeUndefined();
    expect(outermostHead(region(0x28, { 40: undefined }))).toBeUndefined();
  });

  it('stays where it is in a loop around a computed jump: that has entries enough', () => {
    expect(outermostHead(region(0x1c, { ...nest, 36: 'seen' }))).toBeUndefined();
  });
});
