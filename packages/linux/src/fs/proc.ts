// The little /proc that programs ask for. In: a process. Out: a mount. Must not know: who reads it.
import { Perm } from '@mimic/bus';
import { E, Errno } from '../errno.js';
import type { Process } from '../process/process.js';
import { type Node, SyntheticFiles } from './synthetic.js';
import type { Mount } from './vfs.js';

const KIB = 1024;
const text = (make: () => string | Uint8Array): Node => ({ kind: 'text', text: make });
const directory = (names: () => readonly string[]): Node => ({ kind: 'directory', names });

/** /proc for one process. Links to its files lead out of the mount: opening them goes through the whole tree. */
export function procMount(process: Process): Mount {
  const { kernel } = process;
  const own = selfNodes(process);
  const system: Record<string, Node> = {
    cpuinfo: text(() => `processor\t: 0\nmachine\t\t: ${kernel.abi.machineName}\n`),
    meminfo: text(() => {
      const { total, free } = kernel.host.memory;
      const rows = {
        MemTotal: total,
        MemFree: free,
        MemAvailable: free,
        Buffers: 0,
        Cached: 0,
        SwapTotal: 0,
        SwapFree: 0,
      };
      return Object.entries(rows)
        .map(([k, v]) => `${`${k}:`.padEnd(16)}${String(Math.floor(v / KIB)).padStart(8)} kB\n`)
        .join('');
    }),
    uptime: text(() => `${(Number(kernel.monotonic()) / 1e9).toFixed(2)} 0.00\n`),
    loadavg: text(() => `0.00 0.00 0.00 1/1 ${process.pid}\n`),
    stat: text(
      () =>
        `cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nbtime ${kernel.realtime() / 1_000_000_000n}\nprocesses 1\n`,
    ),
    version: text(() => `${kernel.name.sysname} version ${kernel.name.release} ${kernel.name.version}\n`),
    filesystems: text(() => 'nodev\tproc\nnodev\ttmpfs\n\text4\n'),
    mounts: text(() => 'rootfs / ext4 rw 0 0\nproc /proc proc rw 0 0\n'),
    'sys/kernel/osrelease': text(() => `${kernel.name.release}\n`),
    'sys/kernel/pid_max': text(() => '4194304\n'),
    'sys/kernel/randomize_va_space': text(() => '2\n'),
    'sys/vm/overcommit_memory': text(() => '0\n'),
    'sys/vm/mmap_min_addr': text(() => `${process.memory.lowest}\n`),
  };
  const find = (path: string): Node | undefined => {
    const inside = path.slice('/proc/'.length);
    if (inside === '')
      return directory(() => [
        ...Object.keys(system).filter((n) => !n.includes('/')),
        'self',
        `${process.pid}`,
      ]);
    if (inside === 'self' || inside === 'thread-self')
      return { kind: 'link', target: () => `/proc/${process.pid}` };
    const [first, ...rest] = inside.split('/');
    if (first === 'self' || first === 'thread-self' || first === `${process.pid}`) return own(rest.join('/'));
    return system[inside];
  };
  const files = new ProcFiles(find, process);
  return { files, owns: (path) => path === '/proc' || path.startsWith('/proc/') };
}

/** Opening self/exe, self/cwd or self/fd/N opens what the link leads to. */
class ProcFiles extends SyntheticFiles {
  constructor(
    private readonly node: (path: string) => Node | undefined,
    private readonly process: Process,
  ) {
    super(node);
  }
  override open(path: string, how: Parameters<SyntheticFiles['open']>[1]) {
    const target = this.outside(path);
    return target === undefined ? super.open(path, how) : this.process.kernel.files.open(target, how);
  }
  override stat(path: string, follow: boolean) {
    const target = follow ? this.outside(path) : undefined;
    return target === undefined ? super.stat(path, follow) : this.process.kernel.files.stat(target, true);
  }
  override access(path: string, mode: number) {
    const target = this.outside(path);
    return target === undefined ? super.access(path, mode) : this.process.kernel.files.access(target, mode);
  }
  private outside(path: string): string | undefined {
    const node = this.node(path);
    const target = node?.kind === 'link' ? node.target() : undefined;
    return typeof target === 'string' && target.startsWith('/') && !target.startsWith('/proc/')
      ? target
      : undefined;
  }
}

