import { describe, expect, it } from 'vitest';
import { tinyElf } from '../testing/guest.js';
import { ElfProblem, type ReadAt, readElf } from './read.js';

const reader =
  (bytes: Uint8Array): ReadAt =>
  (position, length) =>
    bytes.subarray(position, position + length);

describe('an ELF file', () => {
  it('is read where it is whole', () => {
    expect(readElf(reader(tinyElf()))).toMatchObject({
      class: 32,
      data: 'msb',
      machine: 20,
      entry: 0x10000054,
      relocatable: false,
    });
  });

  it.each([
    ['text', Uint8Array.from('#!/bin/sh\n', (c) => c.charCodeAt(0)), 'not an ELF file'],
    ['nothing', new Uint8Array(0), 'not an ELF file'],
    ['a header alone', tinyElf().subarray(0, 52), 'program headers missing'],
    ['half a header', tinyElf().subarray(0, 30), 'no header'],
    ['a cut segment', tinyElf().subarray(0, 100), 'not all there'],
    ['another class', tinyElf((v) => v.setUint8(4, 9)), 'class 9'],
    ['another byte order', tinyElf((v) => v.setUint8(5, 0)), 'byte order 0'],
    ['an object file', tinyElf((v) => v.setUint16(16, 1)), 'ELF type 1'],
    ['odd program headers', tinyElf((v) => v.setUint16(42, 7)), 'program headers of 7 bytes'],
    ['no program headers', tinyElf((v) => v.setUint16(44, 0)), 'no program headers'],
    ['nothing to load', tinyElf((v) => v.setUint32(52, 4)), 'nothing to load'],
    ['more in the file than in memory', tinyElf((v) => v.setUint32(52 + 20, 1)), 'larger in the file'],
  ])('that is %s is refused in one line', (_name, bytes, message) => {
    const problem = readElf(reader(bytes));
    expect(problem).toBeInstanceOf(ElfProblem);
    expect((problem as ElfProblem).message).toContain(message);
    expect((problem as ElfProblem).message).not.toContain('\n');
  });
});
