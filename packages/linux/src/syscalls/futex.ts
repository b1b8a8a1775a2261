// futex(2): waiting for a word of memory and waking who waits. In: addresses, values. Out: counts, or blocked.
// Must not know: how threads are scheduled.
import { Blocked, E, Errno, type Result } from '../errno.js';
import { ALL_BITS } from '../process/futex.js';
import type { Thread } from '../process/thread.js';
import type { CallTable } from './table.js';
import { readTime } from './time.js';

const WAIT = 0;
const WAKE = 1;
const REQUEUE = 3;
const CMP_REQUEUE = 4;
const WAKE_OP = 5;
const WAIT_BITSET = 9;
const WAKE_BITSET = 10;
const COMMAND = 0x7f;
const CLOCK_REALTIME = 256;

function wait(
  t: Thread,
  address: number,
  value: number,
  timeout: number,
  layout: string,
  absolute: boolean,
  realtime: boolean,
  bits: number,
): Result {
  const { futexes } = t.process;
  if (!t.call.waiter) {
    const now = t.user.u32(address);
    if (now instanceof Errno) return now;
    if (bits === 0) return E.EINVAL;
    if (now !== value >>> 0) return E.EAGAIN;
    if (timeout !== 0) {
      const time = readTime(t, layout, timeout);
      if (time instanceof Errno) return time;
      const base = !absolute
        ? t.kernel.monotonic()
        : realtime
          ? t.kernel.monotonic() - t.kernel.realtime()
          : 0n;
      t.call.deadline = base + time;
    }
    t.call.waiter = futexes.wait(t, address, bits);
  }
  const { waiter, deadline } = t.call;
  if (waiter.woken) return 0;
  if (deadline !== undefined && t.kernel.monotonic() >= deadline) {
    futexes.cancel(waiter);
    return E.ETIMEDOUT;
  }
  return new Blocked(deadline, [], () => futexes.cancel(waiter));
}

/** Changes the second word and wakes those of the first; those of the second too if the old value compares. */
function wakeOp(
  t: Thread,
  address: number,
  count: number,
  count2: number,
  address2: number,
  code: number,
): Result {
  const old = t.user.s32(address2);
  if (old instanceof Errno) return old;
  const raw = (code << 8) >> 20;
  const operand = code & 0x8000_0000 ? 1 << (raw & 31) : raw;
  const comparand = (code << 20) >> 20;
  const next = [operand, old + operand, old | operand, old & ~operand, old ^ operand][(code >>> 28) & 7];
  const holds = [
    old === comparand,
    old !== comparand,
    old < comparand,
    old <= comparand,
    old > comparand,
    old >= comparand,
  ];
  if (next === undefined || holds[(code >>> 24) & 15] === undefined) return E.ENOSYS;
  const put = t.user.putU32(address2, next);
  if (put instanceof Errno) return put;
  const woken = t.process.futexes.wake(address, count);
  return woken + (holds[(code >>> 24) & 15] ? t.process.futexes.wake(address2, count2) : 0);
}

function futex(
  t: Thread,
  address: number,
  op: number,
  value: number,
  time: number,
  address2: number,
  value3: number,
  layout: string,
): Result {
  if (address % 4) return E.EINVAL;
  const { futexes } = t.process;
  const realtime = (op & CLOCK_REALTIME) !== 0;
  switch (op & COMMAND) {
    case WAIT:
      return wait(t, address, value, time, layout, false, realtime, ALL_BITS);
    case WAIT_BITSET:
      return wait(t, address, value, time, layout, true, realtime, value3);
    case WAKE:
      return futexes.wake(address, value);
    case WAKE_BITSET:
      return value3 === 0 ? E.EINVAL : futexes.wake(address, value, value3);
    case CMP_REQUEUE: {
      const now = t.user.u32(address);
      if (now instanceof Errno) return now;
      if (now !== value3 >>> 0) return E.EAGAIN;
      const woken = futexes.wake(address, value);
      return woken + futexes.requeue(address, address2, time);
    }
    case REQUEUE: {
      const woken = futexes.wake(address, value);
      futexes.requeue(address, address2, time);
      return woken;
    }
    case WAKE_OP:
      return wakeOp(t, address, value, time, address2, value3);
    default:
      t.kernel.unimplemented(`futex operation ${op & COMMAND}`);
      return E.ENOSYS;
  }
}

export const futexCalls: CallTable = {
  futex: [
    'address:x op:x value:d timeout:x address2:x value3:x',
    (t, at, op, value, time, at2, v3) => futex(t, at, op, value, time, at2, v3, 'timespec'),
  ],
  futex_time64: [
    'address:x op:x value:d timeout:x address2:x value3:x',
    (t, at, op, value, time, at2, v3) => futex(t, at, op, value, time, at2, v3, 'timespec64'),
  ],
};
