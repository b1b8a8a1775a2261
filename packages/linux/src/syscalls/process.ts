// The process itself: its end, ids, limits, names, thread bookkeeping. In: numbers, structures. Out: facts and changes.
// Must not know: signals' delivery, files.
import { E, Errno, type Result } from '../errno.js';
import { type Limit, NO_LIMIT } from '../process/process.js';
import type { Thread } from '../process/thread.js';
import type { CallTable } from './table.js';
import { timeval } from './time.js';

const PR_SET_NAME = 15;
const PR_GET_NAME = 16;
const PR_SET_PDEATHSIG = 1;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_GET_NO_NEW_PRIVS = 39;

const text = (value: string, size: number): Uint8Array => {
  const out = new Uint8Array(size);
  for (let i = 0; i < Math.min(value.length, size - 1); i++) out[i] = value.charCodeAt(i);
  return out;
};

function uname(t: Thread, address: number): Result {
  const { sysname, release, version } = t.kernel.name;
  const names = {
    sysname,
    nodename: t.kernel.host.identity.hostname,
    release,
    version,
    machine: t.kernel.abi.machineName,
    domainname: '(none)',
  };
  const size = t.structs.find('utsname', 'sysname')!.field.count;
  return t.user.putStruct(
    'utsname',
    address,
    Object.fromEntries(Object.entries(names).map(([k, v]) => [k, text(v, size)])),
  );
}

function sysinfo(t: Thread, address: number): Result {
  const { total, free } = t.kernel.host.memory;
  // Sizes are in units of mem_unit, so that they fit a 32-bit word.
  const unit = t.user.wordSize === 4 && total >= 2 ** 32 ? 4096 : 1;
  return t.user.putStruct('sysinfo', address, {
    uptime: t.kernel.monotonic() / 1_000_000_000n,
    totalram: Math.floor(total / unit),
    freeram: Math.floor(free / unit),
    procs: 1,
    mem_unit: unit,
  });
}

function getrusage(t: Thread, who: number, address: number): Result {
  if (who !== 0 && who !== -1 && who !== 1) return E.EINVAL;
  const { user, system } = who === -1 ? { user: 0n, system: 0n } : t.kernel.host.clock.cpuTime();
  return t.user.putStruct('rusage', address, { utime: timeval(user), stime: timeval(system), maxrss: 8192 });
}

/** Limits as structures of longs clamp "none" to the largest long. */
function getLimit(t: Thread, resource: number, address: number, ceiling: bigint): Result {
  const limit = t.process.limits.get(resource);
  if (!limit) return E.EINVAL;
  const clamp = (value: bigint) => (value > ceiling ? ceiling : value);
  return t.user.putStruct('rlimit', address, { cur: clamp(limit.cur), max: clamp(limit.max) });
}

const ceiling = (t: Thread): bigint => (t.user.wordSize === 4 ? 0xffff_ffffn : NO_LIMIT);

function setLimit(t: Thread, resource: number, limit: Limit): Errno | undefined {
  if (!t.process.limits.has(resource) || limit.cur > limit.max) return E.EINVAL;
  if (limit.max > t.process.limits.get(resource)!.max && t.process.credentials.euid !== 0) return E.EPERM;
  t.process.limits.set(resource, limit);
  if (resource === t.values.get('rlimit', 'RLIMIT_NOFILE'))
    t.process.descriptors.limit = Number(limit.cur < 4096n ? limit.cur : 4096n);
  return undefined;
}

function setrlimit(t: Thread, resource: number, address: number): Result {
  const value = t.user.struct('rlimit', address);
  if (value instanceof Errno) return value;
  const widen = (n: unknown) => (BigInt(n as number) === ceiling(t) ? NO_LIMIT : BigInt(n as number));
  return setLimit(t, resource, { cur: widen(value['cur']), max: widen(value['max']) }) ?? 0;
}

