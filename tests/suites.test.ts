// The quick part of the outside suites: what passed before must pass. See docs/testing.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { has, mimic, root, run } from './tools.js';

const suites = resolve(root, process.env['MIMIC_SUITES'] ?? '../shared/suites');
const bless = process.env['BLESS'] === '1';

interface Suite {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  /** The option that picks tests, where the script has one. */
  readonly pick?: string;
  readonly emulator?: readonly string[];
}
const SUITES: readonly Suite[] = [
  { name: 'ppc-torture', script: 'torture.sh', args: ['ppc32', '--part', '1/16'], pick: '--tests' },
  {
    name: 'ppc-programs',
    script: 'programs.sh',
    args: ['ppc32'],
    pick: '--rungs',
    emulator: ['-L', '{root}'],
  },
  { name: 'ppc-valgrind', script: 'valgrind.py', args: ['ppc32'], pick: '--tests' },
  { name: 'ppc-tcg', script: 'tcg.sh', args: ['ppc32'], pick: '--tests' },
  { name: 'ppc-valgrind-generic', script: 'valgrind-generic.sh', args: ['ppc32'] },
  { name: 'arm64-torture', script: 'torture.sh', args: ['arm64', '--part', '1/32'], pick: '--tests' },
  { name: 'arm64-programs', script: 'programs.sh', args: ['arm64', '--static-only'], pick: '--rungs' },
  { name: 'ppc64le-torture', script: 'torture.sh', args: ['ppc64le', '--part', '1/32'], pick: '--tests' },
  { name: 'ppc64le-programs', script: 'programs.sh', args: ['ppc64le', '--static-only'], pick: '--rungs' },
  { name: 'ppc64le-tcg', script: 'tcg.sh', args: ['ppc64le'], pick: '--tests' },
  { name: 'arm-torture', script: 'torture.sh', args: ['arm', '--part', '1/32'], pick: '--tests' },
  { name: 'arm-programs', script: 'programs.sh', args: ['arm', '--static-only'], pick: '--rungs' },
  { name: 'arm-tcg', script: 'tcg.sh', args: ['arm'], pick: '--tests' },
  { name: 'arm64-tcg', script: 'tcg.sh', args: ['arm64'], pick: '--tests' },
  { name: 'amd64-torture', script: 'torture.sh', args: ['amd64', '--part', '1/32'], pick: '--tests' },
  { name: 'amd64-programs', script: 'programs.sh', args: ['amd64', '--static-only'], pick: '--rungs' },
  { name: 'i386-torture', script: 'torture.sh', args: ['i386', '--part', '1/32'], pick: '--tests' },
  { name: 'i386-programs', script: 'programs.sh', args: ['i386', '--static-only'], pick: '--rungs' },
];

/** Why none of them can run here, if so. */
function obstacle(): string | undefined {
  if (!existsSync(suites)) return `${suites} is not there (MIMIC_SUITES names the folder)`;
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'they need Linux on amd64';
  if (!has('apt-get')) return 'they need Debian: apt-get is not there';
  if (!has('python3') || !has('perl')) return 'they need python3 and perl';
  return undefined;
}

/** Names of the tests that passed; a string where the suite could not be prepared. */
function passed(suite: Suite, only: readonly string[] = []): Set<string> | string {
  const { stdout, stderr, status } = run(
    join(suites, suite.script),
    [
      ...suite.args,
      ...(only.length && suite.pick ? [suite.pick, only.join(',')] : []),
      ...['--jobs', '1', '--timeout', '60', '--', process.execPath, mimic, ...(suite.emulator ?? [])],
    ],
    { timeout: 900_000 },
  );
  const text = stderr.toString();
  if (status === 2 && /could not (prepare|build)|cannot build|cannot generate/.test(text)) return text.trim();
  expect(status, text).toBe(0);
  return new Set([...stdout.toString().matchAll(/^PASS (\S+)/gm)].map((m) => m[1]!));
}

describe('the outside suites', () => {
  const why = obstacle();
  if (why) {
    it(`are skipped: ${why}`, (t) => t.skip(why));
    return;
  }
  it.each(SUITES)(
    '$name: what passed before passes',
    (suite) => {
      const file = join(root, `tests/suites-expected/${suite.name}.txt`);
      const expected = existsSync(file)
        ? readFileSync(file, 'utf8')
            .split('\n')
            .filter((l) => l !== '' && !l.startsWith('#'))
        : [];
      const found = passed(suite);
      if (typeof found === 'string') {
        console.warn(`${suite.name} is skipped: ${found}`);
        return;
      }
      let missing = expected.filter((name) => !found.has(name));
      // Some look at clocks: a second chance on a busy machine.
      if (missing.length > 0 && !bless) {
        const again = passed(suite, missing);
        if (typeof again !== 'string') missing = missing.filter((name) => !again.has(name));
      }
      const fresh = [...found].filter((name) => !expected.includes(name)).sort();
      if (bless) {
        const lines = [...found].sort().map((name) => `${name}\n`);
        writeFileSync(
          file,
          `# Tests of ${suite.script} ${suite.args.join(' ')} that pass.\n${lines.join('')}`,
        );
      } else if (fresh.length > 0)
        console.warn(`${suite.name}: passes now, BLESS=1 notes it: ${fresh.join(' ')}`);
      if (!bless) expect(missing).toEqual([]);
    },
    1_800_000,
  );
});
