import { setFlagsFromString } from 'node:v8';
import { Body, compute, Op, Random } from '@mimic/ir';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  Code,
  compileModule,
  defineFma,
  Emitter,
  functionTarget,
  hasFusedMultiplyAdd,
  instantiateModule,
  Locals,
  ModuleBuilder,
  Type,
  type WasmFunction,
} from './index.js';

const NAN = 0x7ff8000000000000n;
const isNaNs = (v: bigint): boolean => (v & 0x7fffffffffffffffn) > 0x7ff0000000000000n;

/** Exponents that meet: sums cancel, products are tiny or huge; fractions with few bits or many. */
function operands(r: Random): [bigint, bigint, bigint] {
  const fraction = (): bigint =>
    r.pick([0n, r.bits(52), r.bits(52), r.bits(26) << 26n, 1n << BigInt(r.below(52)), 0xfffffffffffffn]);
  const number = (exponent: number): bigint =>
    (BigInt(r.below(2)) << 63n) | (BigInt(Math.min(Math.max(exponent, 0), 2046)) << 52n) | fraction();
  const special = (): bigint =>
    (BigInt(r.below(2)) << 63n) | r.pick([0n, 0x7ff0000000000000n, NAN, 1n, r.bits(52)]);
  const [ex, ey] = [
    r.pick([1023, 1023, 500, 1, 2046, r.below(2047)]),
    r.pick([1023, 1023, 540, 1, r.below(2047)]),
  ];
  const out: [bigint, bigint, bigint] = [
    number(ex),
    number(ey),
    number(ex + ey - 1023 + r.pick([0, 0, 1, -1, 2, -53, -54, 53, 54, -106, 106, r.below(300) - 150])),
  ];
  if (r.below(4) === 0) out[r.below(3)] = special();
  // The product itself, rounded: what is left of the sum is its error.
  if (r.below(4) === 0)
    out[2] = compute(Op.fmul, 64, 64, 64, out[0], out[1], 0n) ^ (BigInt(r.below(4) ? 1 : 0) << 63n);
  return out;
}

/** A function that is one `fma`, done by `func` of the module. */
function compiled(func: (module: ModuleBuilder) => number | 'host'): WasmFunction {
  const module = new ModuleBuilder();
  const fma = func(module);
  const body = new Body();
  const p = [0, 1, 2].map((k) => body.emit(Op.param, 64, k));
  const v = body.emit(Op.fma, 64, p[0]!, p[1]!, p[2]!);
  body.emit(Op.return, 0, body.list([v]), 1);
  const index = module.func({ params: [Type.i64, Type.i64, Type.i64], results: [Type.i64] });
  const code = new Code();
  const locals = new Locals(3);
  const refuse = (): never => {
    throw new Error('no calls');
  };
  new Emitter(body, functionTarget({ index: refuse, results: refuse, fma: () => fma }), code, locals).run();
  module.define(index, { locals: locals.types, code });
  module.exportFunc('f', index);
  return instantiateModule(compileModule(module.finish()), {})['f']!;
}

function check(f: WasmFunction, seed: number): void {
  const r = new Random(seed);
  for (let k = 0; k < 30_000; k++) {
    const args = operands(r);
    const want = compute(Op.fma, 64, 64, 64, ...args);
    const got = BigInt.asUintN(64, f(...args.map((v) => BigInt.asIntN(64, v))) as bigint);
    if (got !== want && !(isNaNs(got) && isNaNs(want)))
      expect.fail(`fma ${args.map((v) => v.toString(16))}: ${got.toString(16)}, not ${want.toString(16)}`);
  }
}

describe('fma', () => {
  let fused = false;
  beforeAll(() => {
    fused = hasFusedMultiplyAdd(() => setFlagsFromString('--experimental-wasm-relaxed-simd'));
  });

  it('is exact as the evaluator computes it', () => {
    const one = 0x3ff0000000000000n;
    const cases: [bigint, bigint, bigint, bigint][] = [
      [one + 1n, one + 1n, 0xbff0000000000002n, 0x3970000000000000n],
      [0x5ff0000000000000n, 0x5ff0000000000000n, 0xffe8000000000000n, 0x7fd0000000000000n],
      [0x1e50000000000000n, 0x1e60000000000000n, 1n, 2n],
      [0x7fefffffffffffffn, one, 0x7c90000000000000n, 0x7ff0000000000000n],
      [one, one, 0xbff0000000000000n, 0n],
      [one, 0x8000000000000000n, 0x8000000000000000n, 0x8000000000000000n],
      [0x7fe0000000000000n, 0x7fe0000000000000n, 0xfff0000000000000n, 0xfff0000000000000n],
    ];
    for (const [x, y, z, want] of cases)
      expect(compute(Op.fma, 64, 64, 64, x, y, z).toString(16)).toBe(want.toString(16));
  });

  it('is exact by other ops', () => check(compiled(defineFma), 1));

  it('is exact by the host where it says so', ({ skip }) => {
    if (!fused) skip('the host has no fused multiply-add');
    check(
      compiled(() => 'host'),
      2,
    );
  });
});
