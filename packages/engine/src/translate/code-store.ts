// What is known of guest code, so that regions that share it do not work it out again: decoded instructions, where
// their jumps go, lifted blocks.
// In: a way to fetch instructions. Out: the same facts until `clear`. Must not know: regions.
import { JumpHint, Op, removeDead, Simplifier } from '@mimic/ir';
import type { CompiledIsa, Decoded, Insn } from '@mimic/isa';
import { contextAfter } from '@mimic/isa/decode';
import { type Lifted, lifted } from './lifted.js';
import { type BlockPasses, passesWithout } from './passes.js';
import type { TranslatorStatistics } from './statistics.js';
import type { TemplateSource } from './template-store.js';
import type { Template } from './templates.js';

/** A decoded instruction. */
export interface RegionInsn {
  readonly pc: number;
  /** What decoding looked at besides, here and behind the instruction: CompiledIsa.context. */
  readonly context: number;
  readonly after: number;
  readonly insn: Insn;
  /** Bytes. */
  readonly length: number;
  readonly fields: readonly number[];
  readonly template: Template;
  /** See CodeStore.exits; undefined until they are asked for. */
  exits: InsnExits | undefined;
  /** The block that starts here, when it was last lifted: which of its instructions were whole. */
  block: { readonly whole: readonly boolean[]; readonly lifted: Lifted } | undefined;
}

/** A way out of an instruction. */
export interface Exit {
  /** Static target, or undefined for one that is computed. */
  readonly target: number | undefined;
  /** JumpHint. */
  readonly hint: number;
}

export interface InsnExits {
  readonly exits: readonly Exit[];
  /** Whether execution may go on behind the instruction without a jump. */
  readonly falls: boolean;
}

/** Of an instruction that does not jump, or not with these fields. */
const NO_EXITS: InsnExits = { exits: [], falls: true };

/** The instruction at `pc`; null where there is none, undefined where it may not be executed. */
export type Fetch = (pc: number, context: number) => Decoded | null | undefined;

type LiftTimes = Pick<TranslatorStatistics, 'lifted' | 'liftTime' | 'optimizeTime'>;

const NONE: readonly boolean[] = [];

/**
 * Makes the body of a block: templates with constants for their params and pc, a `mark` before each. What is rare in an
 * instruction leaves, but for those that are `whole`.
 */
export function lift(to: Simplifier, insns: readonly RegionInsn[], whole = NONE): void {
  to.clear();
  for (let n = 0; n < insns.length; n++) {
    const { template, fields, pc } = insns[n]!;
    to.leaving = template.rare && whole[n] !== true;
    to.mark(n);
    to.add(template.body, fields, pc);
  }
}

/** Instructions remembered at most; then everything is forgotten. */
const LIMIT = 200_000;

export class CodeStore {
  private readonly insns = new Map<number, RegionInsn | null>();
  private readonly simplifier: Simplifier;

  constructor(
    private readonly isa: CompiledIsa,
    readonly templates: TemplateSource,
    private readonly fetch: Fetch,
    /** Where and by what the time of lifting is counted. */
    private readonly times: LiftTimes,
    private readonly clock: () => number,
    readonly passes: BlockPasses = passesWithout([]),
  ) {
    this.simplifier = new Simplifier(templates.program, passes);
  }

  /** Guest pages that an instruction lies on, the first and the last. */
  pagesOf(x: RegionInsn): readonly [number, number] {
    const start = (x.pc & ~this.isa.modeMask) >>> 0;
    return [start >>> 12, (start + x.length - 1) >>> 12];
  }

  /** Code changed. */
  clear(): void {
    this.insns.clear();
  }

  /** The instruction at `pc`; null where there is none that can be translated. */
  insn(pc: number, context = 0): RegionInsn | null {
    const old = this.insns.get(pc);
    if (old !== undefined && (old?.context ?? context) === context) return old;
    if (this.insns.size >= LIMIT) this.clear();
    const d = this.fetch(pc, context);
    // Not remembered: nobody tells when it becomes executable.
    if (d === undefined) return null;
    const template = d && this.templates.get(d.number);
    const made =
      d && template && !template.loops
        ? {
            pc,
            context,
            after: contextAfter(this.isa, d, pc, context),
            insn: d.insn,
            length: d.length,
            fields: d.fields,
            template,
            exits: undefined,
            block: undefined,
          }
        : null;
    this.insns.set(pc, made);
    return made;
  }

  /** Where the jumps of an instruction go. A call of the next instruction, to learn the pc, is a plain jump. */
  exits(x: RegionInsn): InsnExits {
    return (x.exits ??= this.findExits(x));
  }

  private findExits(x: RegionInsn): InsnExits {
    if (!x.template.jumps) return NO_EXITS;
    const next = (x.pc + x.length) >>> 0;
    lift(this.simplifier, [x]);
    const { body } = this.simplifier;
    const exits: Exit[] = [];
    let depth = 0;
    let falls = true;
    for (let i = 0; i < body.length; i++) {
      const op = body.op[i]!;
      if (op === Op.if) depth++;
      else if (op === Op.end) depth--;
      else if (op === Op.jump) {
        const v = body.a[i]!;
        const target = body.op[v] === Op.const ? Number(body.constantValue(v)) : undefined;
        exits.push({
          target,
          hint: target === next && body.b[i] === JumpHint.call ? JumpHint.plain : body.b[i]!,
        });
        if (depth === 0) falls = false;
      }
    }
    return { exits, falls };
  }

  /** The instructions of a block as one body, simplified across them, with a `mark` at each. See `lift`. */
  block(insns: readonly RegionInsn[], isWhole: (pc: number) => boolean): Lifted {
    const first = insns[0]!;
    const whole = insns.map((x) => x.template.rare && isWhole(x.pc));
    const { block } = first;
    if (block?.whole.length === whole.length && whole.every((v, n) => block.whole[n] === v))
      return block.lifted;
    const { clock, times } = this;
    const t0 = clock();
    lift(this.simplifier, insns, whole);
    const t1 = clock();
    const { body } = this.simplifier;
    const made = lifted(this.passes.dead ? removeDead(body) : body.copy(), this.passes);
    times.lifted += insns.length;
    times.liftTime += t1 - t0;
    times.optimizeTime += clock() - t1;
    first.block = { whole, lifted: made };
    return made;
  }
}
