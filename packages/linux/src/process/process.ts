// One process: its memory, descriptors, signal actions, limits, names. In: a kernel, a guest memory. Out: state.
// Must not know: how calls work, the processor.
import type { GuestMemory } from '@mimic/bus';
import { Descriptors } from '../fs/descriptors.js';
import { AddressSpace } from '../memory/address-space.js';
import type { SignalAction, SignalInfo } from '../signal/info.js';
import type { Timers } from '../signal/timers.js';
import { Futexes } from './futex.js';
import type { Kernel } from './kernel.js';
import type { Thread } from './thread.js';
import { UserMemory } from './user-memory.js';

/** How a process ended. */
export type ProcessEnd =
  | { readonly kind: 'exited'; readonly status: number }
  /** By a signal; `core` for the kinds whose default action dumps core. `at`: the pc and address of a fault. */
  | { readonly kind: 'killed'; readonly signal: number; readonly name: string; readonly core: boolean };

export interface Credentials {
  uid: number;
  euid: number;
  suid: number;
  gid: number;
  egid: number;
  sgid: number;
}

/** Current and highest value of a resource limit; 2^64 - 1 is "none". */
export interface Limit {
  cur: bigint;
  max: bigint;
}

export const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

export class Process {
  readonly space: AddressSpace;
  readonly user: UserMemory;
  readonly descriptors = new Descriptors();
  readonly threads: Thread[] = [];
  /** The thread whose registers the processor holds. */
  running: Thread | undefined;
  readonly futexes = new Futexes();
  /** Grows whenever a thread runs: while it stands still, nobody can have woken anybody. */
  progress = 0;
  /** By signal number; absent: the default action. */
  readonly actions = new Map<number, SignalAction>();
  /** Signals for whichever thread takes them first. */
  pending: SignalInfo[] = [];
  timers!: Timers;
  cwd = '/';
  umask: number;
  readonly pid: number;
  readonly ppid: number;
  readonly credentials: Credentials;
  readonly limits = new Map<number, Limit>();
  /** Absolute path of the program, its arguments, what prctl named it. */
  executable = '';
  argv: readonly string[] = [];
  /** Where the initial stack holds argv's bytes, the environment's and the auxiliary vector: [start, end). */
  argvRange: readonly [number, number] = [0, 0];
  environRange: readonly [number, number] = [0, 0];
  auxv: Uint8Array = new Uint8Array(0);
  name = '';
  /** Addresses of guest code by name: `sigtramp`. */
  readonly code = new Map<string, number>();
  readonly started: bigint;
  end: ProcessEnd | undefined;

  constructor(
    readonly kernel: Kernel,
    readonly memory: GuestMemory,
  ) {
    this.space = new AddressSpace(memory);
    this.user = new UserMemory(memory, kernel.structs, kernel.abi.types.long);
    const { pid, ppid, uid, gid, euid, egid, umask } = kernel.host.identity;
    this.umask = umask;
    this.pid = pid;
    this.ppid = ppid;
    this.credentials = { uid, euid, suid: euid, gid, egid, sgid: egid };
    this.started = kernel.monotonic();
  }

  /** Ends the process; the first end counts. */
  finish(end: ProcessEnd): void {
    if (this.end) return;
    this.end = end;
    this.space.clear();
    this.descriptors.closeAll();
  }
}
