// Measures one program on Mimic and on what it is compared with: whole processes, in turns, on the same work.
// In: a Workload. Out: a Row. Must not know: how results are shown.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { qemuFor } from './architectures.js';
import type { Row, Spread, Times } from './model.js';
import { type Run, timed } from './process.js';
import type { Progress } from './progress.js';
import { ratios, repeatsFor, spread, type Trial } from './statistics.js';
import type { Workload } from './workloads.js';

export interface MeasureOptions {
  /** Mimic's own command. */
  readonly mimic: readonly string[];
  /** As --vs has it. */
  readonly versus: string | undefined;
  readonly rounds: number;
  /** Seconds that the faster side shall take. */
  readonly target: number;
  readonly cwd: string;
  readonly progress: Progress;
}

/** Steps of progress that a program takes: finding its repeats counts as one a side. */
export const stepsOf = (w: Workload, { versus, rounds }: Pick<MeasureOptions, 'versus' | 'rounds'>): number =>
  (1 + rounds) * (w.rival || versus !== undefined ? 2 : 1);

interface Side {
  readonly name: string;
  readonly command: readonly string[];
  readonly runs: Run[];
}

/** What goes wrong is in the row. */
export async function measure(w: Workload, options: MeasureOptions): Promise<Row> {
  const steps = stepsOf(w, options);
  const { progress } = options;
  const { id, title, group, architecture } = w;
  const row = { id, title, group, architecture, repeats: 1 } as const;
  const give = (more: Partial<Row>): Row => {
    progress.drop(steps);
    return { ...row, ...more };
  };
  const wrong = w.prepare?.();
  if (wrong !== undefined) return give({ error: wrong });
  if (!existsSync(w.program)) return give({ skipped: w.missing ?? `there is no ${w.program}` });
  const rival = rivalOf(w, options);
  if (typeof rival === 'string') return give({ error: rival });
  const sides: Side[] = [{ name: 'mimic', command: options.mimic, runs: [] }];
  if (rival) sides.push({ name: rival.join(' '), command: rival, runs: [] });
  try {
    const repeats = await calibrate(w, sides, options);
    for (let round = 0; round < options.rounds; round++)
      for (const side of sides) {
        progress.show(`${id}: ${side.name}, round ${round + 1} of ${options.rounds}`);
        side.runs.push(await attempt(w, side, repeats, options));
        progress.advance();
      }
    const own = timesOf(sides[0]!, w, repeats);
    if (!sides[1]) return { ...row, repeats, mimic: own };
    const other = timesOf(sides[1], w, repeats);
    const ratio = ratioOf(sides[0]!.runs, sides[1].runs);
    return { ...row, repeats, mimic: own, other, ratio, rival: sides[1].name };
  } catch (error) {
    if (error instanceof Failure) return { ...row, error: error.message };
    throw error;
  }
}

class Failure extends Error {}

/** The other's command without a program; undefined for none; a text says why there is none. */
function rivalOf(w: Workload, { mimic, versus }: MeasureOptions): readonly string[] | string | undefined {
  if (w.rival) return w.rival;
  if (versus === undefined) return undefined;
  if (versus === 'qemu') return qemuFor(w.program) ?? `no qemu-user command is known for ${w.program}`;
  const words = [...versus.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3]!);
  if (words.length === 0) return '--vs names no command';
  if (words[0] === 'mimic') return [...mimic, ...words.slice(1)];
  // The command runs elsewhere.
  return words.map((word) => (word.includes('/') && existsSync(word) ? resolve(word) : word));
}

/** One measurement. Throws Failure when the program fails. */
async function attempt(w: Workload, side: Side, repeats: number, options: MeasureOptions): Promise<Run> {
  const starts = w.repeat === 'start' ? repeats : 1;
  const own = side.command === w.rival ? [] : [w.program, ...w.args(repeats)];
  const run = await timed([...side.command, ...own], starts, { cwd: options.cwd });
  if (run.status !== 0)
    throw new Failure(`${side.name} ended with status ${run.status}${run.message && `: ${run.message}`}`);
  return run;
}

/** Repeats that make the faster side take about the target; on the way, that both print the same. */
async function calibrate(w: Workload, sides: readonly Side[], options: MeasureOptions): Promise<number> {
  const { target, progress } = options;
  let repeats = 1;
  let before: Trial | undefined;
  for (let turn = 0; ; turn++) {
    const runs: Run[] = [];
    for (const side of sides) {
      progress.show(`${w.id}: ${side.name}, finding repeats`);
      runs.push(await attempt(w, side, repeats, options));
      if (turn === 0) progress.advance();
    }
    if (!w.rival && runs.some((r) => r.output !== runs[0]!.output))
      throw new Failure(`the outputs differ between ${sides.map((s) => s.name).join(' and ')}`);
    if (w.repeat === 'never') return 1;
    // Processor time: what else the machine does hardly changes it.
    const now = { repeats, seconds: runs.map((r) => r.user) };
    const next = repeatsFor(target, now, before);
    // One trial does not tell how much of it was starting.
    const enough = turn > 0 || Math.max(...now.seconds) > 2 * target;
    if (turn === 5 || (enough && next <= 1.5 * repeats)) return next;
    repeats = Math.min(Math.max(next, enough ? 1 : 4), repeats * 20);
    before = now;
  }
}

function timesOf({ runs }: Side, w: Workload, repeats: number): Times {
  const starts = w.repeat === 'start' ? repeats : 1;
  return { user: spread(runs.map((r) => r.user / starts)), wall: spread(runs.map((r) => r.wall / starts)) };
}

function ratioOf(own: readonly Run[], other: readonly Run[]): Times {
  const of = (time: keyof Times): Spread =>
    spread(
      ratios(
        own.map((r) => r[time]),
        other.map((r) => r[time]),
      ),
    );
  return { user: of('user'), wall: of('wall') };
}
