// Waiting for files: poll and select in all their forms. In: descriptor sets, times. Out: what is ready, or blocked.
// Must not know: what a file is.
import { Blocked, E, Errno, type Readiness, type Result, type Waitable } from '../errno.js';
import type { Thread } from '../process/thread.js';
import { unblockable } from '../signal/deliver.js';
import type { CallTable } from './table.js';
import { NANO, readTime, readTimeval, timespec, timeval } from './time.js';

/** Sets the time at which the call gives up, at its first try; undefined: never. */
function setDeadline(t: Thread, timeout: bigint | undefined): void {
  if (t.call.progress !== undefined) return;
  t.call.progress = 0;
  t.call.deadline = timeout === undefined ? undefined : t.kernel.monotonic() + timeout;
}

const expired = (t: Thread): boolean =>
  t.call.deadline !== undefined && t.kernel.monotonic() >= t.call.deadline;

/** Replaces the signal mask while the call lasts. */
function swapMask(t: Thread, address: number): Errno | undefined {
  if (address === 0 || t.call.savedMask !== undefined) return undefined;
  const set = t.user.signalSet(address);
  if (set instanceof Errno) return set;
  t.call.savedMask = t.restoreMask = t.mask;
  t.mask = set & ~unblockable(t);
  return undefined;
}

function poll(t: Thread, address: number, count: number, timeout: bigint | undefined): Result {
  if (count > t.process.descriptors.limit) return E.EINVAL;
  setDeadline(t, timeout);
  const size = t.structs.size('pollfd');
  const bit = (name: string) => t.values.get('poll', name);
  const [IN, OUT, HUP, ERR, NVAL] = [
    bit('POLLIN'),
    bit('POLLOUT'),
    bit('POLLHUP'),
    bit('POLLERR'),
    bit('POLLNVAL'),
  ];
  const readable = IN | bit('POLLRDNORM');
  const writable = OUT | bit('POLLWRNORM');
  const waitables: Waitable[] = [];
  let ready = 0;
  for (let i = 0; i < count; i++) {
    const entry = t.user.struct('pollfd', address + i * size);
    if (entry instanceof Errno) return entry;
    const { fd, events } = entry as { fd: number; events: number };
    let revents = 0;
    if (fd >= 0) {
      const file = t.process.descriptors.get(fd);
      if (!file) revents = NVAL;
      else {
        const wanted: Readiness = { read: (events & readable) !== 0, write: (events & writable) !== 0 };
        const now = file.ready(wanted);
        if (now.read) revents |= events & readable;
        if (now.write) revents |= events & writable;
        if (now.hangup) revents |= HUP;
        if (now.error) revents |= ERR;
        waitables.push({ ready: (e) => file.ready(e), events: wanted });
      }
    }
    if (revents !== 0) ready++;
    const put = t.user.putStruct('pollfd', address + i * size, { fd, events, revents });
    if (put instanceof Errno) return put;
  }
  return ready > 0 || expired(t) ? ready : new Blocked(t.call.deadline, waitables);
}

function ppoll(
  t: Thread,
  address: number,
  count: number,
  timeout: number,
  mask: number,
  layout: string,
): Result {
  const time = timeout === 0 ? undefined : readTime(t, layout, timeout);
  if (time instanceof Errno) return time;
  return swapMask(t, mask) ?? withTimeLeft(t, timeout, layout, poll(t, address, count, time));
}

/** The kernel stores the time left where it was given; programs that look at it are rare, but it is seen. */
function withTimeLeft(t: Thread, address: number, layout: string, result: Result): Result {
  if (address === 0 || result instanceof Blocked || t.call.deadline === undefined) return result;
  const left = t.call.deadline - t.kernel.monotonic();
  const rest = left > 0n ? left : 0n;
  t.user.putStruct(layout, address, layout === 'timeval' ? timeval(rest) : timespec(rest));
  return result;
}

/** Descriptor sets are arrays of longs, the low numbers first. */
function readSet(t: Thread, address: number, count: number): number[] | Errno {
  const out: number[] = [];
  const bits = t.user.wordSize * 8;
  for (let word = 0; address !== 0 && word * bits < count; word++) {
    const at = address + word * t.user.wordSize;
    const value = t.user.wordSize === 4 ? t.user.u32(at) : t.user.u64(at);
    if (value instanceof Errno) return value;
    for (let bit = 0, rest = BigInt(value); rest > 0n; bit++, rest >>= 1n)
      if (rest & 1n && word * bits + bit < count) out.push(word * bits + bit);
  }
  return out;
}

