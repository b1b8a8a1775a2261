// `mimic run`: finds the program, its instruction set, runs it, and ends as it ended.
// In: arguments. Out: an exit status, or death by the guest's signal. Must not know: how a program runs.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { createGuest, DUMPS, describe, Interpreter, type TranslatorOptions } from '@mimic/engine';
import type { CompiledIsa } from '@mimic/isa';
import { isaFrom } from '@mimic/isa/artifact';
import {
  openProgram,
  type ProcessEnd,
  type Program,
  ProgramProblem,
  runToEnd,
  startProcess,
  type Tracing,
} from '@mimic/linux';
import { hasFusedMultiplyAdd } from '@mimic/wasm';
import { toBytes } from '../host/names.js';
import { createHost } from '../host/node-host.js';
import { builtSpecs, findSpec, NoSpec, SpecErrors } from '../specs.js';
import { chooseModel, modelList } from './models.js';
import { HELP, parseRunOptions, type RunOptions, UsageError } from './options.js';

const MISSING = 127;
const UNUSABLE = 126;

const say = (line: string): void => void fs.writeSync(2, `mimic: ${line}\n`);

export async function run(args: readonly string[]): Promise<number> {
  const options = parseRunOptions(args);
  if (options instanceof UsageError) {
    say(options.message);
    return 1;
  }
  if (options.debugPort !== undefined) {
    say('-g: the debugger server is not there yet');
    return 1;
  }
  if (options.cpu === HELP && options.program === '') return listModels();
  const out = traceFile(options);
  if (out === undefined) return 1;
  const host = createHost();
  const file = toBytes(path.resolve(options.program));
  const program = openProgram(host.files, file);
  if (program instanceof ProgramProblem) return refuse(options.program, program);
  const found = await findIsa(program, options.isa);
  if (found instanceof ProgramProblem) return refuse(options.program, found);
  if (options.cpu === HELP) return print(modelList(found.isa));
  const model = chooseModel(found.isa, options.cpu);
  if (model instanceof UsageError) {
    say(model.message);
    return 1;
  }
  const isa = { ...found, isa: model };
  const guest = createGuest(isa.isa);
  const hosts = { 'timer.tb': () => process.hrtime.bigint() / 40n };
  const { stress } = options;
  const cpu = new Interpreter(isa.isa, isa.interpreter, guest, {
    hosts,
    translate: translateOf(options, isa, out),
    ...(stress === undefined ? {} : { stress }),
  });
  const started = startProcess(cpu, {
    host,
    program,
    argv: [options.argv0 ?? options.program, ...options.args].map(toBytes),
    environment: environmentOf(options),
    cwd: toBytes(process.cwd()),
    tracing: tracingOf(options, out),
    ...(options.sysroot === undefined
      ? {}
      : { sysroot: toBytes(path.resolve(options.sysroot)).replace(/\/$/, '') }),
    ...(options.stackSize === undefined ? {} : { stackSize: options.stackSize }),
  });
  if (started instanceof ProgramProblem) return refuse(options.program, started);
  const onExit = options.log.includes('exits') ? logExit : undefined;
  const end = runToEnd(started, onExit);
  if (options.log.includes('jit')) logTranslator(cpu);
  return finish(end);
}

/** The models of all processors. */
function listModels(): number {
  for (const sections of builtSpecs()) print(modelList(isaFrom(sections)));
  return 0;
}

function print(text: string): number {
  fs.writeSync(1, text);
  return 0;
}

