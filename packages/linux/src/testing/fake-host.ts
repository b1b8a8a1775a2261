// A machine for tests: files in memory, a clock that moves when it is waited for, output that is kept.
// In: nothing. Out: Host. Must not know: Node.
import { BytesFile, FileBytes } from '../fs/bytes-file.js';
import { MemoryFiles } from '../fs/memory-files.js';
import { plainStat, S_IFCHR } from '../fs/open-file.js';
import type { Host, HostFile } from '../host.js';

export class FakeHost implements Host {
  now = 5_000_000_000n;
  output = '';
  readonly files = new MemoryFiles(() => this.now);
  readonly clock = {
    realtime: () => this.now + 1_700_000_000_000_000_000n,
    monotonic: () => this.now,
    cpuTime: () => ({ user: this.now, system: 0n }),
  };
  readonly identity = {
    pid: 42,
    ppid: 1,
    uid: 1000,
    gid: 100,
    euid: 1000,
    egid: 100,
    hostname: 'host',
    umask: 0o022,
  };
  readonly memory = { total: 2 ** 30, free: 2 ** 29 };
  readonly standard: readonly HostFile[] = [this.stream(), this.stream(), this.stream()];

  random(into: Uint8Array): void {
    into.fill(7);
  }
  /** Time passes only here. Throws where nothing could end the wait. */
  wait(until: bigint | undefined, streams: readonly (() => boolean)[]): void {
    if (streams.some((ready) => ready())) return;
    if (until === undefined) throw new Error('the guest waits for ever');
    this.now = until;
  }

  private stream(): HostFile {
    const file = new BytesFile(new FileBytes(), () => plainStat(S_IFCHR | 0o600, 3), true);
    const write = (from: Uint8Array): number => {
      this.output += String.fromCharCode(...from);
      return from.length;
    };
    return Object.assign(Object.create(file) as HostFile, { write, seekable: false });
  }
}
