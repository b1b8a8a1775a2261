// A read-only file system of files made on demand: what /proc and /dev are built from.
// In: a table of nodes by path. Out: FileSystem. Must not know: what the nodes say.
import { E, Errno } from '../errno.js';
import type { DirectoryEntry, FileStat, FileSystem, FileSystemStat, HostFile, OpenHow } from '../host.js';
import { BytesFile, FileBytes } from './bytes-file.js';
import { plainStat, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG } from './open-file.js';

/** What stands at a path: a text, a link, a directory, or a file that opens in its own way. */
export type Node =
  | { readonly kind: 'text'; readonly text: () => string | Uint8Array }
  | { readonly kind: 'link'; readonly target: () => string | Errno }
  | { readonly kind: 'directory'; readonly names: () => readonly string[] }
  | { readonly kind: 'device'; readonly rdev: number; readonly open: (how: OpenHow) => HostFile | Errno };

/** Finds nodes; nothing in it can be created, changed or removed. `find` gets normalised paths. */
export class SyntheticFiles implements FileSystem {
  constructor(private readonly find: (path: string) => Node | undefined) {}

  open(path: string, how: OpenHow): HostFile | Errno {
    const node = this.resolve(path, !how.noFollow);
    if (node instanceof Errno) return node;
    if (node.kind === 'device') return node.open(how);
    if (node.kind !== 'text') return node.kind === 'link' ? E.ELOOP : E.EISDIR;
    if (how.write) return E.EACCES;
    const text = node.text();
    const bytes = typeof text === 'string' ? Uint8Array.from(text, (c) => c.charCodeAt(0)) : text;
    return new BytesFile(new FileBytes(bytes), () => describe(path, node), false);
  }
  stat(path: string, follow: boolean): FileStat | Errno {
    const node = this.resolve(path, follow);
    return node instanceof Errno ? node : describe(path, node);
  }
  access(path: string, mode: number): Errno | undefined {
    const node = this.resolve(path, true);
    if (node instanceof Errno) return node;
    return mode & 2 && node.kind !== 'device' ? E.EACCES : undefined;
  }
  readlink(path: string): string | Errno {
    const node = this.find(path);
    if (!node) return E.ENOENT;
    return node.kind === 'link' ? node.target() : E.EINVAL;
  }
  list(path: string): readonly DirectoryEntry[] | Errno {
    const node = this.resolve(path, true);
    if (node instanceof Errno) return node;
    if (node.kind !== 'directory') return E.ENOTDIR;
    return node.names().map((name) => {
      const child = this.find(`${path}/${name}`);
      const type =
        child?.kind === 'directory' ? 4 : child?.kind === 'link' ? 10 : child?.kind === 'device' ? 2 : 8;
      return { name, ino: inoOf(`${path}/${name}`), type };
    });
  }
  statfs(): FileSystemStat {
    return { type: 0x9fa0, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
  }
  realpath(path: string): string | Errno {
    const node = this.find(path);
    if (!node) return E.ENOENT;
    return node.kind === 'link' ? node.target() : path;
  }
  mkdir(): Errno {
    return E.EPERM;
  }
  rmdir(): Errno {
    return E.EPERM;
  }
  unlink(): Errno {
    return E.EPERM;
  }
  rename(): Errno {
    return E.EPERM;
  }
  link(): Errno {
    return E.EPERM;
  }
  symlink(): Errno {
    return E.EPERM;
  }
  chmod(): Errno {
    return E.EPERM;
  }
  chown(): Errno {
    return E.EPERM;
  }
  utimes(): Errno {
    return E.EPERM;
  }
  truncate(): Errno {
    return E.EACCES;
  }

  private resolve(path: string, follow: boolean): Node | Errno {
    let node = this.find(path);
    for (let hops = 0; follow && node?.kind === 'link'; hops++) {
      const target = node.target();
      if (target instanceof Errno) return target;
      if (hops > 8) return E.ELOOP;
      node = this.find(target) ?? undefined;
    }
    return node ?? E.ENOENT;
  }
}

function inoOf(path: string): number {
  let hash = 7;
  for (const c of path) hash = (hash * 31 + c.charCodeAt(0)) >>> 0;
  return hash | 1;
}

function describe(path: string, node: Node): FileStat {
  const ino = inoOf(path);
  if (node.kind === 'directory') return plainStat(S_IFDIR | 0o555, ino);
  if (node.kind === 'link') return plainStat(S_IFLNK | 0o777, ino);
  if (node.kind === 'device') return { ...plainStat(S_IFCHR | 0o666, ino), rdev: node.rdev };
  return plainStat(S_IFREG | 0o444, ino);
}
