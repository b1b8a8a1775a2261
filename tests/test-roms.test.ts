import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { root, runMimic } from './tools.js';

const roms = `${root}test-roms`;
const families = readdirSync(roms).filter((name) => existsSync(`${roms}/${name}/bin`));

/** How they run: as always, interpreted only, and with everything translated and dropped at random. */
const WAYS = [[], ['--cache-size', '0'], ['--stress', '1']];

describe.each(families.flatMap((f) => WAYS.map((way) => [f, way] as const)))(
  'the %s test programs %j',
  (family, way) => {
    const folder = `${roms}/${family}`;

    it.each(readdirSync(`${folder}/bin`))('%s prints what is expected and ends as expected', (name) => {
      const cwd = mkdtempSync(`${tmpdir()}/mimic-rom-`);
      try {
        const { stdout, status, signal } = runMimic([...way, `${folder}/bin/${name}`], {
          cwd,
          env: { ...process.env, ROM: 'yes' },
        });
        const expected = Number(readFileSync(`${folder}/expected/${name}.status`, 'utf8'));
        expect(stdout.toString('latin1')).toBe(readFileSync(`${folder}/expected/${name}.out`, 'latin1'));
        if (expected > 128) expect(signal).toBe({ 139: 'SIGSEGV' }[expected]);
        else expect(status).toBe(expected);
        expect(readdirSync(cwd)).toEqual([]);
      } finally {
        rmSync(cwd, { recursive: true });
      }
    });
  },
);
