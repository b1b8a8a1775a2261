// Signals as programs use them: actions, masks, sending, waiting, returning. In: numbers, structures. Out: changed state.
// Must not know: frames, registers.
import type { StructValue } from '../abi/structs.js';
import { Blocked, E, Errno, NO_RETURN, type Result } from '../errno.js';
import { SS_DISABLE, SS_ONSTACK, type Thread } from '../process/thread.js';
import { signalSetValue } from '../process/user-memory.js';
import {
  altStackFlags,
  badFrame,
  leave,
  onAltStack,
  pendingIn,
  send,
  siginfo,
  take,
  unblockable,
} from '../signal/deliver.js';
import {
  defaultAction,
  SIG_DFL,
  SIG_IGN,
  type SignalAction,
  type SignalInfo,
  signalBit,
} from '../signal/info.js';
import type { CallTable } from './table.js';
import { readTime } from './time.js';

const SIGNALS = 64;
const SET_SIZE = 8;
const MIN_STACK = 2048;
const LOW = 0xffff_ffffn;

const maskOf = (value: StructValue): bigint => {
  const bits = value['bits'] as number | bigint | readonly (number | bigint)[];
  const words = Array.isArray(bits) ? bits : [bits as number | bigint];
  return words.reduce<bigint>((sum, word, i) => sum | (BigInt(word) << BigInt(i * (64 / words.length))), 0n);
};

/** Sets the action of a signal; pending ones that are now ignored go away. */
function setAction(t: Thread, signal: number, action: SignalAction): void {
  const { process } = t;
  if (action.handler === SIG_DFL) process.actions.delete(signal);
  else process.actions.set(signal, action);
  const byDefault = action.handler === SIG_DFL && defaultAction(t.values, signal) === 'ignore';
  if (action.handler === SIG_IGN || byDefault) {
    process.pending = process.pending.filter((p) => p.signal !== signal);
    t.pending = t.pending.filter((p) => p.signal !== signal);
  }
}

function sigaction(
  t: Thread,
  signal: number,
  address: number,
  old: number,
  size: number,
  layout: string,
): Result {
  if (layout === 'sigaction' && size !== SET_SIZE) return E.EINVAL;
  if (signal < 1 || signal > SIGNALS) return E.EINVAL;
  let next: SignalAction | undefined;
  if (address !== 0) {
    const value = t.user.struct(layout, address);
    if (value instanceof Errno) return value;
    if (unblockable(t) & signalBit(signal)) return E.EINVAL;
    const mask =
      typeof value['mask'] === 'object'
        ? maskOf(value['mask'] as StructValue)
        : BigInt(value['mask'] as number);
    next = {
      handler: Number(value['handler']),
      flags: Number(value['flags']),
      restorer: Number(value['restorer'] ?? 0),
      mask,
    };
  }
  if (old !== 0) {
    const now = t.process.actions.get(signal) ?? { handler: SIG_DFL, flags: 0, restorer: 0, mask: 0n };
    const mask = layout === 'sigaction' ? signalSetValue(t.structs, now.mask) : now.mask & LOW;
    const put = t.user.putStruct(layout, old, { ...now, mask });
    if (put instanceof Errno) return put;
  }
  if (next) setAction(t, signal, { ...next, mask: next.mask & ~unblockable(t) });
  return 0;
}

/** signal(2) as the old call: one shot, nothing blocked. */
function oldSignal(t: Thread, signal: number, handler: number): Result {
  if (signal < 1 || signal > SIGNALS || unblockable(t) & signalBit(signal)) return E.EINVAL;
  const old = t.process.actions.get(signal)?.handler ?? SIG_DFL;
  const flags = t.values.get('sigaction', 'SA_RESETHAND') | t.values.get('sigaction', 'SA_NODEFER');
  setAction(t, signal, { handler, flags, restorer: 0, mask: 0n });
  return old;
}

function changeMask(t: Thread, how: number, set: bigint): Errno | undefined {
  if (how === 0) t.mask |= set;
  else if (how === 1) t.mask &= ~set;
  else if (how === 2) t.mask = set;
  else return E.EINVAL;
  t.mask &= ~unblockable(t);
  return undefined;
}

