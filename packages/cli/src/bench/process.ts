// Runs a command and takes its time. In: words. Out: seconds, a hash of what it printed, how it ended.
// Must not know: what the command is.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

export interface Run {
  /** Seconds of all starts together. `user` is the clock's where the machine does not tell processor time. */
  readonly user: number;
  readonly wall: number;
  /** Hash of standard output. */
  readonly output: string;
  readonly status: number;
  /** The last line on standard error. */
  readonly message: string;
}

/** Starts the command $1 times, stops at a failure, writes user and real time to descriptor 3. */
const LOOP = `TIMEFORMAT='%3U %3R'
n=$1 s=0; shift
exec 4>&2 2>&3
time for ((i = 0; i < n; i++)); do "$@" 2>&4 3>&- 4>&- || { s=$?; break; }; done
exit $s`;

let shell: boolean | undefined;
/** Whether bash is there: its \`time\` counts a child's threads, to the millisecond. */
const hasShell = (): boolean => (shell ??= spawnSync('bash', ['-c', ':']).status === 0);

let current: ChildProcess | undefined;
/** Ends what is being measured: it has a process group of its own. */
export function abandon(): void {
  try {
    if (current?.pid !== undefined) process.kill(-current.pid, 'SIGKILL');
  } catch {}
}

/** Runs `command` `starts` times in a row. Ends it after `limit` seconds: status 124. */
export async function timed(
  command: readonly string[],
  starts: number,
  { cwd, limit = 120 }: { readonly cwd?: string; readonly limit?: number } = {},
): Promise<Run> {
  if (hasShell()) return once(['bash', '-c', LOOP, 'bash', String(starts), ...command], true, cwd, limit);
  const output = createHash('sha256');
  let [wall, status, message] = [0, 0, ''];
  for (let i = 0; i < starts && status === 0; i++) {
    const run = await once(command, false, cwd, limit);
    output.update(run.output);
    wall += run.wall;
    ({ status, message } = run);
  }
  return { user: wall, wall, output: output.digest('hex'), status, message };
}

function once(
  words: readonly string[],
  tells: boolean,
  cwd: string | undefined,
  limit: number,
): Promise<Run> {
  return new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(words[0]!, words.slice(1), {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe', tells ? 'pipe' : 'ignore'],
      detached: process.platform !== 'win32',
    });
    current = child;
    const output = createHash('sha256');
    const tail = ['', ''];
    child.stdout!.on('data', (bytes: Buffer) => void output.update(bytes));
    child.stderr!.on('data', (bytes: Buffer) => void (tail[0] = (tail[0]! + bytes).slice(-2000)));
    if (tells) (child.stdio[3] as Readable).on('data', (b: Buffer) => void (tail[1] += b.toString()));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      abandon();
    }, limit * 1000);
    const done = (status: number, message: string): void => {
      clearTimeout(timer);
      current = undefined;
      const wall = (performance.now() - began) / 1000;
      const told = /(\d+\.\d+) (\d+\.\d+)\s*$/.exec(tail[1]!);
      resolve({
        user: told ? Number(told[1]) : wall,
        wall: told ? Number(told[2]) : wall,
        output: output.digest('hex'),
        status: late ? 124 : status,
        message: late ? `took longer than ${limit} s` : message,
      });
    };
    child.on('error', (error) => done(127, error.message));
    child.on('close', (code) => done(code ?? 128, tail[0]!.trim().split('\n').at(-1)!));
  });
}
