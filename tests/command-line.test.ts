import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';
import { root, runMimic } from './tools.js';

const hello = `${root}test-roms/ppc/bin/hello`;
const work = mkdtempSync(`${tmpdir()}/mimic-cli-`);
afterAll(() => rmSync(work, { recursive: true }));

/** A copy of a program with some bytes changed. */
function broken(name: string, change: (bytes: Buffer) => Buffer): string {
  const path = `${work}/${name}`;
  writeFileSync(path, change(readFileSync(hello)), { mode: 0o755 });
  return path;
}

const with16 =
  (value: number, at: number) =>
  (bytes: Buffer): Buffer => {
    bytes.writeUInt16BE(value, at);
    return bytes;
  };

describe('mimic', () => {
  it.each([
    ['a missing program', `${work}/none`, 127, 'No such file or directory'],
    ['a folder', work, 126, 'Is a directory'],
    ['an empty file', broken('empty', () => Buffer.alloc(0)), 126, 'not an ELF file'],
    ['a cut file', broken('cut', (b) => b.subarray(0, 60)), 126, 'truncated'],
    ['another machine', broken('machine', with16(0x7777, 18)), 126, 'ELF machine 30583'],
    ['an object file', broken('object', with16(1, 16)), 126, 'ELF type 1'],
  ])('says in one line why it does not run %s', (_what, path, status, text) => {
    const { status: got, stderr, stdout } = runMimic([path]);
    expect(got).toBe(status);
    expect(stdout.toString()).toBe('');
    expect(stderr.toString()).toMatch(/^mimic: [^\n]*\n$/);
    expect(stderr.toString()).toContain(text);
  });

  it('passes arguments, argv[0] and variables on', () => {
    const { stdout, status } = runMimic([
      '-E',
      'ROM=yes',
      `${root}test-roms/ppc/bin/process`,
      'a b',
      '-strace',
    ]);
    expect(stdout.toString()).toContain('argc: 3\na b\n-strace\n');
    expect(stdout.toString()).toContain('ROM: 1\n');
    expect(status).toBe(43);
  });

  it('traces system calls to standard error', () => {
    const { stderr, stdout } = runMimic(['-strace', hello]);
    expect(stdout.toString()).toBe('Hello, world!\n');
    expect(stderr.toString()).toMatch(/^\d+ write\(1,"Hello, world!\\n",14\) = 14\n\d+ exit_group\(0\)\n$/);
  });

  it('names the signal that killed the program, and dies of it', () => {
    const { stderr, signal } = runMimic([`${root}test-roms/ppc/bin/wild`]);
    expect(stderr.toString()).toBe('mimic: uncaught target signal 11 (Segmentation fault)\n');
    expect(signal).toBe('SIGSEGV');
  });
});
