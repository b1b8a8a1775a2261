// Timers that send signals: alarm, setitimer, timer_create. In: times. Out: armed timers.
// Must not know: how a signal arrives.
import type { FieldValue, StructValue } from '../abi/structs.js';
import { E, Errno, type Result } from '../errno.js';
import type { Process } from '../process/process.js';
import type { Thread } from '../process/thread.js';
import type { Timer } from '../signal/timers.js';
import type { CallTable } from './table.js';
import { NANO, readTimeval, timespec, timeval } from './time.js';

const TIMER_ABSTIME = 1;
const SIGEV_SIGNAL = 0;
const SIGEV_NONE = 1;
const SIGEV_THREAD_ID = 4;
const INTERVAL_SIGNALS = ['SIGALRM', 'SIGVTALRM', 'SIGPROF'];

const intervals = new WeakMap<Process, (Timer | undefined)[]>();
const posix = new WeakMap<Process, Map<number, Timer>>();

/** The process's timer of setitimer: 0 real, 1 virtual, 2 profiling. */
function intervalTimer(t: Thread, which: number): Timer {
  let list = intervals.get(t.process);
  if (!list) intervals.set(t.process, (list = []));
  return (list[which] ??= {
    interval: 0n,
    due: undefined,
    overrun: 0,
    clock: which === 0 ? 'monotonic' : 'cpu',
    signal: () => ({
      signal: t.values.get('signal', INTERVAL_SIGNALS[which]!),
      code: t.values.get('sicode', 'SI_KERNEL'),
    }),
  });
}

function getInterval(t: Thread, which: number, address: number): Result {
  if (which < 0 || which > 2) return E.EINVAL;
  const { left, interval } = t.process.timers.get(intervalTimer(t, which));
  return t.user.putStruct('itimerval', address, { interval: timeval(interval), value: timeval(left) });
}

function setInterval(t: Thread, which: number, address: number, old: number): Result {
  if (which < 0 || which > 2) return E.EINVAL;
  let value = 0n;
  let interval = 0n;
  if (address !== 0) {
    const given = t.user.struct('itimerval', address);
    if (given instanceof Errno) return given;
    const [a, b] = [
      readTimeval(given['value'] as StructValue),
      readTimeval(given['interval'] as StructValue),
    ];
    if (a instanceof Errno || b instanceof Errno) return E.EINVAL;
    [value, interval] = [a, b];
  }
  if (old !== 0) {
    const put = getInterval(t, which, old);
    if (put instanceof Errno) return put;
  }
  const timer = intervalTimer(t, which);
  t.process.timers.set(timer, value > 0n ? t.process.timers.now(timer.clock) + value : undefined, interval);
  return 0;
}

function alarm(t: Thread, seconds: number): Result {
  const timer = intervalTimer(t, 0);
  const { left } = t.process.timers.get(timer);
  t.process.timers.set(timer, seconds > 0 ? t.kernel.monotonic() + BigInt(seconds) * NANO : undefined, 0n);
  return Number((left + NANO - 1n) / NANO);
}

function create(t: Thread, clock: number, event: number, idAt: number): Result {
  let list = posix.get(t.process);
  if (!list) posix.set(t.process, (list = new Map()));
  let id = 0;
  while (list.has(id)) id++;
  let signal = t.values.get('signal', 'SIGALRM');
  let value: number | bigint = id;
  let notify = SIGEV_SIGNAL;
  let tid: number | undefined;
  if (event !== 0) {
    const given = t.user.struct('sigevent', event);
    if (given instanceof Errno) return given;
    notify = Number(given['notify']);
    if (notify === SIGEV_THREAD_ID) tid = Number(given['tid']);
    signal = Number(given['signo']);
    value = given['value'] as number;
    if (notify !== SIGEV_SIGNAL && notify !== SIGEV_NONE && notify !== SIGEV_THREAD_ID) return E.EINVAL;
    if (notify !== SIGEV_NONE && (signal < 1 || signal > 64)) return E.EINVAL;
  }
  if (clock < 0 || clock > 7) return E.EINVAL;
  const put = t.user.putU32(idAt, id);
  if (put instanceof Errno) return put;
  const code = t.values.get('sicode', 'SI_TIMER');
  list.set(id, {
    interval: 0n,
    due: undefined,
    overrun: 0,
    clock: clock === 0 || clock === 5 ? 'realtime' : clock === 2 || clock === 3 ? 'cpu' : 'monotonic',
    signal: (overrun) =>
      notify === SIGEV_NONE
        ? undefined
        : { signal, code, value, timer: id, overrun, ...(tid === undefined ? {} : { tid }) },
  });
  return 0;
}

const timerOf = (t: Thread, id: number): Timer | undefined => posix.get(t.process)?.get(id);

const nanoseconds = (value: FieldValue | undefined): bigint | Errno => {
  const { sec, nsec } = value as { sec: number; nsec: number };
  return sec < 0 || nsec < 0 || nsec >= 1e9 ? E.EINVAL : BigInt(sec) * NANO + BigInt(nsec);
};

function getTimer(t: Thread, id: number, address: number, layout: string): Result {
  const timer = timerOf(t, id);
  if (!timer) return E.EINVAL;
  const { left, interval } = t.process.timers.get(timer);
  return t.user.putStruct(layout, address, { interval: timespec(interval), value: timespec(left) });
}

function setTimer(
  t: Thread,
  id: number,
  flags: number,
  address: number,
  old: number,
  layout: string,
): Result {
  const timer = timerOf(t, id);
  const given = t.user.struct(layout, address);
  if (given instanceof Errno) return given;
  const [value, interval] = [nanoseconds(given['value']), nanoseconds(given['interval'])];
  if (!timer || value instanceof Errno || interval instanceof Errno) return E.EINVAL;
  if (old !== 0) {
    const put = getTimer(t, id, old, layout);
    if (put instanceof Errno) return put;
  }
  const base = flags & TIMER_ABSTIME ? 0n : t.process.timers.now(timer.clock);
  t.process.timers.set(timer, value > 0n ? base + value : undefined, interval);
  return 0;
}

function remove(t: Thread, id: number): Result {
  const timer = timerOf(t, id);
  if (!timer) return E.EINVAL;
  t.process.timers.set(timer, undefined, 0n);
  posix.get(t.process)!.delete(id);
  return 0;
}

export const timerCalls: CallTable = {
  alarm: ['seconds:u', alarm],
  getitimer: ['which:d value:x', getInterval],
  setitimer: ['which:d value:x old:x', setInterval],
  timer_create: ['clock:t event:x id:x', create],
  timer_settime: [
    'id:d flags:x value:x old:x',
    (t, id, flags, value, old) => setTimer(t, id, flags, value, old, 'itimerspec'),
  ],
  timer_settime64: [
    'id:d flags:x value:x old:x',
    (t, id, flags, value, old) => setTimer(t, id, flags, value, old, 'itimerspec64'),
  ],
  timer_gettime: ['id:d value:x', (t, id, value) => getTimer(t, id, value, 'itimerspec')],
  timer_gettime64: ['id:d value:x', (t, id, value) => getTimer(t, id, value, 'itimerspec64')],
  timer_getoverrun: ['id:d', (t, id) => timerOf(t, id)?.overrun ?? E.EINVAL],
  timer_delete: ['id:d', remove],
};
