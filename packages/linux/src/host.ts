// What the library asks of the machine it runs on. In: nothing. Out: interfaces; the cli implements them with Node.
// Must not know: the guest's ABI. Names and paths are byte strings: one character (0..255) a byte.
import type { Errno, Readiness } from './errno.js';

/** As `stat` gives it; numbers are Linux's generic ones (S_IFMT bits, 512-byte blocks). Times in nanoseconds. */
export interface FileStat {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Linux's number of a device file: see makeDevice. */
  readonly rdev: number;
  readonly size: number;
  readonly blksize: number;
  readonly blocks: number;
  readonly atime: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
  readonly btime?: bigint;
}

export interface FileSystemStat {
  readonly type: number;
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly ino: number;
  /** Linux's DT_ number; 0 where unknown. */
  readonly type: number;
}

/** How to open a file: the flags of open(2), decoded. */
export interface OpenHow {
  readonly read: boolean;
  readonly write: boolean;
  readonly append: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly directory: boolean;
  readonly noFollow: boolean;
  readonly nonBlocking: boolean;
  /** Permission bits of a file created, the umask already taken off. */
  readonly mode: number;
}

/** An open file of the host. */
export interface HostFile {
  /** Bytes read, 0 at the end. `position` undefined: at the stream's own (pipes, terminals). May block unless told not to. */
  read(into: Uint8Array, position: number | undefined, block: boolean): number | Errno;
  /** Bytes written. `position` undefined: at the stream's own, or at the end in append mode. */
  write(from: Uint8Array, position: number | undefined): number | Errno;
  stat(): FileStat | Errno;
  truncate(size: number): Errno | undefined;
  chmod(mode: number): Errno | undefined;
  chown(uid: number, gid: number): Errno | undefined;
  utimes(atime: bigint, mtime: bigint): Errno | undefined;
  sync(): Errno | undefined;
  /** True for regular files and devices with a position. */
  readonly seekable: boolean;
  /** Set where the file is a terminal. */
  readonly terminal?: HostTerminal;
  /** Where the stream stands, for a seekable file that was inherited. */
  position?(): number;
  /** Moves the position of an inherited file forward to where the guest left it, for those who share it. */
  settle?(position: number): void;
  /** Bytes that can be read at once. Streams only. */
  available?(): number;
  /** What could be done without blocking. Streams only. */
  ready?(events: Readiness): Readiness;
  close(): void;
}

/** The settings of a terminal, by Linux's generic termios bits; the library translates to the ABI's. */
export interface TerminalMode {
  readonly canonical: boolean;
  readonly echo: boolean;
  readonly signals: boolean;
  readonly outputNewline: boolean;
  readonly inputNewline: boolean;
}

export interface HostTerminal {
  size(): { readonly rows: number; readonly columns: number };
  setMode(mode: TerminalMode): void;
}

/** A tree of files. Paths are absolute and have no `.` or `..` at their start; links are followed as the name says. */
export interface FileSystem {
  open(path: string, how: OpenHow): HostFile | Errno;
  stat(path: string, follow: boolean): FileStat | Errno;
  access(path: string, mode: number): Errno | undefined;
  readlink(path: string): string | Errno;
  list(path: string): readonly DirectoryEntry[] | Errno;
  mkdir(path: string, mode: number): Errno | undefined;
  rmdir(path: string): Errno | undefined;
  unlink(path: string): Errno | undefined;
  rename(from: string, to: string): Errno | undefined;
  link(from: string, to: string): Errno | undefined;
  symlink(target: string, path: string): Errno | undefined;
  chmod(path: string, mode: number): Errno | undefined;
  chown(path: string, uid: number, gid: number, follow: boolean): Errno | undefined;
  utimes(path: string, atime: bigint, mtime: bigint, follow: boolean): Errno | undefined;
  truncate(path: string, size: number): Errno | undefined;
  statfs(path: string): FileSystemStat | Errno;
  /** The canonical absolute path, links resolved. */
  realpath(path: string): string | Errno;
}

export interface HostClock {
  /** Nanoseconds since 1970-01-01 UTC. */
  realtime(): bigint;
  /** Nanoseconds of a clock that never steps back. */
  monotonic(): bigint;
  /** Processor time used by this process: user and system, nanoseconds. */
  cpuTime(): { readonly user: bigint; readonly system: bigint };
}

/** Who the guest believes to be. */
export interface HostIdentity {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
  readonly hostname: string;
  /** Permission bits that new files do not get. */
  readonly umask: number;
}

export interface Host {
  readonly files: FileSystem;
  readonly clock: HostClock;
  readonly identity: HostIdentity;
  /** The files that descriptors 0, 1 and 2 start with. */
  readonly standard: readonly (HostFile | undefined)[];
  /** Fills the array with random bytes. */
  random(into: Uint8Array): void;
  /**
   * Waits until the monotonic clock reaches `until` (undefined: for ever) or one of the streams is ready. May come
   * back earlier.
   */
  wait(until: bigint | undefined, streams: readonly (() => boolean)[]): void;
  /** Physical memory in bytes, as sysinfo and /proc/meminfo report it. */
  readonly memory: { readonly total: number; readonly free: number };
}