/** How the translator is set up. Dumps of what it makes go to `out`. */
function translateOf(
  { cacheSize, threshold, log, noPasses }: RunOptions,
  { isa, templates }: { readonly isa: CompiledIsa; readonly templates: Uint8Array },
  out: number,
): TranslatorOptions | false {
  if (cacheSize === 0) return false;
  const dumps = new Set(DUMPS.filter((d) => log.includes(d)));
  return {
    templates,
    fused: () => hasFusedMultiplyAdd(enableFma),
    noPasses,
    ...(dumps.size ? { onModule: (m) => void fs.writeSync(out, `${describe(isa, m, dumps)}\n`) } : {}),
    ...(cacheSize === undefined ? {} : { cacheBytes: cacheSize }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(log.includes('jit') ? { clock: () => performance.now() } : {}),
  };
}

/** Node 20 knows relaxed vector instructions when told to; later versions as they are, and may not know the flag. */
function enableFma(): void {
  if (Number(process.versions.v8.split('.')[0]) < 12) setFlagsFromString('--experimental-wasm-relaxed-simd');
}

function logTranslator(cpu: Interpreter): void {
  const s = cpu.translator?.statistics;
  fs.writeSync(2, `retired ${cpu.retired}\n`);
  if (!s) return;
  for (const [name, value] of Object.entries(s))
    fs.writeSync(2, `${name} ${Math.round(value * 1000) / 1000}\n`);
}

function refuse(name: string, problem: ProgramProblem): number {
  say(`${name}: ${problem.message}`);
  return problem.kind === 'missing' ? MISSING : UNUSABLE;
}

/** The compiled spec for a program; `folder` is one that counts before the shipped ones. */
async function findIsa({ identity }: Program, folder: string | undefined) {
  try {
    const sections = await findSpec(identity, folder);
    if (sections)
      return {
        isa: isaFrom(sections),
        interpreter: sections['interpreter']!,
        templates: sections['templates']!,
      };
  } catch (error) {
    if (error instanceof NoSpec) return new ProgramProblem('unusable', error.message);
    if (error instanceof SpecErrors)
      return new ProgramProblem('unusable', `its instruction set has mistakes:\n${error.message}`);
    throw error;
  }
  const { machine, class: bits, data } = identity;
  const order = data === 'msb' ? 'big' : 'little';
  return new ProgramProblem(
    'unusable',
    `no instruction set for ELF machine ${machine} (${bits}-bit, ${order}-endian)`,
  );
}

function environmentOf({ set, unset }: RunOptions): string[] {
  const all = new Map(Object.entries(process.env).map(([k, v]) => [k, v ?? '']));
  for (const name of unset) all.delete(name);
  for (const [name, value] of set) all.set(name, value);
  return [...all].map(([name, value]) => toBytes(`${name}=${value}`));
}

/** The descriptor that traces go to; undefined, with a message, where -D names no file that can be written. */
function traceFile({ logFile }: RunOptions): number | undefined {
  try {
    return logFile === undefined ? 2 : fs.openSync(logFile, 'w');
  } catch (error) {
    say(`-D ${logFile}: cannot be written (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}

function tracingOf({ strace, log }: RunOptions, out: number): Tracing {
  const line = (text: string): void => void fs.writeSync(out, `${text}\n`);
  return {
    ...(strace || log.includes('strace') ? { calls: line } : {}),
    ...(log.includes('unimp') ? { unimplemented: (what: string) => line(`unimplemented: ${what}`) } : {}),
  };
}

function logExit(_thread: unknown, exit: { readonly kind: string }): void {
  fs.writeSync(
    2,
    `${JSON.stringify(exit, (_k, v: unknown) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v))}\n`,
  );
}

const SIGNAL_TEXT: Readonly<Record<string, string>> = {
  SIGQUIT: 'Quit',
  SIGILL: 'Illegal instruction',
  SIGTRAP: 'Trace/breakpoint trap',
  SIGABRT: 'Aborted',
  SIGBUS: 'Bus error',
  SIGFPE: 'Floating point exception',
  SIGSEGV: 'Segmentation fault',
  SIGXCPU: 'CPU time limit exceeded',
  SIGXFSZ: 'File size limit exceeded',
  SIGSYS: 'Bad system call',
};

/** Ends as the guest did: its status, or the same signal. */
function finish(end: ProcessEnd): number {
  if (end.kind === 'exited') return end.status;
  if (end.core) say(`uncaught target signal ${end.signal} (${SIGNAL_TEXT[end.name] ?? end.name})`);
  die(end.name as NodeJS.Signals);
  // Where the host does not die of it, the status says what a shell would.
  return 128 + end.signal;
}

function die(signal: NodeJS.Signals): void {
  // Our own image would be the core dump: of no use to anybody, and large.
  try {
    fs.writeFileSync('/proc/self/coredump_filter', '0');
  } catch {}
  try {
    // Node ignores some signals; adding and removing a listener gives each its default action.
    const nothing = (): void => {};
    if (signal !== 'SIGKILL' && signal !== 'SIGSTOP') process.on(signal, nothing).off(signal, nothing);
    process.kill(process.pid, signal);
  } catch {}
}
