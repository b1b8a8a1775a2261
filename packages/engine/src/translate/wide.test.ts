// Addresses of 64 bits in translated code: what lies above the window faults, at once and with all of its bits.
import { Perm } from '@mimic/bus';
import { describe, expect, it } from 'vitest';
import { buildInterpreter, createGuest, type Exit, Interpreter, type InterpreterOptions } from '../index.js';
import { assemble, toyIsa } from '../toy-isa.js';

const CODE = 0x10000;
const DATA = 0x20000;
const NODES = 400;
type Source = readonly [name: string, fields: Record<string, number>];

/** Follows NODES pointers, r2 being the first, of which the last is `end`; r4 counts. */
function follow(
  endian: 'big' | 'little',
  end: bigint,
  program: readonly Source[],
  next: (k: number) => bigint,
  options: InterpreterOptions,
): { exit: Exit; pc: number; registers: bigint[]; regions: number } {
  const isa = toyIsa(endian, 64);
  const cpu = new Interpreter(isa, buildInterpreter(isa).bytes, createGuest(isa), options);
  cpu.memory.map(CODE, 4096, Perm.R | Perm.X);
  cpu.memory.map(DATA, 8192, Perm.R | Perm.W);
  program.forEach(([name, fields], k) => void cpu.memory.pokeU32(CODE + 4 * k, assemble(isa, name, fields)));
  for (let k = 0; k < NODES; k++) {
    const v = k === NODES - 1 ? end : next(k);
    const [low, high] = [Number(v & 0xffffffffn), Number(v >> 32n)];
    cpu.memory.pokeU32(DATA + 8 * k, endian === 'big' ? high : low);
    cpu.memory.pokeU32(DATA + 8 * k + 4, endian === 'big' ? low : high);
  }
  cpu.machine.setCell(0, 2, BigInt(DATA));
  cpu.pc = CODE;
  const exit = cpu.run(1e6);
  const registers = Array.from({ length: 8 }, (_, n) => cpu.machine.getCell(0, n));
  return { exit, pc: cpu.pc, registers, regions: cpu.translator?.statistics.regions ?? 0 };
}

const node = (k: number): bigint => BigInt(DATA + 8 * (k + 1));

describe.each(['big', 'little'] as const)('translated code of a 64-bit %s-endian guest', (endian) => {
  const both = (end: bigint, program: readonly Source[], next = node): Exit => {
    const plain = follow(endian, end, program, next, { translate: false });
    const hot = follow(endian, end, program, next, { translate: { threshold: 1 }, quantum: 7 });
    expect(hot.regions).toBeGreaterThan(0);
    expect({ ...hot, regions: 0 }).toEqual(plain);
    return hot.exit;
  };

  it.each([0x5_0000_0010n, 0x1_0000_0000n + BigInt(DATA), 0xffff_ffff_ffff_f008n])(
    'faults for a load at %s',
    (end) => {
      const loop: Source[] = [
        ['addi', { rd: 4, ra: 4, imm: 1 }],
        ['lw', { rd: 2, ra: 2, imm: 0 }],
        ['bne', { rd: 2, ra: 5, imm: -2 }],
      ];
      expect(both(end, loop)).toMatchObject({ kind: 'fault', address: end, access: 'read', pc: CODE + 4 });
    },
  );

  it('adds a displacement in 64 bits', () => {
    const loop: Source[] = [
      ['addi', { rd: 4, ra: 4, imm: 1 }],
      ['lw', { rd: 2, ra: 2, imm: 8 }],
      ['bne', { rd: 2, ra: 5, imm: -2 }],
    ];
    // 8 below each node: the displacement makes up for it, also where the base lies above the window.
    expect(both(0xffff_ffff_ffff_fffdn, loop, (k) => node(k) - 8n)).toMatchObject({
      kind: 'fault',
      address: 5,
    });
  });

  it('faults for a jump to an address whose lower half is code', () => {
    const jumps: Source[] = [
      ['addi', { rd: 4, ra: 4, imm: 1 }],
      ['lw', { rd: 6, ra: 2, imm: 0 }],
      ['addi', { rd: 2, ra: 2, imm: 8 }],
      ['jr', { ra: 6 }],
    ];
    const end = 0x7_0000_0000n + BigInt(CODE);
    expect(both(end, jumps, () => BigInt(CODE))).toMatchObject({
      kind: 'fault',
      address: end,
      access: 'execute',
    });
  });
});
