// One tree of files out of several: the host's, a sysroot laid over it, and our own /proc and /dev.
// In: absolute paths. Out: whatever the file system that owns the path gives. Must not know: descriptors, guest memory.
import { E, Errno } from '../errno.js';
import type { FileStat, FileSystem, HostFile, OpenHow } from '../host.js';

/** A file system that owns some paths of the tree. */
export interface Mount {
  readonly files: FileSystem;
  /** True for the paths that it answers for. */
  owns(path: string): boolean;
}

/** Resolves `.`, `..` and double slashes by text alone. */
export function normalize(path: string): string {
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') out.pop();
    else if (part !== '' && part !== '.') out.push(part);
  }
  return `/${out.join('/')}`;
}

/** The tree that a process sees. All paths are absolute. */
export class Vfs implements FileSystem {
  /** `sysroot`: a directory whose files stand before the host's, as in `-L`. */
  constructor(
    private readonly host: FileSystem,
    private readonly mounts: readonly Mount[],
    private readonly sysroot: string | undefined,
  ) {}

  open(path: string, how: OpenHow): HostFile | Errno {
    const [files, real] = this.route(path);
    return files.open(real, how);
  }
  stat(path: string, follow: boolean): FileStat | Errno {
    const [files, real] = this.route(path);
    return files.stat(real, follow);
  }
  access(path: string, mode: number) {
    const [files, real] = this.route(path);
    return files.access(real, mode);
  }
  readlink(path: string) {
    const [files, real] = this.route(path);
    return files.readlink(real);
  }
  list(path: string) {
    const [files, real] = this.route(path);
    return files.list(real);
  }
  mkdir(path: string, mode: number) {
    const [files, real] = this.route(path);
    return files.mkdir(real, mode);
  }
  rmdir(path: string) {
    const [files, real] = this.route(path);
    return files.rmdir(real);
  }
  unlink(path: string) {
    const [files, real] = this.route(path);
    return files.unlink(real);
  }
  rename(from: string, to: string) {
    return this.both(from, to, (files, a, b) => files.rename(a, b));
  }
  link(from: string, to: string) {
    return this.both(from, to, (files, a, b) => files.link(a, b));
  }
  symlink(target: string, path: string) {
    const [files, real] = this.route(path);
    return files.symlink(target, real);
  }
  chmod(path: string, mode: number) {
    const [files, real] = this.route(path);
    return files.chmod(real, mode);
  }
  chown(path: string, uid: number, gid: number, follow: boolean) {
    const [files, real] = this.route(path);
    return files.chown(real, uid, gid, follow);
  }
  utimes(path: string, atime: bigint, mtime: bigint, follow: boolean) {
    const [files, real] = this.route(path);
    return files.utimes(real, atime, mtime, follow);
  }
  truncate(path: string, size: number) {
    const [files, real] = this.route(path);
    return files.truncate(real, size);
  }
  statfs(path: string) {
    const [files, real] = this.route(path);
    return files.statfs(real);
  }
  realpath(path: string): string | Errno {
    const [files, real] = this.route(path);
    const found = files.realpath(real);
    if (this.sysroot && typeof found === 'string' && found.startsWith(`${this.sysroot}/`))
      return found.slice(this.sysroot.length);
    return found;
  }

  private both(
    from: string,
    to: string,
    act: (files: FileSystem, a: string, b: string) => Errno | undefined,
  ): Errno | undefined {
    const [fromFiles, a] = this.route(from);
    const [toFiles, b] = this.route(to);
    return fromFiles === toFiles ? act(fromFiles, a, b) : E.EXDEV;
  }

  private route(path: string): [FileSystem, string] {
    if (path.startsWith('/proc') || path.startsWith('/dev') || path.includes('..') || path.includes('//')) {
      const plain = normalize(path);
      for (const mount of this.mounts) if (mount.owns(plain)) return [mount.files, plain];
    }
    if (this.sysroot) {
      const inside = this.sysroot + path;
      if (!(this.host.stat(inside, false) instanceof Errno)) return [this.host, inside];
    }
    return [this.host, path];
  }
}
