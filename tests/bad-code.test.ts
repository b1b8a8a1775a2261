// Broken x86 code gets the signals that this machine's own processor and kernel give it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { has, root, run, runMimic } from './tools.js';

const work = mkdtempSync(join(tmpdir(), 'mimic-bad-code-'));
afterAll(() => rmSync(work, { recursive: true }));
const native = process.platform === 'linux' && process.arch === 'x64';

describe('broken code', () => {
  // Without the processor or the compiler there is nothing to compare with.
  for (const [arch, gcc] of [
    ['x86_64', 'gcc'],
    ['i386', 'i686-linux-gnu-gcc'],
  ] as const)
    it.skipIf(!native || !has(gcc))(`of ${arch} ends in the same signals`, () => {
      const program = join(work, arch);
      expect(
        run(gcc, ['-w', '-O1', '-static', join(root, 'tests/bad-code/x86.c'), '-o', program]).status,
      ).toBe(0);
      const theirs = run(program, []).stdout.toString();
      expect(theirs.split('\n').length).toBeGreaterThan(14);
      expect(runMimic([program]).stdout.toString()).toBe(theirs);
    });
});
