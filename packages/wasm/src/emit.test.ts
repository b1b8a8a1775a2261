import {
  Body,
  compute,
  evaluate,
  isFloatResult,
  noMachine,
  OPS,
  Op,
  optimize,
  type Program,
  Random,
  randomBody,
  randomProgram,
  splitBody,
  splitProgram,
} from '@mimic/ir';
import { describe, expect, it } from 'vitest';
import { compileModule, defineFunctions, instantiateModule, ModuleBuilder } from './index.js';

/** Compiles function 0.. of `program` and returns callers that take and give unsigned values. */
function compile(program: Program, names: readonly number[]): ((...args: bigint[]) => bigint[])[] {
  const module = new ModuleBuilder();
  const functions = defineFunctions(module, program);
  for (const n of names) module.exportFunc(`f${n}`, functions.index(n));
  functions.define();
  const exports = instantiateModule(compileModule(module.finish()), {});
  return names.map((n) => {
    const f = program.funcs[n]!;
    return (...args) => {
      const out = exports[`f${n}`]!(
        ...args.map((v, k) => (f.params[k]! <= 32 ? Number(BigInt.asIntN(32, v)) : BigInt.asIntN(64, v))),
      );
      const list = f.results.length === 1 ? [out] : [...(out as Iterable<unknown>)];
      return list.map((v, k) => BigInt.asUintN(f.results[k]! <= 32 ? 32 : 64, BigInt(v as number)));
    };
  });
}

const WIDTHS = [1, 2, 3, 7, 8, 13, 16, 24, 31, 32, 33, 40, 48, 63, 64];

describe('the emitter', () => {
  it('agrees with the evaluator on every pure op at every width', () => {
    const rng = new Random(1);
    const cases: { op: number; width: number; widths: number[]; immediate: number }[] = [];
    OPS.forEach((def, op) => {
      if (def.kind !== 'pure' || op <= Op.pc) return;
      const floats = op >= Op.fadd && op <= Op.utof;
      for (const w of op === Op.rare ? [1] : op === Op.fma ? [64] : floats ? [32, 64] : WIDTHS) {
        const add = (width: number, widths: number[], immediate = 0): void =>
          void cases.push({ op, width, widths, immediate });
        if (op === Op.bswap && w % 8) continue;
        if (op === Op.frint) for (const m of [0, 1, 2, 3]) add(w, [w], m);
        else if (op === Op.zx || op === Op.sx) for (const to of WIDTHS.filter((x) => x >= w)) add(to, [w]);
        else if (op === Op.slice)
          for (const to of WIDTHS.filter((x) => x <= w))
            for (const at of [rng.below(w - to + 1), w - to]) add(to, [w], at);
        else if (op === Op.cat) for (const x of WIDTHS.filter((x) => x + w <= 64)) add(x + w, [x, w]);
        else if (op === Op.select) add(w, [1, w, w]);
        else if (op === Op.carry) add(1, [w, w, 1]);
        else if (op === Op.fma) add(w, [w, w, w]);
        else if (def.result === 'first') for (const x of [1, 3, 5, 6, 7, 8, 16, 32, 64]) add(w, [w, x]);
        else if (def.result === 'bit') add(1, [w, w]);
        else if (def.result === 'free') for (const to of [32, 64]) add(to, [w]);
        else add(w, def.shape[1] === 'v' ? [w, w] : [w]);
      }
    });
    const funcs = cases.map(({ op, width, widths, immediate }) => {
      const body = new Body();
      const p = widths.map((w, k) => body.emit(Op.param, w, k));
      const r = body.emit(op, width, p[0]!, OPS[op]!.shape[1] === 'v' ? p[1]! : immediate, p[2] ?? 0);
      body.emit(Op.return, 0, body.list([r]), 1);
      return { name: OPS[op]!.name, params: widths, results: [width], body };
    });
    const program: Program = { cells: [], funcs, traps: [], hosts: [], word: 32 };
    const calls = compile(
      program,
      funcs.map((_, n) => n),
    );
    cases.forEach(({ op, width, widths, immediate }, n) => {
      for (let k = 0; k < 60; k++) {
        const args = widths.map((w) => rng.bits(w));
        const immediates = OPS[op]!.shape[1] === 'i';
        const want = compute(
          op,
          width,
          widths[0]!,
          immediates ? 0 : (widths[1] ?? 0),
          args[0]!,
          immediates ? BigInt(immediate) : (args[1] ?? 0n),
          args[2] ?? 0n,
        );
        let got = calls[n]!(...args)[0]!;
        // The payload of a NaN is the host's choice.
        if (isFloatResult(op) && isNaN64(got, width) && isNaN64(want, width)) got = want;
        if (got !== want)
          expect.fail(
            `${OPS[op]!.name}.${width} (${widths}) ${args.map((v) => v.toString(16))}: ${got.toString(16)}, not ${want.toString(16)}`,
          );
      }
    });
  });

  it('agrees with the evaluator on random bodies, with constants too', () => {
    for (let seed = 0; seed < 300; seed++) {
      const rng = new Random(seed);
      const widths = seed % 3 ? WIDTHS : [...WIDTHS, 65, 80, 128, 200];
      const base = randomProgram(rng, widths, 3);
      const params = [1, 8, 32, 64, rng.pick(widths)];
      const results = [rng.pick(widths), 32, rng.pick(widths)];
      const body = randomBody(rng, { ops: 40, widths, params, results, program: base });
      const program: Program = { ...base, funcs: [...base.funcs, { name: 'main', params, results, body }] };
      const split = splitProgram(program, { bigEndian: true });
      const args = params.map((w) => rng.bits(w));
      const outcome = evaluate(program, body, args, 0n, noMachine);
      const want = outcome.kind === 'return' ? outcome.values.flatMap((v, k) => cut(v, results[k]!)) : [];
      const main = program.funcs.length - 1;
      expect(splitBody(body, split, params).length).toBeGreaterThan(0);
      expect(
        compile(split, [main])[0]!(...args.flatMap((v, k) => cut(v, params[k]!))),
        `seed ${seed}`,
      ).toEqual(want);
      const folded: Program = {
        ...split,
        funcs: split.funcs.map((f) => ({ ...f, body: optimize(f.body, split) })),
      };
      expect(
        compile(folded, [main])[0]!(...args.flatMap((v, k) => cut(v, params[k]!))),
        `seed ${seed}, optimized`,
      ).toEqual(want);
    }
  });
});

function cut(v: bigint, width: number): bigint[] {
  const out: bigint[] = [];
  for (let at = 0; at < width; at += 64) out.push(BigInt.asUintN(Math.min(64, width - at), v >> BigInt(at)));
  return out;
}

function isNaN64(bits: bigint, width: number): boolean {
  return width === 64
    ? (bits & 0x7fffffffffffffffn) > 0x7ff0000000000000n
    : (bits & 0x7fffffffn) > 0x7f800000n;
}
