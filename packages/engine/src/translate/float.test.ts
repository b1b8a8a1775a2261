// Floating point on the fast path against the exact functions: the same spec with everything rare made certain.
// Millions of cases: CASES=n in the environment; SEED=n. Multiply-add by the host and by other ops, on both tiers.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Perm } from '@mimic/bus';
import { Random } from '@mimic/ir';
import { type CompiledIsa, compileSpec, disassemble, type Insn } from '@mimic/isa';
import { decode } from '@mimic/isa/decode';
import { hasFusedMultiplyAdd } from '@mimic/wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildInterpreter, createGuest, Interpreter, type TranslatorOptions } from '../index.js';

const root = fileURLToPath(new URL('../../../../isa-specs/', import.meta.url));
const CASES = Number(process.env['CASES'] ?? 100_000);
const SEED = Number(process.env['SEED'] ?? 1);
/** Operand sets that one program runs over. */
const RECORDS = 500;
const REGISTERS = 8;
const IN = 8 * (REGISTERS + 1);
const OUT = 8 * (REGISTERS + 2);
const [CODE, SOURCE, RESULT] = [0x40000, 0x100000, 0x200000] as const;

function compiled(change: (text: string) => string): CompiledIsa {
  const spec = compileSpec('ppc/ppc.isa', (n) =>
    existsSync(root + n) ? change(readFileSync(root + n, 'utf8')) : undefined,
  );
  if (!spec.isa) throw new Error(spec.diagnostics.map((d) => d.message).join('\n'));
  return spec.isa;
}

const isa = compiled((text) => text);
const exact = compiled((text) =>
  text
    .replaceAll('rare(', 'certain(')
    .replace(/^reg FPSCR_KEPT/m, 'fn certain(x : 1) -> 1 = ones(1)\nreg FPSCR_KEPT'),
);
const floating = isa.insns.filter((x) => /^f(?!.*x$)/.test(x.name));
const status = isa.insns.filter((x) => /^m(ffs|crfs|tfsb[01]|tfsfi|tfsf)$/.test(x.name));

function processor(of: CompiledIsa, module: Uint8Array, translate: TranslatorOptions | false): Interpreter {
  // Under stress everything is translated, some of it with its rare paths inside.
  const stress = translate ? { stress: SEED } : {};
  const cpu = new Interpreter(of, module, createGuest(of), { translate, ...stress });
  cpu.memory.map(CODE, 4096, Perm.R | Perm.X);
  cpu.memory.map(SOURCE, 0x80000, Perm.R | Perm.W);
  cpu.memory.map(RESULT, 0x80000, Perm.R | Perm.W);
  return cpu;
}

/** A random instruction of a list, over f0 to f7. */
function pick(r: Random, among: readonly Insn[]): number {
  for (;;) {
    const insn = r.pick(among);
    let word = insn.value;
    for (const field of insn.fields) {
      const v = Number(r.bits(field.width)) & (/^fr[tabcs]$/.test(field.name) ? REGISTERS - 1 : -1);
      let low = field.width;
      for (const piece of field.pieces) {
        low -= piece.width;
        word |= ((v >>> low) & (2 ** piece.width - 1)) << piece.at;
      }
    }
    if (decode(isa, word >>> 0)?.insn === insn) return word >>> 0;
  }
}

const d = (op: number, t: number, a: number, offset: number): number =>
  (((op << 26) | (t << 21) | (a << 16)) >>> 0) + (offset & 0xffff);

/** For each record: loads registers and FPSCR, does `body`, stores registers, FPSCR and CR. */
function program(body: readonly number[]): number[] {
  const words: number[] = [];
  for (let k = 0; k < REGISTERS; k++) words.push(d(50, k, 3, 8 * k)); // lfd
  words.push(d(50, 31, 3, 8 * REGISTERS), 0xfdfefd8e); // lfd f31; mtfsf 255, f31
  words.push(...body, 0xffc0048e, 0x7ca00026); // mffs f30; mfcr r5
  for (let k = 0; k < REGISTERS; k++) words.push(d(54, k, 4, 8 * k)); // stfd
  words.push(d(54, 30, 4, 8 * REGISTERS), d(36, 5, 4, 8 * REGISTERS + 8)); // stfd f30; stw r5
  words.push(d(14, 3, 3, IN), d(14, 4, 4, OUT)); // addi
  words.push((0x42000000 | ((-4 * words.length) & 0xfffc)) >>> 0, 0x44000002); // bdnz; sc
  return words;
}

/** What the records become: 32-bit words. */
function run(cpu: Interpreter, words: readonly number[], source: Uint32Array): Uint32Array {
  words.forEach((w, k) => void cpu.memory.pokeU32(CODE + 4 * k, w));
  source.forEach((v, k) => void cpu.memory.pokeU32(SOURCE + 4 * k, v));
  const state = { r3: SOURCE, r4: RESULT, CTR: RECORDS, CR: 0, FPSCR: 0 };
  for (const [name, v] of Object.entries(state)) cpu.writeRegister(name, BigInt(v));
  cpu.pc = CODE;
  expect(cpu.run(1_000_000).kind).toBe('trap');
  return Uint32Array.from({ length: (RECORDS * OUT) / 4 }, (_, k) => cpu.memory.peekU32(RESULT + 4 * k)!);
}

/** What the numbers of a record have in common: so that results are tiny, huge, half way, exact, or nothing of this. */
const MOODS = ['any', 'near', 'near', 'single', 'large', 'small', 'whole'] as const;

