// Runs the inline tests of a spec on the generated interpreter.
// In: a CompiledIsa, test cases made concrete. Out: those that do not end as expected, with what differs.
// Must not know: how the interpreter works, the spec language.
import { Perm } from '@mimic/bus';
import { type CompiledIsa, stateDiffers, type TestCase, TestMachine } from '@mimic/isa';
import { buildInterpreter } from './build.js';
import type { Exit } from './cpu.js';
import { createGuest } from './guest.js';
import { Interpreter } from './interpreter.js';

export interface CaseFailure {
  readonly span: TestCase['span'];
  readonly message: string;
  readonly notes: readonly string[];
}

/** Tests use low addresses: memory is whole here, where a program's lacks the first 64 KiB. */
const WHOLE = 65536;
const PAGE = 4096;
/** Steps of a test with a loop. */
const STEPS = 1000;

/** The failures of `cases`, in order. */
export function runCases(isa: CompiledIsa, cases: readonly TestCase[]): CaseFailure[] {
  const guest = createGuest(isa, WHOLE);
  const cpu = new Interpreter(isa, buildInterpreter(isa, WHOLE).bytes, guest);
  const bench = new Bench(cpu);
  const out: CaseFailure[] = [];
  for (const c of cases) {
    const notes = bench.run(c);
    if (notes.length)
      out.push({
        span: c.span,
        message: `${c.code.map((d) => d.insn.name).join('; ')}: not as expected`,
        notes,
      });
  }
  return out;
}

class Bench {
  private readonly bytes: Uint8Array;
  /** Pages that the last case had. */
  private pages: ReadonlySet<number> = new Set();

  constructor(private readonly cpu: Interpreter) {
    this.bytes = new Uint8Array(cpu.guest.store.buffer);
  }

  /** What differs, a line each. */
  run(c: TestCase): string[] {
    const pages = new Set([...c.before.memory.keys(), ...c.after.memory.keys()].map((a) => Number(a) >>> 12));
    // What a test does not name reads as 0: a page that turns out to be missing is added.
    for (;;) {
      this.prepare(c, pages);
      const exit = this.execute(c);
      const at = exit.kind === 'fault' ? Number(exit.address) : 0;
      if (exit.kind === 'fault' && exit.access !== 'execute' && !pages.has(Math.floor(at / 4096))) {
        if (at < this.cpu.memory.lowest || at >= this.cpu.memory.limit)
          return [`an access to ${hex(exit.address)}, where nothing can be mapped`];
        pages.add(at >>> 12);
        continue;
      }
      return this.differences(c, exit, pages);
    }
  }

  private prepare(c: TestCase, data: ReadonlySet<number>): void {
    const { memory, isa, machine, code } = this.cpu;
    for (const page of this.pages) memory.unmap(page * PAGE, PAGE);
    const end = c.pc + BigInt(c.bytes.length);
    const pages = new Set(data);
    for (let page = Number(c.pc) >>> 12; page <= Number(end) >>> 12; page++) pages.add(page);
    for (const page of pages) memory.map(page * PAGE, PAGE, Perm.R | Perm.X | (data.has(page) ? Perm.W : 0));
    this.pages = pages;
    for (const [address, byte] of c.before.memory) this.bytes[this.host(address)] = byte;
    const start = this.start(c);
    c.bytes.forEach((byte, k) => {
      this.bytes[this.host(start + BigInt(k))] = byte;
    });
    isa.program.cells.forEach((cell, n) => {
      if (cell.name !== 'PC')
        for (let k = 0; k < cell.count; k++) machine.setCell(n, k, c.before.getCell(n, k));
    });
    code.clear();
    this.cpu.pc = Number(c.pc);
  }

  /** Steps through the code until it is left, as the evaluator does. */
  private execute(c: TestCase): Exit {
    const { cpu } = this;
    const ends = new Map<number, number>();
    let at = Number(c.pc);
    for (const d of c.code) {
      ends.set(at, at + d.length);
      at += d.length;
    }
    if (c.undecoded) ends.set(at, Number(c.pc) + c.bytes.length);
    let exit: Exit = { kind: 'budget' };
    for (let step = 0; step < STEPS; step++) {
      const end = ends.get(cpu.pc);
      if (end === undefined) break;
      const from = cpu.pc;
      cpu.code.clear();
      cpu.code.stopAt(end);
      exit = cpu.run(1);
      if (exit.kind === 'trap' || (exit.kind === 'fault' && exit.access !== 'execute')) return exit;
      if (exit.kind === 'illegal' && exit.pc === from) return exit;
      if (c.code.length === 1) break;
    }
    return { kind: 'budget' };
  }

  private differences(c: TestCase, exit: Exit, pages: ReadonlySet<number>): string[] {
    const { cpu } = this;
    const found =
      exit.kind === 'trap'
        ? `trap ${exit.name}`
        : exit.kind === 'illegal'
          ? 'trap Illegal'
          : exit.kind === 'fault'
            ? `a fault at ${hex(exit.address)}`
            : `at ${hex(cpu.pc)}`;
    const expected = c.trap ? `trap ${cpu.isa.program.traps[c.trap.number]!.name}` : `at ${hex(c.next!)}`;
    const notes = found === expected ? [] : [`expected ${expected}, found ${found}`];
    return c.trap ? notes : [...notes, ...stateDiffers(cpu.isa, c.after, this.state(c, pages))];
  }

  /** The processor's state and all bytes of data that are not 0. */
  private state(c: TestCase, pages: ReadonlySet<number>): TestMachine {
    const { isa, machine } = this.cpu;
    const cells = isa.program.cells.map((cell, n) =>
      // Where it stands is compared apart.
      Array.from({ length: cell.count }, (_, k) =>
        cell.name === 'PC' ? c.after.getCell(n, k) : machine.getCell(n, k),
      ),
    );
    const memory = new Map<bigint, number>();
    const end = c.pc + BigInt(c.bytes.length);
    for (const page of pages) {
      for (let a = page * PAGE; a < (page + 1) * PAGE; a++) {
        const address = BigInt(a);
        const byte = this.bytes[this.host(address)]!;
        if (byte && !(address >= this.start(c) && address < end && !c.after.memory.has(address)))
          memory.set(address, byte);
      }
    }
    return new TestMachine(isa, cells, memory);
  }

  /** Where its code lies. */
  private start(c: TestCase): bigint {
    return c.pc & ~BigInt(this.cpu.isa.modeMask);
  }

  private host(address: bigint): number {
    return this.cpu.guest.layout.reversed ? 0xffffffff - Number(address) : Number(address);
  }
}

const hex = (v: number | bigint): string => `0x${v.toString(16)}`;
