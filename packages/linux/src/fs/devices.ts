// The devices of /dev that every program may count on. In: a process (for its terminal and descriptors). Out: a mount.
// Must not know: who opens them.
import { E, type Errno } from '../errno.js';
import type { FileStat, Host, HostFile } from '../host.js';
import type { Process } from '../process/process.js';
import { makeDevice, plainStat, S_IFCHR } from './open-file.js';
import { type Node, SyntheticFiles } from './synthetic.js';
import type { Mount } from './vfs.js';

/** A device whose reads and writes need no position. */
class CharacterDevice implements HostFile {
  readonly seekable = true;
  constructor(
    private readonly rdev: number,
    private readonly fill: (into: Uint8Array) => number | Errno,
    private readonly take: (from: Uint8Array) => number | Errno,
  ) {}
  read(into: Uint8Array): number | Errno {
    return this.fill(into);
  }
  write(from: Uint8Array): number | Errno {
    return this.take(from);
  }
  stat(): FileStat {
    return { ...plainStat(S_IFCHR | 0o666, 5), rdev: this.rdev };
  }
  truncate(): Errno {
    return E.EINVAL;
  }
  chmod(): Errno {
    return E.EPERM;
  }
  chown(): Errno {
    return E.EPERM;
  }
  utimes(): undefined {}
  sync(): Errno {
    return E.EINVAL;
  }
  close(): void {}
}

/** A second opening of a file of the host, which stays open when this one closes. */
function reopened(file: HostFile): HostFile {
  return new Proxy(file, {
    get: (target, key) => (key === 'close' ? () => {} : bindTo(target, Reflect.get(target, key))),
  });
}
const bindTo = (target: object, value: unknown): unknown =>
  typeof value === 'function' ? value.bind(target) : value;

const all = (from: Uint8Array): number => from.length;
const zeros = (into: Uint8Array): number => into.fill(0).length;

function devices(host: Host): Record<string, Node> {
  const make = (
    minor: number,
    fill: (into: Uint8Array) => number,
    take: (from: Uint8Array) => number | Errno,
  ): Node => {
    const rdev = makeDevice(1, minor);
    return { kind: 'device', rdev, open: () => new CharacterDevice(rdev, fill, take) };
  };
  const random = (into: Uint8Array): number => {
    host.random(into);
    return into.length;
  };
  const terminal = host.standard.find((file) => file?.terminal);
  return {
    null: make(3, () => 0, all),
    zero: make(5, zeros, all),
    full: make(7, zeros, () => E.ENOSPC),
    random: make(8, random, all),
    urandom: make(9, random, all),
    tty: { kind: 'device', rdev: makeDevice(5, 0), open: () => (terminal ? reopened(terminal) : E.ENXIO) },
  };
}

/** Answers for its own names only: the rest of /dev is the host's. */
export function deviceMount(process: Process): Mount {
  const { host } = process.kernel;
  const nodes = devices(host);
  const standard = ['stdin', 'stdout', 'stderr'];
  const find = (path: string): Node | undefined => {
    const name = path.slice('/dev/'.length);
    const fd = standard.includes(name)
      ? standard.indexOf(name)
      : /^fd\/\d+$/.test(name)
        ? Number(name.slice(3))
        : -1;
    if (fd < 0) return nodes[name];
    const file = host.standard[fd];
    return { kind: 'device', rdev: 0, open: () => (file ? reopened(file) : E.ENOENT) };
  };
  return {
    files: new SyntheticFiles(find),
    owns: (path) => path.startsWith('/dev/') && find(path) !== undefined,
  };
}
