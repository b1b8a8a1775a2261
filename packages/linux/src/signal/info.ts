// What a signal carries and what a process wants done with it. In: nothing. Out: types, the default actions.
// Must not know: frames, registers.
import type { GuestAddress } from '@mimic/engine';
import type { Values } from '../abi/values.js';

/** A signal on its way. Fields as siginfo's; `code` is an SI_ or fault code. */
export interface SignalInfo {
  readonly signal: number;
  readonly code: number;
  readonly pid?: number;
  readonly uid?: number;
  /** Of a fault. */
  readonly address?: GuestAddress;
  readonly value?: number | bigint;
  readonly timer?: number;
  readonly overrun?: number;
  /** The thread that it is for, where a timer names one. */
  readonly tid?: number;
  /** Caused by the thread's own instruction: it cannot be held back. */
  readonly forced?: boolean;
}

export const SIG_DFL = 0;
export const SIG_IGN = 1;

/** As sigaction gave it; `mask` has bit n - 1 for signal n. */
export interface SignalAction {
  readonly handler: number;
  readonly flags: number;
  readonly restorer: number;
  readonly mask: bigint;
}

export const signalBit = (signal: number): bigint => 1n << BigInt(signal - 1);

const IGNORED = new Set(['SIGCHLD', 'SIGURG', 'SIGWINCH', 'SIGCONT']);
const STOPPING = new Set(['SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']);
const CORE = new Set([
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGSYS',
]);

export type DefaultAction = 'terminate' | 'core' | 'ignore' | 'stop';

/** What happens to a process that set no action. */
export function defaultAction(values: Values, signal: number): DefaultAction {
  const name = signalName(values, signal);
  if (IGNORED.has(name)) return 'ignore';
  if (STOPPING.has(name)) return 'stop';
  return CORE.has(name) ? 'core' : 'terminate';
}

/** `SIGSEGV`, `SIGRT_3`, `SIG99`. */
export function signalName(values: Values, signal: number): string {
  return values.nameOf('signal', signal) ?? (signal >= 32 ? `SIGRT_${signal - 32}` : `SIG${signal}`);
}
