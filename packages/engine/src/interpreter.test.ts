import { type GuestMemory, Perm } from '@mimic/bus';
import { Random } from '@mimic/ir';
import { describe, expect, it } from 'vitest';
import { buildInterpreter, compareTiers, createGuest, Interpreter } from './index.js';
import { assemble, toyIsa } from './toy-isa.js';

const CODE = 0x10000;
const DATA = 0x20000;

function start(
  endian: 'big' | 'little',
  program: readonly (readonly [string, Record<string, number>])[],
  word: 32 | 64 = 32,
): { cpu: Interpreter; memory: GuestMemory; set(n: number, v: number): void; reg(n: number): number } {
  const isa = toyIsa(endian, word);
  const module = buildInterpreter(isa);
  const guest = createGuest(isa);
  const memory = guest.memory;
  memory.map(CODE, 8192, Perm.R | Perm.X);
  memory.map(DATA, 16384, Perm.R | Perm.W);
  program.forEach(([name, fields], k) => void memory.pokeU32(CODE + 4 * k, assemble(isa, name, fields)));
  const cpu = new Interpreter(isa, module.bytes, guest, { hosts: { ticks: () => 77n } });
  cpu.pc = CODE;
  return {
    cpu,
    memory,
    set: (n, v) => cpu.machine.setCell(0, n, BigInt(v >>> 0)),
    reg: (n) => Number(cpu.machine.getCell(0, n)),
  };
}

