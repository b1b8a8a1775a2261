// Sends signals and runs handlers: pending sets, default actions, frames on the guest's stack, and the way back.
// In: a thread, SignalInfo. Out: changed registers and memory, or the end of the process. Must not know: which calls exist.
import type { HookName } from '@mimic/isa';
import type { StructValue } from '../abi/structs.js';
import { Errno } from '../errno.js';
import { SS_DISABLE, SS_ONSTACK, type Thread } from '../process/thread.js';
import { signalSetValue } from '../process/user-memory.js';
import {
  defaultAction,
  SIG_DFL,
  SIG_IGN,
  type SignalAction,
  type SignalInfo,
  signalBit,
  signalName,
} from './info.js';

/** Signals that neither a mask nor an action can touch. */
export function unblockable(thread: Thread): bigint {
  const { values } = thread;
  return signalBit(values.get('signal', 'SIGKILL')) | signalBit(values.get('signal', 'SIGSTOP'));
}

/** Adds a signal to a thread's pending ones, or to its process's. Ordinary signals that already wait are not queued twice. */
export function send(thread: Thread, info: SignalInfo, toProcess: boolean): void {
  const owner = toProcess ? thread.process : thread;
  const action = thread.process.actions.get(info.signal);
  const ignored = action ? action.handler === SIG_IGN : false;
  const byDefault = !action || action.handler === SIG_DFL;
  const blocked = (thread.mask & signalBit(info.signal)) !== 0n;
  if (!blocked && (ignored || (byDefault && defaultAction(thread.values, info.signal) === 'ignore'))) return;
  if (info.signal < 32 && owner.pending.some((p) => p.signal === info.signal)) return;
  owner.pending.push(info);
}

/** A signal that the thread's own instruction caused: if blocked or ignored, the default action takes it. */
export function force(thread: Thread, info: SignalInfo): void {
  const { actions } = thread.process;
  const action = actions.get(info.signal);
  const bit = signalBit(info.signal);
  if ((thread.mask & bit) !== 0n || action?.handler === SIG_IGN) {
    actions.delete(info.signal);
    thread.mask &= ~bit;
  }
  thread.pending.unshift({ ...info, forced: true });
}

/** The signals that wait for this thread and are in `set`. */
export function pendingIn(thread: Thread, set: bigint): SignalInfo[] {
  return [...thread.pending, ...thread.process.pending].filter((p) => (set & signalBit(p.signal)) !== 0n);
}

/** Takes the next pending signal in `set`: forced ones first, then by number. */
export function take(thread: Thread, set: bigint): SignalInfo | undefined {
  const waiting = pendingIn(thread, set);
  if (waiting.length === 0) return undefined;
  const first = waiting.reduce((a, b) => (a.forced || (!b.forced && a.signal <= b.signal) ? a : b));
  thread.pending = thread.pending.filter((p) => p !== first);
  thread.process.pending = thread.process.pending.filter((p) => p !== first);
  return first;
}

/** True if a handler or a deadly default waits to run: what interrupts a blocked call. */
export function interrupts(thread: Thread): boolean {
  return pendingIn(thread, ~thread.mask).some((p) => actionOf(thread, p) !== undefined);
}

/** True if the first signal to be delivered lets an interrupted call go on (SA_RESTART). */
export function restarts(thread: Thread): boolean {
  const next = pendingIn(thread, ~thread.mask).find((p) => actionOf(thread, p) !== undefined);
  const action = next && actionOf(thread, next);
  return typeof action === 'object' && thread.values.has(action.flags, 'sigaction', 'SA_RESTART');
}

/** Delivers what is pending and not blocked. After the call the thread runs on, or its process has ended. */
export function deliver(thread: Thread): void {
  const { process } = thread;
  while (!process.end) {
    const info = take(thread, ~thread.mask);
    if (!info) break;
    const action = actionOf(thread, info);
    trace(thread, info);
    if (action === undefined) continue;
    if (action === 'stop') continue;
    if (typeof action === 'string') {
      process.finish({
        kind: 'killed',
        signal: info.signal,
        name: signalName(thread.values, info.signal),
        core: action === 'core',
      });
      return;
    }
    if (!enter(thread, info, action)) {
      const segv = thread.values.get('signal', 'SIGSEGV');
      if (info.signal === segv) process.actions.delete(segv);
      force(thread, { signal: segv, code: thread.values.get('sicode', 'SI_KERNEL'), address: 0 });
    }
  }
  if (thread.restoreMask !== undefined) {
    thread.mask = thread.restoreMask;
    thread.restoreMask = undefined;
  }
}

function actionOf(
  thread: Thread,
  info: SignalInfo,
): SignalAction | 'terminate' | 'core' | 'stop' | undefined {
  const action = thread.process.actions.get(info.signal);
  if (action?.handler === SIG_IGN) return undefined;
  if (action && action.handler !== SIG_DFL) return action;
  const byDefault = defaultAction(thread.values, info.signal);
  return byDefault === 'ignore' ? undefined : byDefault;
}

