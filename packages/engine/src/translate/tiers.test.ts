// Random PowerPC programs on the interpreter alone and on translated code under stress: all that can be seen is equal.
// TRIALS=n and SEED=n in the environment for longer runs; a failure names its seed.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Op, Random } from '@mimic/ir';
import { compileSpec, disassemble, type Insn } from '@mimic/isa';
import { decode } from '@mimic/isa/decode';
import { describe, expect, it } from 'vitest';
import { buildInterpreter, createGuest, Interpreter } from '../index.js';
import { BLOCK_PASSES, type BlockPass } from './passes.js';
import { differences, prepareTrials, runTrial, TRIAL_CODE, TRIAL_DATA, type Trial } from './trial.js';

const root = fileURLToPath(new URL('../../../../isa-specs/', import.meta.url));
const TRIALS = Number(process.env['TRIALS'] ?? 2000);
/** Each program runs as often on the stressed processor, with what is translated kept. */
const ROUNDS = 3;
const FIRST = Number(process.env['SEED'] ?? 1);
/** Instructions at a stretch: what runs longer says nothing, and is left out. */
const BUDGET = 20_000;

const isa = compileSpec('ppc/ppc.isa', (n) =>
  existsSync(root + n) ? readFileSync(root + n, 'utf8') : undefined,
).isa!;
const has = (insn: Insn, ...ops: number[]): boolean => {
  const inside = (body: Insn['template'], depth: number): boolean =>
    body
      .parts()
      .op.some(
        (op, i) =>
          ops.includes(op) ||
          (op === Op.call && depth < 9 && inside(isa.program.funcs[body.c[i]!]!.body, depth + 1)),
      );
  return inside(insn.template, 0);
};
const memory = isa.insns.filter((x) => has(x, Op.load, Op.store));
const plain = isa.insns.filter((x) => !has(x, Op.jump, Op.load, Op.store, Op.trap));
const traps = isa.insns.filter((x) => has(x, Op.trap));

/** Registers: 1 stack, 22 and 23 small offsets, 24 and 25 scratch of branches, 28 to 31 addresses of data. */
const GPR = isa.program.cells.findIndex((c) => c.name === 'GPR');
function prepare(cpu: Interpreter): void {
  const set = (n: number, v: number): void => cpu.machine.setCell(GPR, n, BigInt(v));
  set(1, TRIAL_DATA + 0x1800);
  set(22, 12);
  set(23, 0xfffffff0);
  set(28, TRIAL_DATA + 0x400);
  set(29, TRIAL_DATA + 0xffe);
  set(30, TRIAL_DATA + 0x1d03);
  set(31, TRIAL_DATA + 0x3fe0);
}

type Item = (at: number) => number;
const NOP = 0x60000000;
const MFLR0 = 0x7c0802a6;
const MTLR0 = 0x7c0803a6;

class Maker {
  readonly items: Item[] = [];
  /** Index of the first item, by label. */
  readonly labels: number[] = [];
  constructor(readonly random: Random) {}

  /** A label is placed later by `place`. */
  label(): number {
    return this.labels.push(-1) - 1;
  }
  place(label: number): void {
    this.labels[label] = this.items.length;
  }
  word(...words: number[]): void {
    for (const w of words) this.items.push(() => w);
  }
  address(label: number): number {
    return TRIAL_CODE + 4 * (this.labels[label] ?? 0);
  }

  random1(among: readonly Insn[], tame: (name: string, v: number, bits: number) => number): void {
    for (let tries = 0; tries < 50; tries++) {
      const insn = this.random.pick(among);
      let word = insn.value;
      for (const field of insn.fields) {
        const v = tame(field.name, Number(this.random.bits(field.width)), field.width);
        let low = field.width;
        for (const piece of field.pieces) {
          low -= piece.width;
          word |= ((v >>> low) & (2 ** piece.width - 1)) << piece.at;
        }
      }
      if (decode(isa, word >>> 0)?.insn !== insn) continue;
      this.word(word >>> 0);
      return;
    }
  }