function prlimit(t: Thread, pid: number, resource: number, next: number, old: number): Result {
  if (pid !== 0 && pid !== t.process.pid) return E.ESRCH;
  const before = t.process.limits.get(resource);
  if (!before) return E.EINVAL;
  if (next !== 0) {
    const value = t.user.struct('rlimit64', next);
    if (value instanceof Errno) return value;
    const bad = setLimit(t, resource, {
      cur: BigInt(value['cur'] as number),
      max: BigInt(value['max'] as number),
    });
    if (bad) return bad;
  }
  return old === 0 ? 0 : t.user.putStruct('rlimit64', old, { cur: before.cur, max: before.max });
}

function prctl(t: Thread, option: number, arg: number): Result {
  switch (option) {
    case PR_SET_NAME: {
      const name = t.user.memory.readString(arg, 16);
      if (name !== undefined && typeof name !== 'string') return E.EFAULT;
      t.process.name = (name ?? '').slice(0, 15);
      return 0;
    }
    case PR_GET_NAME:
      return t.user.putBytes(arg, text(t.process.name, 16));
    case PR_GET_DUMPABLE:
      return 1;
    case PR_SET_DUMPABLE:
    case PR_SET_PDEATHSIG:
    case PR_SET_NO_NEW_PRIVS:
      return 0;
    case PR_GET_NO_NEW_PRIVS:
      return 0;
    default:
      return E.EINVAL;
  }
}

function getrandom(t: Thread, buffer: number, size: number): Result {
  const length = Math.min(size, 1 << 20);
  const usable = t.user.memory.accessible(buffer, length, 2);
  if (usable === 0 && length > 0) return E.EFAULT;
  const bytes = new Uint8Array(usable);
  t.kernel.host.random(bytes);
  const put = t.user.putBytes(buffer, bytes);
  return put instanceof Errno ? put : usable;
}

function affinity(t: Thread, size: number, address: number): Result {
  if (size < t.user.wordSize || size % t.user.wordSize) return E.EINVAL;
  const put = t.user.putWord(address, 1);
  return put instanceof Errno ? put : t.user.wordSize;
}

const three = (t: Thread, a: number, b: number, c: number, values: readonly number[]): Result => {
  for (const [i, at] of [a, b, c].entries())
    if (t.user.putU32(at, values[i]!) instanceof Errno) return E.EFAULT;
  return 0;
};

/** Changes ids that the caller may have: those it has already, or any for root. */
function setIds(t: Thread, kind: 'uid' | 'gid', real: number, effective: number, saved: number): Result {
  const c = t.process.credentials;
  const names = kind === 'uid' ? (['uid', 'euid', 'suid'] as const) : (['gid', 'egid', 'sgid'] as const);
  const allowed = new Set([-1, ...names.map((n) => c[n])]);
  const wanted = [real, effective, saved];
  if (c.euid !== 0 && wanted.some((id) => !allowed.has(id))) return E.EPERM;
  for (const [i, name] of names.entries()) if (wanted[i] !== -1) c[name] = wanted[i]!;
  return 0;
}

const setOne = (t: Thread, kind: 'uid' | 'gid', id: number): Result =>
  t.process.credentials.euid === 0 ? setIds(t, kind, id, id, id) : setIds(t, kind, -1, id, -1);

