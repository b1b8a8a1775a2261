// Builds the benchmarks and runs them. Arguments choose suites by name: `npm run bench -- decode interpret`.
import { run, tool } from '../scripts/run.mjs';

tool('tsup/dist/cli-default.js', ['--config', 'tsup.config.ts', '--silent'], {
  cwd: new URL('.', import.meta.url),
});
run(process.execPath, ['benchmarks/dist/bench.js', ...process.argv.slice(2)]);
