import { PAGE_SIZE, Perm, plainMemory } from '@mimic/bus';
import { describe, expect, it } from 'vitest';
import { E } from '../errno.js';
import { AddressSpace } from './address-space.js';

const RW = Perm.R | Perm.W;
const at = (space: AddressSpace, length: number, address?: number): number =>
  space.map({ length, access: RW, ...(address === undefined ? {} : { address, fixed: true }) }) as number;

describe('an address space', () => {
  it('places mappings downwards, next to each other, and joins equal neighbours', () => {
    const space = new AddressSpace(plainMemory({ reversed: true }));
    const first = at(space, PAGE_SIZE);
    const second = at(space, PAGE_SIZE);
    expect(second).toBe(first - PAGE_SIZE);
    expect(space.list).toHaveLength(1);
  });

  it('splits an area whose middle changes, and joins it again', () => {
    const space = new AddressSpace(plainMemory({ reversed: true }));
    const base = at(space, 3 * PAGE_SIZE);
    expect(space.protect(base + PAGE_SIZE, PAGE_SIZE, Perm.R)).toBeUndefined();
    expect(space.list.map((a) => a.access)).toEqual([RW, Perm.R, RW]);
    space.protect(base + PAGE_SIZE, PAGE_SIZE, RW);
    expect(space.list).toHaveLength(1);
  });

  it('refuses a range with holes, the first page and what is not free', () => {
    const space = new AddressSpace(plainMemory({ reversed: true }));
    const base = at(space, PAGE_SIZE);
    expect(space.protect(base, 4 * PAGE_SIZE, RW)).toBe(E.ENOMEM);
    expect(space.map({ address: 0, fixed: true, length: PAGE_SIZE, access: RW })).toBe(E.EPERM);
    expect(space.map({ address: base, fixed: true, noReplace: true, length: PAGE_SIZE, access: RW })).toBe(
      E.EEXIST,
    );
    expect(space.map({ length: 2 ** 32, access: RW })).toBe(E.ENOMEM);
  });

  it('moves a mapping with its bytes when it cannot grow in place', () => {
    const space = new AddressSpace(plainMemory({ reversed: true }));
    at(space, PAGE_SIZE, 0x5000_1000);
    at(space, PAGE_SIZE, 0x5000_0000);
    space.memory.writeU32(0x5000_0004, 99);
    expect(space.remap(0x5000_0000, PAGE_SIZE, 2 * PAGE_SIZE, false)).toBe(E.ENOMEM);
    const moved = space.remap(0x5000_0000, PAGE_SIZE, 2 * PAGE_SIZE, true) as number;
    expect(space.memory.readU32(moved + 4)).toBe(99);
    expect(space.find(0x5000_0000)).toBeUndefined();
  });

  it('grows and shrinks the heap, zeroed anew', () => {
    const space = new AddressSpace(plainMemory({ reversed: true }));
    space.heapStart = space.heapEnd = 0x2000_0000;
    expect(space.setBreak(0x2000_0010)).toBe(0x2000_0010);
    space.memory.writeU32(0x2000_0008, 5);
    space.setBreak(0x2000_0000);
    expect(space.find(0x2000_0000)).toBeUndefined();
    space.setBreak(0x2000_0010);
    expect(space.memory.readU32(0x2000_0008)).toBe(0);
    expect(space.setBreak(1)).toBe(0x2000_0010);
  });
});
