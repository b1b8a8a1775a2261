// The quick version of the fuzzer: a fixed seed, enough cases for every instruction. See docs/testing.md.
import { describe, expect, it } from 'vitest';
import { has, root, run } from './tools.js';

/** Harness, its reference, cases. */
const FUZZED = [
  ['ppc', 'qemu-ppc', 60_000],
  ['ppc64le', 'qemu-ppc64le', 12_000],
  ['arm64', 'qemu-aarch64', 30_000],
  ['arm', 'qemu-arm', 30_000],
] as const;

describe('random instructions', () => {
  for (const [arch, reference, cases] of FUZZED)
    it.skipIf(!has(reference))(
      `of ${arch} give what ${reference} gives, but for the explained exceptions (skipped where it is not installed)`,
      () => {
        const { status, stdout, stderr } = run(
          process.execPath,
          ['scripts/fuzz.mjs', '--arch', arch, '--cases', String(cases), '--seed', '20'],
          { cwd: root, timeout: 240_000 },
        );
        expect(status, `${stderr}\n${stdout}`).toBe(0);
        expect(stdout.toString()).toContain(`${cases} cases`);
      },
      300_000,
    );
});