function number(r: Random, mood: (typeof MOODS)[number]): bigint {
  const sign = BigInt(r.below(2)) << 63n;
  const with_ = (exponent: number, fraction: bigint): bigint =>
    sign | (BigInt(exponent) << 52n) | BigInt.asUintN(52, fraction);
  // Few bits, many zeros or ones at the end, or any.
  const fractions = [
    () => 0n,
    () => r.bits(52),
    () => r.bits(52),
    () => BigInt(r.below(4)),
    () => -BigInt(r.below(4)),
    () => r.bits(26) << 26n,
    () => r.bits(23) << 29n,
    () => (r.bits(23) << 29n) | 0x10000000n,
    () => (r.bits(23) << 29n) + 0x10000000n + BigInt(r.below(3)) - 1n,
    () => 1n << BigInt(r.below(52)),
  ];
  const fraction = r.pick(fractions)();
  if (r.below(mood === 'any' ? 3 : 12) === 0)
    return r.pick([
      sign, // zero
      with_(0x7ff, 0n), // infinity
      with_(0x7ff, fraction | 1n), // NaN, perhaps signalling
      with_(0x7ff, fraction | (1n << 51n)),
      with_(0, fraction), // subnormal
      with_(1, BigInt(r.below(3))),
      with_(0x7fe, -BigInt(r.below(3))),
      with_(r.pick([872, 873, 874, 895, 896, 897, 898]), fraction), // the ends of single
      with_(r.pick([1149, 1150, 1151]), r.below(2) ? fraction : -1n),
      with_(r.pick([1053, 1054, 1055]), fraction), // 2^31
    ]);
  switch (mood) {
    case 'any':
      return r.bits(64);
    case 'near':
      return with_(1021 + r.below(5), fraction);
    case 'single':
      return with_(r.pick([1023, 1023, 897, 1150]) + r.below(60) - 30, r.bits(23) << 29n);
    case 'large':
      return with_(r.pick([1500, 1534, 2040, 2046]) + r.below(6) - 5, fraction);
    case 'small':
      return with_(r.pick([5, 512, 60, 100, 110]) + r.below(8) - 4, fraction);
    case 'whole': {
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, r.below(1 << r.below(31)) - r.below(1000));
      return view.getBigUint64(0);
    }
  }
}

/** Registers and FPSCR: mostly with what the fast path wants. */
function records(r: Random): Uint32Array {
  const out = new Uint32Array((RECORDS * IN) / 4);
  for (let n = 0; n < RECORDS; n++) {
    const mood = r.pick(MOODS);
    const at = (n * IN) / 4;
    for (let k = 0; k < REGISTERS; k++) {
      const v = number(r, mood);
      out.set([Number(v >> 32n), Number(v & 0xffffffffn)], at + 2 * k);
    }
    const kind = r.below(8);
    out[at + 2 * REGISTERS + 1] =
      kind < 4 ? 0x82000000 | Number(r.bits(21) & 0xff000n) : kind < 6 ? 0 : Number(r.bits(32));
  }
  return out;
}

describe('floating point', () => {
  let fused = false;
  beforeAll(() => {
    fused = hasFusedMultiplyAdd(() => setFlagsFromString('--experimental-wasm-relaxed-simd'));
  });

  it(`gives what the exact functions give, ${CASES} times`, () => {
    const module = buildInterpreter(isa).bytes;
    const translate = (f: boolean): TranslatorOptions => ({ fused: () => f });
    const reference = processor(exact, buildInterpreter(exact).bytes, false);
    const others = {
      interpreted: processor(isa, module, false),
      translated: processor(isa, module, translate(fused)),
      'translated without multiply-add': processor(isa, module, translate(false)),
    };
    let programs = 0;
    for (let n = 0; n < CASES / RECORDS; n++) {
      programs++;
      const r = new Random(SEED * 1_000_003 + n);
      // Each alone, then several together, whose results and FPSCR depend on each other.
      const body =
        n < floating.length
          ? [pick(r, [floating[n]!])]
          : Array.from({ length: 1 + r.below(6) }, () => pick(r, r.below(8) ? floating : status));
      const words = program(body);
      const source = records(r);
      const want = run(reference, words, source);
      for (const [name, cpu] of Object.entries(others)) {
        const got = run(cpu, words, source);
        const k = got.findIndex((v, i) => v !== want[i]);
        if (k < 0) continue;
        const record = Math.floor(k / (OUT / 4));
        const hex = (list: Uint32Array): string =>
          [...list].map((v) => v.toString(16).padStart(8, '0')).join(' ');
        expect.fail(
          [
            `program ${n} of seed ${SEED}, ${name}, record ${record}, word ${k % (OUT / 4)}:`,
            ...body.map((w) => `  ${w.toString(16)} ${Object.values(disassemble(isa, w, CODE)!).join(' ')}`),
            `  in   ${hex(source.subarray((record * IN) / 4, ((record + 1) * IN) / 4))}`,
            `  want ${hex(want.subarray((record * OUT) / 4, ((record + 1) * OUT) / 4))}`,
            `  got  ${hex(got.subarray((record * OUT) / 4, ((record + 1) * OUT) / 4))}`,
          ].join('\n'),
        );
      }
    }
    expect(others.translated.translator!.statistics.regions).toBeGreaterThan(programs / 2);
  }, 600_000);
});
