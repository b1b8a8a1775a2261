// Pipes and event counters: files that live in the library alone. In: bytes. Out: bytes, "would block", EPIPE.
// Must not know: who reads and writes, signals.
import { Blocked, E, type Errno, type Readiness } from '../errno.js';
import type { FileStat } from '../host.js';
import { OpenFile, plainStat, S_IFIFO, S_IFREG } from './open-file.js';

const CAPACITY = 65536;
/** Writes of up to this many bytes are not torn. */
const ATOMIC = 4096;

class PipeBuffer {
  private readonly chunks: Uint8Array[] = [];
  size = 0;
  readers = 1;
  writers = 1;

  take(into: Uint8Array): number {
    let done = 0;
    while (done < into.length && this.chunks.length > 0) {
      const chunk = this.chunks[0]!;
      const part = chunk.subarray(0, into.length - done);
      into.set(part, done);
      done += part.length;
      if (part.length === chunk.length) this.chunks.shift();
      else this.chunks[0] = chunk.subarray(part.length);
    }
    this.size -= done;
    return done;
  }

  put(from: Uint8Array): void {
    this.chunks.push(from.slice());
    this.size += from.length;
  }
}

class PipeReader extends OpenFile {
  constructor(
    name: string,
    private readonly pipe: PipeBuffer,
    private readonly ino: number,
  ) {
    super(name, true, false);
  }
  override read(into: Uint8Array): number | Errno | Blocked {
    if (this.pipe.size > 0 || into.length === 0) return this.pipe.take(into);
    if (this.pipe.writers === 0) return 0;
    return this.nonBlocking ? E.EAGAIN : new Blocked();
  }
  override ready(): Readiness {
    const { size, writers } = this.pipe;
    return { read: size > 0, hangup: writers === 0 };
  }
  override available(): number {
    return this.pipe.size;
  }
  override stat(): FileStat {
    return plainStat(S_IFIFO | 0o600, this.ino);
  }
  protected override close(): void {
    this.pipe.readers--;
  }
}

class PipeWriter extends OpenFile {
  constructor(
    name: string,
    private readonly pipe: PipeBuffer,
    private readonly ino: number,
  ) {
    super(name, false, true);
  }
  override write(from: Uint8Array): number | Errno | Blocked {
    if (this.pipe.readers === 0) return E.EPIPE;
    const room = CAPACITY - this.pipe.size;
    const fits = from.length <= ATOMIC ? from.length <= room : room > 0;
    if (!fits) return this.nonBlocking ? E.EAGAIN : new Blocked();
    const part = from.subarray(0, room);
    this.pipe.put(part);
    return part.length;
  }
  override ready(): Readiness {
    const { size, readers } = this.pipe;
    return { write: size + ATOMIC <= CAPACITY, error: readers === 0 };
  }
  override stat(): FileStat {
    return plainStat(S_IFIFO | 0o600, this.ino);
  }
  protected override close(): void {
    this.pipe.writers--;
  }
}

/** The two ends of a new pipe. `ino` names it in /proc. */
export function makePipe(ino: number): { readonly reader: OpenFile; readonly writer: OpenFile } {
  const pipe = new PipeBuffer();
  const name = `pipe:[${ino}]`;
  return { reader: new PipeReader(name, pipe, ino), writer: new PipeWriter(name, pipe, ino) };
}

const COUNTER_MAX = 0xffff_ffff_ffff_fffen;

/** eventfd(2): a 64-bit counter in the guest's byte order. */
export class EventFile extends OpenFile {
  constructor(
    private count: bigint,
    private readonly semaphore: boolean,
    private readonly little: boolean,
  ) {
    super('anon_inode:[eventfd]', true, true);
  }
  override read(into: Uint8Array): number | Errno | Blocked {
    if (into.length < 8) return E.EINVAL;
    if (this.count === 0n) return this.nonBlocking ? E.EAGAIN : new Blocked();
    const value = this.semaphore ? 1n : this.count;
    this.count -= value;
    new DataView(into.buffer, into.byteOffset).setBigUint64(0, value, this.little);
    return 8;
  }
  override write(from: Uint8Array): number | Errno | Blocked {
    if (from.length < 8) return E.EINVAL;
    const value = new DataView(from.buffer, from.byteOffset).getBigUint64(0, this.little);
    if (value > COUNTER_MAX) return E.EINVAL;
    if (this.count + value > COUNTER_MAX) return this.nonBlocking ? E.EAGAIN : new Blocked();
    this.count += value;
    return 8;
  }
  override ready(): Readiness {
    return { read: this.count > 0n, write: this.count < COUNTER_MAX };
  }
  override stat(): FileStat {
    return plainStat(S_IFREG | 0o600, 1);
  }
}
