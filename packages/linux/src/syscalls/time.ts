// Clocks and sleeping, in both widths of time. In: clock numbers, structures. Out: times, or blocked until one.
// Must not know: where the time comes from.
import { Blocked, E, Errno, type Result } from '../errno.js';
import { TICKS } from '../process/stack.js';
import type { Thread } from '../process/thread.js';
import type { CallTable } from './table.js';

export const NANO = 1_000_000_000n;
const TIMER_ABSTIME = 1;

/** What a clock number means; undefined for one that does not exist. */
export function readClock(t: Thread, clock: number): bigint | undefined {
  switch (clock) {
    case 0: // realtime
    case 5: // realtime, coarse
    case 11: // TAI
      return t.kernel.realtime();
    case 1: // monotonic
    case 4: // monotonic, raw
    case 6: // monotonic, coarse
    case 7: // since boot
      return t.kernel.monotonic();
    case 2: // processor time of the process
    case 3: {
      const { user, system } = t.kernel.host.clock.cpuTime();
      return user + system;
    }
    default:
      return undefined;
  }
}

/** A timespec as nanoseconds. EINVAL outside [0, 1e9) nanoseconds or below 0 seconds. */
export function readTime(t: Thread, layout: string, address: number): bigint | Errno {
  const value = t.user.struct(layout, address);
  if (value instanceof Errno) return value;
  // In a 64-bit structure of a 32-bit program the upper half of the nanoseconds is padding.
  const nsec =
    t.user.wordSize === 4
      ? BigInt.asUintN(32, BigInt(value['nsec'] as number))
      : BigInt(value['nsec'] as number);
  const sec = BigInt(value['sec'] as number);
  return sec < 0n || nsec < 0n || nsec >= NANO ? E.EINVAL : sec * NANO + nsec;
}

export const timespec = (at: bigint) => ({ sec: at / NANO, nsec: at % NANO });
export const timeval = (at: bigint) => ({ sec: at / NANO, usec: (at % NANO) / 1000n });

/** A timeval as nanoseconds. */
export function readTimeval(value: { readonly [name: string]: unknown }): bigint | Errno {
  const sec = BigInt(value['sec'] as number);
  const usec = BigInt(value['usec'] as number);
  return sec < 0n || usec < 0n || usec >= 1_000_000n ? E.EINVAL : sec * NANO + usec * 1000n;
}

function clockGet(t: Thread, clock: number, address: number, layout: string): Result {
  const now = readClock(t, clock);
  return now === undefined ? E.EINVAL : t.user.putStruct(layout, address, timespec(now));
}

function clockResolution(t: Thread, clock: number, address: number, layout: string): Result {
  if (readClock(t, clock) === undefined) return E.EINVAL;
  return address === 0
    ? 0
    : t.user.putStruct(layout, address, { sec: 0, nsec: clock === 5 || clock === 6 ? 4_000_000 : 1 });
}

/** Sleeps until `deadline` of the monotonic clock; an interrupted relative sleep stores what is left. */
function sleep(t: Thread, layout: string, remaining: number, relative: boolean): Result {
  const deadline = t.call.deadline!;
  if (t.kernel.monotonic() >= deadline) return 0;
  return new Blocked(deadline, [], () => {
    const left = deadline - t.kernel.monotonic();
    if (relative && remaining !== 0) t.user.putStruct(layout, remaining, timespec(left > 0n ? left : 0n));
  });
}

function clockSleep(
  t: Thread,
  clock: number,
  flags: number,
  request: number,
  remaining: number,
  layout: string,
): Result {
  const time = readTime(t, layout, request);
  if (time instanceof Errno) return time;
  const now = readClock(t, clock);
  if (now === undefined || clock === 3) return E.EINVAL;
  const absolute = (flags & TIMER_ABSTIME) !== 0;
  t.call.deadline ??= t.kernel.monotonic() + (absolute ? time - now : time);
  return sleep(t, layout, remaining, !absolute);
}

function getTimeOfDay(t: Thread, address: number, zone: number): Result {
  if (address !== 0) {
    const put = t.user.putStruct('timeval', address, timeval(t.kernel.realtime()));
    if (put instanceof Errno) return put;
  }
  return zone === 0 ? 0 : t.user.putStruct('timezone', zone, {});
}

function time(t: Thread, address: number): Result {
  const now = Number(t.kernel.realtime() / NANO);
  const put = address === 0 ? 0 : t.user.putWord(address, now);
  return put instanceof Errno ? put : now;
}

function times(t: Thread, address: number): Result {
  const tick = NANO / BigInt(TICKS);
  const { user, system } = t.kernel.host.clock.cpuTime();
  if (address !== 0) {
    const put = t.user.putStruct('tms', address, { utime: user / tick, stime: system / tick });
    if (put instanceof Errno) return put;
  }
  return Number((t.kernel.monotonic() / tick) & 0x7fff_ffffn);
}

/** Setting the host's clock is not a guest's business. */
const denied = (): Result => E.EPERM;

export const timeCalls: CallTable = {
  clock_gettime: ['clock:t time:x', (t, clock, at) => clockGet(t, clock, at, 'timespec')],
  clock_gettime64: ['clock:t time:x', (t, clock, at) => clockGet(t, clock, at, 'timespec64')],
  clock_getres: ['clock:t time:x', (t, clock, at) => clockResolution(t, clock, at, 'timespec')],
  clock_getres_time64: ['clock:t time:x', (t, clock, at) => clockResolution(t, clock, at, 'timespec64')],
  clock_settime: ['clock:t time:x', denied],
  clock_settime64: ['clock:t time:x', denied],
  settimeofday: ['time:x zone:x', denied],
  stime: ['time:x', denied],
  adjtimex: ['buf:x', denied],
  nanosleep: ['request:x remaining:x', (t, request, left) => clockSleep(t, 1, 0, request, left, 'timespec')],
  clock_nanosleep: [
    'clock:t flags:x request:x remaining:x',
    (t, clock, flags, request, left) => clockSleep(t, clock, flags, request, left, 'timespec'),
  ],
  clock_nanosleep_time64: [
    'clock:t flags:x request:x remaining:x',
    (t, clock, flags, request, left) => clockSleep(t, clock, flags, request, left, 'timespec64'),
  ],
  gettimeofday: ['time:x zone:x', getTimeOfDay],
  time: ['time:x', time],
  times: ['buf:x', times],
};