function selfNodes(process: Process): (name: string) => Node | undefined {
  const range = ([start, end]: readonly [number, number]) => {
    const bytes = new Uint8Array(end - start);
    if (bytes.length > 0 && !process.memory.check(start, bytes.length, Perm.R))
      process.memory.peekBytes(start, bytes);
    return bytes;
  };
  const nodes: Record<string, Node> = {
    exe: { kind: 'link', target: () => process.executable },
    cwd: { kind: 'link', target: () => process.cwd },
    root: { kind: 'link', target: () => '/' },
    maps: text(() => maps(process)),
    cmdline: text(() => range(process.argvRange)),
    environ: text(() => range(process.environRange)),
    auxv: text(() => process.auxv),
    comm: text(() => `${process.name}\n`),
    stat: text(() => statLine(process)),
    statm: text(() => '2048 1024 512 256 0 512 0\n'),
    status: text(() => status(process)),
    mounts: text(() => 'rootfs / ext4 rw 0 0\nproc /proc proc rw 0 0\n'),
  };
  return (name) => {
    if (name === '') return directory(() => [...Object.keys(nodes), 'fd', 'task']);
    if (name === 'fd') return directory(() => process.descriptors.numbers().map(String));
    if (name === 'task') return directory(() => [`${process.pid}`]);
    const task = /^task\/\d+(?:\/(.*))?$/.exec(name);
    if (task) return nodes[task[1] ?? ''] ?? directory(() => Object.keys(nodes));
    const fd = /^fd\/(\d+)$/.exec(name);
    if (!fd) return nodes[name];
    const file = process.descriptors.get(Number(fd[1]));
    return file && { kind: 'link', target: () => file.name };
  };
}

function maps(process: Process): string {
  const hex = (n: number) => n.toString(16).padStart(8, '0');
  const lines = process.space.list.map((area) => {
    const { access, shared, start, end, offset, name } = area;
    const bits = `${access & 1 ? 'r' : '-'}${access & 2 ? 'w' : '-'}${access & 4 ? 'x' : '-'}${shared ? 's' : 'p'}`;
    const stat = name.startsWith('/') ? process.kernel.files.stat(name, true) : E.ENOENT;
    const ino = stat instanceof Errno ? 0 : stat.ino;
    const line = `${hex(start)}-${hex(end)} ${bits} ${hex(offset)} 00:00 ${ino}`;
    return name ? `${line.padEnd(72)} ${name}\n` : `${line}\n`;
  });
  return lines.join('');
}

function statLine(process: Process): string {
  const stack = process.space.list.find((a) => a.name === '[stack]');
  const fields = new Array<number | string>(52).fill(0);
  fields[0] = process.pid;
  fields[1] = `(${process.name})`;
  fields[2] = 'R';
  fields[3] = process.ppid;
  fields[4] = process.pid;
  fields[5] = process.pid;
  fields[19] = 1;
  fields[27] = stack?.end ?? 0;
  return `${fields.join(' ')}\n`;
}

function status(process: Process): string {
  const { uid, euid, suid, gid, egid, sgid } = process.credentials;
  return [
    `Name:\t${process.name}`,
    'State:\tR (running)',
    `Tgid:\t${process.pid}`,
    `Pid:\t${process.pid}`,
    `PPid:\t${process.ppid}`,
    `Uid:\t${uid}\t${euid}\t${suid}\t${euid}`,
    `Gid:\t${gid}\t${egid}\t${sgid}\t${egid}`,
    `Threads:\t${process.threads.length}`,
    '',
  ].join('\n');
}
