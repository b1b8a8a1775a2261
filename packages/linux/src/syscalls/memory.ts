// The address space: brk, mmap and its relatives. In: addresses, lengths, flags. Out: addresses.
// Must not know: how areas are kept.
import { PAGE_SIZE } from '@mimic/bus';
import { E, Errno, type Result } from '../errno.js';
import { type OpenFile, S_IFMT, S_IFREG } from '../fs/open-file.js';
import { pageUp } from '../memory/address-space.js';
import type { MappedFile } from '../memory/area.js';
import type { Thread } from '../process/thread.js';
import { fileOf, vectors } from './arguments.js';
import type { CallTable } from './table.js';

const PROT_MASK = 7;
const MREMAP_MAYMOVE = 1;
const MREMAP_FIXED = 2;
const MADV_DONTNEED = 4;

function mapped(file: OpenFile): MappedFile {
  return {
    name: file.name,
    readAt(into, position) {
      const got = file.readAt(into, position);
      return got instanceof Errno ? 0 : got;
    },
    /** What lies past the end of the file is not written: mappings do not make files longer. */
    writeAt(from, position) {
      const stat = file.stat();
      const size = stat instanceof Errno ? 0 : stat.size;
      if (position < size) file.writeAt(from.subarray(0, size - position), position);
    },
    retain: () => file.retain(),
    release: () => file.release(),
  };
}

function mmap(
  t: Thread,
  address: number,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
): Result {
  const { values } = t;
  const has = (name: string) => values.has(flags, 'mmap', name);
  if (length === 0 || offset % PAGE_SIZE !== 0) return E.EINVAL;
  if (length > t.user.memory.limit) return E.ENOMEM;
  const type = flags & values.get('mmap', 'MAP_TYPE');
  if (type < 1 || type > 3) return E.EINVAL;
  const shared = type !== values.get('mmap', 'MAP_PRIVATE');
  const noReplace = has('MAP_FIXED_NOREPLACE');
  const request = {
    address,
    length,
    access: prot & PROT_MASK,
    fixed: has('MAP_FIXED') || noReplace,
    noReplace,
    shared,
  };
  if (has('MAP_ANONYMOUS')) return t.process.space.map(request);
  const file = fileOf(t, fd);
  if (file instanceof Errno) return file;
  if (!file.readable || (shared && prot & 2 && !file.writable)) return E.EACCES;
  const stat = file.stat();
  if (stat instanceof Errno) return stat;
  if ((stat.mode & S_IFMT) !== S_IFREG)
    return file.name === '/dev/zero' ? t.process.space.map(request) : E.ENODEV;
  return t.process.space.map({ ...request, file: mapped(file), offset, name: file.name });
}

/** The old call takes its arguments from memory. */
function oldMmap(t: Thread, address: number): Result {
  const args: number[] = [];
  for (let i = 0; i < 6; i++) {
    const word = t.user.word(address + i * t.user.wordSize);
    if (word instanceof Errno) return word;
    args.push(word);
  }
  return mmap(t, args[0]!, args[1]!, args[2]!, args[3]!, args[4]! | 0, args[5]!);
}

function mremap(
  t: Thread,
  address: number,
  oldLength: number,
  newLength: number,
  flags: number,
  to: number,
): Result {
  if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) return E.EINVAL;
  const fixed = (flags & MREMAP_FIXED) !== 0;
  if (fixed && (!(flags & MREMAP_MAYMOVE) || to % PAGE_SIZE)) return E.EINVAL;
  if (newLength > t.user.memory.limit) return E.ENOMEM;
  return t.process.space.remap(
    address,
    oldLength,
    newLength,
    (flags & MREMAP_MAYMOVE) !== 0,
    fixed ? to : undefined,
  );
}

function msync(t: Thread, address: number, length: number): Result {
  if (address % PAGE_SIZE) return E.EINVAL;
  if (!t.process.space.covers(address, length)) return E.ENOMEM;
  t.process.space.sync(address, address + pageUp(length));
  return 0;
}