export const processCalls: CallTable = {
  getpid: ['', (t) => t.process.pid],
  getppid: ['', (t) => t.process.ppid],
  getpgrp: ['', (t) => t.process.pid],
  getpgid: ['pid:d', (t, pid) => (pid === 0 || pid === t.process.pid ? t.process.pid : E.ESRCH)],
  setpgid: ['pid:d pgid:d', (t, pid) => (pid === 0 || pid === t.process.pid ? 0 : E.ESRCH)],
  getsid: ['pid:d', (t, pid) => (pid === 0 || pid === t.process.pid ? t.process.pid : E.ESRCH)],
  setsid: ['', () => E.EPERM],
  getuid: ['', (t) => t.process.credentials.uid],
  geteuid: ['', (t) => t.process.credentials.euid],
  getgid: ['', (t) => t.process.credentials.gid],
  getegid: ['', (t) => t.process.credentials.egid],
  getresuid: [
    'r:x e:x s:x',
    (t, a, b, c) =>
      three(t, a, b, c, [t.process.credentials.uid, t.process.credentials.euid, t.process.credentials.suid]),
  ],
  getresgid: [
    'r:x e:x s:x',
    (t, a, b, c) =>
      three(t, a, b, c, [t.process.credentials.gid, t.process.credentials.egid, t.process.credentials.sgid]),
  ],
  setuid: ['uid:d', (t, id) => setOne(t, 'uid', id)],
  setgid: ['gid:d', (t, id) => setOne(t, 'gid', id)],
  setreuid: ['r:d e:d', (t, real, effective) => setIds(t, 'uid', real, effective, -1)],
  setregid: ['r:d e:d', (t, real, effective) => setIds(t, 'gid', real, effective, -1)],
  setresuid: ['r:d e:d s:d', (t, real, effective, saved) => setIds(t, 'uid', real, effective, saved)],
  setresgid: ['r:d e:d s:d', (t, real, effective, saved) => setIds(t, 'gid', real, effective, saved)],
  setfsuid: ['uid:d', (t) => t.process.credentials.euid],
  setfsgid: ['gid:d', (t) => t.process.credentials.egid],
  getgroups: [
    'size:d list:x',
    (t, size, list) => (size === 0 ? 1 : t.user.putU32(list, t.process.credentials.gid) === 0 ? 1 : E.EFAULT),
  ],
  setgroups: ['size:d list:x', (t) => (t.process.credentials.euid === 0 ? 0 : E.EPERM)],
  uname: ['buf:x', uname],
  sysinfo: ['buf:x', sysinfo],
  getrusage: ['who:d usage:x', getrusage],
  getrlimit: ['resource:d limit:x', (t, resource, at) => getLimit(t, resource, at, ceiling(t))],
  old_getrlimit: ['resource:d limit:x', (t, resource, at) => getLimit(t, resource, at, 0x7fff_ffffn)],
  setrlimit: ['resource:d limit:x', setrlimit],
  prlimit64: ['pid:d resource:d new:x old:x', prlimit],
  prctl: ['option:d arg2:x arg3:x arg4:x arg5:x', prctl],
  personality: ['persona:x', () => 0],
  getrandom: ['buf:x size:u flags:x', getrandom],
  getpriority: ['which:d who:d', () => 20],
  setpriority: ['which:d who:d value:d', () => 0],
  nice: ['increment:d', () => 0],
  sched_getaffinity: ['pid:d size:u mask:x', (t, _pid, size, mask) => affinity(t, size, mask)],
  sched_setaffinity: ['pid:d size:u mask:x', () => 0],
  sched_getscheduler: ['pid:d', () => 0],
  sched_setscheduler: ['pid:d policy:d param:x', (_t, _pid, policy) => (policy === 0 ? 0 : E.EPERM)],
  sched_getparam: ['pid:d param:x', (t, _pid, at) => t.user.putStruct('sched_param', at, { priority: 0 })],
  sched_setparam: ['pid:d param:x', () => 0],
  sched_get_priority_max: ['policy:d', (_t, policy) => (policy === 1 || policy === 2 ? 99 : 0)],
  sched_get_priority_min: ['policy:d', (_t, policy) => (policy === 1 || policy === 2 ? 1 : 0)],
  getcpu: ['cpu:x node:x cache:x', (t, cpu, node) => {
    for (const at of [cpu, node]) if (at !== 0 && t.user.putU32(at, 0) instanceof Errno) return E.EFAULT;
    return 0;
  }], // biome-ignore format: one line a call
  wait4: ['pid:d status:x options:x usage:x', () => E.ECHILD],
  waitpid: ['pid:d status:x options:x', () => E.ECHILD],
  waitid: ['which:d pid:d info:x options:x usage:x', () => E.ECHILD],
};
