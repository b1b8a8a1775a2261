// What bounds the translator: the cache, the slots, modules that the host can collect.
import { Perm } from '@mimic/bus';
import { moduleText } from '@mimic/wasm';
import { describe, expect, it } from 'vitest';
import { buildInterpreter, createGuest, Interpreter, type TranslatorOptions } from '../index.js';
import { assemble, toyIsa } from '../toy-isa.js';

const CODE = 0x10000;
const isa = toyIsa('big');
const module = buildInterpreter(isa).bytes;

/** A loop that calls `count` functions, each of which adds its number to r5. */
function start(count: number, translate: TranslatorOptions) {
  const cpu = new Interpreter(isa, module, createGuest(isa), { translate, quantum: 5 });
  const { memory } = cpu;
  const size = Math.ceil((count * 4 + 12) / 4096) * 4096;
  memory.map(CODE, 4 * size, Perm.R | Perm.W | Perm.X);
  const put = (at: number, name: string, fields: Record<string, number>): void =>
    memory.pokeU32(at, assemble(isa, name, fields));
  const body = CODE + size;
  for (let k = 0; k < count; k++) {
    const at = body + 8 * k;
    put(CODE + 4 * k, 'jal', { rd: 31, imm: (at - CODE) / 4 - k });
    put(at, 'addi', { rd: 5, ra: 5, imm: k % 100 });
    put(at + 4, 'jr', { ra: 31 });
  }
  const end = CODE + 4 * count;
  put(end, 'addi', { rd: 2, ra: 2, imm: 1 });
  put(end + 4, 'bne', { rd: 2, ra: 8, imm: (CODE - end - 4) / 4 });
  put(end + 8, 'trap', {});
  const run = (loops: number): number => {
    cpu.machine.setCell(0, 2, 0n);
    cpu.machine.setCell(0, 5, 0n);
    cpu.machine.setCell(0, 8, BigInt(loops));
    cpu.pc = CODE;
    expect(cpu.run(1e8)).toMatchObject({ kind: 'trap' });
    return Number(cpu.machine.getCell(0, 5));
  };
  return { cpu, run, body, put };
}
const sum = (count: number): number => {
  let s = 0;
  for (let k = 0; k < count; k++) s += k % 100;
  return s;
};

describe('the translator', () => {
  it('translates nothing for a cache of no bytes', () => {
    const { cpu, run } = start(10, { threshold: 1, cacheBytes: 0 });
    expect(run(500)).toBe(500 * sum(10));
    expect(cpu.translator!.statistics.regions).toBe(0);
  });

  it('links no module that is larger than the cache: nothing would drop it', () => {
    const { run, body, put } = start(10, { threshold: 1, cacheBytes: 100 });
    for (let k = 1; k < 5; k++) {
      put(body, 'addi', { rd: 5, ra: 5, imm: 1000 * k });
      expect(run(200)).toBe(200 * (sum(10) + 1000 * k));
    }
  });

  it('goes on in a small cache, which drops what was not wanted for long', () => {
    const { cpu, run } = start(400, { threshold: 1, cacheBytes: 8192 });
    expect(run(300)).toBe(300 * sum(400));
    const s = cpu.translator!.statistics;
    expect(s.evictions).toBeGreaterThan(0);
  });

  it('goes on when more functions are called than there are slots', () => {
    const { cpu, run } = start(9000, { threshold: 1 });
    expect(run(60)).toBe(60 * sum(9000));
    expect(cpu.translator!.statistics.regions).toBeGreaterThan(0);
  }, 60_000);

  it('makes modules that import no table: the host would keep them as long as the table', () => {
    const texts: string[] = [];
    const { run } = start(20, { threshold: 1, onModule: (m) => texts.push(moduleText(m.wasm)) });
    run(500);
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) expect(text).not.toMatch(/\(table/);
  });
});
