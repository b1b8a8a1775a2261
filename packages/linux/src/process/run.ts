// Runs a process: its processor, its traps, its signals, its waiting. In: a started Process. Out: how it ended.
// Must not know: a particular call, a particular processor.
import type { Exit } from '@mimic/engine';
import type { Blocked } from '../errno.js';
import { deliver, force, send } from '../signal/deliver.js';
import type { SignalInfo } from '../signal/info.js';
import { systemCall } from '../syscalls/dispatch.js';
import type { Process, ProcessEnd } from './process.js';
import type { Thread } from './thread.js';

/** Instructions between two looks at timers: none are armed, or some are. */
const LONG = 50_000_000;
const SHORT = 1_000_000;

/** Called for every exit of the processor, before it is handled: traces, debuggers. */
export type ExitListener = (thread: Thread, exit: Exit) => void;

/** Runs until the process has ended, waiting through the host where it is blocked. */
export function runToEnd(process: Process, onExit?: ExitListener): ProcessEnd {
  const thread = process.threads[0]!;
  for (;;) {
    const blocked = step(thread, onExit);
    if (process.end) return process.end;
    if (blocked) wait(process, blocked);
  }
}

/**
 * Runs a thread for a while. Gives what it waits for where it is blocked; the scheduler then calls again when one of
 * those things may have happened. Look at `process.end` after every call.
 */
export function step(thread: Thread, onExit?: ExitListener): Blocked | undefined {
  const { process, cpu } = thread;
  if (process.timers.any) for (const info of process.timers.expire()) send(thread, info, true);
  if (thread.waiting) {
    thread.waiting();
    if (thread.blocked || process.end) return thread.blocked;
  }
  if (thread.pending.length > 0 || process.pending.length > 0 || thread.restoreMask !== undefined)
    deliver(thread);
  if (process.end) return undefined;
  const exit = cpu.run(process.timers.any ? SHORT : LONG);
  onExit?.(thread, exit);
  handle(thread, exit);
  return thread.blocked;
}

function handle(thread: Thread, exit: Exit): void {
  if (exit.kind === 'trap' && exit.name === thread.kernel.abi.syscallTrap) systemCall(thread);
  else if (exit.kind !== 'budget') force(thread, faultOf(thread, exit));
}

function faultOf(thread: Thread, exit: Exclude<Exit, { kind: 'budget' }>): SignalInfo {
  const { values } = thread;
  const make = (signal: string, code: string, address: number): SignalInfo => ({
    signal: values.get('signal', signal),
    code: values.get('sicode', code),
    address,
  });
  if (exit.kind === 'fault')
    return make('SIGSEGV', exit.mapped ? 'SEGV_ACCERR' : 'SEGV_MAPERR', exit.address);
  if (exit.kind === 'illegal') return make('SIGILL', 'ILL_ILLOPC', exit.pc);
  const report = thread.kernel.abi.faults[exit.name];
  if (!report) thread.kernel.unimplemented(`trap ${exit.name}`);
  // A trap about a datum carries its address.
  const address = exit.args.length > 0 ? Number(exit.args[0]) : exit.pc;
  return make(report?.signal ?? 'SIGILL', report?.code ?? 'ILL_ILLOPC', address);
}

function wait(process: Process, blocked: Blocked): void {
  const due = process.timers.nextDue();
  const until =
    due === undefined || (blocked.until !== undefined && blocked.until < due) ? blocked.until : due;
  const ready = blocked.streams.map(({ ready: poll, events }) => () => {
    const now = poll(events);
    return Boolean((events.read && now.read) || (events.write && now.write) || now.hangup || now.error);
  });
  process.kernel.host.wait(until, ready);
}
