// Names: directories, links, renaming, permissions, times. In: paths, directory descriptors. Out: changes of the tree.
// Must not know: open files' contents, stat structures.
import { E, Errno, type Result } from '../errno.js';
import { S_IFDIR, S_IFMT } from '../fs/open-file.js';
import { normalize } from '../fs/vfs.js';
import type { Thread } from '../process/thread.js';
import {
  AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW, fileOf, pathAt, withFile, withPath,
} from './arguments.js'; // biome-ignore format: one line a list
import type { CallTable } from './table.js';

const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;
const S_IFSOCK = 0o140000;
const NANO = 1_000_000_000n;

const mkdirAt = (t: Thread, fd: number, path: number, mode: number): Result =>
  withPath(t, fd, path, (p) => t.kernel.files.mkdir(p, mode & 0o7777 & ~t.process.umask));

/** Regular files only: making devices and sockets needs more than a user's rights. */
function mknodAt(t: Thread, fd: number, address: number, mode: number): Result {
  const path = pathAt(t, fd, address);
  if (path instanceof Errno) return path;
  const kind = mode & S_IFMT;
  if (kind !== 0 && kind !== 0o100000) return kind === S_IFSOCK || kind === 0o010000 ? E.EOPNOTSUPP : E.EPERM;
  const file = t.kernel.files.open(path, {
    read: false, write: true, append: false, create: true, exclusive: true, truncate: false,
    directory: false, noFollow: true, nonBlocking: false, mode: mode & 0o7777 & ~t.process.umask,
  }); // biome-ignore format: a table
  if (file instanceof Errno) return file;
  file.close();
  return 0;
}

const unlinkAt = (t: Thread, fd: number, path: number, flags: number): Result =>
  withPath(t, fd, path, (p) => (flags & AT_REMOVEDIR ? t.kernel.files.rmdir(p) : t.kernel.files.unlink(p)));

function renameAt(t: Thread, fromFd: number, from: number, toFd: number, to: number, flags = 0): Result {
  const a = pathAt(t, fromFd, from);
  if (a instanceof Errno) return a;
  const b = pathAt(t, toFd, to);
  if (b instanceof Errno) return b;
  if (flags & ~1) return E.EINVAL;
  if (flags & 1 && !(t.kernel.files.stat(b, false) instanceof Errno)) return E.EEXIST;
  return t.kernel.files.rename(a, b) ?? 0;
}

function linkAt(t: Thread, fromFd: number, from: number, toFd: number, to: number): Result {
  const a = pathAt(t, fromFd, from);
  if (a instanceof Errno) return a;
  const b = pathAt(t, toFd, to);
  return b instanceof Errno ? b : (t.kernel.files.link(a, b) ?? 0);
}

function symlinkAt(t: Thread, target: number, fd: number, path: number): Result {
  const text = t.user.path(target);
  if (text instanceof Errno) return text;
  return text === '' ? E.ENOENT : withPath(t, fd, path, (p) => t.kernel.files.symlink(text, p));
}

function readlinkAt(t: Thread, fd: number, path: number, buffer: number, size: number): Result {
  if ((size | 0) <= 0) return E.EINVAL;
  return withPath(t, fd, path, (p) => {
    const target = t.kernel.files.readlink(p);
    if (target instanceof Errno) return target;
    const bytes = Uint8Array.from(target.slice(0, size), (c) => c.charCodeAt(0));
    const put = t.user.putBytes(buffer, bytes);
    return put instanceof Errno ? put : bytes.length;
  });
}

function chdirTo(t: Thread, path: string): Errno | undefined {
  const stat = t.kernel.files.stat(path, true);
  if (stat instanceof Errno) return stat;
  if ((stat.mode & S_IFMT) !== S_IFDIR) return E.ENOTDIR;
  const denied = t.kernel.files.access(path, 1);
  if (denied) return denied;
  const real = t.kernel.files.realpath(path);
  t.process.cwd = real instanceof Errno ? normalize(path) : real;
  return undefined;
}

function getcwd(t: Thread, buffer: number, size: number): Result {
  const bytes = Uint8Array.from(`${t.process.cwd}\0`, (c) => c.charCodeAt(0));
  if (size < bytes.length) return E.ERANGE;
  const put = t.user.putBytes(buffer, bytes);
  return put instanceof Errno ? put : bytes.length;
}

const accessAt = (t: Thread, fd: number, path: number, mode: number, flags: number): Result => {
  if (mode & ~7) return E.EINVAL;
  if (flags & AT_EMPTY_PATH && t.user.path(path) === '')
    return withFile(t, fd, (file) => t.kernel.files.access(file.name, mode) ?? 0);
  return withPath(t, fd, path, (p) => t.kernel.files.access(p, mode));
};

