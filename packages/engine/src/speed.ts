// Speed of the interpreter on a toy loop, in million instructions a second.
// In: nothing. Out: figures. Must not know: any real architecture.
import { Perm } from '@mimic/bus';

import { buildInterpreter, createGuest, Interpreter } from './index.js';
import { assemble, toyIsa } from './toy-isa.js';

declare const performance: { now(): number };

/** Runs `count` instructions of a loop of ten: arithmetic, two loads, a store, a taken branch, a call and return. */
export function measure(endian: 'big' | 'little', count: number): { start: number; rate: number } {
  const t0 = performance.now();
  const isa = toyIsa(endian);
  const guest = createGuest(isa);
  const memory = guest.memory;
  memory.map(0x10000, 4096, Perm.R | Perm.X);
  memory.map(0x20000, 16384, Perm.R | Perm.W);
  const program: [string, Record<string, number>][] = [
    ['addi', { rd: 2, ra: 0, imm: 0 }],
    ['add', { rd: 3, ra: 3, rb: 2 }],
    ['lw', { rd: 5, ra: 20, imm: 8 }],
    ['add', { rd: 5, ra: 5, rb: 3 }],
    ['sw', { rd: 5, ra: 20, imm: 8 }],
    ['lb', { rd: 6, ra: 20, imm: 9 }],
    ['addi', { rd: 2, ra: 2, imm: 1 }],
    ['jal', { rd: 31, imm: 3 }],
    ['addi', { rd: 7, ra: 7, imm: 1 }],
    ['bne', { rd: 2, ra: 8, imm: -8 }],
    ['add', { rd: 9, ra: 6, rb: 9 }],
    ['jr', { ra: 31 }],
  ];
  program.forEach(([name, fields], k) => void memory.pokeU32(0x10000 + 4 * k, assemble(isa, name, fields)));
  const cpu = new Interpreter(isa, buildInterpreter(isa).bytes, guest);
  cpu.machine.setCell(0, 20, 0x20000n);
  cpu.machine.setCell(0, 8, 0xffffffffn);
  cpu.pc = 0x10000;
  cpu.run(1000);
  const t1 = performance.now();
  cpu.run(20e6);
  const t2 = performance.now();
  const before = cpu.retired;
  cpu.run(count);
  return { start: t1 - t0, rate: (cpu.retired - before) / (performance.now() - t2) / 1000 };
}
