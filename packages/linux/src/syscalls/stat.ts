// What files are: the stat family, statfs, directory listings. In: paths, descriptors. Out: structures in guest memory.
// Must not know: how a path is resolved.
import { E, Errno, type Result } from '../errno.js';
import type { DirectoryEntry, FileStat, FileSystemStat } from '../host.js';
import type { Thread } from '../process/thread.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  fileOf,
  pathAt,
  withFile,
  withPath,
} from './arguments.js';
import type { CallTable } from './table.js';

const NANO = 1_000_000_000n;
const STATX_BASIC = 0x7ff;
const STATX_BTIME = 0x800;

const time = (at: bigint) => {
  const nsec = ((at % NANO) + NANO) % NANO;
  return { sec: (at - nsec) / NANO, nsec: Number(nsec) };
};

function putStat(t: Thread, layout: string, address: number, s: FileStat | Errno): Result {
  if (s instanceof Errno) return s;
  const { dev, ino, mode, nlink, uid, gid, rdev, size, blksize, blocks } = s;
  const times = { atime: time(s.atime), mtime: time(s.mtime), ctime: time(s.ctime) };
  return t.user.putStruct(layout, address, {
    dev,
    ino,
    mode,
    nlink,
    uid,
    gid,
    rdev,
    size,
    blksize,
    blocks,
    ...times,
  });
}

/** A path relative to a descriptor, or with AT_EMPTY_PATH the descriptor itself. */
function statAt(t: Thread, fd: number, address: number, flags: number): FileStat | Errno {
  if (flags & AT_EMPTY_PATH && (address === 0 || t.user.path(address) === '')) {
    if (fd === AT_FDCWD) return t.kernel.files.stat(t.process.cwd, true);
    const file = fileOf(t, fd);
    return file instanceof Errno ? file : file.stat();
  }
  const path = pathAt(t, fd, address);
  return path instanceof Errno ? path : t.kernel.files.stat(path, !(flags & AT_SYMLINK_NOFOLLOW));
}

const fstat = (t: Thread, fd: number, address: number, layout: string): Result =>
  withFile(t, fd, (file) => putStat(t, layout, address, file.stat()));

/** Major and minor of a device number in the generic 64-bit encoding. */
const major = (dev: number): number => Math.floor(dev / 256) % 4096;
const minor = (dev: number): number => (dev % 256) + Math.floor(dev / 2 ** 20) * 256;

function statx(t: Thread, fd: number, path: number, flags: number, _mask: number, address: number): Result {
  const s = statAt(t, fd, path, flags);
  if (s instanceof Errno) return s;
  const { ino, mode, nlink, uid, gid, size, blksize, blocks } = s;
  return t.user.putStruct('statx', address, {
    mask: STATX_BASIC | (s.btime === undefined ? 0 : STATX_BTIME),
    ino, mode, nlink, uid, gid, size, blksize, blocks,
    atime: time(s.atime),
    mtime: time(s.mtime),
    ctime: time(s.ctime),
    btime: time(s.btime ?? 0n),
    dev_major: major(s.dev), dev_minor: minor(s.dev), rdev_major: major(s.rdev), rdev_minor: minor(s.rdev),
  }); // biome-ignore format: a table
}

function putStatfs(t: Thread, layout: string, address: number, s: FileSystemStat | Errno): Result {
  if (s instanceof Errno) return s;
  return t.user.putStruct(layout, address, { ...s, fsid: [0, 0], namelen: 255, frsize: s.bsize, flags: 0 });
}

/** The 64-bit variants take the structure's size, which must be right. */
function statfs64(t: Thread, size: number, address: number, stat: () => FileSystemStat | Errno): Result {
  const expected = t.structs.size('statfs64');
  // The kernel accepts a structure without the padding at its end.
  return size !== expected && size !== expected - 4 ? E.EINVAL : putStatfs(t, 'statfs64', address, stat());
}

const fstatfs = (t: Thread, fd: number): FileSystemStat | Errno => {
  const file = fileOf(t, fd);
  return file instanceof Errno ? file : t.kernel.files.statfs(file.name.startsWith('/') ? file.name : '/');
};