const chmodAt = (t: Thread, fd: number, path: number, mode: number): Result =>
  withPath(t, fd, path, (p) => t.kernel.files.chmod(p, mode & 0o7777));

const chownAt = (t: Thread, fd: number, path: number, uid: number, gid: number, flags: number): Result => {
  if (flags & AT_EMPTY_PATH && t.user.path(path) === '')
    return withFile(t, fd, (file) => file.chown(uid, gid) ?? 0);
  return withPath(t, fd, path, (p) => t.kernel.files.chown(p, uid, gid, !(flags & AT_SYMLINK_NOFOLLOW)));
};

/** Two times of utimensat: a time, now, or what the file has. */
function utimensAt(
  t: Thread,
  fd: number,
  path: number,
  times: number,
  flags: number,
  layout: string,
): Result {
  const now = t.kernel.realtime();
  let pair: (bigint | undefined)[] = [now, now];
  if (times !== 0) {
    const size = t.structs.size(layout);
    const read = [0, 1].map((i) => t.user.struct(layout, times + i * size));
    const bad = read.find((r) => r instanceof Errno);
    if (bad instanceof Errno) return bad;
    const specs = read.map((r) => ({
      sec: BigInt((r as { sec: number }).sec),
      nsec: Number((r as { nsec: number }).nsec),
    }));
    if (specs.some((s) => s.nsec !== UTIME_NOW && s.nsec !== UTIME_OMIT && (s.nsec < 0 || s.nsec >= 1e9)))
      return E.EINVAL;
    pair = specs.map((s) =>
      s.nsec === UTIME_NOW ? now : s.nsec === UTIME_OMIT ? undefined : s.sec * NANO + BigInt(s.nsec),
    );
    if (pair[0] === undefined && pair[1] === undefined) return 0;
  }
  return setTimes(t, fd, path, pair, (flags & AT_SYMLINK_NOFOLLOW) === 0);
}

function setTimes(
  t: Thread,
  fd: number,
  address: number,
  [atime, mtime]: readonly (bigint | undefined)[],
  follow: boolean,
): Result {
  if (address === 0 && fd !== AT_FDCWD) {
    const file = fileOf(t, fd);
    if (file instanceof Errno) return file;
    const old = file.stat();
    if (old instanceof Errno) return old;
    return file.utimes(atime ?? old.atime, mtime ?? old.mtime) ?? 0;
  }
  return withPath(t, fd, address, (path) => {
    const old = t.kernel.files.stat(path, follow);
    if (old instanceof Errno) return old;
    return t.kernel.files.utimes(path, atime ?? old.atime, mtime ?? old.mtime, follow);
  });
}

/** utimes and futimesat: microseconds. */
function utimesAt(t: Thread, fd: number, path: number, times: number): Result {
  const now = t.kernel.realtime();
  if (times === 0) return setTimes(t, fd, path, [now, now], true);
  const size = t.structs.size('timeval');
  const pair: bigint[] = [];
  for (const i of [0, 1]) {
    const value = t.user.struct('timeval', times + i * size);
    if (value instanceof Errno) return value;
    pair.push(BigInt(value['sec'] as number) * NANO + BigInt(value['usec'] as number) * 1000n);
  }
  return setTimes(t, fd, path, pair, true);
}

function utime(t: Thread, path: number, times: number): Result {
  const now = t.kernel.realtime();
  if (times === 0) return setTimes(t, AT_FDCWD, path, [now, now], true);
  const value = t.user.struct('utimbuf', times);
  if (value instanceof Errno) return value;
  const pair = [BigInt(value['actime'] as number) * NANO, BigInt(value['modtime'] as number) * NANO];
  return setTimes(t, AT_FDCWD, path, pair, true);
}

function truncate(t: Thread, path: number, size: number): Result {
  return size < 0 ? E.EINVAL : withPath(t, AT_FDCWD, path, (p) => t.kernel.files.truncate(p, size));
}

function ftruncate(t: Thread, fd: number, size: number): Result {
  return withFile(t, fd, (file) => (size < 0 || !file.writable ? E.EINVAL : file.truncate(size)));
}

/** Mode 0 grows the file; punching holes and the like is the host's business. */
function fallocate(t: Thread, fd: number, mode: number, offset: number, length: number): Result {
  if (offset < 0 || length <= 0) return E.EINVAL;
  if (mode & ~1) return E.EOPNOTSUPP;
  return withFile(t, fd, (file) => {
    if (!file.writable) return E.EBADF;
    const stat = file.stat();
    if (stat instanceof Errno) return stat;
    return mode & 1 || stat.size >= offset + length ? 0 : file.truncate(offset + length);
  });
}

