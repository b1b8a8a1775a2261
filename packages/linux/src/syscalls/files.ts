// Opening, closing and duplicating: the descriptor table, pipes, counters, fcntl.
// In: paths, flags, descriptors. Out: descriptors. Must not know: what a path leads to.
import { E, Errno, type Result } from '../errno.js';
import { BytesFile, FileBytes } from '../fs/bytes-file.js';
import { openPath, StreamFile } from '../fs/host-file.js';
import { type OpenFile, plainStat, S_IFREG } from '../fs/open-file.js';
import { EventFile, makePipe } from '../fs/pipe.js';
import type { OpenHow } from '../host.js';
import type { Thread } from '../process/thread.js';
import { AT_FDCWD, fileOf, pathAt, withFile } from './arguments.js';
import type { CallTable } from './table.js';

function openHow(t: Thread, flags: number, mode: number): OpenHow {
  const has = (name: string) => t.values.has(flags, 'open', name);
  const access = flags & 3;
  return {
    read: access !== 1,
    write: access !== 0,
    append: has('O_APPEND'),
    create: has('O_CREAT'),
    exclusive: has('O_EXCL'),
    truncate: has('O_TRUNC'),
    directory: has('O_DIRECTORY'),
    noFollow: has('O_NOFOLLOW'),
    nonBlocking: has('O_NONBLOCK'),
    mode: mode & 0o7777 & ~t.process.umask,
  };
}

function openAt(t: Thread, dirfd: number, address: number, flags: number, mode: number): Result {
  const path = pathAt(t, dirfd, address);
  if (path instanceof Errno) return path;
  const how = openHow(t, flags, mode);
  if (t.values.has(flags, 'open', 'O_TMPFILE')) return E.EOPNOTSUPP;
  const isPath = t.values.has(flags, 'open', 'O_PATH');
  const file = openPath(
    t.kernel.files,
    path,
    isPath ? { ...how, read: true, write: false, create: false } : how,
  );
  if (file instanceof Errno) return file;
  return install(t, file, t.values.has(flags, 'open', 'O_CLOEXEC'));
}

/** Puts a new file at the lowest free number; closes it if there is none. */
function install(t: Thread, file: OpenFile, closeOnExec: boolean): number | Errno {
  file.retain();
  const fd = t.process.descriptors.add(file, closeOnExec);
  file.release();
  return fd;
}

function pipe(t: Thread, address: number, flags: number): Result {
  const { reader, writer } = makePipe(t.kernel.nextIno());
  const closeOnExec = t.values.has(flags, 'open', 'O_CLOEXEC');
  reader.nonBlocking = writer.nonBlocking = t.values.has(flags, 'open', 'O_NONBLOCK');
  const first = install(t, reader, closeOnExec);
  if (first instanceof Errno) return first;
  const second = install(t, writer, closeOnExec);
  const failed = second instanceof Errno ? second : t.user.putU32(address, first);
  if (!(failed instanceof Errno) && t.user.putU32(address + 4, second as number) === 0) return 0;
  t.process.descriptors.close(first);
  if (!(second instanceof Errno)) t.process.descriptors.close(second);
  return failed instanceof Errno ? failed : E.EFAULT;
}

function eventfd(t: Thread, count: number, flags: number): Result {
  const file = new EventFile(BigInt(count), (flags & 1) !== 0, t.kernel.abi.elf.data === 'lsb');
  file.nonBlocking = t.values.has(flags, 'open', 'O_NONBLOCK');
  return install(t, file, t.values.has(flags, 'open', 'O_CLOEXEC'));
}

function memfd(t: Thread, address: number, flags: number): Result {
  const name = t.user.path(address);
  if (name instanceof Errno) return name;
  const ino = t.kernel.nextIno();
  const bytes = new BytesFile(new FileBytes(), () => plainStat(S_IFREG | 0o777, ino), true);
  return install(
    t,
    new StreamFile(`/memfd:${name} (deleted)`, bytes, { readable: true, writable: true }),
    (flags & 1) !== 0,
  );
}

function duplicate(t: Thread, from: number, to: number, flags: number): Result {
  const file = fileOf(t, from);
  if (file instanceof Errno) return file;
  if (to < 0 || to >= t.process.descriptors.limit) return E.EBADF;
  if (from !== to) t.process.descriptors.put(to, file, t.values.has(flags, 'open', 'O_CLOEXEC'));
  return to;
}

function statusFlags(t: Thread, file: OpenFile): number {
  const { values } = t;
  const access = file.readable && file.writable ? 2 : file.writable ? 1 : 0;
  return (
    access |
    (file.append ? values.get('open', 'O_APPEND') : 0) |
    (file.nonBlocking ? values.get('open', 'O_NONBLOCK') : 0) |
    (file.isDirectory ? values.get('open', 'O_DIRECTORY') : 0) |
    (t.user.wordSize === 4 ? values.get('open', 'O_LARGEFILE') : 0)
  );
}