function sigprocmask(t: Thread, how: number, address: number, old: number, size: number): Result {
  if (size !== SET_SIZE) return E.EINVAL;
  const before = t.mask;
  if (address !== 0) {
    const set = t.user.signalSet(address);
    if (set instanceof Errno) return set;
    const bad = changeMask(t, how, set);
    if (bad) return bad;
  }
  return old === 0 ? 0 : t.user.putSignalSet(old, before);
}

function oldSigprocmask(t: Thread, how: number, address: number, old: number): Result {
  const before = t.mask;
  if (address !== 0) {
    const set = t.user.word(address);
    if (set instanceof Errno) return set;
    const bad = changeMask(t, how, how === 2 ? (t.mask & ~LOW) | BigInt(set) : BigInt(set));
    if (bad) return bad;
  }
  return old === 0 ? 0 : t.user.putWord(old, Number(before & LOW));
}

const waiting = (t: Thread): bigint => pendingIn(t, t.mask).reduce((set, p) => set | signalBit(p.signal), 0n);

/** Waits with another mask until a handler has run. */
export function suspendWith(t: Thread, mask: bigint): Result {
  if (t.call.savedMask === undefined) {
    t.call.savedMask = t.mask;
    t.restoreMask = t.mask;
    t.mask = mask & ~unblockable(t);
  }
  return new Blocked();
}

function suspend(t: Thread, address: number, size: number): Result {
  if (size !== SET_SIZE) return E.EINVAL;
  const set = t.user.signalSet(address);
  return set instanceof Errno ? set : suspendWith(t, set);
}

/** Takes a pending signal of the set without running its handler. */
function timedWait(
  t: Thread,
  address: number,
  infoAt: number,
  timeout: number,
  size: number,
  layout: string,
): Result {
  if (size !== SET_SIZE) return E.EINVAL;
  const set = t.user.signalSet(address);
  if (set instanceof Errno) return set;
  const info = take(t, set & ~unblockable(t));
  if (info) {
    const put = infoAt === 0 ? 0 : t.user.putStruct('siginfo', infoAt, siginfo(info));
    return put instanceof Errno ? put : info.signal;
  }
  if (timeout !== 0 && t.call.deadline === undefined) {
    const time = readTime(t, layout, timeout);
    if (time instanceof Errno) return time;
    t.call.deadline = t.kernel.monotonic() + time;
  }
  if (t.call.deadline !== undefined && t.kernel.monotonic() >= t.call.deadline) return E.EAGAIN;
  return new Blocked(t.call.deadline);
}

/** kill to another process than this one goes nowhere: there is none yet. */
function kill(t: Thread, pid: number, signal: number): Result {
  const { process } = t;
  if (signal < 0 || signal > SIGNALS) return E.EINVAL;
  if (pid !== process.pid && pid !== 0 && pid !== -process.pid && pid !== -1) return E.ESRCH;
  if (signal !== 0) send(t, own(t, signal, 'SI_USER'), true);
  return 0;
}

function killThread(t: Thread, tid: number, signal: number): Result {
  if (signal < 0 || signal > SIGNALS || tid <= 0) return E.EINVAL;
  const target = t.process.threads.find((thread) => thread.tid === tid);
  if (!target) return E.ESRCH;
  if (signal !== 0) send(target, own(t, signal, 'SI_TKILL'), false);
  return 0;
}

const own = (t: Thread, signal: number, code: string): SignalInfo => ({
  signal,
  code: t.values.get('sicode', code),
  pid: t.process.pid,
  uid: t.process.credentials.uid,
});

function queue(
  t: Thread,
  target: Thread | undefined,
  signal: number,
  address: number,
  toProcess: boolean,
): Result {
  if (!target) return E.ESRCH;
  if (signal < 0 || signal > SIGNALS) return E.EINVAL;
  const value = t.user.struct('siginfo', address);
  if (value instanceof Errno) return value;
  const { code, pid: from, uid, value: data } = value as Record<string, number>;
  const info: SignalInfo = { signal, code: code!, pid: from!, uid: uid!, value: data! };
  if (signal !== 0) send(target, info, toProcess);
  return 0;
}

