// Runs a process: its processor, its traps, its signals, its waiting. In: a started Process. Out: how it ended.
// Must not know: a particular call, a particular processor.
import { type Exit, type GuestAddress, guestAddress } from '@mimic/engine';
import type { Blocked } from '../errno.js';
import { deliver, force, send } from '../signal/deliver.js';
import type { SignalInfo } from '../signal/info.js';
import { systemCall } from '../syscalls/dispatch.js';
import type { Process, ProcessEnd } from './process.js';
import type { Thread } from './thread.js';

/** Instructions of a turn: alone, or where timers or other threads wait for theirs. */
const LONG = 50_000_000;
const SHORT = 1_000_000;
/** System calls of a turn at most. */
const CALLS = 100;

/** Called for every exit of the processor, before it is handled: traces, debuggers. */
export type ExitListener = (thread: Thread, exit: Exit) => void;

/** Runs until the process has ended: its threads take turns, and where all are blocked the host waits. */
export function runToEnd(process: Process, onExit?: ExitListener): ProcessEnd {
  for (;;) {
    const turns = [...process.threads];
    const blocked: Blocked[] = [];
    const { progress } = process;
    for (const thread of turns) {
      const wait = step(thread, onExit);
      if (process.end) return process.end;
      if (wait) blocked.push(wait);
    }
    // A thread that ran before it blocked or ended may have woken the others.
    if (blocked.length === turns.length && process.progress === progress) wait(process, blocked);
  }
}

/**
 * Gives a thread its turn. Gives what it waits for where it is blocked; the scheduler then calls again when one of
 * those things may have happened. Look at `process.end` after every call.
 */
export function step(thread: Thread, onExit?: ExitListener): Blocked | undefined {
  const { process, cpu } = thread;
  thread.yielded = false;
  for (let i = 0; i < CALLS && !thread.yielded && !thread.ended; i++) {
    if (process.timers.any) expire(thread);
    if (thread.waiting) {
      thread.waiting();
      if (thread.blocked || process.end) return thread.blocked;
      if (thread.ended) return undefined;
    }
    thread.activate();
    if (thread.pending.length > 0 || process.pending.length > 0 || thread.restoreMask !== undefined)
      deliver(thread);
    if (process.end) return undefined;
    process.progress++;
    const exit = cpu.run(process.timers.any || process.threads.length > 1 ? SHORT : LONG);
    onExit?.(thread, exit);
    handle(thread, exit);
    if (thread.blocked || process.end || exit.kind === 'budget') return thread.blocked;
  }
  return undefined;
}

function expire(thread: Thread): void {
  const { process } = thread;
  for (const info of process.timers.expire()) {
    const target = info.tid === undefined ? thread : process.threads.find((x) => x.tid === info.tid);
    if (target) send(target, info, info.tid === undefined);
  }
}

function handle(thread: Thread, exit: Exit): void {
  const { abi } = thread.kernel;
  if (exit.kind === 'trap' && exit.name === abi.syscallTrap) systemCall(thread);
  else if (exit.kind === 'fault' && exit.access === 'execute' && abi.gates.includes(Number(exit.address)))
    gate(thread, Number(exit.address));
  else if (exit.kind !== 'budget') force(thread, faultOf(thread, exit));
}

/** What the kernel does behind an entry point. A hook that cannot leaves the pc where it was called from. */
function gate(thread: Thread, address: number): void {
  if (thread.cpu.hook(`gate.${address}`) !== undefined) return;
  const { values } = thread;
  const [signal, code] = [values.get('signal', 'SIGSEGV'), values.get('sicode', 'SEGV_MAPERR')];
  force(thread, { signal, code, address });
}

const OPCODE = { signal: 'SIGILL', code: 'ILL_ILLOPC', after: false };

function faultOf(thread: Thread, exit: Exclude<Exit, { kind: 'budget' }>): SignalInfo {
  const { values } = thread;
  const { abi } = thread.kernel;
  const plain = (pc: number): number => pc - (pc & abi.modeMask);
  const make = (signal: string, code: string, address: GuestAddress): SignalInfo => ({
    signal: values.get('signal', signal),
    code: values.get('sicode', code),
    address,
  });
  const report = (name: string, address: GuestAddress): SignalInfo => {
    const { signal, code, after } = abi.faults[name] ?? abi.faults['Illegal'] ?? OPCODE;
    if (after) thread.cpu.advance();
    return make(signal, code, code === 'SI_KERNEL' ? 0 : address);
  };
  if (exit.kind === 'fault') {
    if (!canonical(abi.types.canonical, exit.address)) return report('NotCanonical', 0);
    // A page that is mapped without any permission is mapped all the same: the areas know.
    const mapped = typeof exit.address === 'number' && thread.process.space.find(exit.address) !== undefined;
    const at =
      exit.access === 'execute' && typeof exit.address === 'number' ? plain(exit.address) : exit.address;
    return make('SIGSEGV', mapped ? 'SEGV_ACCERR' : 'SEGV_MAPERR', at);
  }
  if (exit.kind === 'illegal') return report(exit.long ? 'TooLong' : 'Illegal', plain(exit.pc));
  if (!abi.faults[exit.name]) thread.kernel.unimplemented(`trap ${exit.name}`);
  // A trap's argument, where it has one, is the address that it is about.
  return report(exit.name, exit.args.length > 0 ? guestAddress(exit.args[0]!) : plain(exit.pc));
}

/** Whether all bits of an address from bit `bits - 1` on are equal; the processor looks at no others otherwise. */
function canonical(bits: number | undefined, address: GuestAddress): boolean {
  if (bits === undefined || typeof address === 'number') return true;
  const upper = BigInt.asUintN(64, address) >> BigInt(bits - 1);
  return upper === 0n || upper === (1n << BigInt(65 - bits)) - 1n;
}

/** Waits for whatever comes first: a time of one of them, a timer, a stream. */
function wait(process: Process, blocked: readonly Blocked[]): void {
  let until = process.timers.nextDue();
  for (const { until: at } of blocked)
    if (at !== undefined && (until === undefined || at < until)) until = at;
  const ready = blocked.flatMap(({ streams }) =>
    streams.map(({ ready: poll, events }) => () => {
      const now = poll(events);
      return Boolean((events.read && now.read) || (events.write && now.write) || now.hangup || now.error);
    }),
  );
  process.kernel.host.wait(until, ready);
}
