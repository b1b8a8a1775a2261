// The programs that are measured. In: the repository's folder, an architecture's name. Out: Workload.
// Must not know: how they are run or timed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { suiteFolder } from './architectures.js';
import type { Group } from './model.js';

export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly group: Group;
  readonly architecture: string;
  /** The guest program; made by `prepare` for some. */
  readonly program: string;
  /** Its arguments, for a repeat count. */
  args(repeats: number): readonly string[];
  /** What is repeated to make it last: work within the program, or its start; or it lasts as it is. */
  readonly repeat: 'work' | 'start' | 'never';
  /** A command to compare with whatever --vs says; its output is another matter. */
  readonly rival?: readonly string[];
  /** Makes the program; gives what went wrong. */
  readonly prepare?: () => string | undefined;
  /** Said where the program is missing. */
  readonly missing?: string;
}

const nothing = (): readonly string[] => [];
const count = (n: number): readonly string[] => [String(n)];

/** Folders of kernels: one an architecture. Each holds binaries. */
export function architectures(root: string): string[] {
  const dir = join(root, 'benchmarks/kernels');
  if (!existsSync(dir)) return [];
  return readdirSync(dir).filter(
    (name) => statSync(join(dir, name)).isDirectory() && existsSync(join(dir, name, 'integer')),
  );
}

const KERNELS = {
  integer: 'integer: list, matrix, states, CRC',
  bytes: 'bytes: LZ, SHA-256, sieve',
  calls: 'calls: recursive, indirect, sort',
  nbody: 'n-body, doubles',
  fft: 'FFT, doubles',
} as const;

/** Workloads for one architecture; `work` is a folder for programs that are made. */
export function workloads(root: string, architecture: string, work: string): Workload[] {
  const here = join(root, 'benchmarks/workloads');
  const suites = join(process.env['SUITES'] || join(homedir(), '.cache/mimic-suites'), 'build');
  const built = (name: string): string => join(suites, suiteFolder(architecture), name);
  const missing = `not built: run the outside suites' build.sh ${suiteFolder(architecture)} `;
  const hello = join(root, 'test-roms', architecture, 'bin/hello');
  const flat = join(work, `flat-${architecture}`);
  const common = { architecture, args: nothing } as const;
  return [
    ...Object.entries(KERNELS).map(([id, title]): Workload => {
      const program = join(root, 'benchmarks/kernels', architecture, id);
      return { ...common, id, title, group: 'execution', program, args: count, repeat: 'work' };
    }),
    {
      ...common,
      id: 'lua',
      title: 'Lua: tables, strings, closures, floats',
      group: 'execution',
      program: built('lua'),
      args: (n) => [join(here, 'work.lua'), String(n)],
      repeat: 'work',
      missing: `${missing}lua`,
    },
    {
      ...common,
      id: 'sqlite3',
      title: 'SQLite: inserts, joins, aggregates',
      group: 'execution',
      program: built('sqlite3'),
      args: (n) => [
        ...['-batch', '-init', '/dev/null', '-cmd', `CREATE TEMP TABLE scale AS SELECT ${n} AS n`],
        ...[':memory:', `.read ${join(here, 'work.sql')}`],
      ],
      repeat: 'work',
      missing: `${missing}sqlite3`,
    },
    {
      ...common,
      id: 'hello-node',
      title: 'hello, against node -e 0',
      group: 'start-up',
      program: hello,
      repeat: 'start',
      rival: [process.execPath, '-e', '0'],
    },
    { ...common, id: 'hello', title: 'hello', group: 'start-up', program: hello, repeat: 'start' },
    {
      ...common,
      id: 'shell',
      title: 'BusyBox sh, 50 builtins',
      group: 'start-up',
      program: built('busybox'),
      args: () => ['sh', join(here, 'builtins.sh')],
      repeat: 'start',
      missing: `${missing}busybox`,
    },
    {
      ...common,
      id: 'flat',
      title: 'flat: 70 k instructions, 100 M executed',
      group: 'start-up',
      program: flat,
      repeat: 'never',
      prepare: () => generate(join(here, 'flat', `${architecture}.mjs`), flat),
    },
  ];
}

function generate(script: string, out: string): string | undefined {
  if (!existsSync(script)) return `there is no ${script}`;
  const { status, stderr } = spawnSync(process.execPath, [script, out]);
  return status === 0 ? undefined : stderr.toString().trim();
}
