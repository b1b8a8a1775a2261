// Threads: their making, their end, what the C library tells about them. In: flags, addresses. Out: thread numbers.
// Must not know: how threads are scheduled.
import { E, Errno, NO_RETURN, type Result } from '../errno.js';
import { Thread } from '../process/thread.js';
import type { CallTable } from './table.js';

const CLONE_VM = 0x100;
const CLONE_THREAD = 0x10000;
const CLONE_SETTLS = 0x80000;
const CLONE_PARENT_SETTID = 0x100000;
const CLONE_CHILD_CLEARTID = 0x200000;
const CLONE_CHILD_SETTID = 0x1000000;

const OWNER_DIED = 0x4000_0000;
const WAITERS = 0x8000_0000;
const TID_MASK = 0x3fff_ffff;

interface CloneRequest {
  readonly flags: number;
  /** Stack pointer of the new thread; 0: as the caller's. */
  readonly sp: number;
  readonly parentTid: number;
  readonly childTid: number;
  readonly tls: number;
}

/** Threads of this process only: processes of their own come with fork. */
function clone(t: Thread, { flags, sp, parentTid, childTid, tls }: CloneRequest): Result {
  const shared = CLONE_VM | CLONE_THREAD;
  if ((flags & shared) !== shared) {
    t.kernel.unimplemented(`clone with flags 0x${flags.toString(16)}`);
    return E.ENOSYS;
  }
  const { process, cpu, user } = t;
  const tid = t.kernel.nextTid();
  if (flags & CLONE_PARENT_SETTID && user.putU32(parentTid, tid) instanceof Errno) return E.EFAULT;
  if (flags & CLONE_CHILD_SETTID && user.putU32(childTid, tid) instanceof Errno) return E.EFAULT;
  const child = new Thread(process, cpu, tid);
  child.mask = t.mask;
  if (flags & CLONE_CHILD_CLEARTID) child.clearTid = childTid;
  const own = cpu.saveState();
  cpu.advance();
  cpu.hook('clone', sp === 0 ? (cpu.hook('sp')?.[0] ?? 0n) : sp);
  if (flags & CLONE_SETTLS) cpu.hook('tls', tls);
  child.state = cpu.saveState();
  cpu.loadState(own);
  process.threads.push(child);
  return tid;
}

function clone3(t: Thread, address: number, size: number): Result {
  if (size < 64) return E.EINVAL;
  const args = t.user.struct('clone_args', address);
  if (args instanceof Errno) return args;
  const of = (name: string) => Number(args[name] ?? 0);
  const stack = of('stack');
  return clone(t, {
    flags: of('flags'),
    sp: stack === 0 ? 0 : stack + of('stack_size'),
    parentTid: of('parent_tid'),
    childTid: of('child_tid'),
    tls: of('tls'),
  });
}

/** Ends one thread, or the process where it was the last. */
function exit(t: Thread, status: number): Result {
  const { process, user } = t;
  releaseRobust(t);
  if (t.clearTid !== 0) {
    user.putU32(t.clearTid, 0);
    process.futexes.wake(t.clearTid, 1);
  }
  if (process.threads.length === 1) process.finish({ kind: 'exited', status: status & 0xff });
  else process.threads.splice(process.threads.indexOf(t), 1);
  t.ended = true;
  return NO_RETURN;
}

/** Locks that the thread still holds are marked, and one waiter of each is woken. */
function releaseRobust(t: Thread): void {
  const { user, process } = t;
  if (t.robustList === 0) return;
  const head = user.struct('robust_list', t.robustList);
  if (head instanceof Errno) return;
  const offset = Number(head['offset']);
  let entry: number | Errno = Number(head['next']);
  for (let i = 0; i < 2048 && !(entry instanceof Errno) && (entry & ~1) >>> 0 !== t.robustList; i++) {
    const at = (((entry & ~1) >>> 0) + offset) >>> 0;
    const word = user.u32(at);
    if (!(word instanceof Errno) && (word & TID_MASK) === t.tid) {
      user.putU32(at, (word & WAITERS) | OWNER_DIED);
      process.futexes.wake(at, 1);
    }
    entry = user.word((entry & ~1) >>> 0);
  }
}

export const threadCalls: CallTable = {
  clone: [
    'flags:x stack:x ptid:x tls:x ctid:x',
    (t, flags, sp, parentTid, tls, childTid) => clone(t, { flags, sp, parentTid, childTid, tls }),
  ],
  clone3: ['args:x size:u', clone3],
  exit: ['status:d', exit],
  exit_group: ['status:d', (t, status) => {
    t.process.finish({ kind: 'exited', status: status & 0xff });
    return NO_RETURN;
  }], // biome-ignore format: one line a call
  set_tls: ['value:x', (t, value) => {
    t.cpu.hook('tls', value);
    return 0;
  }], // biome-ignore format: one line a call
  arch_prctl: ['code:x value:x', (t, code, value) => {
    const result = t.cpu.hook('arch_prctl', code, value)?.[0];
    return result === undefined ? E.EFAULT : result === 0n ? 0 : E.EINVAL;
  }], // biome-ignore format: one line a call
  set_thread_area: ['area:x', (t, area) => (t.cpu.hook('tls', area) ? 0 : E.EFAULT)],
  gettid: ['', (t) => t.tid],
  set_tid_address: ['address:x', (t, address) => {
    t.clearTid = address;
    return t.tid;
  }], // biome-ignore format: one line a call
  set_robust_list: ['head:x size:u', (t, head, size) => {
    if (size !== t.structs.size('robust_list')) return E.EINVAL;
    t.robustList = head;
    return 0;
  }], // biome-ignore format: one line a call
  get_robust_list: ['pid:d head:x size:x', (t, pid, head, size) => {
    const thread = pid === 0 ? t : t.process.threads.find((x) => x.tid === pid);
    if (!thread) return E.ESRCH;
    const put = t.user.putWord(head, thread.robustList);
    return put instanceof Errno ? put : t.user.putWord(size, t.structs.size('robust_list'));
  }], // biome-ignore format: one line a call
  sched_yield: ['', (t) => {
    t.yielded = true;
    return 0;
  }], // biome-ignore format: one line a call
};
