import { describe, expect, it } from 'vitest';
import {
  type Body,
  evaluate,
  limitsFor,
  Op,
  optimize,
  type Program,
  parse,
  print,
  Random,
  randomBody,
  randomProgram,
  SimulatedMachine,
  splitBody,
  splitProgram,
  verify,
} from './testing.js';

const NARROW = limitsFor(64);
const WIDE = limitsFor(256);

function run(program: Program, body: Body, params: bigint[], seed: number): string {
  const machine = new SimulatedMachine(program, true);
  const rng = new Random(seed);
  program.cells.forEach((c, n) => {
    if (!c.name.includes('.')) for (let k = 0; k < c.count; k++) machine.setCell(n, k, rng.bits(c.width));
  });
  machine.memory.set(machine.memory.map(() => rng.below(256)));
  const outcome = evaluate(program, body, params, 0x1000n, machine);
  const text = JSON.stringify(outcome, (_, v) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v));
  return `${text}\n${machine.state.join(',')}\n${machine.memory.join(',')}`;
}

function example(
  seed: number,
  widths: readonly number[],
  effects: boolean,
): { program: Program; body: Body; params: bigint[] } {
  const rng = new Random(seed);
  const program = randomProgram(rng, widths, 3);
  const paramWidths = [1, 8, 32, rng.pick(widths), rng.pick(widths)];
  const results = [rng.pick(widths), rng.pick(widths), 32];
  const body = randomBody(rng, { ops: 30, widths, params: paramWidths, results, program, effects });
  return { program, body, params: paramWidths.map((w) => rng.bits(w)) };
}

describe('random bodies', () => {
  it('verify', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { program, body } = example(seed, WIDE, true);
      expect(verify(body, program)).toEqual([]);
    }
  });

  it('print and parse back to the same text', () => {
    for (let seed = 0; seed < 100; seed++) {
      const { program, body } = example(seed, WIDE, true);
      const text = print(body, program);
      expect(print(parse(text, program), program)).toBe(text);
    }
  });

  it('mean the same after the passes', () => {
    for (let seed = 0; seed < 1500; seed++) {
      const { program, body, params } = example(seed, seed % 2 ? NARROW : WIDE, true);
      const optimized = optimize(body, program);
      expect(verify(optimized, program), `seed ${seed}`).toEqual([]);
      const same = run(program, optimized, params, seed) === run(program, body, params, seed);
      expect(same, `seed ${seed}`).toBe(true);
    }
  });

  it('mean the same with their wide values split', () => {
    for (let seed = 0; seed < 600; seed++) {
      const { program, body, params } = example(seed, WIDE, true);
      const split = splitProgram(program, { bigEndian: true });
      const paramWidths: number[] = [];
      for (let i = 0; i < body.length; i++)
        if (body.op[i] === Op.param) paramWidths[body.a[i]!] = body.width[i]!;
      const after = splitBody(body, split, paramWidths);
      expect(verify(after, split), `seed ${seed}`).toEqual([]);
      expect(Math.max(...after.width)).toBeLessThanOrEqual(64);
      for (const f of split.funcs) expect(verify(f.body, split), f.name).toEqual([]);
      const limbs = paramWidths.flatMap((w, k) => cut(params[k]!, w));
      const [whole, parts] = [run(program, body, params, seed), run(split, after, limbs, seed)];
      // The results differ in form only: compare state and memory, then the values limb by limb.
      expect(
        parts.slice(parts.indexOf('\n')) === whole.slice(whole.indexOf('\n')),
        `state, seed ${seed}`,
      ).toBe(true);
      const values = (s: string): string[] =>
        (JSON.parse(s.slice(0, s.indexOf('\n'))) as { values?: string[] }).values ?? [];
      const last = body.length - 1;
      const widths = body.extra
        .slice(body.a[last]!, body.a[last]! + body.b[last]!)
        .map((v) => body.width[v]!);
      const expected = values(whole).flatMap((v, k) =>
        cut(BigInt(v), widths[k]!).map((x) => `0x${x.toString(16)}`),
      );
      expect(values(parts), `seed ${seed}`).toEqual(expected);
    }
  });
});

function cut(v: bigint, width: number): bigint[] {
  const out: bigint[] = [];
  for (let at = 0; at < width; at += 64) out.push(BigInt.asUintN(Math.min(64, width - at), v >> BigInt(at)));
  return out;
}
