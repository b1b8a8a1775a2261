// What many calls do with their arguments: descriptors, paths, buffers. In: a thread, numbers. Out: files, paths, bytes.
// Must not know: a particular call.
import { PAGE_SIZE, Perm } from '@mimic/bus';
import { type Blocked, E, Errno, type Result } from '../errno.js';
import type { OpenFile } from '../fs/open-file.js';
import type { Thread } from '../process/thread.js';

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EMPTY_PATH = 0x1000;

/** Bytes moved by one host read or write. */
const CHUNK = 1 << 20;
const scratch = new Uint8Array(64 * 1024);

export const fileOf = (thread: Thread, fd: number): OpenFile | Errno =>
  thread.process.descriptors.get(fd) ?? E.EBADF;

/** An absolute path for one the program gave, relative to a directory descriptor or to the working directory. */
export function absolute(thread: Thread, dirfd: number, path: string): string | Errno {
  if (path.startsWith('/')) return path;
  if (path === '') return E.ENOENT;
  if (dirfd === AT_FDCWD) return join(thread.process.cwd, path);
  const file = thread.process.descriptors.get(dirfd);
  if (!file) return E.EBADF;
  return file.isDirectory ? join(file.name, path) : E.ENOTDIR;
}

const join = (directory: string, path: string): string =>
  directory.endsWith('/') ? directory + path : `${directory}/${path}`;

/** As `absolute`, for a path in the program's memory. */
export function pathAt(thread: Thread, dirfd: number, address: number): string | Errno {
  const path = thread.user.path(address);
  return path instanceof Errno ? path : absolute(thread, dirfd, path);
}

/** Calls `act` with the path, unless it is bad; undefined from `act` is success. */
export function withPath(
  thread: Thread,
  dirfd: number,
  address: number,
  act: (path: string) => Result | undefined,
): Result {
  const path = pathAt(thread, dirfd, address);
  return path instanceof Errno ? path : (act(path) ?? 0);
}

/** Calls `act` with the file of a descriptor. */
export function withFile(thread: Thread, fd: number, act: (file: OpenFile) => Result | undefined): Result {
  const file = thread.process.descriptors.get(fd);
  return file ? (act(file) ?? 0) : E.EBADF;
}

export interface Vector {
  readonly base: number;
  readonly length: number;
}

/** An iovec array of the program. */
export function vectors(thread: Thread, address: number, count: number): Vector[] | Errno {
  if (count < 0 || count > 1024) return E.EINVAL;
  const size = thread.structs.size('iovec');
  const out: Vector[] = [];
  for (let i = 0; i < count; i++) {
    const one = thread.user.struct('iovec', address + i * size);
    if (one instanceof Errno) return one;
    const length = Number(one['len']);
    if (length > 0x7fff_ffff) return E.EINVAL;
    out.push({ base: Number(one['base']), length });
  }
  return out;
}

type Transfer = (bytes: Uint8Array, done: number) => number | Errno | Blocked;

/** Moves bytes from `read` into the program's memory until short, blocked or wrong. */
export function transferIn(thread: Thread, parts: readonly Vector[], read: Transfer): Result {
  const { memory } = thread.user;
  return transfer(parts, Perm.W, thread, (address, size, done) => {
    const bytes = size <= scratch.length ? scratch.subarray(0, size) : new Uint8Array(size);
    const got = read(bytes, done);
    if (typeof got === 'number' && got > 0) memory.pokeBytes(address, bytes.subarray(0, got));
    return got;
  });
}

/** Moves bytes from the program's memory to `write`. */
export function transferOut(thread: Thread, parts: readonly Vector[], write: Transfer): Result {
  const { memory } = thread.user;
  return transfer(parts, Perm.R, thread, (address, size, done) => {
    const bytes = size <= scratch.length ? scratch.subarray(0, size) : new Uint8Array(size);
    memory.peekBytes(address, bytes);
    return write(bytes, done);
  });
}

/** What was moved counts: an error or a block after that is for the next call. */
function transfer(
  parts: readonly Vector[],
  need: number,
  thread: Thread,
  move: (address: number, size: number, done: number) => number | Errno | Blocked,
): Result {
  let done = 0;
  let asked = false;
  for (const { base, length } of parts) {
    const usable = thread.user.memory.accessible(base, length, need);
    for (let at = 0; at < length; ) {
      const size = Math.min(CHUNK, usable - at);
      if (size <= 0) return done > 0 ? done : E.EFAULT;
      asked = true;
      const moved = move(base + at, size, done);
      if (typeof moved !== 'number') return done > 0 ? done : moved;
      done += moved;
      at += moved;
      if (moved < size) return done;
    }
  }
  if (!asked) {
    // Nothing to move still finds out whether the file could be read or written.
    const result = move(thread.user.memory.lowest + PAGE_SIZE, 0, 0);
    return result instanceof Errno ? result : 0;
  }
  return done;
}
