// Runs the textual cases of the passes: `cases/*.ir`. BLESS=1 writes what the passes give as the expectation.
// A file is: `pass <name>` lines, `off <name>` lines for what is switched off in them, then cases `case <title>`, the body,
// `=>`, the expected body.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  ALL_PASSES,
  type Body,
  cellStride,
  optimize,
  type Passes,
  type Program,
  parse,
  print,
  removeDead,
  simplify,
  splitBody,
  splitProgram,
  verify,
} from './index.js';
import { specialCases } from './testing.js';

const folder = fileURLToPath(new URL('./cases/', import.meta.url));
const bless = process.env['BLESS'] !== undefined;

const program: Program = {
  cells: [
    { name: 'R', width: 32, count: 8, offset: 0, stride: cellStride(32) },
    { name: 'V', width: 128, count: 2, offset: 32, stride: cellStride(128) },
  ],
  funcs: [],
  traps: [{ name: 'Stop', params: [32] }],
  hosts: [{ name: 'clock', width: 64 }],
  word: 32,
};
const split = splitProgram(program, { bigEndian: true });
const PASSES: Readonly<Record<string, (body: Body, on: Passes) => Body>> = {
  simplify: (body, on) => simplify(body, program, {}, on),
  dead: (body, on) => (on.dead ? removeDead(body) : body),
  optimize: (body, on) => optimize(body, program, on),
  split: (body) => splitBody(body, split),
  leaving: (body) => removeDead(simplify(body, program, { leaves: () => true })),
  ...specialCases(program),
};

for (const file of readdirSync(folder).filter((f) => f.endsWith('.ir'))) {
  const text = readFileSync(folder + file, 'utf8');
  const [head, ...cases] = text.split(/^case /m);
  const passes = [...head!.matchAll(/^pass (\w+)$/gm)].map((m) => m[1]!);
  const on: Passes = {
    ...ALL_PASSES,
    ...Object.fromEntries([...head!.matchAll(/^off (\w+)$/gm)].map((m) => [m[1]!, false])),
  };
  describe(file, () => {
    const out: string[] = [head!];
    it('has passes and cases', () => {
      expect(passes.length).toBeGreaterThan(0);
      expect(cases.length).toBeGreaterThan(0);
    });
    for (const one of cases) {
      const [first, expected = ''] = one.split(/^=>\n/m);
      const at = first!.indexOf('\n');
      const [title, source] = [first!.slice(0, at), first!.slice(at + 1)];
      it(title, () => {
        let body = parse(source, program);
        expect(verify(body, program)).toEqual([]);
        for (const pass of passes) body = PASSES[pass]!(body, on);
        expect(verify(body, split)).toEqual([]);
        const got = print(body, split);
        out.push(`case ${title}\n${source}=>\n${got}\n`);
        if (!bless) expect(got.trim()).toBe(expected.trim());
      });
    }
    if (bless) it('is blessed', () => writeFileSync(folder + file, `${out.join('').trimEnd()}\n`));
  });
}
