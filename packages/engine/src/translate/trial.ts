// Runs a small program whatever it does, and writes down all that can be seen of it: to compare tiers.
// In: an Interpreter, a program's words, a seed for its state and memory. Out: lines. Must not know: which tier runs.
import { Perm } from '@mimic/bus';
import { Random } from '@mimic/ir';
import type { Interpreter } from '../interpreter.js';

export const TRIAL_CODE = 0x40000;
export const TRIAL_DATA = 0x80000;
/** Readable and writable but for the third, which is readable; then nothing. */
const DATA_PAGES = 4;
const EVENTS = 24;

export interface Trial {
  readonly words: readonly number[];
  /** Of the state and memory that it starts with. */
  readonly seed: number;
  /** Puts registers right that the program needs to get anywhere; called at the start and after each event. */
  readonly prepare: (cpu: Interpreter) => void;
  /** The program may write its own code. */
  readonly writable?: boolean;
  /** The words are there already, from a run before. */
  readonly keep?: boolean;
}

/** Maps what trials need. */
export function prepareTrials(cpu: Interpreter): void {
  cpu.memory.map(TRIAL_CODE, 4 * 4096, Perm.R | Perm.X);
  cpu.memory.map(TRIAL_DATA, DATA_PAGES * 4096, Perm.R | Perm.W);
}

/**
 * Runs until the program stops at its own end or has stopped often; what stops it is noted, then it goes on behind
 * that. Undefined where `budget` instructions at a stretch did not stop it.
 */
export function runTrial(cpu: Interpreter, trial: Trial, budget: number): string[] | undefined {
  const { memory, machine, isa } = cpu;
  const random = new Random(trial.seed);
  const { words } = trial;
  memory.protect(TRIAL_CODE, 4 * 4096, Perm.R | Perm.X | (trial.writable ? Perm.W : 0));
  if (!trial.keep || trial.writable) {
    memory.fill(TRIAL_CODE, 4 * 4096, 0);
    words.forEach((w, k) => void memory.pokeU32(TRIAL_CODE + 4 * k, w));
  }
  memory.protect(TRIAL_DATA, DATA_PAGES * 4096, Perm.R | Perm.W);
  for (let at = 0; at < DATA_PAGES * 4096; at += 4)
    memory.pokeU32(
      TRIAL_DATA + at,
      random.below(3) ? Number(random.bits(32)) : TRIAL_DATA + random.below(12000),
    );
  memory.protect(TRIAL_DATA + 8192, 4096, Perm.R);
  isa.program.cells.forEach((cell, n) => {
    if (cell.name !== 'PC')
      for (let k = 0; k < cell.count; k++) machine.setCell(n, k, random.bits(cell.width));
  });
  const out: string[] = [];
  cpu.setTraits();
  cpu.pc = TRIAL_CODE;
  for (let n = 0; n < EVENTS; n++) {
    trial.prepare(cpu);
    const exit = cpu.run(budget);
    if (exit.kind === 'budget') return undefined;
    out.push(text(exit));
    if (exit.pc === TRIAL_CODE + 4 * (words.length - 1)) break;
    const code = exit.pc >= TRIAL_CODE && exit.pc < TRIAL_CODE + 4 * words.length;
    cpu.pc = code ? exit.pc + 4 : TRIAL_CODE + 4 * random.below(words.length);
  }
  out.push(`at ${cpu.pc.toString(16)}`);
  isa.program.cells.forEach((cell, n) => {
    if (cell.name !== 'PC')
      for (let k = 0; k < cell.count; k++)
        out.push(`${cell.name}[${k}] ${machine.getCell(n, k).toString(16)}`);
  });
  const bytes = new Uint8Array(DATA_PAGES * 4096);
  for (const base of [TRIAL_DATA, TRIAL_CODE]) {
    memory.peekBytes(base, bytes);
    const hash = [0, 0, 0, 0];
    bytes.forEach((b, k) => {
      hash[k >>> 12] = (Math.imul(hash[k >>> 12]!, 0x01000193) ^ b) >>> 0;
    });
    out.push(`memory ${base.toString(16)} ${hash.map((h) => h.toString(16)).join(' ')}`);
  }
  return out;
}

function text(exit: object): string {
  return JSON.stringify(exit, (_k, v: unknown) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v));
}

/** Lines that differ; empty when the runs are the same. */
export function differences(a: readonly string[], b: readonly string[]): string[] {
  const out: string[] = [];
  for (let k = 0; k < Math.max(a.length, b.length); k++) if (a[k] !== b[k]) out.push(`${a[k]} | ${b[k]}`);
  return out;
}
