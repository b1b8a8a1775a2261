// Finds a program and makes a process of it. In: a path, a host, then a cpu of the right kind. Out: a Process ready to run.
// Must not know: how calls work, command lines.
import { PAGE_SIZE, Perm } from '@mimic/bus';
import type { Cpu } from '@mimic/engine';
import { loadElf } from '../elf/load.js';
import { type ElfIdentity, ElfProblem, identifyElf, type ReadAt, readElf } from '../elf/read.js';
import { E, Errno } from '../errno.js';
import { deviceMount } from '../fs/devices.js';
import { StreamFile } from '../fs/host-file.js';
import { S_IFDIR, S_IFMT } from '../fs/open-file.js';
import { procMount } from '../fs/proc.js';
import { normalize, Vfs } from '../fs/vfs.js';
import type { FileSystem, Host, HostFile, OpenHow } from '../host.js';
import { Timers } from '../signal/timers.js';
import { Kernel, type Tracing } from './kernel.js';
import { NO_LIMIT, Process } from './process.js';
import { buildStack } from './stack.js';
import { Thread } from './thread.js';

/** A file that was found to be a program. */
export interface Program {
  readonly path: string;
  readonly identity: ElfIdentity;
  readonly read: ReadAt;
}

/** Why there is nothing to run: `missing` or `unusable` (exit status 127 or 126 by custom), and a line to show. */
export class ProgramProblem {
  constructor(
    readonly kind: 'missing' | 'unusable',
    readonly message: string,
  ) {}
}

export interface StartOptions {
  readonly host: Host;
  readonly program: Program;
  /** Byte strings, as all names here. */
  readonly argv: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  /** Absolute path of the working directory. */
  readonly cwd: string;
  /** A directory whose files stand before the host's. */
  readonly sysroot?: string;
  /** Bytes; 8 MiB unless given. */
  readonly stackSize?: number;
  readonly tracing?: Tracing;
}

const READING: OpenHow = {
  read: true, write: false, append: false, create: false, exclusive: false, truncate: false,
  directory: false, noFollow: false, nonBlocking: false, mode: 0,
}; // biome-ignore format: a table

const STACK_SIZE = 8 << 20;

/** Opens a program and looks at what it is for. `path` is absolute. */
export function openProgram(files: FileSystem, path: string): Program | ProgramProblem {
  const stat = files.stat(path, true);
  if (stat instanceof Errno) {
    if (stat === E.ENOENT) return new ProgramProblem('missing', 'No such file or directory');
    return new ProgramProblem(
      'unusable',
      stat === E.ENOTDIR ? 'Not a directory' : `cannot be read (${stat.name})`,
    );
  }
  if ((stat.mode & S_IFMT) === S_IFDIR) return new ProgramProblem('unusable', 'Is a directory');
  const file = files.open(path, READING);
  if (file instanceof Errno)
    return new ProgramProblem(
      'unusable',
      file === E.EACCES ? 'Permission denied' : `cannot be read (${file.name})`,
    );
  const read = reader(file);
  const identity = identifyElf(read);
  if (identity instanceof ElfProblem) return new ProgramProblem('unusable', identity.message);
  return { path, identity, read };
}

/** Reads ranges of a file; fewer bytes at its end. */
function reader(file: HostFile): ReadAt {
  return (position, length) => {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const got = file.read(bytes.subarray(done), position + done, true);
      if (got instanceof Errno || got === 0) break;
      done += got;
    }
    return bytes.subarray(0, done);
  };
}

