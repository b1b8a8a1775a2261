// Reading, writing and seeking on open files. In: descriptors, buffers. Out: counts. Must not know: paths, host files.
import { type Blocked, E, Errno, type Result } from '../errno.js';
import type { OpenFile } from '../fs/open-file.js';
import { SEEK_CUR } from '../fs/open-file.js';
import type { Thread } from '../process/thread.js';
import { fileOf, transferIn, transferOut, type Vector, vectors, withFile } from './arguments.js';
import type { CallTable } from './table.js';

const toRead = (t: Thread, fd: number): OpenFile | Errno => {
  const file = fileOf(t, fd);
  return file instanceof Errno || file.readable ? file : E.EBADF;
};
const toWrite = (t: Thread, fd: number): OpenFile | Errno => {
  const file = fileOf(t, fd);
  return file instanceof Errno || file.writable ? file : E.EBADF;
};

function readInto(t: Thread, fd: number, parts: readonly Vector[] | Errno, position?: number): Result {
  const file = toRead(t, fd);
  if (file instanceof Errno) return file;
  if (parts instanceof Errno) return parts;
  if (position === undefined) return transferIn(t, parts, (bytes) => file.read(bytes));
  return position < 0 ? E.EINVAL : transferIn(t, parts, (bytes, done) => file.readAt(bytes, position + done));
}

function writeFrom(t: Thread, fd: number, parts: readonly Vector[] | Errno, position?: number): Result {
  const file = toWrite(t, fd);
  if (file instanceof Errno) return file;
  if (parts instanceof Errno) return parts;
  if (position === undefined) return transferOut(t, parts, (bytes) => file.write(bytes));
  return position < 0
    ? E.EINVAL
    : transferOut(t, parts, (bytes, done) => file.writeAt(bytes, position + done));
}

/** Sizes above 2^31 - 1 are cut, as the kernel cuts them at MAX_RW_COUNT. */
const one = (base: number, length: number): Vector[] => [{ base, length: Math.min(length, 0x7fff_f000) }];

function seek64(t: Thread, fd: number, high: number, low: number, result: number, whence: number): Result {
  return withFile(t, fd, (file) => {
    const to = file.seek((high | 0) * 2 ** 32 + low, whence);
    return to instanceof Errno ? to : t.user.putU64(result, BigInt(to));
  });
}

/** Copies between two files without the program's memory; positions undefined: the files' own. */
function copy(
  source: OpenFile,
  target: OpenFile,
  count: number,
  from: number | undefined,
  to: number | undefined,
): number | Errno | Blocked {
  const bytes = new Uint8Array(Math.min(count, 1 << 18));
  let done = 0;
  while (done < count) {
    const part = bytes.subarray(0, Math.min(bytes.length, count - done));
    const got = from === undefined ? source.read(part) : source.readAt(part, from + done);
    if (typeof got !== 'number') return done > 0 ? done : got;
    if (got === 0) break;
    const put =
      to === undefined
        ? target.write(part.subarray(0, got))
        : target.writeAt(part.subarray(0, got), to + done);
    if (typeof put !== 'number') return done > 0 ? done : put;
    done += put;
    if (put < got) {
      if (from === undefined) source.seek(put - got, SEEK_CUR);
      break;
    }
  }
  return done;
}

/** sendfile and copy_file_range: positions are read from memory and written back where a pointer is given. */
function copyBetween(
  t: Thread,
  inFd: number,
  inAt: number,
  outFd: number,
  outAt: number,
  count: number,
  wide: boolean,
): Result {
  const source = toRead(t, inFd);
  if (source instanceof Errno) return source;
  const target = toWrite(t, outFd);
  if (target instanceof Errno) return target;
  const load = (at: number) => (at === 0 ? undefined : wide ? t.user.u64(at) : t.user.word(at));
  const from = load(inAt);
  const to = load(outAt);
  if (from instanceof Errno || to instanceof Errno) return E.EFAULT;
  const start = from === undefined ? undefined : Number(from);
  const end = to === undefined ? undefined : Number(to);
  const done = copy(source, target, Math.min(count, 0x7fff_f000), start, end);
  if (typeof done !== 'number') return done;
  const store = (at: number, value: number | undefined) =>
    value !== undefined &&
    (wide ? t.user.putU64(at, BigInt(value + done)) : t.user.putWord(at, value + done));
  store(inAt, start);
  store(outAt, end);
  return done;
}

export const ioCalls: CallTable = {
  read: ['fd:d buf:b count:u', (t, fd, buf, count) => readInto(t, fd, one(buf, count))],
  write: ['fd:d buf:b count:u', (t, fd, buf, count) => writeFrom(t, fd, one(buf, count))],
  pread64: ['fd:d buf:b count:u offset:q', (t, fd, buf, count, at) => readInto(t, fd, one(buf, count), at)],
  pwrite64: ['fd:d buf:b count:u offset:q', (t, fd, buf, count, at) => writeFrom(t, fd, one(buf, count), at)],
  readv: ['fd:d iov:x count:d', (t, fd, iov, count) => readInto(t, fd, vectors(t, iov, count))],
  writev: ['fd:d iov:x count:d', (t, fd, iov, count) => writeFrom(t, fd, vectors(t, iov, count))],
  preadv: [
    'fd:d iov:x count:d offset:p',
    (t, fd, iov, count, at) => readInto(t, fd, vectors(t, iov, count), at),
  ],
  pwritev: [
    'fd:d iov:x count:d offset:p',
    (t, fd, iov, count, at) => writeFrom(t, fd, vectors(t, iov, count), at),
  ],
  preadv2: [
    'fd:d iov:x count:d offset:p flags:x',
    (t, fd, iov, count, at) => readInto(t, fd, vectors(t, iov, count), at === -1 ? undefined : at),
  ],
  pwritev2: [
    'fd:d iov:x count:d offset:p flags:x',
    (t, fd, iov, count, at) => writeFrom(t, fd, vectors(t, iov, count), at === -1 ? undefined : at),
  ],
  lseek: [
    'fd:d offset:l whence:d',
    (t, fd, offset, whence) => withFile(t, fd, (file) => file.seek(offset, whence)),
  ],
  _llseek: ['fd:d high:u low:u result:x whence:d', seek64],
  sendfile: [
    'out:d in:d offset:x count:u',
    (t, out, from, at, count) => copyBetween(t, from, at, out, 0, count, false),
  ],
  sendfile64: [
    'out:d in:d offset:x count:u',
    (t, out, from, at, count) => copyBetween(t, from, at, out, 0, count, true),
  ],
  copy_file_range: [
    'in:d inoff:x out:d outoff:x count:u flags:x',
    (t, from, inAt, out, outAt, count) => copyBetween(t, from, inAt, out, outAt, count, true),
  ],
  fsync: ['fd:d', (t, fd) => withFile(t, fd, (file) => file.sync())],
  fdatasync: ['fd:d', (t, fd) => withFile(t, fd, (file) => file.sync())],
  sync_file_range: ['fd:d flags:x offset:q nbytes:q', (t, fd) => withFile(t, fd, (file) => file.sync())],
  sync: ['', () => 0],
  syncfs: ['fd:d', (t, fd) => withFile(t, fd, () => 0)],
  fadvise64: ['fd:d offset:q len:q advice:d', (t, fd) => withFile(t, fd, () => 0)],
  readahead: ['fd:d offset:q count:u', (t, fd) => withFile(t, fd, () => 0)],
};
