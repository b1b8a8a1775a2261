// The descriptor table of a process. In: open files. Out: the lowest free numbers. Must not know: what the files are.
import { E, type Errno } from '../errno.js';
import type { OpenFile } from './open-file.js';

interface Slot {
  readonly file: OpenFile;
  closeOnExec: boolean;
}

/** Numbers from 0 to `limit` - 1. */
export class Descriptors {
  private readonly slots: (Slot | undefined)[] = [];
  limit = 1024;

  get(fd: number): OpenFile | undefined {
    return this.slots[fd]?.file;
  }

  slot(fd: number): Slot | undefined {
    return this.slots[fd];
  }

  /** Puts a file at the lowest free number not below `from`. */
  add(file: OpenFile, closeOnExec = false, from = 0): number | Errno {
    let fd = from;
    while (this.slots[fd]) fd++;
    if (fd >= this.limit) return E.EMFILE;
    this.put(fd, file, closeOnExec);
    return fd;
  }

  /** Puts a file at a number, closing what was there. */
  put(fd: number, file: OpenFile, closeOnExec: boolean): void {
    file.retain();
    const old = this.slots[fd];
    this.slots[fd] = { file, closeOnExec };
    old?.file.release();
  }

  close(fd: number): Errno | undefined {
    const slot = this.slots[fd];
    if (!slot) return E.EBADF;
    this.slots[fd] = undefined;
    slot.file.release();
    return undefined;
  }

  /** Numbers in use, ascending. */
  numbers(): number[] {
    return [...this.slots.keys()].filter((fd) => this.slots[fd]);
  }

  closeAll(): void {
    for (const fd of this.numbers()) this.close(fd);
  }
}