/** Locks have one contender, this process: they always succeed. */
function lock(t: Thread, name: string, address: number, get: boolean): Result {
  const value = t.user.struct(name, address);
  if (value instanceof Errno) return value;
  return get ? t.user.putStruct(name, address, { ...value, type: t.values.get('fcntl', 'F_UNLCK') }) : 0;
}

function fcntl(t: Thread, fd: number, command: number, arg: number): Result {
  const slot = t.process.descriptors.slot(fd);
  if (!slot) return E.EBADF;
  const { file } = slot;
  const wide = t.user.wordSize === 4 ? 'flock64' : 'flock';
  switch (commandName(t, command)) {
    case 'F_DUPFD':
    case 'F_DUPFD_CLOEXEC':
      if (arg >= t.process.descriptors.limit) return E.EINVAL;
      return t.process.descriptors.add(file, command === t.values.get('fcntl', 'F_DUPFD_CLOEXEC'), arg);
    case 'F_GETFD':
      return slot.closeOnExec ? 1 : 0;
    case 'F_SETFD':
      slot.closeOnExec = (arg & 1) !== 0;
      return 0;
    case 'F_GETFL':
      return statusFlags(t, file);
    case 'F_SETFL':
      file.nonBlocking = t.values.has(arg, 'open', 'O_NONBLOCK');
      file.append = t.values.has(arg, 'open', 'O_APPEND');
      return 0;
    case 'F_GETLK':
      return lock(t, 'flock', arg, true);
    case 'F_GETLK64':
    case 'F_OFD_GETLK':
      return lock(t, wide, arg, true);
    case 'F_SETLK':
    case 'F_SETLKW':
      return lock(t, 'flock', arg, false);
    case 'F_SETLK64':
    case 'F_SETLKW64':
    case 'F_OFD_SETLK':
    case 'F_OFD_SETLKW':
      return lock(t, wide, arg, false);
    case 'F_GETPIPE_SZ':
    case 'F_SETPIPE_SZ':
      return 65536;
    case 'F_GETOWN':
    case 'F_GETSIG':
    case 'F_SETOWN':
    case 'F_SETSIG':
      return 0;
    default:
      return E.EINVAL;
  }
}

/** Lock types share numbers with commands: only the latter are meant here. */
function commandName(t: Thread, command: number): string | undefined {
  for (const [name, value] of Object.entries(t.values.group('fcntl'))) {
    if (value === command && !name.endsWith('LCK')) return name;
  }
  return undefined;
}

function closeRange(t: Thread, first: number, last: number, flags: number): Result {
  if (first > last) return E.EINVAL;
  for (const fd of t.process.descriptors.numbers()) {
    if (fd < first || fd > last) continue;
    if (flags & 4) t.process.descriptors.slot(fd)!.closeOnExec = true;
    else t.process.descriptors.close(fd);
  }
  return 0;
}

const createFlags = (t: Thread): number =>
  t.values.get('open', 'O_CREAT') | t.values.get('open', 'O_WRONLY') | t.values.get('open', 'O_TRUNC');

export const fileCalls: CallTable = {
  open: ['path:s flags:f mode:o', (t, path, flags, mode) => openAt(t, AT_FDCWD, path, flags, mode)],
  openat: ['dirfd:a path:s flags:f mode:o', openAt],
  creat: ['path:s mode:o', (t, path, mode) => openAt(t, AT_FDCWD, path, createFlags(t), mode)],
  close: ['fd:d', (t, fd) => t.process.descriptors.close(fd) ?? 0],
  close_range: ['first:u last:u flags:x', closeRange],
  dup: ['fd:d', (t, fd) => withFile(t, fd, (file) => t.process.descriptors.add(file))],
  dup2: ['from:d to:d', (t, from, to) => duplicate(t, from, to, 0)],
  dup3: [
    'from:d to:d flags:f',
    (t, from, to, flags) => (from === to ? E.EINVAL : duplicate(t, from, to, flags)),
  ],
  fcntl: ['fd:d command:d arg:x', fcntl],
  flock: ['fd:d operation:d', (t, fd) => withFile(t, fd, () => 0)],
  pipe: ['fds:x', (t, address) => pipe(t, address, 0)],
  pipe2: ['fds:x flags:f', pipe],
  eventfd: ['count:u', (t, count) => eventfd(t, count, 0)],
  eventfd2: ['count:u flags:x', eventfd],
  memfd_create: ['name:s flags:x', memfd],
};
