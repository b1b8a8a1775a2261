// All system calls that the library has, by name. In: the groups. Out: one table. Must not know: numbers.
import { fileCalls } from './files.js';
import { futexCalls } from './futex.js';
import { ioCalls } from './io.js';
import { memoryCalls } from './memory.js';
import { pathCalls } from './paths.js';
import { pollCalls } from './poll.js';
import { processCalls } from './process.js';
import { signalCalls } from './signals.js';
import { statCalls } from './stat.js';
import type { CallTable } from './table.js';
import { terminalCalls } from './terminal.js';
import { threadCalls } from './threads.js';
import { timeCalls } from './time.js';
import { timerCalls } from './timers.js';

export const calls: CallTable = {
  ...ioCalls,
  ...fileCalls,
  ...pathCalls,
  ...statCalls,
  ...memoryCalls,
  ...timeCalls,
  ...timerCalls,
  ...signalCalls,
  ...pollCalls,
  ...processCalls,
  ...threadCalls,
  ...futexCalls,
  ...terminalCalls,
};
