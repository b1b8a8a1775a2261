// Runs a script as a guest program: the whole library on a fake processor and a fake host.
// In: a script. Out: how it ended, what it printed. For tests alone: reads the specs from disk.
import { readFileSync } from 'node:fs';
import { plainMemory } from '@mimic/bus';
import { compileSpec, type LinuxAbi } from '@mimic/isa';
import { openProgram, ProgramProblem, runToEnd, startProcess } from '../index.js';
import type { Process, ProcessEnd } from '../process/process.js';
import { FakeCpu, type Script } from './fake-cpu.js';
import { FakeHost } from './fake-host.js';

const root = new URL('../../../../isa-specs/', import.meta.url);
let abi: LinuxAbi | undefined;

/** The ABI that tests use: the one of a real processor. */
export function testAbi(): LinuxAbi {
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(new URL(name, root), 'utf8');
    } catch {
      return undefined;
    }
  };
  abi ??= compileSpec('ppc/ppc.isa', read).isa?.abi;
  if (!abi) throw new Error('the specs do not compile');
  return abi;
}

/** A minimal static executable: one segment, mapped read-write-execute at 0x10000000. */
export function tinyElf(change: (view: DataView) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(84 + 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 2, 1]);
  view.setUint16(16, 2);
  view.setUint16(18, 20);
  view.setUint32(24, 0x10000054);
  view.setUint32(28, 52);
  view.setUint16(42, 32);
  view.setUint16(44, 1);
  const header = [1, 0, 0x10000000, 0x10000000, bytes.length, bytes.length + 64, 7, 0x10000];
  header.forEach((word, i) => void view.setUint32(52 + 4 * i, word));
  change(view);
  return bytes;
}

export interface Ran {
  readonly end: ProcessEnd;
  readonly host: FakeHost;
  readonly process: Process;
  readonly trace: readonly string[];
}

/** A page of the guest for the script's data. */
export const DATA = 0x1000_0000;

export function runScript(script: Script, prepare: (host: FakeHost) => void = () => {}): Ran {
  const host = new FakeHost();
  host.files.add('/bin/prog', tinyElf(), 0o755);
  host.files.add('/tmp/x', '');
  prepare(host);
  const trace: string[] = [];
  const program = openProgram(host.files, '/bin/prog');
  if (program instanceof ProgramProblem) throw new Error(program.message);
  const cpu = new FakeCpu(plainMemory({ reversed: true }), testAbi(), script);
  const tracing = { calls: (line: string) => void trace.push(line) };
  const process = startProcess(cpu, {
    host,
    program,
    argv: ['prog', 'one'],
    environment: ['A=b'],
    cwd: '/tmp',
    tracing,
  });
  if (process instanceof ProgramProblem) throw new Error(process.message);
  return { end: runToEnd(process), host, process, trace };
}

/** Puts a string with its NUL into guest memory and gives its address. */
export function put(cpu: FakeCpu, at: number, text: string): number {
  cpu.memory.pokeBytes(
    at,
    Uint8Array.from(`${text}\0`, (c) => c.charCodeAt(0)),
  );
  return at;
}
