import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileSpec, formatDiagnostic, runTests } from './index.js';

const text = readFileSync(new URL('../../../docs/spec-language.md', import.meta.url), 'utf8');
const blocks = [...text.matchAll(/^```isa(?: error=(\S+))?\n(.*?)^```/gms)].map((m) => ({
  error: m[1],
  code: m[2]!,
}));
const good = blocks
  .filter((b) => b.error === undefined)
  .map((b) => b.code)
  .join('\n');

const compile = (code: string) => compileSpec('toy.isa', (name) => (name === 'toy.isa' ? code : undefined));

describe('docs/spec-language.md', () => {
  it('has blocks that together compile and whose tests pass', () => {
    const spec = compile(good);
    expect(spec.diagnostics.map(formatDiagnostic)).toEqual([]);
    const report = runTests(spec);
    expect(report.failures.map(formatDiagnostic)).toEqual([]);
    expect(report.passed).toBeGreaterThan(25);
  });

  for (const b of blocks.filter((x) => x.error !== undefined))
    it(`shows a mistake of the kind ${b.error}`, () => {
      const spec = compile(`${good}\n${b.code}`);
      expect(spec.diagnostics.filter((d) => d.severity === 'error').map((d) => d.code)).toEqual([b.error]);
    });
});