export const pathCalls: CallTable = {
  mkdir: ['path:s mode:o', (t, path, mode) => mkdirAt(t, AT_FDCWD, path, mode)],
  mkdirat: ['dirfd:a path:s mode:o', mkdirAt],
  mknod: ['path:s mode:o dev:x', (t, path, mode) => mknodAt(t, AT_FDCWD, path, mode)],
  mknodat: ['dirfd:a path:s mode:o dev:x', mknodAt],
  rmdir: ['path:s', (t, path) => unlinkAt(t, AT_FDCWD, path, AT_REMOVEDIR)],
  unlink: ['path:s', (t, path) => unlinkAt(t, AT_FDCWD, path, 0)],
  unlinkat: ['dirfd:a path:s flags:x', unlinkAt],
  rename: ['from:s to:s', (t, from, to) => renameAt(t, AT_FDCWD, from, AT_FDCWD, to)],
  renameat: ['fromfd:a from:s tofd:a to:s', (t, fd, from, toFd, to) => renameAt(t, fd, from, toFd, to)],
  renameat2: ['fromfd:a from:s tofd:a to:s flags:x', renameAt],
  link: ['from:s to:s', (t, from, to) => linkAt(t, AT_FDCWD, from, AT_FDCWD, to)],
  linkat: ['fromfd:a from:s tofd:a to:s flags:x', linkAt],
  symlink: ['target:s path:s', (t, target, path) => symlinkAt(t, target, AT_FDCWD, path)],
  symlinkat: ['target:s dirfd:a path:s', symlinkAt],
  readlink: ['path:s buf:x size:u', (t, path, buf, size) => readlinkAt(t, AT_FDCWD, path, buf, size)],
  readlinkat: ['dirfd:a path:s buf:x size:u', readlinkAt],
  chdir: ['path:s', (t, path) => withPath(t, AT_FDCWD, path, (p) => chdirTo(t, p))],
  fchdir: [
    'fd:d',
    (t, fd) => withFile(t, fd, (file) => (file.isDirectory ? chdirTo(t, file.name) : E.ENOTDIR)),
  ],
  getcwd: ['buf:x size:u', getcwd],
  access: ['path:s mode:d', (t, path, mode) => accessAt(t, AT_FDCWD, path, mode, 0)],
  faccessat: ['dirfd:a path:s mode:d', (t, fd, path, mode) => accessAt(t, fd, path, mode, 0)],
  faccessat2: ['dirfd:a path:s mode:d flags:x', accessAt],
  chmod: ['path:s mode:o', (t, path, mode) => chmodAt(t, AT_FDCWD, path, mode)],
  fchmodat: ['dirfd:a path:s mode:o', chmodAt],
  fchmod: ['fd:d mode:o', (t, fd, mode) => withFile(t, fd, (file) => file.chmod(mode & 0o7777))],
  chown: ['path:s uid:d gid:d', (t, path, uid, gid) => chownAt(t, AT_FDCWD, path, uid, gid, 0)],
  lchown: [
    'path:s uid:d gid:d',
    (t, path, uid, gid) => chownAt(t, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW),
  ],
  fchownat: ['dirfd:a path:s uid:d gid:d flags:x', chownAt],
  fchown: ['fd:d uid:d gid:d', (t, fd, uid, gid) => withFile(t, fd, (file) => file.chown(uid, gid))],
  utime: ['path:s times:x', utime],
  utimes: ['path:s times:x', (t, path, times) => utimesAt(t, AT_FDCWD, path, times)],
  futimesat: ['dirfd:a path:s times:x', utimesAt],
  utimensat: [
    'dirfd:a path:s times:x flags:x',
    (t, fd, path, times, flags) => utimensAt(t, fd, path, times, flags, 'timespec'),
  ],
  utimensat_time64: [
    'dirfd:a path:s times:x flags:x',
    (t, fd, path, times, flags) => utimensAt(t, fd, path, times, flags, 'timespec64'),
  ],
  truncate: ['path:s size:l', truncate],
  truncate64: ['path:s size:q', truncate],
  ftruncate: ['fd:d size:l', ftruncate],
  ftruncate64: ['fd:d size:q', ftruncate],
  fallocate: ['fd:d mode:x offset:q length:q', fallocate],
  umask: ['mask:o', (t, mask) => {
    const old = t.process.umask;
    t.process.umask = mask & 0o777;
    return old;
  }], // biome-ignore format: one line a call
};
