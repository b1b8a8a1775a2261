// An open file description: what descriptors point to. In: byte arrays. Out: counts, errors, "would block".
// Must not know: guest memory, descriptor numbers.
import { type Blocked, E, type Errno, type Readiness } from '../errno.js';
import type { DirectoryEntry, FileStat, HostTerminal } from '../host.js';

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;

/** The base: a file that can do nothing. Positions and sizes in bytes; `whence` as in lseek(2). */
export abstract class OpenFile {
  /** Descriptors and mappings that point here; at 0 the file closes. */
  private users = 0;
  nonBlocking = false;
  append = false;
  /** Locks of flock(2) have no contender yet. */
  constructor(
    /** Absolute path, or `pipe:[n]` and the like. */
    readonly name: string,
    readonly readable: boolean,
    readonly writable: boolean,
  ) {}

  retain(): void {
    this.users++;
  }

  release(): void {
    if (--this.users === 0) this.close();
  }

  read(_into: Uint8Array): number | Errno | Blocked {
    return E.EINVAL;
  }
  write(_from: Uint8Array): number | Errno | Blocked {
    return E.EINVAL;
  }
  readAt(_into: Uint8Array, _position: number): number | Errno {
    return E.ESPIPE;
  }
  writeAt(_from: Uint8Array, _position: number): number | Errno {
    return E.ESPIPE;
  }
  seek(_offset: number, _whence: number): number | Errno {
    return E.ESPIPE;
  }
  abstract stat(): FileStat | Errno;
  truncate(_size: number): Errno | undefined {
    return E.EINVAL;
  }
  chmod(_mode: number): Errno | undefined {
    return E.EINVAL;
  }
  chown(_uid: number, _gid: number): Errno | undefined {
    return E.EINVAL;
  }
  utimes(_atime: bigint, _mtime: bigint): Errno | undefined {
    return E.EINVAL;
  }
  sync(): Errno | undefined {
    return E.EINVAL;
  }
  /** Entries from the directory's position on; `taken` says how many the caller used. */
  list(): readonly DirectoryEntry[] | Errno {
    return E.ENOTDIR;
  }
  ready(_events: Readiness): Readiness {
    return { read: true, write: true };
  }
  /** Bytes that could be read at once, for FIONREAD. */
  available(): number | Errno {
    return E.ENOTTY;
  }
  get terminal(): HostTerminal | undefined {
    return undefined;
  }
  get isDirectory(): boolean {
    return false;
  }
  protected close(): void {}
}

/** A stat for files that have no place in a file system. */
export function plainStat(mode: number, ino: number): FileStat {
  const at = 0n;
  return {
    dev: 12,
    ino,
    mode,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: 0,
    blksize: 4096,
    blocks: 0,
    atime: at,
    mtime: at,
    ctime: at,
  };
}

export const S_IFMT = 0o170000;
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;

/** Linux's device number as stat gives it to programs (the generic 64-bit encoding). */
export const makeDevice = (major: number, minor: number): number =>
  (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