function writeSet(t: Thread, address: number, count: number, members: readonly number[]): Errno | undefined {
  const bits = t.user.wordSize * 8;
  for (let word = 0; address !== 0 && word * bits < count; word++) {
    let value = 0n;
    for (const fd of members) if (Math.floor(fd / bits) === word) value |= 1n << BigInt(fd % bits);
    const at = address + word * t.user.wordSize;
    const put = t.user.wordSize === 4 ? t.user.putU32(at, Number(value)) : t.user.putU64(at, value);
    if (put instanceof Errno) return put;
  }
  return undefined;
}

function select(t: Thread, count: number, addresses: readonly number[], timeout: bigint | undefined): Result {
  if (count < 0) return E.EINVAL;
  setDeadline(t, timeout);
  const sets = addresses.map((address) => readSet(t, address, Math.min(count, 1024)));
  const bad = sets.find((s) => s instanceof Errno);
  if (bad instanceof Errno) return bad;
  const [reads, writes, excepts] = sets as [number[], number[], number[]];
  const waitables: Waitable[] = [];
  const out: number[][] = [[], [], []];
  for (const fd of new Set([...reads, ...writes, ...excepts])) {
    const file = t.process.descriptors.get(fd);
    if (!file) return E.EBADF;
    const events: Readiness = { read: reads.includes(fd), write: writes.includes(fd) };
    const now = file.ready(events);
    if (events.read && (now.read || now.hangup || now.error)) out[0]!.push(fd);
    if (events.write && (now.write || now.error)) out[1]!.push(fd);
    waitables.push({ ready: (e) => file.ready(e), events });
  }
  const ready = out[0]!.length + out[1]!.length;
  if (ready === 0 && !expired(t)) return new Blocked(t.call.deadline, waitables);
  for (const [i, address] of addresses.entries()) {
    const failed = writeSet(t, address, Math.min(count, 1024), out[i]!);
    if (failed) return failed;
  }
  return ready;
}

function selectTimeval(t: Thread, count: number, r: number, w: number, e: number, timeout: number): Result {
  let time: bigint | undefined;
  if (timeout !== 0) {
    const value = t.user.struct('timeval', timeout);
    if (value instanceof Errno) return value;
    const read = readTimeval(value);
    if (read instanceof Errno) return read;
    time = read;
  }
  return withTimeLeft(t, timeout, 'timeval', select(t, count, [r, w, e], time));
}

/** The old call takes its arguments from memory. */
function oldSelect(t: Thread, address: number): Result {
  const args: number[] = [];
  for (let i = 0; i < 5; i++) {
    const word = t.user.word(address + i * t.user.wordSize);
    if (word instanceof Errno) return word;
    args.push(word);
  }
  return selectTimeval(t, args[0]! | 0, args[1]!, args[2]!, args[3]!, args[4]!);
}

function pselect(
  t: Thread,
  count: number,
  r: number,
  w: number,
  e: number,
  timeout: number,
  pack: number,
  layout: string,
): Result {
  const time = timeout === 0 ? undefined : readTime(t, layout, timeout);
  if (time instanceof Errno) return time;
  let mask = 0;
  if (pack !== 0) {
    const value = t.user.struct('sigset_arg', pack);
    if (value instanceof Errno) return value;
    mask = Number(value['set']);
  }
  return swapMask(t, mask) ?? withTimeLeft(t, timeout, layout, select(t, count, [r, w, e], time));
}

export const pollCalls: CallTable = {
  poll: [
    'fds:x count:u timeout:d',
    (t, fds, count, ms) => poll(t, fds, count, ms < 0 ? undefined : (BigInt(ms) * NANO) / 1000n),
  ],
  ppoll: [
    'fds:x count:u timeout:x mask:x size:u',
    (t, fds, count, time, mask) => ppoll(t, fds, count, time, mask, 'timespec'),
  ],
  ppoll_time64: [
    'fds:x count:u timeout:x mask:x size:u',
    (t, fds, count, time, mask) => ppoll(t, fds, count, time, mask, 'timespec64'),
  ],
  select: ['count:d read:x write:x except:x timeout:x', selectTimeval],
  old_select: ['args:x', oldSelect],
  pselect6: [
    'count:d read:x write:x except:x timeout:x mask:x',
    (t, count, r, w, e, time, mask) => pselect(t, count, r, w, e, time, mask, 'timespec'),
  ],
  pselect6_time64: [
    'count:d read:x write:x except:x timeout:x mask:x',
    (t, count, r, w, e, time, mask) => pselect(t, count, r, w, e, time, mask, 'timespec64'),
  ],
};
