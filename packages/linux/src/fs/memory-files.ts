// A file system in memory: for tests, for the browser, for guests that should see nothing of the host.
// In: files by path. Out: FileSystem. Must not know: who mounts it.
import { E, Errno } from '../errno.js';
import type { DirectoryEntry, FileStat, FileSystem, FileSystemStat, HostFile, OpenHow } from '../host.js';
import { BytesFile, FileBytes } from './bytes-file.js';
import { plainStat, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from './open-file.js';

interface Inode {
  readonly ino: number;
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  atime: bigint;
  mtime: bigint;
  ctime: bigint;
  readonly bytes?: FileBytes;
  readonly children?: Map<string, Inode>;
  readonly target?: string;
}

/** Links are followed; permissions are kept but not enforced. */
export class MemoryFiles implements FileSystem {
  private ino = 1;
  private readonly root: Inode;

  constructor(private readonly now: () => bigint = () => 0n) {
    this.root = this.make(S_IFDIR | 0o755, { children: new Map() });
  }

  /** Creates a file and the directories above it. */
  add(path: string, contents: Uint8Array | string, mode = 0o644): void {
    const bytes = typeof contents === 'string' ? Uint8Array.from(contents, (c) => c.charCodeAt(0)) : contents;
    const parts = path.split('/').filter(Boolean);
    let at = this.root;
    for (const part of parts.slice(0, -1)) {
      let next = at.children!.get(part);
      if (!next) at.children!.set(part, (next = this.make(S_IFDIR | 0o755, { children: new Map() })));
      at = next;
    }
    at.children!.set(parts.at(-1)!, this.make(S_IFREG | mode, { bytes: new FileBytes(bytes) }));
  }

  open(path: string, how: OpenHow): HostFile | Errno {
    const found = this.find(path, !how.noFollow);
    if (found instanceof Errno && (found !== E.ENOENT || !how.create)) return found;
    let node = found;
    if (node instanceof Errno) {
      const made = this.insert(path, () => this.make(S_IFREG | how.mode, { bytes: new FileBytes() }));
      if (made instanceof Errno) return made;
      node = made;
    } else if (how.create && how.exclusive) return E.EEXIST;
    if (node.target !== undefined) return E.ELOOP;
    if (!node.bytes) return E.EISDIR;
    if (how.truncate) node.bytes.resize(0);
    const file = node;
    return new BytesFile(node.bytes, () => this.describe(file), how.write);
  }
  stat(path: string, follow: boolean): FileStat | Errno {
    const node = this.find(path, follow);
    return node instanceof Errno ? node : this.describe(node);
  }
  access(path: string): Errno | undefined {
    const node = this.find(path, true);
    return node instanceof Errno ? node : undefined;
  }
  readlink(path: string): string | Errno {
    const node = this.find(path, false);
    return node instanceof Errno ? node : (node.target ?? E.EINVAL);
  }
  list(path: string): readonly DirectoryEntry[] | Errno {
    const node = this.find(path, true);
    if (node instanceof Errno) return node;
    if (!node.children) return E.ENOTDIR;
    return [...node.children].map(([name, child]) => ({
      name,
      ino: child.ino,
      type: (child.mode & S_IFMT) >> 12,
    }));
  }
  mkdir(path: string, mode: number): Errno | undefined {
    const made = this.insert(path, () => this.make(S_IFDIR | mode, { children: new Map() }));
    return made instanceof Errno ? made : undefined;
  }
  rmdir(path: string): Errno | undefined {
    return this.remove(path, (node) =>
      !node.children ? E.ENOTDIR : node.children.size > 0 ? E.ENOTEMPTY : undefined,
    );
  }
  unlink(path: string): Errno | undefined {
    return this.remove(path, (node) => (node.children ? E.EISDIR : undefined));
  }
  rename(from: string, to: string): Errno | undefined {
    const node = this.find(from, false);
    if (node instanceof Errno) return node;
    const old = this.find(to, false);
    if (old === node) return undefined;
    if (!(old instanceof Errno)) {
      const bad = node.children ? this.rmdir(to) : this.unlink(to);
      if (bad) return bad;
    }
    const put = this.insert(to, () => node);
    if (put instanceof Errno) return put;
    return this.remove(from, () => undefined);
  }
  link(from: string, to: string): Errno | undefined {
    const node = this.find(from, false);
    if (node instanceof Errno) return node;
    if (node.children) return E.EPERM;
    const put = this.insert(to, () => node);
    if (put instanceof Errno) return put;
    node.nlink++;
    return undefined;
  }
  symlink(target: string, path: string): Errno | undefined {
    const made = this.insert(path, () => this.make(S_IFLNK | 0o777, { target }));
    return made instanceof Errno ? made : undefined;
  }
  chmod(path: string, mode: number): Errno | undefined {
    return this.change(path, true, (node) => (node.mode = (node.mode & S_IFMT) | mode));
  }
  chown(path: string, uid: number, gid: number, follow: boolean): Errno | undefined {
    return this.change(path, follow, (node) => {
      if (uid !== -1) node.uid = uid;
      if (gid !== -1) node.gid = gid;
    });
  }
  utimes(path: string, atime: bigint, mtime: bigint, follow: boolean): Errno | undefined {
    return this.change(path, follow, (node) => Object.assign(node, { atime, mtime }));
  }
  truncate(path: string, size: number): Errno | undefined {
    const node = this.find(path, true);
    if (node instanceof Errno) return node;
    if (!node.bytes) return E.EISDIR;
    node.bytes.resize(size);
    return undefined;
  }
  statfs(): FileSystemStat {
    return {
      type: 0x01021994,
      bsize: 4096,
      blocks: 1 << 18,
      bfree: 1 << 17,
      bavail: 1 << 17,
      files: 1 << 16,
      ffree: 1 << 15,
    };
  }
  realpath(path: string): string | Errno {
    const node = this.find(path, true);
    return node instanceof Errno ? node : path;
  }

  private make(mode: number, rest: Partial<Inode>): Inode {
    const at = this.now();
    return { ino: this.ino++, mode, uid: 0, gid: 0, nlink: 1, atime: at, mtime: at, ctime: at, ...rest };
  }

  private find(path: string, follow: boolean, hops = 0): Inode | Errno {
    if (hops > 16) return E.ELOOP;
    const parts = path.split('/').filter((p) => p !== '' && p !== '.');
    const trail: Inode[] = [this.root];
    for (const [i, part] of parts.entries()) {
      const at = trail.at(-1)!;
      if (!at.children) return E.ENOTDIR;
      if (part === '..') {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const next = at.children.get(part);
      if (!next) return E.ENOENT;
      if (next.target !== undefined && (follow || i < parts.length - 1)) {
        const base = next.target.startsWith('/') ? '' : `/${parts.slice(0, i).join('/')}`;
        return this.find(`${base}/${next.target}/${parts.slice(i + 1).join('/')}`, follow, hops + 1);
      }
      trail.push(next);
    }
    return trail.at(-1)!;
  }

  private parent(path: string): { readonly children: Map<string, Inode>; readonly name: string } | Errno {
    const parts = path.split('/').filter(Boolean);
    const name = parts.pop();
    if (name === undefined) return E.EEXIST;
    const node = this.find(`/${parts.join('/')}`, true);
    if (node instanceof Errno) return node;
    return node.children ? { children: node.children, name } : E.ENOTDIR;
  }

  private insert(path: string, make: () => Inode): Inode | Errno {
    const place = this.parent(path);
    if (place instanceof Errno) return place;
    if (place.children.has(place.name)) return E.EEXIST;
    const node = make();
    place.children.set(place.name, node);
    return node;
  }

  private remove(path: string, check: (node: Inode) => Errno | undefined): Errno | undefined {
    const place = this.parent(path);
    if (place instanceof Errno) return place === E.EEXIST ? E.EBUSY : place;
    const node = place.children.get(place.name);
    if (!node) return E.ENOENT;
    const bad = check(node);
    if (bad) return bad;
    node.nlink--;
    place.children.delete(place.name);
    return undefined;
  }

  private change(path: string, follow: boolean, act: (node: Inode) => unknown): Errno | undefined {
    const node = this.find(path, follow);
    if (node instanceof Errno) return node;
    act(node);
    node.ctime = this.now();
    return undefined;
  }

  private describe(node: Inode): FileStat {
    const { ino, mode, uid, gid, nlink, atime, mtime, ctime } = node;
    const size = node.bytes?.size ?? node.target?.length ?? 0;
    return {
      ...plainStat(mode, ino),
      uid,
      gid,
      nlink,
      size,
      blocks: Math.ceil(size / 512),
      atime,
      mtime,
      ctime,
    };
  }
}
