// `mimic bench`: measures Mimic, alone or against another emulator, and shows what came out.
// In: arguments. Out: tables on standard output, files that were asked for. Must not know: how a program is measured.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { cpus, release, tmpdir, type } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../run/options.js';
import { shippedSpecs } from '../specs.js';
import { digits, duration } from './format.js';
import { type MeasureOptions, measure, stepsOf } from './measure.js';
import type { Report, Row, SuiteRow } from './model.js';
import { type BenchOptions, parseBenchOptions } from './options.js';
import { pageOf } from './page.js';
import { abandon } from './process.js';
import { Progress } from './progress.js';
import { fill, tablesOf, textOf } from './tables.js';
import { measureTranslation, type Translated } from './translation.js';
import { architectures, type Workload, workloads } from './workloads.js';

/** The id under which translation is asked for. */
const TRANSLATION = 'translation';
/** Seconds that the faster side of a pair takes. */
const TARGET = { usual: 4, quick: 0.15 } as const;

const say = (line: string): void => void writeSync(2, `mimic: ${line}\n`);

export async function bench(args: readonly string[]): Promise<number> {
  const options = parseBenchOptions(args);
  if (options instanceof UsageError) {
    say(options.message);
    return 1;
  }
  const root = resolve(shippedSpecs, '..');
  const known = architectures(root);
  const chosen = options.architecture === undefined ? known : [options.architecture];
  if (chosen.length === 0 || !chosen.every((a) => known.includes(a))) {
    say(`bench: no kernels for ${chosen.join() || 'any processor'} below ${root}/benchmarks/kernels`);
    return 1;
  }
  const work = mkdtempSync(join(tmpdir(), 'mimic-bench-'));
  const interrupt = (): void => {
    abandon();
    rmSync(work, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const all = chosen.flatMap((a) => workloads(root, a, work));
    const ids = [...new Set(all.map((w) => w.id)), TRANSLATION];
    const unknown = options.only.find((id) => !ids.includes(id));
    if (unknown !== undefined || options.list) {
      if (unknown !== undefined) say(`bench: there is no ${unknown}; there are ${ids.join(', ')}`);
      else writeSync(1, `${ids.join('\n')}\n`);
      return unknown === undefined ? 0 : 1;
    }
    const report = await measureAll(all, options, work);
    return show(report, options);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    rmSync(work, { recursive: true, force: true });
  }
}

async function measureAll(all: readonly Workload[], options: BenchOptions, work: string): Promise<Report> {
  const { only, rounds, quick, versus } = options;
  const wanted = all.filter((w) => only.length === 0 || only.includes(w.id));
  const translated = only.length === 0 || only.includes(TRANSLATION) ? translations(all) : [];
  const again = quick ? 1 : Math.min(rounds, 3);
  const steps = wanted.reduce((n, w) => n + stepsOf(w, { versus, rounds }), 0);
  const progress = new Progress(steps + translated.length * (again + 1));
  const settings: MeasureOptions = {
    mimic: [process.execPath, resolve(process.argv[1]!)],
    versus,
    rounds,
    target: options.seconds ?? (quick ? TARGET.quick : TARGET.usual),
    cwd: work,
    progress,
  };
  const rows: Row[] = [];
  for (const w of wanted) {
    const row = await measure(w, settings);
    rows.push(row);
    progress.line(summary(row));
  }
  for (const w of translated.length > 0 ? all : []) w.prepare?.();
  const translation = await measureTranslation(translated, again, (name) => {
    progress.show(`translation: ${name}`);
    progress.advance();
  });
  progress.end();
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    host: {
      cpu: cpu?.model.trim() || 'unknown processor',
      cores: cpus().length,
      system: `${type()} ${release().split('-')[0]}`,
      node: process.versions.node,
    },
    ...(versus === undefined ? {} : { versus }),
    rounds,
    quick,
    rows,
    translation,
    suites: options.suites === undefined ? [] : suitesBelow(options.suites),
  };
}

/** What is run for its translation: everything that executes, briefly, and the flat program. */
function translations(all: readonly Workload[]): Translated[] {
  const seen = new Set(all.map((w) => w.architecture));
  return all
    .filter((w) => w.group === 'execution' || w.id === 'flat')
    .map((w) => ({
      name: seen.size > 1 ? `${w.architecture}: ${w.id}` : w.id,
      program: w.program,
      args: w.args(1),
    }));
}

/** A row in one line, for those who watch. */
function summary({ id, mimic, ratio, error, skipped }: Row): string {
  if (!mimic) return `${id}: ${error !== undefined ? `failed: ${error}` : `skipped: ${skipped}`}`;
  const times = `${duration(mimic.user.median)} CPU, ${duration(mimic.wall.median)} wall`;
  if (!ratio) return `${id}: ${times}`;
  return `${id}: ${times}; ${digits(ratio.user.median)}× by CPU, ${digits(ratio.wall.median)}× by wall`;
}

/** What the repository's own suites wrote into a folder. */
function suitesBelow(folder: string): SuiteRow[] {
  return readdirSync(folder)
    .filter((f) => f.endsWith('.json'))
    .flatMap((f) => {
      const { suite, cases } = JSON.parse(readFileSync(join(folder, f), 'utf8')) as {
        suite?: string;
        cases?: Omit<SuiteRow, 'suite'>[];
      };
      return suite !== undefined && cases
        ? cases.map(({ name, rate, unit, margin }) => ({ suite, name, rate, unit, margin }))
        : [];
    });
}

/** 1 when something failed. */
function show(report: Report, { json, html, doc }: BenchOptions): number {
  writeSync(1, `\n${tablesOf(report).map(textOf).join('\n')}`);
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(resolve(file)), { recursive: true });
    writeFileSync(file, text);
    say(`wrote ${file}`);
  };
  if (json !== undefined) write(json, `${JSON.stringify(report, null, 2)}\n`);
  if (html !== undefined) write(html, pageOf(report));
  let status = report.rows.some((r) => r.error !== undefined) ? 1 : 0;
  if (doc !== undefined) {
    const text = fill(readFileSync(doc, 'utf8'), report);
    if (text !== undefined) write(doc, text);
    else {
      say(`${basename(doc)} has no section <!-- bench:begin --> ... <!-- bench:end -->`);
      status = 1;
    }
  }
  return status;
}
