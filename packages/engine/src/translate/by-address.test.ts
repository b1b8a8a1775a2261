import { describe, expect, it } from 'vitest';
import { ByAddress } from './by-address.js';

describe('values by address', () => {
  it('go with their page', () => {
    const values = new ByAddress<number>(100);
    values.set(0x1000, 1);
    values.set(0x1004, 2);
    values.set(0x2000, 3);
    values.set(0x1004, 4);
    expect([values.get(0x1004), values.size]).toEqual([4, 3]);
    values.forgetPage(1);
    expect([values.has(0x1004), values.get(0x2000), values.size]).toEqual([false, 3, 1]);
    values.delete(0x2000);
    expect(values.size).toBe(0);
  });

  it('are bounded', () => {
    const values = new ByAddress<true>(10);
    for (let pc = 0; pc < 4000; pc += 4) values.set(pc, true);
    expect(values.size).toBeLessThanOrEqual(10);
    expect(values.has(3996)).toBe(true);
  });
});