describe.each(['big', 'little'] as const)('the interpreter of a %s-endian guest', (endian) => {
  it('runs a loop and stops at a trap with its arguments', () => {
    const { cpu, reg } = start(endian, [
      ['addi', { rd: 1, ra: 0, imm: 10 }],
      ['addi', { rd: 2, ra: 0, imm: 0 }],
      ['add', { rd: 2, ra: 2, rb: 1 }],
      ['addi', { rd: 1, ra: 1, imm: -1 }],
      ['bne', { rd: 1, ra: 4, imm: -2 }],
      ['trap', { imm: 1234 }],
    ]);
    cpu.machine.setCell(1, 0, 0x0123456789abcdef_fedcba9876543210n);
    expect(cpu.run(1e6)).toEqual({
      kind: 'trap',
      name: 'Call',
      args: [1234n, 0x0123456789abcdef_fedcba9876543210n],
      pc: CODE + 20,
    });
    expect(reg(2)).toBe(55);
    expect(cpu.retired).toBe(32);
    cpu.advance();
    expect(cpu.pc).toBe(CODE + 24);
    expect(cpu.run(1e6)).toEqual({ kind: 'illegal', pc: CODE + 24 });
  });

  it('stores and loads in the byte order of the guest', () => {
    const { cpu, reg, set } = start(endian, [
      ['sw', { rd: 1, ra: 2, imm: 4 }],
      ['lb', { rd: 3, ra: 2, imm: 4 }],
      ['lw', { rd: 4, ra: 2, imm: 4 }],
      ['trap', {}],
    ]);
    set(1, 0x11223344);
    set(2, DATA + 4093);
    cpu.run(100);
    expect(reg(3)).toBe(endian === 'big' ? 0x11 : 0x44);
    expect(reg(4)).toBe(0x11223344);
  });

  it('reports a refused access precisely', () => {
    const { cpu, reg, set } = start(endian, [
      ['addi', { rd: 5, ra: 0, imm: 1 }],
      ['lw', { rd: 5, ra: 2, imm: 0 }],
      ['sw', { rd: 5, ra: 2, imm: 0 }],
    ]);
    set(2, DATA + 4 * 4096 - 2);
    expect(cpu.run(100)).toEqual({
      kind: 'fault',
      address: DATA + 4 * 4096,
      access: 'read',
      mapped: false,
      pc: CODE + 4,
    });
    expect(reg(5)).toBe(1);
    set(2, CODE);
    cpu.pc = CODE + 8;
    expect(cpu.run(100)).toEqual({
      kind: 'fault',
      address: CODE,
      access: 'write',
      mapped: true,
      pc: CODE + 8,
    });
    set(2, 0);
    cpu.pc = CODE + 4;
    expect(cpu.run(100)).toEqual({ kind: 'fault', address: 0, access: 'read', mapped: false, pc: CODE + 4 });
  });

  it('calls, returns, and crosses pages by running on and by jumping', () => {
    const { cpu, memory, reg } = start(endian, [
      ['jal', { rd: 31, imm: 1022 }],
      ['trap', {}],
    ]);
    memory.pokeU32(CODE + 4088, assemble(cpu.isa, 'addi', { rd: 6, ra: 0, imm: 1 }));
    memory.pokeU32(CODE + 4092, assemble(cpu.isa, 'addi', { rd: 6, ra: 6, imm: 2 }));
    memory.pokeU32(CODE + 4096, assemble(cpu.isa, 'addi', { rd: 6, ra: 6, imm: 4 }));
    memory.pokeU32(CODE + 4100, assemble(cpu.isa, 'jr', { ra: 31 }));
    expect(cpu.run(100)).toMatchObject({ kind: 'trap', pc: CODE + 4 });
    expect(reg(6)).toBe(7);
  });

  it('sees code that changed, on its own page too', () => {
    const { cpu, memory, reg, set } = start(endian, [
      ['sw', { rd: 1, ra: 2, imm: 8 }],
      ['addi', { rd: 3, ra: 3, imm: 1 }],
      ['addi', { rd: 4, ra: 0, imm: 1 }],
      ['trap', {}],
    ]);
    memory.protect(CODE, 8192, Perm.R | Perm.W | Perm.X);
    set(1, assemble(cpu.isa, 'addi', { rd: 4, ra: 0, imm: 99 }));
    set(2, CODE);
    expect(cpu.run(100)).toMatchObject({ kind: 'trap' });
    expect(reg(4)).toBe(99);
  });

  it('stops when the budget is used up, and refuses to run data', () => {
    const { cpu } = start(endian, [['jal', { rd: 1, imm: 0 }]]);
    expect(cpu.run(100_000)).toEqual({ kind: 'budget' });
    // Translated code counts by blocks.
    expect(Math.abs(cpu.retired - 100_000)).toBeLessThan(10);
    cpu.pc = DATA;
    expect(cpu.run(100)).toEqual({ kind: 'fault', address: DATA, access: 'execute', mapped: true, pc: DATA });
  });

  it('gives registers and the whole state', () => {
    const { cpu } = start(endian, []);
    cpu.writeRegister('r3', 5n);
    const state = cpu.saveState();
    cpu.writeRegister('r3', 6n);
    cpu.loadState(state);
    expect(cpu.readRegister('r3')).toBe(5n);
    expect(cpu.pc).toBe(CODE);
  });

  it('runs 64-bit words in the low 4 GiB, and faults beyond', () => {
    const { cpu } = start(
      endian,
      [
        ['addi', { rd: 1, ra: 0, imm: -1 }],
        ['lw', { rd: 4, ra: 2, imm: 8 }],
        ['jr', { ra: 3 }],
      ],
      64,
    );
    cpu.machine.setCell(0, 2, BigInt(DATA));
    cpu.machine.setCell(0, 3, 0x1_0000_0000n);
    expect(cpu.run(100)).toEqual({
      kind: 'fault',
      address: 0x1_0000_0000n,
      access: 'execute',
      mapped: false,
      pc: 2 ** 32,
    });
    expect(cpu.machine.getCell(0, 1)).toBe(0xffff_ffff_ffff_ffffn);
    cpu.pc = CODE + 4;
    cpu.machine.setCell(0, 2, 0x5_0000_0000n);
    expect(cpu.run(100)).toEqual({
      kind: 'fault',
      address: 0x5_0000_0008n,
      access: 'read',
      mapped: false,
      pc: CODE + 4,
    });
  });

  it.each([32, 64] as const)('agrees with the evaluator on every instruction, words of %s bits', (word) => {
    const { cpu } = start(endian, [], word);
    const arena = { code: CODE >>> 12, data: DATA >>> 12, pages: 4 };
    const rng = new Random(5);
    for (const insn of cpu.isa.insns) {
      for (let k = 0; k < 100; k++) {
        const { word, differences } = compareTiers(cpu, insn, rng, arena);
        expect(differences, `${insn.name} ${word.toString(16)}`).toEqual([]);
      }
    }
  });
});