/** Only DONTNEED changes what a program can see. */
function madvise(t: Thread, address: number, length: number, advice: number): Result {
  const { space } = t.process;
  if (address % PAGE_SIZE) return E.EINVAL;
  if (length === 0) return 0;
  if (!space.covers(address, length)) return E.ENOMEM;
  if (advice !== MADV_DONTNEED) return 0;
  space.reset(address, address + pageUp(length));
  return 0;
}

function mincore(t: Thread, address: number, length: number, vector: number): Result {
  if (address % PAGE_SIZE) return E.EINVAL;
  if (!t.process.space.covers(address, length)) return E.ENOMEM;
  return t.user.putBytes(vector, new Uint8Array(pageUp(length) / PAGE_SIZE).fill(1));
}

/** process_vm_readv and writev, on ourselves: the only process there is. */
function copyVectors(
  t: Thread,
  pid: number,
  to: number,
  toCount: number,
  from: number,
  fromCount: number,
): Result {
  if (pid !== t.process.pid) return E.ESRCH;
  const targets = vectors(t, to, toCount);
  const sources = vectors(t, from, fromCount);
  if (targets instanceof Errno) return targets;
  if (sources instanceof Errno) return sources;
  let [done, s, at] = [0, 0, 0];
  for (const target of targets) {
    for (let put = 0; put < target.length && s < sources.length; ) {
      const source = sources[s]!;
      const length = Math.min(target.length - put, source.length - at);
      const bytes = t.user.bytes(source.base + at, length);
      if (bytes instanceof Errno || t.user.putBytes(target.base + put, bytes) instanceof Errno)
        return done > 0 ? done : E.EFAULT;
      put += length;
      at += length;
      done += length;
      if (at === source.length) [s, at] = [s + 1, 0];
    }
  }
  return done;
}

export const memoryCalls: CallTable = {
  brk: ['end:x', (t, end) => t.process.space.setBreak(end)],
  mmap: ['address:x length:u prot:x flags:x fd:d offset:u', mmap],
  old_mmap: ['args:x', oldMmap],
  mmap2: [
    'address:x length:u prot:x flags:x fd:d pages:u',
    (t, address, length, prot, flags, fd, pages) => mmap(t, address, length, prot, flags, fd, pages * 4096),
  ],
  munmap: ['address:x length:u', (t, address, length) => t.process.space.unmap(address, length) ?? 0],
  mprotect: [
    'address:x length:u prot:x',
    (t, address, length, prot) => t.process.space.protect(address, length, prot & PROT_MASK) ?? 0,
  ],
  mremap: ['address:x old:u new:u flags:x to:x', mremap],
  // Code that changed is never run stale anyway.
  cacheflush: ['begin:x end:x flags:x', () => 0],
  msync: ['address:x length:u flags:x', msync],
  madvise: ['address:x length:u advice:d', madvise],
  mincore: ['address:x length:u vec:x', mincore],
  mlock: [
    'address:x length:u',
    (t, address, length) => (t.process.space.covers(address, length) ? 0 : E.ENOMEM),
  ],
  mlock2: [
    'address:x length:u flags:x',
    (t, address, length) => (t.process.space.covers(address, length) ? 0 : E.ENOMEM),
  ],
  munlock: [
    'address:x length:u',
    (t, address, length) => (t.process.space.covers(address, length) ? 0 : E.ENOMEM),
  ],
  mlockall: ['flags:x', () => 0],
  munlockall: ['', () => 0],
  process_vm_readv: [
    'pid:d local:x lcount:u remote:x rcount:u flags:x',
    (t, pid, local, lcount, remote, rcount) => copyVectors(t, pid, local, lcount, remote, rcount),
  ],
  process_vm_writev: [
    'pid:d local:x lcount:u remote:x rcount:u flags:x',
    (t, pid, local, lcount, remote, rcount) => copyVectors(t, pid, remote, rcount, local, lcount),
  ],
  membarrier: ['command:d flags:x cpu:d', (_t, command) => (command === 0 ? 0 : E.EINVAL)],
};
