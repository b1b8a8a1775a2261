import { Perm } from '@mimic/bus';
import { describe, expect, it } from 'vitest';
import { DATA, put, runScript } from '../testing/guest.js';

const [EINTR, EBADF, EFAULT, EINVAL, ENOSYS] = [-4, -9, -14, -22, -38];

describe('a process', () => {
  it('writes and exits with its status, and a trace shows both', () => {
    const { end, host, trace } = runScript(function* (cpu) {
      expect(yield cpu.call('write', 1, put(cpu, DATA, 'hello\n'), 6)).toBe(6);
      yield cpu.call('exit_group', 300);
    });
    expect(end).toEqual({ kind: 'exited', status: 44 });
    expect(host.output).toBe('hello\n');
    expect(trace).toEqual(['42 write(1,"hello\\n",6) = 6', '42 exit_group(300)']);
  });

  it('finds argc, argv, the environment and the auxiliary vector on an aligned stack', () => {
    runScript(function* (cpu) {
      const word = (i: number) => cpu.memory.peekU32(cpu.sp + 4 * i);
      const text = (at: number) => cpu.memory.readString(at, 100);
      expect(cpu.sp % 16).toBe(0);
      expect([word(0), text(word(1)), text(word(2)), word(3)]).toEqual([2, 'prog', 'one', 0]);
      expect([text(word(4)), word(5)]).toEqual(['A=b', 0]);
      const auxv = new Map<number, number>();
      for (let i = 6; word(i) !== 0; i += 2) auxv.set(word(i), word(i + 1));
      expect(auxv.get(6)).toBe(4096);
      expect(auxv.get(3)).toBe(DATA + 52);
      expect(text(auxv.get(31)!)).toBe('/bin/prog');
      yield cpu.call('getpid');
    });
  });

  it('says ENOSYS to a call that is not there, and says so in a trace', () => {
    const { trace } = runScript(function* (cpu) {
      expect(yield cpu.call('fork')).toBe(ENOSYS);
    });
    expect(trace[0]).toContain('fork');
  });

  it('dies of a fault that it does not handle', () => {
    const { end } = runScript(function* () {
      yield { kind: 'fault', address: 4, access: 'read', mapped: false, pc: 0x1000 };
    });
    expect(end).toEqual({ kind: 'killed', signal: 11, name: 'SIGSEGV', core: true });
  });

  it('gets EFAULT for bad pointers and EBADF for bad descriptors', () => {
    runScript(function* (cpu) {
      expect(yield cpu.call('write', 1, 8, 4)).toBe(EFAULT);
      expect(yield cpu.call('open', 8, 0, 0)).toBe(EFAULT);
      expect(yield cpu.call('read', 99, DATA, 1)).toBe(EBADF);
      expect(yield cpu.call('clock_gettime', 1, 0xffff_fffc)).toBe(EFAULT);
    });
  });
});

describe('files', () => {
  it('are created, written at positions of 64 bits, read back and listed', () => {
    const { host } = runScript(function* (cpu) {
      const fd = yield cpu.call('open', put(cpu, DATA, 'a'), 0o102, 0o600);
      expect(fd).toBe(3);
      put(cpu, DATA + 16, 'abc');
      // On this ABI the offset takes the even pair after a hole.
      expect(yield cpu.call('pwrite64', fd, DATA + 16, 3, 0, 0, 5)).toBe(3);
      expect(yield cpu.call('_llseek', fd, 0, 6, DATA + 32, 0)).toBe(0);
      expect(cpu.memory.peekU64(DATA + 32)).toBe(6n);
      expect(yield cpu.call('read', fd, DATA + 48, 10)).toBe(2);
      expect(cpu.memory.readString(DATA + 48, 9)).toBe('bc');
      expect(yield cpu.call('fstat64', fd, DATA + 64)).toBe(0);
      expect(cpu.memory.peekU64(DATA + 64 + 48)).toBe(8n);
    });
    expect(host.files.stat('/tmp/a', true)).toMatchObject({ size: 8, mode: 0o100600 });
  });

  it('that are mapped shared are written back at munmap, and not made longer', () => {
    const { host } = runScript(
      function* (cpu) {
        const fd = yield cpu.call('open', put(cpu, DATA, '/tmp/f'), 2, 0);
        const at = (yield cpu.call('mmap', 0, 4096, 3, 1, fd, 0)) >>> 0;
        expect(cpu.memory.readString(at, 9)).toBe('file');
        cpu.memory.writeU8(at, 'F'.charCodeAt(0));
        expect(yield cpu.call('munmap', at, 4096)).toBe(0);
        expect(cpu.memory.perm(at >>> 12) & Perm.MAPPED).toBe(0);
      },
      (host) => host.files.add('/tmp/f', 'file'),
    );
    expect(host.files.stat('/tmp/f', true)).toMatchObject({ size: 4 });
  });

  it('of /proc/self describe the process', () => {
    runScript(function* (cpu) {
      const length = yield cpu.call('readlink', put(cpu, DATA, '/proc/self/exe'), DATA + 32, 64);
      expect(length).toBe('/bin/prog'.length);
      const fd = yield cpu.call('open', put(cpu, DATA, '/proc/self/maps'), 0, 0);
      expect(yield cpu.call('read', fd, DATA + 32, 60)).toBe(60);
      expect(cpu.memory.readString(DATA + 32, 100)).toMatch(/^10000000-10001000 rwxp/);
    });
  });
});

