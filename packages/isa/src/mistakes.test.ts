import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileSpec, formatDiagnostic, runTests } from './index.js';

// Each file in mistakes/ is a small spec; its lines `//! code line:column text` say what must be reported, no more and
// no less: the kind, where, and a part of the message. A file that expects nothing is an error.
const dir = new URL('./mistakes/', import.meta.url);

describe('mistakes in specs', () => {
  for (const file of readdirSync(dir).sort())
    it(`${file.replace('.isa', '').replace(/-/g, ' ')} is reported where it is`, () => {
      const text = readFileSync(new URL(file, dir), 'utf8');
      const expected = [...text.matchAll(/^\/\/! (\S+) (\d+):(\d+) (.*)$/gm)].map((m) => ({
        code: m[1]!,
        at: `${m[2]}:${m[3]}`,
        text: m[4]!,
      }));
      expect(expected.length).toBeGreaterThan(0);
      const spec = compileSpec(file, (name) => (name === file ? text : undefined));
      const found = [...spec.diagnostics, ...(spec.isa ? runTests(spec).failures : [])];
      expect(
        found.map(
          (d) =>
            `${d.code} ${d.span.source.position(d.span.at).line}:${d.span.source.position(d.span.at).column}`,
        ),
      ).toEqual(expected.map((e) => `${e.code} ${e.at}`));
      found.forEach((d, i) => {
        expect(formatDiagnostic(d)).toContain(expected[i]!.text);
      });
    });
});