/** Fills a buffer with as many entries as fit and moves the directory's position past them. */
function list(t: Thread, fd: number, address: number, size: number, layout: string): Result {
  return withFile(t, fd, (file) => {
    const entries = file.list();
    if (entries instanceof Errno) return entries;
    const start = file.seek(0, 1);
    if (start instanceof Errno) return start;
    let used = 0;
    let count = 0;
    for (const entry of entries) {
      const record = encodeEntry(t, layout, entry, start + count + 1);
      if (used + record.length > size) {
        if (count === 0) return E.EINVAL;
        break;
      }
      const put = t.user.putBytes(address + used, record);
      if (put instanceof Errno) return put;
      used += record.length;
      count++;
    }
    file.seek(count, 1);
    return used;
  });
}

/** The structure, the name, a NUL, padding; the old form keeps the type in the last byte. */
function encodeEntry(
  t: Thread,
  layout: string,
  { name, ino, type }: DirectoryEntry,
  next: number,
): Uint8Array {
  const at = t.structs.find(layout, 'name')!.offset;
  const old = layout === 'dirent';
  const align = old ? t.user.wordSize : 8;
  const reclen = Math.ceil((at + name.length + (old ? 2 : 1)) / align) * align;
  const out = new Uint8Array(reclen);
  out.set(t.structs.encode(layout, { ino, off: next, reclen, type }).subarray(0, at));
  for (let i = 0; i < name.length; i++) out[at + i] = name.charCodeAt(i);
  if (old) out[reclen - 1] = type;
  return out;
}

export const statCalls: CallTable = {
  stat: ['path:s buf:x', (t, path, buf) => putStat(t, 'stat', buf, statAt(t, AT_FDCWD, path, 0))],
  lstat: [
    'path:s buf:x',
    (t, path, buf) => putStat(t, 'stat', buf, statAt(t, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW)),
  ],
  fstat: ['fd:d buf:x', (t, fd, buf) => fstat(t, fd, buf, 'stat')],
  newfstatat: [
    'dirfd:a path:s buf:x flags:x',
    (t, fd, path, buf, flags) => putStat(t, 'stat', buf, statAt(t, fd, path, flags)),
  ],
  stat64: ['path:s buf:x', (t, path, buf) => putStat(t, 'stat64', buf, statAt(t, AT_FDCWD, path, 0))],
  lstat64: [
    'path:s buf:x',
    (t, path, buf) => putStat(t, 'stat64', buf, statAt(t, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW)),
  ],
  fstat64: ['fd:d buf:x', (t, fd, buf) => fstat(t, fd, buf, 'stat64')],
  fstatat64: [
    'dirfd:a path:s buf:x flags:x',
    (t, fd, path, buf, flags) => putStat(t, 'stat64', buf, statAt(t, fd, path, flags)),
  ],
  statx: ['dirfd:a path:s flags:x mask:x buf:x', statx],
  statfs: [
    'path:s buf:x',
    (t, path, buf) =>
      withPath(t, AT_FDCWD, path, (p) => putStatfs(t, 'statfs', buf, t.kernel.files.statfs(p))),
  ],
  fstatfs: ['fd:d buf:x', (t, fd, buf) => putStatfs(t, 'statfs', buf, fstatfs(t, fd))],
  statfs64: [
    'path:s size:u buf:x',
    (t, path, size, buf) =>
      withPath(t, AT_FDCWD, path, (p) => statfs64(t, size, buf, () => t.kernel.files.statfs(p))),
  ],
  fstatfs64: ['fd:d size:u buf:x', (t, fd, size, buf) => statfs64(t, size, buf, () => fstatfs(t, fd))],
  getdents: ['fd:d buf:x size:u', (t, fd, buf, size) => list(t, fd, buf, size, 'dirent')],
  getdents64: ['fd:d buf:x size:u', (t, fd, buf, size) => list(t, fd, buf, size, 'dirent64')],
};
