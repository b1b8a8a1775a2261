// Open files that a file system gave: regular files, terminals, devices; and directories.
// In: HostFile, lists. Out: OpenFile. Must not know: paths' meaning, guest memory.
import { Blocked, E, Errno, type Readiness } from '../errno.js';
import type { DirectoryEntry, FileStat, FileSystem, HostFile, HostTerminal } from '../host.js';
import { OpenFile, S_IFDIR, S_IFMT, SEEK_CUR, SEEK_END, SEEK_SET } from './open-file.js';

export interface Opening {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly append?: boolean;
  readonly nonBlocking?: boolean;
}

/** A HostFile with our own position. */
export class StreamFile extends OpenFile {
  private position = 0;
  /** Written at the position that other processes share: an inherited output, until the guest seeks. */
  private shared: boolean;
  /** An inherited input is read at our own position, so that the guest can go back; the shared one follows at the end. */
  private readonly settles: boolean;

  constructor(
    name: string,
    readonly host: HostFile,
    how: Opening,
    inherited = false,
  ) {
    super(name, how.readable, how.writable);
    this.append = how.append ?? false;
    this.nonBlocking = how.nonBlocking ?? false;
    this.settles = inherited && host.seekable && !how.writable;
    this.shared = !host.seekable || (inherited && how.writable);
    if (inherited && host.seekable) this.position = host.position?.() ?? 0;
  }

  override read(into: Uint8Array): number | Errno | Blocked {
    const got = this.host.read(into, this.shared ? undefined : this.position, !this.nonBlocking);
    if (typeof got === 'number') this.position += got;
    return this.orBlocked(got, { read: true });
  }

  override write(from: Uint8Array): number | Errno | Blocked {
    const put = this.host.write(from, this.shared || this.append ? undefined : this.position);
    if (typeof put === 'number') this.position += put;
    if (this.append && !this.shared) this.position = this.size() ?? this.position;
    return this.orBlocked(put, { write: true });
  }

  override readAt(into: Uint8Array, position: number): number | Errno {
    return this.host.seekable ? this.host.read(into, position, true) : E.ESPIPE;
  }

  override writeAt(from: Uint8Array, position: number): number | Errno {
    return this.host.seekable ? this.host.write(from, position) : E.ESPIPE;
  }

  override seek(offset: number, whence: number): number | Errno {
    if (!this.host.seekable) return E.ESPIPE;
    const base =
      whence === SEEK_SET
        ? 0
        : whence === SEEK_CUR
          ? this.position
          : whence === SEEK_END
            ? this.size()
            : undefined;
    if (base === undefined || base + offset < 0) return E.EINVAL;
    if (base + offset !== this.position) this.shared = false;
    return (this.position = base + offset);
  }

  override stat(): FileStat | Errno {
    return this.host.stat();
  }
  override truncate(size: number): Errno | undefined {
    return this.host.truncate(size);
  }
  override chmod(mode: number): Errno | undefined {
    return this.host.chmod(mode);
  }
  override chown(uid: number, gid: number): Errno | undefined {
    return this.host.chown(uid, gid);
  }
  override utimes(atime: bigint, mtime: bigint): Errno | undefined {
    return this.host.utimes(atime, mtime);
  }
  override sync(): Errno | undefined {
    return this.host.sync();
  }
  override ready(events: Readiness): Readiness {
    return this.host.ready?.(events) ?? { read: true, write: true };
  }
  override available(): number | Errno {
    if (this.host.seekable) return Math.max((this.size() ?? 0) - this.position, 0);
    return this.host.available?.() ?? E.ENOTTY;
  }
  override get terminal(): HostTerminal | undefined {
    return this.host.terminal;
  }
  protected override close(): void {
    if (this.settles) this.host.settle?.(this.position);
    this.host.close();
  }

  private size(): number | undefined {
    const stat = this.host.stat();
    return stat instanceof Errno ? undefined : stat.size;
  }

  private orBlocked(result: number | Errno, events: Readiness): number | Errno | Blocked {
    if (result !== E.EAGAIN || this.nonBlocking) return result;
    return new Blocked(undefined, [{ ready: (e) => this.ready(e), events }]);
  }
}

/** An open directory: a snapshot of the names, taken at the first read after a rewind. */
export class DirectoryFile extends OpenFile {
  private entries: readonly DirectoryEntry[] | undefined;
  private next = 0;

  constructor(
    name: string,
    private readonly files: FileSystem,
  ) {
    super(name, true, false);
  }

  override read(): Errno {
    return E.EISDIR;
  }
  override write(): Errno {
    return E.EBADF;
  }
  override readAt(): Errno {
    return E.EISDIR;
  }
  override stat(): FileStat | Errno {
    return this.files.stat(this.name, true);
  }
  override chmod(mode: number): Errno | undefined {
    return this.files.chmod(this.name, mode);
  }
  override chown(uid: number, gid: number): Errno | undefined {
    return this.files.chown(this.name, uid, gid, true);
  }
  override utimes(atime: bigint, mtime: bigint): Errno | undefined {
    return this.files.utimes(this.name, atime, mtime, true);
  }
  override sync(): Errno | undefined {
    return undefined;
  }
  override get isDirectory(): boolean {
    return true;
  }

  /** The position is the number of the next entry. */
  override seek(offset: number, whence: number): number | Errno {
    const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? this.next : undefined;
    if (base === undefined || base + offset < 0) return E.EINVAL;
    if (base + offset === 0) this.entries = undefined;
    return (this.next = base + offset);
  }

  override list(): readonly DirectoryEntry[] | Errno {
    if (!this.entries) {
      const names = this.files.list(this.name);
      if (names instanceof Errno) return names;
      const own = this.stat();
      const ino = own instanceof Errno ? 1 : own.ino;
      this.entries = [{ name: '.', ino, type: 4 }, { name: '..', ino, type: 4 }, ...names];
    }
    return this.entries.slice(this.next);
  }
}

/** Opens a path of a file system as a file or a directory. */
export function openPath(
  files: FileSystem,
  path: string,
  how: Parameters<FileSystem['open']>[1],
): OpenFile | Errno {
  const found = files.stat(path, !how.noFollow);
  const isDirectory = !(found instanceof Errno) && (found.mode & S_IFMT) === S_IFDIR;
  if (isDirectory) {
    if (how.create && how.exclusive) return E.EEXIST;
    if (how.write || how.create) return E.EISDIR;
    const denied = files.access(path, 4);
    return denied ?? new DirectoryFile(path, files);
  }
  if (how.directory) return found instanceof Errno ? found : E.ENOTDIR;
  const file = files.open(path, how);
  if (file instanceof Errno) return file;
  return new StreamFile(path, file, {
    readable: how.read,
    writable: how.write,
    append: how.append,
    nonBlocking: how.nonBlocking,
  });
}