  insn(): void {
    const r = this.random;
    const spared = (n: number): number => (n === 1 || n >= 22 ? (r.below(40) ? 2 + (n % 20) : n) : n);
    const kind = r.below(100);
    if (kind < 30)
      this.random1(memory, (name, v, bits) => {
        if (name === 'ra' || name === 'ra0') return r.below(50) ? r.pick([28, 28, 29, 30, 31, 1]) : v;
        if (name === 'rb') return r.below(50) ? r.pick([22, 23]) : v;
        if (name === 'd') return (r.below(8) ? r.below(64) - 24 : r.below(0x2000) - 0x1000) & 0xffff;
        return name === 'rt' ? spared(v) : v & (2 ** bits - 1);
      });
    else
      this.random1(kind < 98 ? plain : traps, (name, v) => {
        if (name === 'spr') return r.below(60) ? 1 : v;
        return name === 'rt' || name === 'ra' ? spared(v) : v;
      });
  }

  /** Some instructions, then something about control. */
  block(own: readonly number[], next: number, functions: readonly number[]): void {
    const r = this.random;
    const n = r.below(1 << r.below(4));
    const loop = r.below(5) === 0 ? this.label() : -1;
    if (loop >= 0) {
      this.word(0x3b200000 | r.below(9), 0x7f2903a6); // li r25; mtctr
      this.place(loop);
    }
    for (let k = 0; k < n; k++) this.insn();
    if (loop >= 0) this.conditional(loop, r.below(4) ? 16 : undefined);
    const to = (): number => r.pick(r.below(24) ? own.slice(next) : own);
    switch (r.below(12)) {
      case 0:
      case 1:
      case 2:
        return this.conditional(to());
      case 3:
        return this.jump(to(), 0);
      case 4:
      case 5:
        if (functions.length) this.jump(r.pick(functions), 1);
        return;
      case 6:
        return this.indirect(to(), r.below(4) ? 0 : 1);
      case 7:
        if (functions.length) this.indirect(r.pick(functions), 1);
        return;
      case 8:
        if (functions.length) this.conditional(r.pick(functions), undefined, 1);
        return;
      case 9:
        this.word(0x48000005, 0x7f2802a6); // bl .+4; mflr r25
        return;
      case 10:
        return this.table(to());
      default:
    }
  }

  jump(to: number, link: number): void {
    this.items.push((at) => (0x48000000 | ((this.address(to) - at) & 0x3fffffc) | link) >>> 0);
  }
  conditional(to: number, bo = this.random.pick([4, 12, 4, 12, 0, 2, 8, 10, 18, 20]), link = 0): void {
    const bi = this.random.below(32);
    this.items.push(
      (at) => (0x40000000 | (bo << 21) | (bi << 16) | ((this.address(to) - at) & 0xfffc) | link) >>> 0,
    );
  }
  private load25(value: () => number): void {
    this.items.push(() => (0x3f200000 | (value() >>> 16)) >>> 0);
    this.items.push(() => (0x63390000 | (value() & 0xffff)) >>> 0);
  }
  indirect(to: number, link: number): void {
    this.load25(() => this.address(to));
    const bo = this.random.below(4) ? 20 : this.random.pick([4, 12]);
    const how = (bo << 21) | (this.random.below(32) << 16) | link;
    if (this.random.below(2)) this.word(0x7f2903a6, (0x4c000420 | how) >>> 0);
    else this.word(0x7f2803a6, (0x4c000020 | how) >>> 0);
  }
  /** A jump to one of four instructions. */
  table(to: number): void {
    this.load25(() => this.address(to));
    // rlwinm r24, r3, 2, 28, 29; add r25, r25, r24; mtctr r25; bctr
    this.word(0x54781738, 0x7f39c214, 0x7f2903a6, 0x4e800420);
  }
}

function program(seed: number): Trial {
  const r = new Random(seed);
  const m = new Maker(r);
  const count = r.below(5);
  const functions = Array.from({ length: count }, () => m.label());
  const body = (blocks: number, callees: readonly number[]): void => {
    const own = Array.from({ length: blocks + 1 }, () => m.label());
    for (let k = 0; k < blocks; k++) {
      m.place(own[k]!);
      m.block(own, k + 1, callees);
    }
    m.place(own[blocks]!);
  };
  const main = m.label();
  if (r.below(3) === 0) m.jump(main, 0);
  m.place(main);
  body(2 + r.below(9), functions);
  const end = m.label();
  m.jump(end, 0);
  functions.forEach((f, k) => {
    m.place(f);
    const callees = functions.slice(r.below(6) ? k + 1 : k);
    const frame = callees.length > 0;
    if (frame) m.word(0x9421fff0, MFLR0, 0x90010014); // stwu r1, -16(r1); mflr r0; stw r0, 20(r1)
    body(1 + r.below(4), callees);
    if (frame) m.word(0x80010014, 0x38210010, MTLR0);
    m.word(0x4e800020);
  });
  m.place(end);
  m.word(0x44000002);
  const words = m.items.map((f, k) => f(TRIAL_CODE + 4 * k));
  // Some have an address of their own code in a register.
  const writable = r.below(8) === 0;
  const offset = 4 * r.below(words.length) + 16;
  return {
    words,
    seed,
    writable,
    prepare: (cpu) => {
      prepare(cpu);
      if (writable) cpu.machine.setCell(GPR, 31, BigInt(TRIAL_CODE + offset));
    },
  };
}

