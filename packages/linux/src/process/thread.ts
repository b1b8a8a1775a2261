// One thread: its processor, its signal state, the call it is in. In: a process and a cpu. Out: state.
// Must not know: how calls work or signals are delivered.
import type { Cpu } from '@mimic/engine';
import type { Blocked } from '../errno.js';
import type { SignalInfo } from '../signal/info.js';
import type { Waiter } from './futex.js';
import type { Process } from './process.js';

/** What a call keeps while it is blocked and made again; empty at its first try. */
export interface CallState {
  /** When it gives up, by the monotonic clock. */
  deadline?: bigint | undefined;
  /** Its place in a futex queue. */
  waiter?: Waiter;
  /** The call did part of its work, or is to see that it was woken. */
  progress?: number;
  /** The signal mask to go back to when the call ends. */
  savedMask?: bigint;
}

export interface AltStack {
  readonly sp: number;
  readonly size: number;
  readonly flags: number;
}

export const SS_ONSTACK = 1;
export const SS_DISABLE = 2;

export class Thread {
  /** Blocked signals: bit n - 1 is signal n. */
  mask = 0n;
  pending: SignalInfo[] = [];
  altStack: AltStack = { sp: 0, size: 0, flags: SS_DISABLE };
  /** Where to store 0 and wake a futex when the thread ends. */
  clearTid = 0;
  robustList = 0;
  call: CallState = {};
  /** The mask to go back to after the next handler is set up, or at once if none runs (sigsuspend, ppoll). */
  restoreMask: bigint | undefined;
  /** The call that this thread is blocked in, to be made again. */
  waiting: (() => void) | undefined;
  /** Its registers while another thread has the processor. */
  state: Uint8Array | undefined;
  ended = false;
  /** It gave the rest of its turn away. */
  yielded = false;
  /** What it waits for. */
  blocked: Blocked | undefined;

  constructor(
    readonly process: Process,
    readonly cpu: Cpu,
    readonly tid: number,
  ) {}

  /** Gives the processor to this thread. */
  activate(): void {
    const { process, cpu } = this;
    if (process.running === this) return;
    if (process.running && !process.running.ended) process.running.state = cpu.saveState();
    process.running = this;
    if (this.state) cpu.loadState(this.state);
    this.state = undefined;
  }

  get user() {
    return this.process.user;
  }
  get kernel() {
    return this.process.kernel;
  }
  get values() {
    return this.process.kernel.values;
  }
  get structs() {
    return this.process.kernel.structs;
  }
}