describe('signals', () => {
  const action = (
    cpu: { memory: { pokeU32(at: number, v: number): void } },
    at: number,
    handler: number,
    flags: number,
  ) => {
    [handler, flags, 0, 0, 0].forEach((word, i) => void cpu.memory.pokeU32(at + 4 * i, word));
    return at;
  };

  it('run a handler with siginfo and go back where they came from', () => {
    runScript(function* (cpu) {
      yield cpu.call('rt_sigaction', 10, action(cpu, DATA, 0x5000, 4), 0, 8);
      expect(yield cpu.call('kill', 42, 10)).toBe(0);
      expect(cpu.entered).toMatchObject([{ signal: 10, handler: 0x5000 }]);
      const { frame } = cpu.entered[0]!;
      expect([0, 8, 12].map((at) => cpu.memory.peekU32(frame + at))).toEqual([10, 0, 42]);
      const before = cpu.sp;
      yield cpu.call('rt_sigreturn');
      expect(cpu.sp).toBeGreaterThan(before);
    });
  });

  it('wait while they are blocked', () => {
    runScript(function* (cpu) {
      yield cpu.call('rt_sigaction', 10, action(cpu, DATA, 0x5000, 0), 0, 8);
      cpu.memory.pokeU32(DATA + 32, 1 << 9);
      cpu.memory.pokeU32(DATA + 36, 0);
      yield cpu.call('rt_sigprocmask', 0, DATA + 32, 0, 8);
      yield cpu.call('kill', 42, 10);
      expect(cpu.entered).toEqual([]);
      yield cpu.call('rt_sigprocmask', 1, DATA + 32, 0, 8);
      expect(cpu.entered).toHaveLength(1);
    });
  });

  it('interrupt a sleep, which tells what was left', () => {
    const { end } = runScript(function* (cpu) {
      yield cpu.call('rt_sigaction', 14, action(cpu, DATA, 0x5000, 0), 0, 8);
      yield cpu.call('alarm', 2);
      cpu.memory.pokeU32(DATA + 32, 10);
      cpu.memory.pokeU32(DATA + 36, 0);
      expect(yield cpu.call('nanosleep', DATA + 32, DATA + 48)).toBe(EINTR);
      expect(cpu.memory.peekU32(DATA + 48)).toBe(8);
      expect(cpu.entered).toMatchObject([{ signal: 14 }]);
    });
    expect(end).toEqual({ kind: 'exited', status: 0 });
  });

  it('end the process by their default action, without a core where that is not custom', () => {
    const { end } = runScript(function* (cpu) {
      yield cpu.call('kill', 42, 15);
    });
    expect(end).toEqual({ kind: 'killed', signal: 15, name: 'SIGTERM', core: false });
  });

  it('cannot be handled on a stack that is not there', () => {
    const { end } = runScript(function* (cpu) {
      yield cpu.call('rt_sigaction', 10, action(cpu, DATA, 0x5000, 0), 0, 8);
      cpu.sp = 0x3000;
      yield cpu.call('kill', 42, 10);
    });
    expect(end).toMatchObject({ kind: 'killed', name: 'SIGSEGV' });
  });
});

describe('waiting', () => {
  it('for a pipe ends when its timeout is over, and bytes make it ready', () => {
    runScript(function* (cpu) {
      expect(yield cpu.call('pipe', DATA)).toBe(0);
      const [reader, writer] = [cpu.memory.peekU32(DATA), cpu.memory.peekU32(DATA + 4)];
      cpu.memory.pokeU32(DATA + 16, reader);
      cpu.memory.pokeU32(DATA + 20, 1 << 16);
      expect(yield cpu.call('poll', DATA + 16, 1, 50)).toBe(0);
      expect(yield cpu.call('write', writer, DATA, 3)).toBe(3);
      expect(yield cpu.call('poll', DATA + 16, 1, -1)).toBe(1);
      expect(cpu.memory.peekU32(DATA + 20) & 0xffff).toBe(1);
      expect(yield cpu.call('poll', DATA + 16, 0xffff, 0)).toBe(EINVAL);
    });
  });
});
