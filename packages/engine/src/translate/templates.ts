// The instruction templates as the translator uses them: optimised, split to 64 bits, with what they do at a glance.
// In: a CompiledIsa. Out: Template by instruction number, made at first use. Must not know: regions.
import { type Body, Op, optimize, type SplitProgram, splitBody, splitProgram, structure } from '@mimic/ir';
import type { CompiledIsa } from '@mimic/isa';

export interface Template {
  readonly body: Body;
  /** Holds a `jump`. */
  readonly jumps: boolean;
  /** Holds a `trap` that every run reaches. */
  readonly traps: boolean;
  /** Holds a loop: left to the interpreter. */
  readonly loops: boolean;
  /** Functions that it calls. */
  readonly calls: readonly number[];
}

/** Templates of one ISA. */
export class Templates {
  readonly program: SplitProgram;
  private readonly made: (Template | undefined)[] = [];

  constructor(private readonly isa: CompiledIsa) {
    this.program = splitProgram(isa.program, { bigEndian: isa.endian === 'big' });
  }

  get(insn: number): Template {
    return (this.made[insn] ??= this.make(insn));
  }

  private make(insn: number): Template {
    const body = optimize(
      splitBody(optimize(this.isa.insns[insn]!.template, this.isa.program), this.program),
      this.program,
    );
    const calls = body.op.flatMap((op, i) => (op === Op.call ? [body.c[i]!] : []));
    return {
      body,
      calls,
      jumps: body.op.includes(Op.jump),
      traps: trapsAlways(body),
      loops: body.op.includes(Op.loop),
    };
  }
}

function trapsAlways(body: Body): boolean {
  const { end } = structure(body);
  for (let i = 0; i < body.length; i++) {
    if (body.op[i] === Op.if || body.op[i] === Op.loop) i = end[i]!;
    else if (body.op[i] === Op.trap) return true;
  }
  return false;
}

/**
 * Appends `template` to `out` with constants for its params and pc, and a `mark` before it. Simplifying is left to a
 * pass over the whole block.
 */
export function append(out: Body, template: Body, fields: readonly number[], pc: number, mark: number): void {
  out.emit(Op.mark, 0, mark);
  const base = out.length;
  const vars = out.vars.length;
  const extra = out.extra.length;
  const big = out.big.length;
  out.vars.push(...template.vars);
  out.big.push(...template.big);
  for (const v of template.extra) out.extra.push(v + base);
  for (let i = 0; i < template.length; i++) {
    const op = template.op[i]!;
    const width = template.width[i]!;
    let a = template.a[i]!;
    let b = template.b[i]!;
    let c = template.c[i]!;
    switch (op) {
      case Op.param:
        out.constant(width, fields[a]!);
        continue;
      case Op.pc:
        out.constant(width, pc);
        continue;
      case Op.const:
        if (width > 32) a += big;
        break;
      case Op.get:
        b += base;
        break;
      case Op.set:
        b += base;
        c += base;
        break;
      case Op.vget:
        a += vars;
        break;
      case Op.vset:
        a += vars;
        b += base;
        break;
      case Op.call:
      case Op.return:
      case Op.trap:
        a += extra;
        break;
      case Op.slice:
      case Op.frint:
      case Op.result:
      case Op.jump:
        a += base;
        break;
      case Op.host:
      case Op.break:
      case Op.mark:
        break;
      default:
        a += base;
        b += base;
        c += base;
    }
    out.emit(op, width, a, b, c);
  }
}
