import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';
import { mimic, runMimic } from './tools.js';

const work = mkdtempSync(`${tmpdir()}/mimic-bench-test-`);
afterAll(() => rmSync(work, { recursive: true }));

const quick = ['bench', '--arch', 'ppc', '--quick', '--only', 'integer'];

describe('mimic bench', { timeout: 120_000 }, () => {
  it('measures one kernel, alone, and writes what it found', () => {
    const files = ['--json', `${work}/r.json`, '--html', `${work}/r.html`];
    const { status, stdout, stderr } = runMimic([...quick, ...files]);
    expect(stderr.toString()).toMatch(/^integer: .* CPU, .* wall\n/);
    expect(status).toBe(0);
    expect(stdout.toString()).toMatch(/Execution\n.*\n {2}integer: /);
    const { rows } = JSON.parse(readFileSync(`${work}/r.json`, 'utf8')) as { rows: object[] };
    expect(rows).toMatchObject([{ id: 'integer', mimic: { user: {}, wall: {} } }]);
    expect(readFileSync(`${work}/r.html`, 'utf8')).toContain('</html>');
  });

  it('compares with any command', () => {
    const { status, stdout } = runMimic([...quick, '--vs', `"${process.execPath}" ${mimic} --cache-size 0`]);
    expect(status).toBe(0);
    expect(stdout.toString()).toMatch(/integer: .*×/);
  });

  it('makes an error of different output', () => {
    const { status, stdout } = runMimic([...quick, '--vs', 'echo']);
    expect(status).toBe(1);
    expect(stdout.toString()).toContain('failed: the outputs differ between mimic and echo');
  });

  it('says which program or command is not there', () => {
    expect(runMimic(['bench', '--only', 'none']).stderr.toString()).toMatch(
      /there is no none; there are integer,/,
    );
    const { status, stdout } = runMimic([...quick, '--vs', '/nowhere/emulator']);
    expect(status).toBe(1);
    expect(stdout.toString()).toContain('/nowhere/emulator ended with status 127');
  });
});
