// Builds the benchmarks and runs them: the suites, then `mimic bench`, which measures whole programs.
// Names choose: `npm run bench -- decode interpret`, `npm run bench -- programs --vs qemu`. Options are those of
// `mimic bench`; `--doc` alone fills docs/performance.md. Results go to benchmarks/results.
import { rmSync } from 'node:fs';
import { run, tool } from '../scripts/run.mjs';

const SUITES = ['spec', 'load', 'decode', 'translate', 'interpret'];
const PROGRAMS = 'programs';
const FLAGS = ['--quick', '--list'];
const results = 'benchmarks/results';

const names = [];
const options = [];
const args = process.argv.slice(2);
while (args.length > 0) {
  const arg = args.shift();
  if (!arg.startsWith('-')) names.push(arg);
  else if (arg === '--doc' && (args.length === 0 || !args[0].endsWith('.md')))
    options.push('--doc', 'docs/performance.md');
  else
    options.push(
      arg,
      ...(FLAGS.includes(arg) || arg.includes('=') || args.length === 0 ? [] : [args.shift()]),
    );
}
const unknown = names.find((name) => name !== PROGRAMS && !SUITES.includes(name));
if (unknown !== undefined) {
  console.error(`there is no ${unknown}; there are ${[...SUITES, PROGRAMS].join(', ')}`);
  process.exit(1);
}
const suites = SUITES.filter((name) => names.length === 0 || names.includes(name));

if (suites.length > 0) {
  rmSync(new URL('results/suites', import.meta.url), { recursive: true, force: true });
  tool('tsup/dist/cli-default.js', ['--config', 'tsup.config.ts', '--silent'], {
    cwd: new URL('.', import.meta.url),
  });
  run(process.execPath, ['benchmarks/dist/bench.js', ...suites]);
}
if (names.length === 0 || names.includes(PROGRAMS)) {
  const shown = suites.length > 0 ? ['--suites', `${results}/suites`] : [];
  const files = ['--json', `${results}/programs.json`, '--html', `${results}/index.html`];
  run(process.execPath, ['packages/cli/bin/mimic.js', 'bench', ...files, ...shown, ...options]);
}
