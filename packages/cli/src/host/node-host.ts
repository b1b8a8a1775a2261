// The machine under a guest, by Node: files, clock, random bytes, waiting, who we are.
// In: nothing. Out: Host. Must not know: programs, processors.
import { randomFillSync } from 'node:crypto';
import * as os from 'node:os';
import * as tty from 'node:tty';
import type { Host, HostFile, HostTerminal } from '@mimic/linux';
import { attempt, NodeFile, pause } from './host-file.js';
import { NodeFiles } from './host-files.js';
import { toBytes } from './names.js';
import { openTerminal } from './terminal.js';

/** Longest sleep at a time while streams are watched, milliseconds. */
const STEP = 10;

let terminal: HostTerminal | undefined;

/** One of our own three streams; undefined where it is closed. */
function standard(fd: number): HostFile | undefined {
  const isTerminal = tty.isatty(fd);
  if (isTerminal) terminal ??= openTerminal(fd);
  const file = attempt(() => new NodeFile(fd, false, isTerminal ? terminal : undefined));
  return file instanceof NodeFile ? file : undefined;
}

export function createHost(): Host {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  // The library takes the guest's umask off by itself: our own must not take more.
  const umask = process.umask(0);
  return {
    files: new NodeFiles(),
    clock: {
      realtime: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6)),
      monotonic: () => process.hrtime.bigint(),
      cpuTime: () => {
        const { user, system } = process.cpuUsage();
        return { user: BigInt(user) * 1000n, system: BigInt(system) * 1000n };
      },
    },
    identity: {
      pid: process.pid,
      ppid: process.ppid,
      uid,
      gid,
      euid: process.geteuid?.() ?? uid,
      egid: process.getegid?.() ?? gid,
      hostname: toBytes(os.hostname()),
      umask,
    },
    standard: [0, 1, 2].map(standard),
    random: (into) => void randomFillSync(into),
    wait(until, streams) {
      let step = 0.2;
      for (;;) {
        if (streams.some((ready) => ready())) return;
        const left =
          until === undefined ? Number.POSITIVE_INFINITY : Number(until - process.hrtime.bigint()) / 1e6;
        if (left <= 0) return;
        pause(Math.min(left, streams.length > 0 ? step : 1000));
        step = Math.min(step * 2, STEP);
      }
    },
    get memory() {
      return { total: os.totalmem(), free: os.freemem() };
    },
  };
}
