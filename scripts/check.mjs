// What a developer runs before a commit: types, lint, generated files, specs, tests. `--no-tests` leaves the tests out.
import { run, tool } from './run.mjs';

const step = (name, f) => {
  console.error(`-- ${name}`);
  f();
};
step('types and import direction', () => tool('typescript/bin/tsc', ['-b']));
step('format and lint', () => tool('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']));
step('generated files are fresh', () => run(process.execPath, ['scripts/grammar.mjs', '--check']));
step('specs', () => run(process.execPath, ['packages/cli/bin/mimic.js', 'isa', 'test', 'isa-specs/ppc']));
if (!process.argv.includes('--no-tests')) step('tests', () => run(process.execPath, ['scripts/test.mjs']));