function sigaltstack(t: Thread, address: number, old: number): Result {
  const sp = Number(t.cpu.hook('sp')?.[0] ?? 0n);
  const before = { sp: t.altStack.sp, size: t.altStack.size, flags: altStackFlags(t, sp) };
  if (address !== 0) {
    const value = t.user.struct('stack_t', address);
    if (value instanceof Errno) return value;
    if (onAltStack(t, sp)) return E.EPERM;
    const flags = Number(value['flags']);
    if (flags & ~(SS_DISABLE | SS_ONSTACK) & 0x7fff_ffff) return E.EINVAL;
    const disabled = (flags & SS_DISABLE) !== 0;
    const size = Number(value['size']);
    if (!disabled && size < MIN_STACK) return E.ENOMEM;
    t.altStack = disabled
      ? { sp: 0, size: 0, flags: SS_DISABLE }
      : { sp: Number(value['sp']), size, flags: 0 };
  }
  return old === 0 ? 0 : t.user.putStruct('stack_t', old, before);
}

function sigreturn(t: Thread, old: boolean): Result {
  if (!leave(t, old)) badFrame(t);
  return NO_RETURN;
}

export const signalCalls: CallTable = {
  rt_sigaction: [
    'signal:g action:x old:x size:u',
    (t, signal, action, old, size) => sigaction(t, signal, action, old, size, 'sigaction'),
  ],
  sigaction: [
    'signal:g action:x old:x',
    (t, signal, action, old) => sigaction(t, signal, action, old, SET_SIZE, 'old_sigaction'),
  ],
  signal: ['signal:g handler:x', oldSignal],
  rt_sigprocmask: ['how:d set:x old:x size:u', sigprocmask],
  sigprocmask: ['how:d set:x old:x', oldSigprocmask],
  sgetmask: ['', (t) => Number(t.mask & LOW)],
  rt_sigpending: [
    'set:x size:u',
    (t, address, size) => (size > SET_SIZE ? E.EINVAL : t.user.putSignalSet(address, waiting(t))),
  ],
  sigpending: ['set:x', (t, address) => t.user.putWord(address, Number(waiting(t) & LOW))],
  rt_sigsuspend: ['set:x size:u', suspend],
  sigsuspend: ['mask:x', (t, mask) => suspendWith(t, BigInt(mask))],
  pause: ['', () => new Blocked()],
  rt_sigtimedwait: [
    'set:x info:x timeout:x size:u',
    (t, set, info, timeout, size) => timedWait(t, set, info, timeout, size, 'timespec'),
  ],
  rt_sigtimedwait_time64: [
    'set:x info:x timeout:x size:u',
    (t, set, info, timeout, size) => timedWait(t, set, info, timeout, size, 'timespec64'),
  ],
  kill: ['pid:d signal:g', kill],
  tkill: ['tid:d signal:g', killThread],
  tgkill: [
    'pid:d tid:d signal:g',
    (t, pid, tid, signal) =>
      pid <= 0 ? E.EINVAL : pid !== t.process.pid ? E.ESRCH : killThread(t, tid, signal),
  ],
  rt_sigqueueinfo: [
    'pid:d signal:g info:x',
    (t, pid, signal, info) => queue(t, pid === t.process.pid ? t : undefined, signal, info, true),
  ],
  rt_tgsigqueueinfo: [
    'pid:d tid:d signal:g info:x',
    (t, _pid, tid, signal, info) =>
      queue(
        t,
        t.process.threads.find((x) => x.tid === tid),
        signal,
        info,
        false,
      ),
  ],
  sigaltstack: ['stack:x old:x', sigaltstack],
  rt_sigreturn: ['', (t) => sigreturn(t, false)],
  sigreturn: ['', (t) => sigreturn(t, true)],
};