/** Builds the frame and points the registers at the handler. False where the stack cannot take the frame. */
function enter(thread: Thread, info: SignalInfo, action: SignalAction): boolean {
  const { kernel, cpu, values, structs, process } = thread;
  const { abi } = kernel;
  const flag = (name: string) => values.has(action.flags, 'sigaction', name);
  const old = abi.oldSignalFrame !== undefined && !flag('SA_SIGINFO');
  const kind = old ? '.old' : '';
  const sp = Number(cpu.hook('sp')?.[0] ?? 0n);
  const onAlternate = onAltStack(thread, sp);
  const { altStack } = thread;
  const useAlternate = flag('SA_ONSTACK') && !(altStack.flags & SS_DISABLE) && !onAlternate;
  const top = useAlternate ? altStack.sp + altStack.size : sp;
  const frame = Number(cpu.hook(`signal.at${kind}` as HookName, top)?.[0] ?? 0n);
  if (useAlternate && frame < altStack.sp) return false;
  const mask = thread.restoreMask ?? thread.mask;
  const bytes = structs.encode(old ? abi.oldSignalFrame! : abi.signalFrame, {
    info: siginfo(info),
    uc: {
      flags: 0,
      link: 0,
      stack: { ...altStack, flags: altStackFlags(thread, sp) },
      sigmask: signalSetValue(structs, mask),
    },
    sc: { signal: info.signal, handler: action.handler, oldmask: mask & 0xffff_ffffn, maskhigh: mask >> 32n },
  });
  if (thread.user.putBytes(frame, bytes) instanceof Errno) return false;
  const restorer = flag('SA_RESTORER')
    ? action.restorer
    : (process.code.get(old ? 'sigtramp_old' : 'sigtramp') ?? 0);
  if (!cpu.hook(`signal${kind}` as HookName, frame, info.signal, action.handler, restorer, action.flags))
    return false;
  thread.restoreMask = undefined;
  thread.mask |= action.mask;
  if (!flag('SA_NODEFER')) thread.mask |= signalBit(info.signal);
  thread.mask &= ~unblockable(thread);
  if (flag('SA_RESETHAND')) process.actions.delete(info.signal);
  return true;
}

/** Goes back to what a handler interrupted. False where the frame cannot be read. */
export function leave(thread: Thread, old: boolean): boolean {
  const { kernel, cpu, structs, user } = thread;
  const kind = old ? '.old' : '';
  const at = cpu.hook(`sigreturn${kind}` as HookName)?.[0];
  const layout = old ? kernel.abi.oldSignalFrame : kernel.abi.signalFrame;
  if (at === undefined || layout === undefined) return false;
  const frame = Number(at);
  let mask: bigint | Errno;
  if (old && structs.find(layout, 'sc.oldmask')) {
    const low = user.u32(frame + structs.find(layout, 'sc.oldmask')!.offset);
    const high = user.u32(frame + structs.find(layout, 'sc.maskhigh')!.offset);
    if (low instanceof Errno || high instanceof Errno) return false;
    mask = BigInt(low) | (BigInt(high) << 32n);
  } else {
    mask = user.signalSet(frame + structs.find(layout, 'uc.sigmask')!.offset);
    const stack = user.struct('stack_t', frame + structs.find(layout, 'uc.stack')!.offset);
    if (mask instanceof Errno || stack instanceof Errno) return false;
    thread.altStack = {
      sp: Number(stack['sp']),
      size: Number(stack['size']),
      flags: Number(stack['flags']) & SS_DISABLE,
    };
  }
  thread.mask = mask & ~unblockable(thread);
  return cpu.hook(`context.load${kind}` as HookName, frame) !== undefined;
}

/** SIGSEGV for a frame that cannot be read: what a broken sigreturn gets. */
export function badFrame(thread: Thread): void {
  const signal = thread.values.get('signal', 'SIGSEGV');
  force(thread, { signal, code: thread.values.get('sicode', 'SI_KERNEL'), address: 0 });
}

export function onAltStack(thread: Thread, sp: number): boolean {
  const { altStack } = thread;
  return !(altStack.flags & SS_DISABLE) && sp > altStack.sp && sp <= altStack.sp + altStack.size;
}

/** ss_flags as sigaltstack reports it. */
export function altStackFlags(thread: Thread, sp: number): number {
  if (thread.altStack.flags & SS_DISABLE) return SS_DISABLE;
  return onAltStack(thread, sp) ? SS_ONSTACK : 0;
}

/** The siginfo structure's fields; which of the union are set follows from what the signal carries. */
export function siginfo(info: SignalInfo): StructValue {
  const out: Record<string, number | bigint> = { signo: info.signal, code: info.code };
  if (info.address !== undefined) out['addr'] = info.address;
  if (info.pid !== undefined) out['pid'] = info.pid;
  if (info.uid !== undefined) out['uid'] = info.uid;
  if (info.timer !== undefined) Object.assign(out, { timer: info.timer, overrun: info.overrun ?? 0 });
  if (info.value !== undefined) out['value'] = info.value;
  return out;
}

function trace(thread: Thread, info: SignalInfo): void {
  const { calls } = thread.kernel.tracing;
  if (!calls) return;
  const name = signalName(thread.values, info.signal);
  const code =
    (info.code < 0 || info.code === 128 ? thread.values.nameOf('sicode', info.code) : undefined) ?? info.code;
  const where =
    info.address === undefined
      ? `si_pid=${info.pid ?? 0}, si_uid=${info.uid ?? 0}`
      : `si_addr=0x${info.address.toString(16)}`;
  calls(`--- ${name} {si_signo=${name}, si_code=${code}, ${where}} ---`);
}
