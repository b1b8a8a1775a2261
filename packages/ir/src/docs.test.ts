import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cellStride, OPS, PASSES, type Program, parse, print, verify } from './index.js';

const text = readFileSync(fileURLToPath(new URL('../../../docs/ir.md', import.meta.url)), 'utf8');

describe('docs/ir.md', () => {
  it('names every op and every pass', () => {
    const named = new Set([...text.matchAll(/`([a-z]+)`/g)].map((m) => m[1]));
    expect(OPS.map((op) => op.name).filter((n) => !named.has(n))).toEqual([]);
    expect(PASSES.filter((n) => !named.has(n))).toEqual([]);
  });

  it('has examples that verify and read back', () => {
    const program: Program = {
      cells: [{ name: 'R', width: 32, count: 32, offset: 0, stride: cellStride(32) }],
      funcs: [],
      traps: [],
      hosts: [],
      word: 32,
    };
    const examples = [...text.matchAll(/```ir\n([\s\S]*?)```/g)].map((m) => m[1]!);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const body = parse(example, program);
      expect(verify(body, program)).toEqual([]);
      expect(print(body, program)).toBe(example);
    }
  });
});
