// Checks that a body is well formed: widths, dominance, nesting, numbers of cells, functions and traps.
// In: a Body and its Program. Out: messages, each with the op's text. Must not know: where the body came from.
import type { Body, Program } from './body.js';
import { OPS, Op } from './op.js';
import { printOp } from './print.js';

export interface VerifyOptions {
  /** Widths of the params, where known. */
  readonly params?: readonly number[];
  /** Widths of what `return` must give, where known. */
  readonly results?: readonly number[];
}

const MEMORY_WIDTHS = [8, 16, 32, 64, 128];

/** Every violation as `op 12: %12 = add.32 %3 %4: operand widths 32 and 16 differ`; empty when the body is sound. */
export function verify(body: Body, program: Program, options: VerifyOptions = {}): string[] {
  const errors: string[] = [];
  // visible[i]: value i is defined and its region is open.
  const visible = new Uint8Array(body.length);
  const regions: { kind: number; from: number; otherwise: boolean }[] = [];
  const close = (from: number, to: number): void => void visible.fill(0, from, to);
  const isFloat = (w: number): boolean => w === 32 || w === 64;

  for (let i = 0; i < body.length; i++) {
    const op = body.op[i]!;
    const def = OPS[op];
    const fail = (why: string): void => void errors.push(`op ${i}: ${printOp(body, i, program)}: ${why}`);
    if (!def) {
      errors.push(`op ${i}: no op number ${op}`);
      continue;
    }
    const slots = [body.a[i]!, body.b[i]!, body.c[i]!];
    const [a, b, c] = slots as [number, number, number];
    const width = body.width[i]!;
    const use = (v: number): number => {
      if (!(v >= 0 && v < i && visible[v])) {
        fail(`%${v} is not defined here`);
        return 0;
      }
      return body.width[v]!;
    };
    const operands =
      def.shape[0] === '*' ? body.extra.slice(a, a + b) : slots.filter((_, k) => def.shape[k] === 'v');
    const widths = operands.map(use);
    const expect = (ok: boolean, why: string): void => {
      if (!ok) fail(why);
    };
    const lists = (wanted: readonly number[] | undefined, what: string): void => {
      if (wanted)
        expect(
          wanted.length === widths.length && wanted.every((w, k) => w === widths[k]),
          `${what} (${widths}) should be (${wanted})`,
        );
    };
    const equal = (from: number): void => {
      for (let k = from + 1; k < widths.length; k++)
        expect(widths[k] === widths[from], `operand widths ${widths[from]} and ${widths[k]} differ`);
    };

    if (def.result === 'none') expect(width === 0, 'has no result, so no width');
    else expect(Number.isInteger(width) && width >= 1 && width <= 1024, `width ${width}`);
    if (def.result === 'same') {
      equal(0);
      expect(width === widths[0], `width ${width} should be ${widths[0]}`);
    } else if (def.result === 'bit') {
      expect(width === 1, 'the result has 1 bit');
      if (op !== Op.carry) equal(0);
    } else if (def.result === 'first') expect(width === widths[0], `width ${width} should be ${widths[0]}`);
    else if (def.result === 'second') {
      equal(1);
      expect(width === widths[1], `width ${width} should be ${widths[1]}`);
    }

    switch (op) {
      case Op.param:
        if (options.params)
          expect(options.params[a] === width, `param ${a} has ${options.params[a] ?? 'no'} bits`);
        break;
      case Op.pc:
        expect(width === program.word, `pc has ${program.word} bits`);
        break;
      case Op.carry:
        expect(widths[0] === widths[1] && widths[2] === 1, `operand widths ${widths}`);
        break;
      case Op.zx:
      case Op.sx:
        expect(width >= widths[0]!, `cannot widen ${widths[0]} bits to ${width}`);
        break;
      case Op.slice:
        expect(b >= 0 && b + width <= widths[0]!, `bits ${b}..${b + width - 1} of ${widths[0]}`);
        break;
      case Op.cat:
        expect(width === widths[0]! + widths[1]!, `width ${width} should be ${widths[0]! + widths[1]!}`);
        break;
      case Op.select:
      case Op.if:
        expect(widths[0] === 1, 'the condition has 1 bit');
        break;
      case Op.rare:
        expect(width === 1, 'only one bit is rare');
        break;
      case Op.fma:
        expect(width === 64, 'fma takes 64 bits');
        break;
      case Op.bswap:
        expect(width % 8 === 0, 'the width must be a multiple of 8');
        break;
      case Op.fadd:
      case Op.fsub:
      case Op.fmul:
      case Op.fdiv:
      case Op.fsqrt:
      case Op.feq:
      case Op.flt:
      case Op.fle:
      case Op.fcvt:
      case Op.frint:
      case Op.ftos:
      case Op.ftou:
      case Op.stof:
      case Op.utof:
        expect(widths.every(isFloat) && (width === 1 || isFloat(width)), 'float ops take 32 or 64 bits');
        if (op === Op.frint) expect(b >= 0 && b <= 3, `rounding mode ${b}`);
        break;
      case Op.get:
      case Op.set: {
        const cell = program.cells[a];
        if (!cell) fail(`no cell ${a}`);
        else
          expect(
            (op === Op.get ? width : widths[1]) === cell.width,
            `cell ${cell.name} has ${cell.width} bits`,
          );
        break;
      }
      case Op.vget:
      case Op.vset:
        if (body.vars[a] === undefined) fail(`no variable ${a}`);
        else
          expect(
            (op === Op.vget ? width : widths[0]) === body.vars[a],
            `variable ${a} has ${body.vars[a]} bits`,
          );
        break;
      case Op.load:
      case Op.store:
        expect(widths[0] === program.word, `addresses have ${program.word} bits`);
        expect(
          MEMORY_WIDTHS.includes(op === Op.load ? width : widths[1]!),
          'memory widths are 8, 16, 32, 64, 128',
        );
        break;
      case Op.host:
        expect(program.hosts[a]?.width === width, `host ${a} has ${program.hosts[a]?.width ?? 'no'} bits`);
        break;
      case Op.call: {
        if (!program.funcs[c]) fail(`no function ${c}`);
        else lists(program.funcs[c].params, 'arguments');
        break;
      }
      case Op.result: {
        const func = body.op[a] === Op.call ? program.funcs[body.c[a]!] : undefined;
        if (!func) fail(`%${a} is not a call`);
        else
          expect(
            func.results[b] === width,
            `result ${b} of ${func.name} has ${func.results[b] ?? 'no'} bits`,
          );
        break;
      }
      case Op.return:
        lists(options.results, 'results');
        break;
      case Op.jump:
        expect(widths[0] === program.word, `addresses have ${program.word} bits`);
        break;
      case Op.trap:
        if (!program.traps[c]) fail(`no trap ${c}`);
        else lists(program.traps[c].params, 'arguments');
        break;
      case Op.break:
        expect(a >= 0 && a < regions.filter((r) => r.kind === Op.loop).length, 'no such loop');
        break;
      default:
    }

    if (op === Op.if || op === Op.loop) regions.push({ kind: op, from: i, otherwise: false });
    else if (op === Op.else) {
      const region = regions.at(-1);
      if (!region || region.kind !== Op.if || region.otherwise) fail('else without if');
      else {
        close(region.from, i);
        region.otherwise = true;
      }
    } else if (op === Op.end) {
      const region = regions.pop();
      if (!region) fail('end without if or loop');
      else close(region.from, i);
    } else if (width > 0 || op === Op.call) visible[i] = 1;
  }
  for (const region of regions)
    errors.push(`op ${region.from}: ${printOp(body, region.from, program)}: has no end`);
  return errors;
}
