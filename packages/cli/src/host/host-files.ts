// The machine's files as a FileSystem, by Node's synchronous calls. In: absolute paths. Out: files, stats, errors.
// Must not know: descriptors of the guest, mounts.
import * as fs from 'node:fs';
import {
  type DirectoryEntry,
  E,
  type Errno,
  type FileStat,
  type FileSystem,
  type FileSystemStat,
  type HostFile,
  type OpenHow,
} from '@mimic/linux';
import { attempt, NodeFile, seconds, statOf } from './host-file.js';
import { toHost } from './names.js';

const C = fs.constants;

const flagsOf = (how: OpenHow): number =>
  (how.read && how.write ? C.O_RDWR : how.write ? C.O_WRONLY : C.O_RDONLY) |
  (how.append ? C.O_APPEND : 0) |
  (how.create ? C.O_CREAT : 0) |
  (how.exclusive ? C.O_EXCL : 0) |
  (how.truncate ? C.O_TRUNC : 0) |
  (how.noFollow ? C.O_NOFOLLOW : 0) |
  (how.nonBlocking ? C.O_NONBLOCK : 0) |
  C.O_NOCTTY;

const perform = (act: () => void): Errno | undefined => attempt(() => void act()) as Errno | undefined;

function typeOf(entry: fs.Dirent): number {
  if (entry.isFile()) return 8;
  if (entry.isDirectory()) return 4;
  if (entry.isSymbolicLink()) return 10;
  if (entry.isFIFO()) return 1;
  if (entry.isCharacterDevice()) return 2;
  if (entry.isBlockDevice()) return 6;
  return entry.isSocket() ? 12 : 0;
}

export class NodeFiles implements FileSystem {
  open(path: string, how: OpenHow): HostFile | Errno {
    const fd = attempt(() => fs.openSync(toHost(path), flagsOf(how), how.mode));
    return typeof fd === 'number' ? new NodeFile(fd, true) : fd;
  }
  stat(path: string, follow: boolean): FileStat | Errno {
    const found = attempt(() =>
      (follow ? fs.statSync : fs.lstatSync)(toHost(path), { bigint: true, throwIfNoEntry: false }),
    );
    if (found === undefined) return path.includes('/') && this.isFileAbove(path) ? E.ENOTDIR : E.ENOENT;
    return 'name' in found ? found : statOf(found);
  }
  access(path: string, mode: number): Errno | undefined {
    return perform(() => fs.accessSync(toHost(path), mode));
  }
  readlink(path: string): string | Errno {
    return attempt(() => fs.readlinkSync(toHost(path), 'latin1' as BufferEncoding));
  }
  list(path: string): readonly DirectoryEntry[] | Errno {
    const entries = attempt(() =>
      fs.readdirSync(toHost(path) as string, { withFileTypes: true, encoding: 'latin1' }),
    );
    if (!Array.isArray(entries)) return entries as Errno;
    return entries.map((entry, i) => ({ name: entry.name, ino: i + 2, type: typeOf(entry) }));
  }
  mkdir(path: string, mode: number): Errno | undefined {
    return perform(() => fs.mkdirSync(toHost(path), mode));
  }
  rmdir(path: string): Errno | undefined {
    return perform(() => fs.rmdirSync(toHost(path)));
  }
  unlink(path: string): Errno | undefined {
    return perform(() => fs.unlinkSync(toHost(path)));
  }
  rename(from: string, to: string): Errno | undefined {
    return perform(() => fs.renameSync(toHost(from), toHost(to)));
  }
  link(from: string, to: string): Errno | undefined {
    return perform(() => fs.linkSync(toHost(from), toHost(to)));
  }
  symlink(target: string, path: string): Errno | undefined {
    return perform(() => fs.symlinkSync(toHost(target), toHost(path)));
  }
  chmod(path: string, mode: number): Errno | undefined {
    return perform(() => fs.chmodSync(toHost(path), mode));
  }
  chown(path: string, uid: number, gid: number, follow: boolean): Errno | undefined {
    return perform(() => (follow ? fs.chownSync : fs.lchownSync)(toHost(path), uid, gid));
  }
  utimes(path: string, atime: bigint, mtime: bigint, follow: boolean): Errno | undefined {
    return perform(() =>
      (follow ? fs.utimesSync : fs.lutimesSync)(toHost(path), seconds(atime), seconds(mtime)),
    );
  }
  truncate(path: string, size: number): Errno | undefined {
    return perform(() => fs.truncateSync(toHost(path) as string, size));
  }
  statfs(path: string): FileSystemStat | Errno {
    return attempt(() => {
      const { type, bsize, blocks, bfree, bavail, files, ffree } = fs.statfsSync(toHost(path));
      return { type, bsize, blocks, bfree, bavail, files, ffree };
    });
  }
  realpath(path: string): string | Errno {
    return attempt(() => fs.realpathSync.native(toHost(path) as string, 'latin1' as BufferEncoding));
  }

  /** statSync says nothing about why there is no entry. */
  private isFileAbove(path: string): boolean {
    const above = path.replace(/\/+[^/]*\/*$/, '');
    if (above === '') return false;
    const stat = attempt(() => fs.statSync(toHost(above), { throwIfNoEntry: false }));
    return stat !== undefined && 'isFile' in stat ? stat.isFile() : this.isFileAbove(above);
  }
}
