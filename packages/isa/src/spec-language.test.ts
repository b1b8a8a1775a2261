import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileSpec, formatDiagnostic, runTests } from './index.js';

const text = readFileSync(new URL('../../../docs/spec-language.md', import.meta.url), 'utf8');
// Blocks of one spec are marked with its tag, or with none: together and in order they are that spec.
const blocks = [...text.matchAll(/^```isa(?: (?!error)(\w+))?(?: error=(\S+))?\n(.*?)^```/gms)].map((m) => ({
  spec: m[1] ?? '',
  error: m[2],
  code: m[3]!,
}));
const compile = (code: string) => compileSpec('toy.isa', (name) => (name === 'toy.isa' ? code : undefined));

describe.each([
  ['', 25],
  ['bytes', 8],
])('docs/spec-language.md, the spec "%s"', (tag, tests) => {
  const own = blocks.filter((b) => b.spec === tag);
  const good = own
    .filter((b) => b.error === undefined)
    .map((b) => b.code)
    .join('\n');

  it('has blocks that together compile and whose tests pass', () => {
    const spec = compile(good);
    expect(spec.diagnostics.map(formatDiagnostic)).toEqual([]);
    const report = runTests(spec);
    expect(report.failures.map(formatDiagnostic)).toEqual([]);
    expect(report.passed).toBeGreaterThanOrEqual(tests);
  });

  for (const b of own.filter((x) => x.error !== undefined))
    it(`shows a mistake of the kind ${b.error}`, () => {
      const spec = compile(`${good}\n${b.code}`);
      expect(spec.diagnostics.filter((d) => d.severity === 'error').map((d) => d.code)).toEqual([b.error]);
    });
});
