// Builds the command and compiles the shipped specs. `npm run setup` calls this when sources have changed.
import { run, tool } from './run.mjs';

run(process.execPath, ['scripts/grammar.mjs']);
tool('tsup/dist/cli-default.js', ['--config', 'tsup.config.ts'], {
  cwd: new URL('../packages/cli', import.meta.url),
  stdio: ['ignore', 'ignore', 'inherit'],
});
run(process.execPath, ['packages/cli/bin/mimic.js', 'isa', 'build']);
