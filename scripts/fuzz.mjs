// Random instructions on Mimic and on a reference emulator, compared one by one: see docs/testing.md, or --help.
import { run, tool } from './run.mjs';
import { filesBelow, hashOf, once, root } from './stamp.mjs';

process.chdir(root);
const sources = [
  ...filesBelow('tests/fuzz', (f) => f.endsWith('.ts')),
  ...filesBelow('packages/ir'),
  ...filesBelow('packages/isa'),
];
await once('fuzz', hashOf(sources), () =>
  tool('tsup/dist/cli-default.js', ['--config', 'tsup.config.ts', '--silent'], {
    cwd: new URL('../tests/fuzz', import.meta.url),
    stdio: ['ignore', 'ignore', 'inherit'],
  }),
);
run(process.execPath, ['tests/fuzz/dist/fuzz.js', ...process.argv.slice(2)]);
