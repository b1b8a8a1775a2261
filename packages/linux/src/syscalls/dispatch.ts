// Makes the system call that a thread trapped for. In: a thread at its trap. Out: its result in the registers, or blocked.
// Must not know: what a particular call does.
import { Blocked, E, Errno, NO_RETURN, type Result } from '../errno.js';
import type { Kernel } from '../process/kernel.js';
import type { Thread } from '../process/thread.js';
import { interrupts, restarts, send } from '../signal/deliver.js';
import { calls } from './calls.js';
import { type BoundCall, bind } from './table.js';
import { traceCall, traceResult } from './trace.js';

/** Calls that end with EINTR even where the handler asks for a restart. */
const NEVER_RESTARTED = new Set([
  'poll', 'ppoll', 'ppoll_time64', 'select', 'pselect6', 'pselect6_time64', 'nanosleep', 'clock_nanosleep',
  'clock_nanosleep_time64', 'pause', 'sigsuspend', 'rt_sigsuspend', 'rt_sigtimedwait', 'rt_sigtimedwait_time64',
]); // biome-ignore format: a table

const bound = new WeakMap<Kernel, Map<number, BoundCall | string>>();

/** The call of a number: bound at its first use. A string: the name of a call that the library does not have. */
function lookup(kernel: Kernel, number: number): BoundCall | string {
  let map = bound.get(kernel);
  if (!map) bound.set(kernel, (map = new Map()));
  let call = map.get(number);
  if (call === undefined) {
    const row = kernel.abi.numbers.find((r) => r.number === number);
    const line = row && (calls[row.name] ?? calls[row.printed]);
    call = line ? bind(kernel.abi, row, line) : (row?.printed ?? `${number}`);
    map.set(number, call);
  }
  return call;
}

/** Makes the call; if it blocks, leaves `thread.waiting` to make it again. */
export function systemCall(thread: Thread): void {
  const { cpu, kernel } = thread;
  const number = Number(BigInt.asIntN(32, cpu.hook('syscall.nr')?.[0] ?? -1n));
  const raw = cpu.hook('syscall.args') ?? [];
  const call = lookup(kernel, number);
  if (typeof call === 'string') {
    kernel.unimplemented(`system call ${call}`);
    kernel.tracing.calls?.(`${thread.tid} Unknown syscall ${call}`);
    finish(thread, E.ENOSYS);
    return;
  }
  const args = call.decode(raw);
  thread.call = {};
  const line = kernel.tracing.calls && traceCall(thread, call, args);
  const attempt = () => {
    const result = call.run(thread, ...args);
    if (result instanceof Blocked && !interrupts(thread)) {
      thread.blocked = result;
      thread.waiting = attempt;
      return;
    }
    thread.blocked = undefined;
    thread.waiting = undefined;
    if (!(result instanceof Blocked)) {
      if (line !== undefined) traceResult(thread, call, line, result);
      if (result === E.EPIPE && /^p?writev?|^send/.test(call.name)) signalPipe(thread);
      finish(thread, result);
      return;
    }
    result.interrupted?.();
    // The program counter still stands at the call: after the handler it is made again.
    if (!NEVER_RESTARTED.has(call.name) && restarts(thread)) return;
    if (line !== undefined) traceResult(thread, call, line, E.EINTR);
    finish(thread, E.EINTR);
  };
  attempt();
}

function finish(thread: Thread, result: Exclude<Result, Blocked>): void {
  if (result === NO_RETURN || thread.process.end) return;
  const { cpu, values } = thread;
  thread.activate();
  cpu.advance();
  cpu.hook('syscall.return', result instanceof Errno ? -values.get('errno', result.name) : result);
}

function signalPipe(thread: Thread): void {
  const { pid, credentials } = thread.process;
  const signal = thread.values.get('signal', 'SIGPIPE');
  send(thread, { signal, code: thread.values.get('sicode', 'SI_USER'), pid, uid: credentials.uid }, false);
}
