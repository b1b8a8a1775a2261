// An open file of the machine, by Node's synchronous calls. In: a descriptor number. Out: HostFile.
// Must not know: paths, guests.
import * as fs from 'node:fs';
import {
  E,
  type Errno,
  errnoOf,
  type FileStat,
  type HostFile,
  type HostTerminal,
  type Readiness,
} from '@mimic/linux';

/** What went wrong in a call of node:fs. Anything else is our own bug and goes on. */
export function errorOf(error: unknown): Errno {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return errnoOf(code);
}

/** Runs a call of node:fs; an error that it throws is the result. */
export function attempt<T>(act: () => T): T | Errno {
  try {
    return act();
  } catch (error) {
    return errorOf(error);
  }
}

const perform = (act: () => void): Errno | undefined => attempt(() => void act()) as Errno | undefined;

const NANO = 1_000_000_000n;
/** node:fs takes times as seconds; what a double holds is a few hundred nanoseconds of precision. */
export const seconds = (time: bigint): number => Number(time / NANO) + Number(time % NANO) / 1e9;

export function statOf(s: fs.BigIntStats): FileStat {
  return {
    dev: Number(s.dev),
    ino: Number(s.ino),
    mode: Number(s.mode),
    nlink: Number(s.nlink),
    uid: Number(s.uid),
    gid: Number(s.gid),
    rdev: Number(s.rdev),
    size: Number(s.size),
    blksize: Number(s.blksize),
    blocks: Number(s.blocks),
    atime: s.atimeNs,
    mtime: s.mtimeNs,
    ctime: s.ctimeNs,
    btime: s.birthtimeNs,
  };
}

/** A moment of doing nothing: for streams that could not take or give anything yet. */
const cell = new Int32Array(new SharedArrayBuffer(4));
export const pause = (milliseconds: number): void => void Atomics.wait(cell, 0, 0, milliseconds);

/** A file of any kind. Regular files and devices with positions are `seekable`. */
export class NodeFile implements HostFile {
  readonly seekable: boolean;
  readonly terminal?: HostTerminal;
  /** What was read ahead to find out that something is there. */
  private ahead: Uint8Array = new Uint8Array(0);
  private ended = false;
  /** A second opening of a stream that never blocks; -1: there is none. */
  private probe: number | undefined;

  constructor(
    private readonly fd: number,
    private readonly owned: boolean,
    terminal?: HostTerminal,
  ) {
    const stat = fs.fstatSync(fd);
    this.seekable = stat.isFile() || stat.isBlockDevice();
    if (terminal) this.terminal = terminal;
  }

  read(into: Uint8Array, position: number | undefined, block: boolean): number | Errno {
    if (into.length === 0) return 0;
    if (this.ahead.length > 0 && position === undefined) {
      const part = this.ahead.subarray(0, into.length);
      into.set(part);
      this.ahead = this.ahead.subarray(part.length);
      return part.length;
    }
    if (this.ended && !this.seekable) {
      this.ended = false;
      return 0;
    }
    if (!block && !this.seekable && !this.fill()) return E.EAGAIN;
    if (!block && !this.seekable) return this.read(into, position, true);
    for (;;) {
      const got = attempt(() => fs.readSync(this.fd, into, 0, into.length, position ?? null));
      if (got !== E.EAGAIN || !block) return got;
      pause(1);
    }
  }

  /** A stream that was made non-blocking by others is waited for: the guest did not ask for that. */
  write(from: Uint8Array, position: number | undefined): number | Errno {
    for (;;) {
      const put = attempt(() => fs.writeSync(this.fd, from, 0, from.length, position ?? null));
      if (put !== E.EAGAIN) return put;
      pause(1);
    }
  }

  /** Where an inherited file stands; 0 where the system does not say. */
  position(): number {
    const text = attempt(() => fs.readFileSync(`/proc/self/fdinfo/${this.fd}`, 'latin1'));
    return typeof text === 'string' ? Number(/^pos:\s*(\d+)/m.exec(text)?.[1] ?? 0) : 0;
  }

  /** node:fs cannot seek: reading on is the only way to move. */
  settle(position: number): void {
    const chunk = new Uint8Array(1 << 20);
    for (let left = position - this.position(); left > 0; ) {
      const got = attempt(() => fs.readSync(this.fd, chunk, 0, Math.min(left, chunk.length), null));
      if (typeof got !== 'number' || got === 0) return;
      left -= got;
    }
  }

  ready(events: Readiness): Readiness {
    if (this.seekable) return { read: true, write: true };
    return {
      read: events.read ? this.fill() : false,
      write: true,
      hangup: this.ended && this.ahead.length === 0,
    };
  }

  available(): number {
    this.fill();
    return this.ahead.length;
  }

  stat(): FileStat | Errno {
    return attempt(() => statOf(fs.fstatSync(this.fd, { bigint: true })));
  }
  truncate(size: number): Errno | undefined {
    return perform(() => fs.ftruncateSync(this.fd, size));
  }
  chmod(mode: number): Errno | undefined {
    return perform(() => fs.fchmodSync(this.fd, mode));
  }
  chown(uid: number, gid: number): Errno | undefined {
    return perform(() => fs.fchownSync(this.fd, uid, gid));
  }
  utimes(atime: bigint, mtime: bigint): Errno | undefined {
    return perform(() => fs.futimesSync(this.fd, seconds(atime), seconds(mtime)));
  }
  sync(): Errno | undefined {
    return perform(() => fs.fsyncSync(this.fd));
  }
  close(): void {
    if (this.probe !== undefined && this.probe >= 0) fs.closeSync(this.probe);
    if (this.owned) attempt(() => fs.closeSync(this.fd));
  }

  /** True if a read would not block: something was read ahead, or the end was seen. */
  private fill(): boolean {
    if (this.ahead.length > 0 || this.ended) return true;
    this.probe ??= openProbe(this.fd);
    // Without a probe nobody can tell: a read may block.
    if (this.probe < 0) return true;
    const buffer = new Uint8Array(4096);
    const got = attempt(() => fs.readSync(this.probe!, buffer, 0, buffer.length, null));
    if (typeof got !== 'number') return got !== E.EAGAIN;
    if (got === 0) this.ended = true;
    this.ahead = buffer.subarray(0, got);
    return true;
  }
}

/** Opens the same pipe or terminal once more, so that reading it need not block; -1 where that cannot be done. */
function openProbe(fd: number): number {
  const opened = attempt(() =>
    fs.openSync(`/proc/self/fd/${fd}`, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK),
  );
  return typeof opened === 'number' ? opened : -1;
}
