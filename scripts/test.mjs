// All tests. Arguments go on to the test runner.
import { tool } from './run.mjs';

tool('vitest/vitest.mjs', ['run', ...process.argv.slice(2)]);
