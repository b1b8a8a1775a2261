// The instruction templates as the translator uses them: optimised, split to 64 bits, with what they do at a glance.
// In: a CompiledIsa. Out: Template by instruction number, made at first use. Must not know: regions.
import {
  type Body,
  Op,
  optimize,
  type Packed,
  pack,
  type SplitProgram,
  splitBody,
  splitProgram,
  structure,
} from '@mimic/ir';
import type { CompiledIsa } from '@mimic/isa';

export interface Template {
  readonly body: Packed;
  /** Holds a `jump`. */
  readonly jumps: boolean;
  /** Holds a `trap` that every run reaches. */
  readonly traps: boolean;
  /** Holds a loop: left to the interpreter. */
  readonly loops: boolean;
  /** Holds something rare. */
  readonly rare: boolean;
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
    const calls: number[] = [];
    for (let i = 0; i < body.length; i++) if (body.op[i] === Op.call) calls.push(body.c[i]!);
    return {
      body: pack(body),
      calls,
      jumps: body.has(Op.jump),
      traps: trapsAlways(body),
      loops: body.has(Op.loop),
      rare: body.has(Op.rare),
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
