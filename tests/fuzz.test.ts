// The quick version of the fuzzer: a fixed seed, enough cases for every instruction. See docs/testing.md.
import { describe, expect, it } from 'vitest';
import { has, root, run } from './tools.js';

const reference = 'qemu-ppc';

describe('random instructions', () => {
  it.skipIf(!has(reference))(
    `give what ${reference} gives, but for the explained exceptions (skipped where it is not installed)`,
    () => {
      const { status, stdout, stderr } = run(
        process.execPath,
        [
          'scripts/fuzz.mjs',
          '--arch',
          'ppc',
          '--against',
          `${reference} -cpu 7448`,
          '--cases',
          '60000',
          '--seed',
          '20',
        ],
        { cwd: root, timeout: 240_000 },
      );
      expect(status, `${stderr}\n${stdout}`).toBe(0);
      expect(stdout.toString()).toContain('60000 cases');
    },
    300_000,
  );
});
