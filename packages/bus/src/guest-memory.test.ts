import { describe, expect, it } from 'vitest';
import { PAGE_SIZE, Perm, plainMemory } from './index.js';

const RW = Perm.R | Perm.W;

describe.each([{ reversed: false }, { reversed: true }])('a guest memory, reversed: $reversed', (options) => {
  const memory = plainMemory(options);
  const base = 0x9000_0000;

  it('reads what it wrote, in the guest byte order, unaligned and across pages', () => {
    memory.map(base, 2 * PAGE_SIZE, RW);
    const at = base + PAGE_SIZE - 3;
    expect(memory.writeU64(at, 0x1122334455667788n)).toBe(true);
    expect(memory.readU64(at)).toBe(0x1122334455667788n);
    const bytes = new Uint8Array(8);
    expect(memory.readBytes(at, bytes)).toBeUndefined();
    const inOrder = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
    expect([...bytes]).toEqual(options.reversed ? inOrder : inOrder.toReversed());
    expect(memory.readU8(at)).toBe(options.reversed ? 0x11 : 0x88);
    memory.writeBytes(at, Uint8Array.of(1, 2, 3, 4));
    expect(memory.readU32(at)).toBe(options.reversed ? 0x01020304 : 0x04030201);
    memory.copy(at + 1, at, 4);
    memory.readBytes(at, bytes);
    expect([...bytes.subarray(0, 5)]).toEqual([1, 1, 2, 3, 4]);
  });

  it('names the first byte that may not be accessed, and whether it is mapped', () => {
    memory.map(base, 2 * PAGE_SIZE, RW);
    memory.protect(base + PAGE_SIZE, PAGE_SIZE, Perm.R);
    expect(memory.check(base + 4090, 8, Perm.W)).toEqual({ address: base + PAGE_SIZE, mapped: true });
    expect(memory.check(base + 8190, 8, Perm.R)).toEqual({ address: base + 2 * PAGE_SIZE, mapped: false });
    expect(memory.check(0, 1, Perm.R)).toEqual({ address: 0, mapped: false });
    expect(memory.check(0xffff_ffff, 4, Perm.R)?.mapped).toBe(false);
    expect(memory.accessible(base + 100, 100_000, Perm.R)).toBe(2 * PAGE_SIZE - 100);
    expect(memory.writeU32(base + PAGE_SIZE, 1)).toBe(false);
    memory.protect(base, PAGE_SIZE, 0);
    expect(memory.check(base, 1, Perm.R)).toEqual({ address: base, mapped: true });
  });

  it('gives zeroed pages when a range is mapped again', () => {
    memory.map(base, PAGE_SIZE, RW);
    memory.writeU32(base + 8, 77);
    memory.unmap(base, PAGE_SIZE);
    memory.map(base, PAGE_SIZE, RW);
    expect(memory.readU32(base + 8)).toBe(0);
  });

  it('keeps the fast bits of a page and of the page before', () => {
    const page = base / PAGE_SIZE;
    memory.unmap(base - PAGE_SIZE, 6 * PAGE_SIZE);
    memory.map(base, 3 * PAGE_SIZE, RW);
    const fast = () => [0, 1, 2].map((i) => memory.perm(page + i) & (Perm.READ_FAST | Perm.WRITE_FAST));
    const both = Perm.READ_FAST | Perm.WRITE_FAST;
    expect(fast()).toEqual([both, both, 0]);
    memory.markCode(page + 1);
    expect(fast()).toEqual([Perm.READ_FAST, Perm.READ_FAST, 0]);
    memory.clearCode(page + 1);
    expect(fast()).toEqual([both, both, 0]);
    memory.unmap(base + PAGE_SIZE, PAGE_SIZE);
    expect(fast()).toEqual([0, 0, 0]);
  });

  it('tells before code changes, for host writes, unmap, protect and map', () => {
    const told: number[] = [];
    const page = base / PAGE_SIZE;
    memory.map(base, PAGE_SIZE, 7);
    const stop = memory.onCodeChange((p) => told.push(p));
    for (const change of [
      () => memory.writeU8(base + 3, 1),
      () => memory.protect(base, PAGE_SIZE, 7),
      () => memory.map(base, PAGE_SIZE, 7),
      () => memory.fill(base, 4, 0),
      () => memory.unmap(base, PAGE_SIZE),
    ]) {
      memory.markCode(page);
      change();
      expect(memory.perm(page) & Perm.CODE).toBe(0);
    }
    expect(told).toEqual([page, page, page, page, page]);
    stop();
  });

  it('reads strings up to a bound', () => {
    memory.map(base, PAGE_SIZE, RW);
    memory.writeBytes(base + PAGE_SIZE - 4, Uint8Array.of(104, 105, 0, 33));
    expect(memory.readString(base + PAGE_SIZE - 4, 100)).toBe('hi');
    expect(memory.readString(base + PAGE_SIZE - 4, 2)).toBeUndefined();
    expect(memory.readString(base + PAGE_SIZE - 1, 100)).toEqual({
      address: base + PAGE_SIZE,
      mapped: false,
    });
  });

  it('refuses to map the first page and what is ours', () => {
    expect(() => memory.map(0, PAGE_SIZE, RW)).toThrow(RangeError);
    expect(() => memory.map(memory.limit, PAGE_SIZE, RW)).toThrow(RangeError);
  });
});
