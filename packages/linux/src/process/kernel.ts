// What all processes of one guest system share. In: the ABI, the host. Out: clocks, files, constants, the trace.
// Must not know: a processor's state, a particular process.
import type { LinuxAbi } from '@mimic/isa';
import { Structs } from '../abi/structs.js';
import { Values } from '../abi/values.js';
import type { FileSystem, Host } from '../host.js';

/** Where `-strace` and `-d unimp` write; absent: no such output. */
export interface Tracing {
  /** Gets whole lines, without the newline. */
  readonly calls?: (line: string) => void;
  readonly unimplemented?: (line: string) => void;
}

/** uname's answers besides the machine. */
export interface SystemName {
  readonly sysname: string;
  readonly release: string;
  readonly version: string;
}

const NAME: SystemName = { sysname: 'Linux', release: '6.1.0-mimic', version: '#1 SMP Mimic' };

export class Kernel {
  readonly structs: Structs;
  readonly values: Values;
  /** The tree of files; set once /proc has a process to describe. */
  files!: FileSystem;
  readonly name = NAME;
  private ino = 1000;
  private tid: number;
  private readonly said = new Set<string>();

  constructor(
    readonly abi: LinuxAbi,
    readonly host: Host,
    readonly tracing: Tracing = {},
  ) {
    this.structs = new Structs(abi);
    this.values = new Values(abi);
    this.tid = host.identity.pid;
  }

  /** A number for a file that no file system holds. */
  nextIno(): number {
    return this.ino++;
  }

  /** A number for a new thread or process. */
  nextTid(): number {
    return ++this.tid;
  }

  /** Says once what is not there. */
  unimplemented(what: string): void {
    if (this.said.has(what)) return;
    this.said.add(what);
    this.tracing.unimplemented?.(what);
  }

  /** Time since 1970 in nanoseconds. */
  realtime(): bigint {
    return this.host.clock.realtime();
  }

  monotonic(): bigint {
    return this.host.clock.monotonic();
  }
}
