// One benny suite with a unit: each case does a known amount of work per run, and the rate is what it prints.
// In: cases. Out: a table on standard output, JSON below benchmarks/results/suites.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import benny from 'benny';

export interface Case {
  readonly name: string;
  /** What is counted: `instructions`, `lines`, ... */
  readonly unit: string;
  /** Units of work that one call of `run` does. */
  readonly work: number;
  readonly run: () => void;
}

const results = fileURLToPath(new URL('../results/suites/', import.meta.url));

/** Three digits and a letter: what is counted follows. */
const scale = (rate: number): string => {
  const [limit, letter] = (
    [
      [1e9, 'G '],
      [1e6, 'M '],
      [1e3, 'k '],
    ] as const
  ).find(([n]) => rate >= n) ?? [1, ''];
  const value = rate / limit;
  return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${letter}`;
};

/** Runs the cases one after the other; prints `name: rate unit/s` for each and writes `results/suites/<suite>.json`. */
export async function suite(name: string, cases: readonly Case[]): Promise<void> {
  const byName = new Map(cases.map((c) => [c.name, c]));
  const rows: { name: string; rate: number; unit: string; margin: number; samples: number }[] = [];
  await benny.suite(
    name,
    ...cases.map((c) => benny.add(c.name, () => c.run)),
    benny.configure({ cases: { minSamples: 5, maxTime: 2 } }),
    benny.cycle((result) => {
      const c = byName.get(result.name)!;
      const rate = result.ops * c.work;
      rows.push({ name: c.name, rate, unit: `${c.unit}/s`, margin: result.margin, samples: result.samples });
      // Printed here: what this returned, benny would rewrite in place, with control characters even into a file.
      console.log(`  ${c.name}: ${scale(rate)}${c.unit}/s, ±${result.margin} % (${result.samples} samples)`);
      return '';
    }),
  );
  mkdirSync(results, { recursive: true });
  writeFileSync(
    `${results}${name}.json`,
    `${JSON.stringify({ suite: name, node: process.version, cases: rows }, null, 2)}\n`,
  );
}
