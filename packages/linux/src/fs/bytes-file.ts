// A HostFile over a byte array that can grow: files of the memory file system, of /proc, and memfd.
// In: initial bytes. Out: reads and writes. Must not know: names.
import { E, type Errno } from '../errno.js';
import type { FileStat, HostFile } from '../host.js';

/** The contents of a file, shared by all who have it open. */
export class FileBytes {
  private bytes: Uint8Array;
  size: number;

  constructor(initial: Uint8Array = new Uint8Array(0)) {
    this.bytes = initial;
    this.size = initial.length;
  }

  read(into: Uint8Array, position: number): number {
    if (position >= this.size) return 0;
    const part = this.bytes.subarray(position, Math.min(this.size, position + into.length));
    into.set(part);
    return part.length;
  }

  write(from: Uint8Array, position: number): number {
    this.resize(Math.max(this.size, position + from.length));
    this.bytes.set(from, position);
    return from.length;
  }

  resize(size: number): void {
    if (size > this.bytes.length) {
      const larger = new Uint8Array(Math.max(size, this.bytes.length * 2));
      larger.set(this.bytes.subarray(0, this.size));
      this.bytes = larger;
    }
    if (size < this.size) this.bytes.fill(0, size, this.size);
    this.size = size;
  }
}

export class BytesFile implements HostFile {
  readonly seekable = true;
  private at = 0;

  /** `describe` gives the stat without the size; `writable` false: writes fail with EBADF. */
  constructor(
    private readonly bytes: FileBytes,
    private readonly describe: () => FileStat,
    private readonly writable: boolean,
  ) {}

  read(into: Uint8Array, position: number | undefined): number {
    const got = this.bytes.read(into, position ?? this.at);
    if (position === undefined) this.at += got;
    return got;
  }
  /** Without a position: at the end. */
  write(from: Uint8Array, position: number | undefined): number | Errno {
    return this.writable ? this.bytes.write(from, position ?? this.bytes.size) : E.EBADF;
  }
  stat(): FileStat {
    return { ...this.describe(), size: this.bytes.size };
  }
  truncate(size: number): Errno | undefined {
    if (!this.writable) return E.EINVAL;
    this.bytes.resize(size);
    return undefined;
  }
  chmod(): undefined {}
  chown(): undefined {}
  utimes(): undefined {}
  sync(): undefined {}
  close(): void {}
}
