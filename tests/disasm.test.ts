// `mimic disasm` against objdump on whole programs: every line the same, or listed with its reason.
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { has, root, run, runMimic } from './tools.js';

interface Exception {
  readonly pattern: RegExp;
  readonly reason: string;
}
/** Lines `pattern # reason`: what objdump prints where we differ. */
function exceptionsIn(file: string): Exception[] {
  return readFileSync(join(root, 'tests', file), 'utf8')
    .split('\n')
    .filter((l) => l !== '' && !l.startsWith('#'))
    .map((l) => {
      const [pattern, reason] = l.split(/\s+# /);
      return { pattern: new RegExp(`^${pattern}$`), reason: reason! };
    });
}
const exceptions = exceptionsIn('disasm-exceptions.txt');

const objdump = 'powerpc-linux-gnu-objdump';
/** Compilers by triple, with what explains differences. The busybox of ARM has no symbols that tell A32 from T32. */
const LIBRARIES = [
  ['powerpc-linux-gnu', 'disasm-exceptions.txt', 'PowerPC'],
  ['arm-linux-gnueabi', 'disasm-exceptions-arm.txt', 'A32'],
  ['arm-linux-gnueabihf', 'disasm-exceptions-arm.txt', 'T32'],
] as const;

const cache = process.env['SUITES'] ?? join(homedir(), '.cache/mimic-suites');
/** By Debian's name of an architecture: what prints its programs. */
const BUSYBOXES = [
  { arch: 'arm64', dump: 'aarch64-linux-gnu-objdump' },
  { arch: 'ppc64el', dump: 'powerpc64le-linux-gnu-objdump' },
];
/** The same where instructions are made of bytes. */
const BYTES = [
  { arch: 'i386', dump: 'i686-linux-gnu-objdump' },
  { arch: 'amd64', dump: 'x86_64-linux-gnu-objdump' },
];

/** What objdump adds behind an instruction: the number in decimal, another name of the condition. */
const remark = /\s+(\/\/|@|;) .*$/;

function differences(
  program: string,
  dump = objdump,
  explained = exceptions,
): { lines: number; wrong: string[] } {
  const theirs = run(dump, ['-d', program])
    .stdout.toString()
    .split('\n')
    .map((l) => l.replace(remark, ''));
  const ours = runMimic(['disasm', program]).stdout.toString().split('\n');
  const wrong: string[] = [];
  for (let i = 0; i < Math.max(theirs.length, ours.length); i++) {
    if (theirs[i] === ours[i]) continue;
    const text = (theirs[i] ?? '').split('\t').slice(2).join(' ').replace(/\s+/g, ' ').trim();
    if (!explained.some((e) => e.pattern.test(text)))
      wrong.push(`objdump: ${theirs[i]}\nmimic:   ${ours[i]}`);
  }
  return { lines: theirs.length, wrong };
}

/** Instructions by address; what objdump says behind `#` is left out. */
function listing(text: string): Map<string, string> {
  const lines = text.matchAll(/^\s*([0-9a-f]+):\t[0-9a-f ]+\t([^#\n]+?)\s*(?:#.*)?$/gm);
  return new Map([...lines].map(([, at, insn]) => [at!, insn!.replace(/\s+/g, ' ')]));
}
/**
 * By address: behind an instruction that is not decoded here lines may be missing until both listings meet again.
 */
function differencesOfBytes(program: string, dump: string, explained: Exception[]) {
  const theirs = listing(run(dump, ['-d', '-M', 'intel', program]).stdout.toString());
  const ours = listing(runMimic(['disasm', program]).stdout.toString());
  const wrong: string[] = [];
  let lost = false;
  for (const [at, insn] of theirs) {
    const here = ours.get(at);
    if (here === insn) lost = false;
    else if (explained.some((e) => e.pattern.test(insn))) lost = true;
    else if (!lost) wrong.push(`${at}: objdump: ${insn}, mimic: ${here}`);
  }
  return { lines: theirs.size, wrong };
}

describe('mimic disasm', () => {
  const none = !has(objdump);
  it.skipIf(none)('prints the test programs as objdump does', () => {
    const dir = join(root, 'test-roms/ppc');
    for (const f of readdirSync(dir, { recursive: true }) as string[]) {
      const path = join(dir, f);
      if (readFileSyncOrEmpty(path).subarray(0, 4).toString('latin1') !== '\x7fELF') continue;
      expect(differences(path).wrong.slice(0, 5), f).toEqual([]);
    }
  });

  for (const [triple, explained, what] of LIBRARIES)
    it.skipIf(!has(`${triple}-objdump`) || !has(`${triple}-gcc`) || !existsSync(`/usr/${triple}/lib/libc.a`))(
      `prints a program with the whole C library as objdump does: ${what}`,
      () => {
        const dir = mkdtempSync(join(tmpdir(), 'mimic-'));
        const exe = join(dir, 'hello');
        writeFileSync(
          `${exe}.c`,
          '#include <stdio.h>\n#include <math.h>\nint main(int n, char **v) { printf("%g\\n", sin(n)); return 0; }\n',
        );
        expect(run(`${triple}-gcc`, ['-static', '-O2', `${exe}.c`, '-o', exe, '-lm']).status).toBe(0);
        const { lines, wrong } = differences(exe, `${triple}-objdump`, exceptionsIn(explained));
        expect(lines).toBeGreaterThan(90_000);
        expect(wrong.slice(0, 5)).toEqual([]);
      },
      120_000,
    );

  // Debian's own busybox of each architecture, where the outside suites have fetched it.
  for (const { arch, dump } of BUSYBOXES) {
    const busybox = join(cache, 'root', arch, 'bin/busybox');
    it.skipIf(!has(dump) || !existsSync(busybox))(
      `prints the busybox of ${arch} as objdump does`,
      () => {
        const { lines, wrong } = differences(busybox, dump, exceptionsIn(`disasm-exceptions-${arch}.txt`));
        expect(lines).toBeGreaterThan(100_000);
        expect(wrong.slice(0, 5)).toEqual([]);
      },
      240_000,
    );
  }

  for (const { arch, dump } of BYTES) {
    const busybox = join(cache, 'root', arch, 'bin/busybox');
    it.skipIf(!has(dump) || !existsSync(busybox))(
      `prints the busybox of ${arch} as objdump does`,
      () => {
        const explained = exceptionsIn(`disasm-exceptions-${arch}.txt`);
        const { lines, wrong } = differencesOfBytes(busybox, dump, explained);
        expect(lines).toBeGreaterThan(100_000);
        expect(wrong.slice(0, 5)).toEqual([]);
      },
      240_000,
    );
  }

  // The large programs are there where the outside suites have been built.
  const built = join(cache, 'build/ppc32');
  for (const name of ['busybox', 'sqlite3'])
    it.skipIf(none || !existsSync(join(built, name)))(
      `prints ${name} as objdump does`,
      () => {
        expect(differences(join(built, name)).wrong.slice(0, 5)).toEqual([]);
      },
      240_000,
    );
});

function readFileSyncOrEmpty(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