/** What differs; undefined where the program says nothing. */
function compare(
  plain: Interpreter,
  stressed: Interpreter,
  trial: Trial,
  rounds: number,
): string[] | undefined {
  const wanted = runTrial(plain, trial, BUDGET);
  if (!wanted) return undefined;
  for (let round = 0; round < rounds; round++) {
    const got = runTrial(stressed, { ...trial, keep: round > 0 }, 20 * BUDGET) ?? ['does not end'];
    const wrong = differences(wanted, got);
    if (wrong.length) return wrong;
  }
  return [];
}

/** The differences and the program, with what does not matter made into no-operations. */
function report(plain: Interpreter, stressed: Interpreter, trial: Trial, first: string[]): string {
  const words = [...trial.words];
  let wrong = first;
  for (let again = true; again; ) {
    again = false;
    for (let k = words.length - 2; k >= 0; k--) {
      const old = words[k]!;
      if (old === NOP) continue;
      words[k] = NOP;
      const now = compare(plain, stressed, { ...trial, words }, 10 * ROUNDS);
      if (now?.length) [wrong, again] = [now, true];
      else words[k] = old;
    }
  }
  const text = words.flatMap((w, k) => {
    const at = TRIAL_CODE + 4 * k;
    const { mnemonic, operands } = disassemble(isa, w, at) ?? { mnemonic: '?', operands: '' };
    const hex = w.toString(16).padStart(8, '0');
    return w === NOP ? [] : [`${at.toString(16)} ${hex} ${mnemonic} ${operands}`];
  });
  return [...wrong, ...text].join('\n');
}

describe('random programs', () => {
  const module = buildInterpreter(isa).bytes;
  const make = (stress?: number, noPasses: readonly BlockPass[] = []): Interpreter => {
    const options = { hosts: { 'timer.tb': () => 77n } };
    const cpu = new Interpreter(
      isa,
      module,
      createGuest(isa),
      stress === undefined
        ? { ...options, translate: false }
        : { ...options, stress, translate: { noPasses } },
    );
    prepareTrials(cpu);
    return cpu;
  };

  it(`do the same on every tier, ${TRIALS} of them`, () => {
    const plainCpu = make();
    const stressed = make(FIRST);
    let left = 0;
    for (let seed = FIRST; seed < FIRST + TRIALS; seed++) {
      const trial = program(seed);
      const wrong = compare(plainCpu, stressed, trial, ROUNDS);
      if (wrong === undefined) left++;
      else if (wrong.length) expect(report(plainCpu, stressed, trial, wrong), `seed ${seed}`).toBe('');
    }
    const { regions } = stressed.translator!.statistics;
    if (process.env['TRIALS']) console.log(`${left} left out; ${regions} regions`);
    expect(left).toBeLessThan(TRIALS / 3);
    expect(regions).toBeGreaterThan(TRIALS / 2);
  }, 3_600_000);

  it.each(BLOCK_PASSES.map((name) => [name]))(
    'do the same without the pass %s',
    (name) => {
      const plainCpu = make();
      const stressed = make(FIRST, [name]);
      for (let seed = FIRST; seed < FIRST + TRIALS / 10; seed++) {
        const trial = program(seed);
        const wrong = compare(plainCpu, stressed, trial, ROUNDS);
        if (wrong?.length) expect(report(plainCpu, stressed, trial, wrong), `seed ${seed}`).toBe('');
      }
      expect(stressed.translator!.statistics.regions).toBeGreaterThan(0);
    },
    3_600_000,
  );
});
