// How fast hot code is translated, by stage: runs programs in this very process and asks their translators.
// In: programs. Out: TranslationRow. Must not know: how it is shown.
import { openSync } from 'node:fs';
import { createGuest, Interpreter, type TranslatorStatistics } from '@mimic/engine';
import { isaFrom } from '@mimic/isa/artifact';
import { openProgram, ProgramProblem, runToEnd, startProcess } from '@mimic/linux';
import { NodeFile } from '../host/host-file.js';
import { toBytes } from '../host/names.js';
import { createHost } from '../host/node-host.js';
import { findSpec } from '../specs.js';
import { STAGES, type Stage, type TranslationRow } from './model.js';
import { median } from './statistics.js';

/** Translate early and without a bound, so that much is: this measures translating, not choosing what. */
const EAGER = { threshold: 2, share: Number.POSITIVE_INFINITY } as const;
/** Instructions between two looks for what is hot. */
const QUANTUM = 4096;

export interface Translated {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** Runs a program to its end without its output. Undefined where it cannot run or nothing was translated. */
async function translate({ name, program, args }: Translated): Promise<TranslationRow | undefined> {
  const mask = process.umask();
  const host = createHost();
  process.umask(mask);
  const found = openProgram(host.files, toBytes(program));
  if (found instanceof ProgramProblem) return undefined;
  const sections = await findSpec(found.identity);
  if (!sections) return undefined;
  const isa = isaFrom(sections);
  const cpu = new Interpreter(isa, sections['interpreter']!, createGuest(isa), {
    quantum: QUANTUM,
    translate: { ...EAGER, templates: sections['templates']!, clock: () => performance.now() },
  });
  const sink = new NodeFile(openSync('/dev/null', 'r+'), false);
  const started = startProcess(cpu, {
    host: { ...host, standard: [sink, sink, sink] },
    program: found,
    argv: [program, ...args].map(toBytes),
    environment: [],
    cwd: toBytes(process.cwd()),
  });
  if (started instanceof ProgramProblem) return undefined;
  runToEnd(started);
  sink.close();
  const s = cpu.translator?.statistics;
  return s && s.instructions > 0 ? rowOf(name, s) : undefined;
}

function rowOf(program: string, s: TranslatorStatistics): TranslationRow {
  const seconds: Record<Stage, number> = {
    decode: s.discoverTime / 1000,
    lift: s.liftTime / 1000,
    optimise: s.optimizeTime / 1000,
    emit: (s.emitTime - s.liftTime - s.optimizeTime) / 1000,
    compile: s.compileTime / 1000,
  };
  return { program, instructions: s.instructions, bytes: s.bytes, lifted: s.lifted, seconds };
}

/** The row of each program by medians of `rounds` rounds, after a first one that is given as a row of its own. */
export async function measureTranslation(
  programs: readonly Translated[],
  rounds: number,
  step: (name: string) => void,
): Promise<TranslationRow[]> {
  const first: TranslationRow[] = [];
  const later = new Map<string, TranslationRow[]>();
  for (let round = 0; round <= rounds; round++)
    for (const p of programs) {
      step(p.name);
      const row = await translate(p);
      if (!row) continue;
      if (round === 0) first.push(row);
      else later.set(p.name, [...(later.get(p.name) ?? []), row]);
    }
  if (first.length === 0) return [];
  return [sum('all, the first time', first), ...[...later].map(([name, rows]) => middle(name, rows))];
}

function sum(program: string, rows: readonly TranslationRow[]): TranslationRow {
  const total = (of: (r: TranslationRow) => number): number => rows.reduce((n, r) => n + of(r), 0);
  return {
    program,
    instructions: total((r) => r.instructions),
    bytes: total((r) => r.bytes),
    lifted: total((r) => r.lifted),
    seconds: byStage((stage) => total((r) => r.seconds[stage])),
  };
}

/** Medians; what is translated varies a little, so that each time is one of an instruction first. */
function middle(program: string, rows: readonly TranslationRow[]): TranslationRow {
  const instructions = median(rows.map((r) => r.instructions));
  return {
    program,
    instructions,
    bytes: median(rows.map((r) => r.bytes)),
    lifted: median(rows.map((r) => r.lifted)),
    seconds: byStage((s) => instructions * median(rows.map((r) => r.seconds[s] / r.instructions))),
  };
}

const byStage = (of: (stage: Stage) => number): Record<Stage, number> =>
  Object.fromEntries(STAGES.map((s) => [s, of(s)])) as Record<Stage, number>;