/** Loads a program into the memory of `cpu` and sets the registers for its first instruction. */
export function startProcess(cpu: Cpu, options: StartOptions): Process | ProgramProblem {
  const { host, program } = options;
  const image = readElf(program.read);
  if (image instanceof ElfProblem) return new ProgramProblem('unusable', image.message);
  const { elf } = cpu.abi;
  if (image.class !== elf.class || image.data !== elf.data || image.machine !== elf.machine) {
    return new ProgramProblem(
      'unusable',
      `for another machine (ELF machine ${image.machine}, ${image.class}-bit)`,
    );
  }
  const kernel = new Kernel(cpu.abi, host, options.tracing);
  const process = new Process(kernel, cpu.memory);
  kernel.files = new Vfs(host.files, [procMount(process), deviceMount(process)], options.sysroot);
  process.timers = new Timers(kernel);
  process.cwd = options.cwd;
  process.argv = options.argv;
  process.executable = realName(host.files, program.path);
  process.name = process.executable.slice(process.executable.lastIndexOf('/') + 1).slice(0, 15);
  process.space.readImpliesExecute = image.executableStack ?? true;

  const loaded = loadElf(process.space, image, program.read, process.executable);
  if (loaded instanceof ElfProblem) return new ProgramProblem('unusable', loaded.message);
  let { entry, bias } = loaded;
  let interpreterBase = 0;
  if (image.interpreter !== undefined) {
    const linker = loadInterpreter(process, image.interpreter);
    if (linker instanceof ProgramProblem) return linker;
    ({ entry, bias } = linker);
    interpreterBase = bias;
  }
  process.space.heapStart = process.space.heapEnd = loaded.end;
  const size = options.stackSize ?? STACK_SIZE;
  const executable = image.executableStack ?? true;
  const { argv, environment } = options;
  const sp = buildStack(process, {
    argv,
    environment,
    program: loaded,
    image,
    interpreterBase,
    size,
    executable,
  });
  placeCode(process);
  setLimits(process, size);
  host.standard.forEach((file, fd) => {
    if (file)
      process.descriptors.put(
        fd,
        new StreamFile(
          file.terminal ? '/dev/tty' : `/dev/fd/${fd}`,
          file,
          {
            readable: fd === 0 || file.terminal !== undefined,
            writable: fd !== 0 || file.terminal !== undefined,
          },
          true,
        ),
        false,
      );
  });
  process.threads.push(new Thread(process, cpu, process.pid));
  if (!cpu.hook('start', sp, entry, bias)) throw new Error(`The start hook of ${cpu.abi.name} faulted`);
  return process;
}

function loadInterpreter(process: Process, name: string) {
  const opened = openProgram(process.kernel.files, name);
  if (opened instanceof ProgramProblem)
    return new ProgramProblem(opened.kind, `its interpreter ${name}: ${opened.message}`);
  const image = readElf(opened.read);
  if (image instanceof ElfProblem)
    return new ProgramProblem('unusable', `its interpreter ${name}: ${image.message}`);
  const { elf } = process.kernel.abi;
  if (image.machine !== elf.machine || image.class !== elf.class || image.data !== elf.data) {
    return new ProgramProblem('unusable', `its interpreter ${name} is for another machine (missing -L?)`);
  }
  const base = process.space.mapTop - (64 << 20);
  const loaded = loadElf(process.space, image, opened.read, name, base);
  return loaded instanceof ElfProblem
    ? new ProgramProblem('unusable', `its interpreter ${name}: ${loaded.message}`)
    : loaded;
}

/** Puts the ABI's guest code (signal trampolines) on a page of its own. */
function placeCode(process: Process): void {
  const { kernel, space, memory } = process;
  const codes = Object.entries(kernel.abi.code);
  if (codes.length === 0) return;
  const page = space.map({ length: PAGE_SIZE, access: Perm.R | Perm.X, name: '[sigpage]' });
  if (page instanceof Errno) return;
  let at = page;
  for (const [name, bytes] of codes) {
    memory.pokeBytes(at, bytes);
    process.code.set(name, at);
    at += Math.ceil(bytes.length / 32) * 32;
  }
}

function setLimits(process: Process, stackSize: number): void {
  const { values } = process.kernel;
  for (const number of Object.values(values.group('rlimit')))
    process.limits.set(number, { cur: NO_LIMIT, max: NO_LIMIT });
  process.limits.set(values.get('rlimit', 'RLIMIT_STACK'), { cur: BigInt(stackSize), max: NO_LIMIT });
  process.limits.set(values.get('rlimit', 'RLIMIT_NOFILE'), { cur: 1024n, max: 1048576n });
  process.limits.set(values.get('rlimit', 'RLIMIT_CORE'), { cur: 0n, max: NO_LIMIT });
}

function realName(files: FileSystem, path: string): string {
  const real = files.realpath(path);
  return typeof real === 'string' ? real : normalize(path);
}
