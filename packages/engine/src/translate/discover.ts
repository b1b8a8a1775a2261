// Finds the blocks of a region: what can be reached from an entry without leaving the guest function.
// In: an entry, a way to fetch words. Out: blocks of decoded instructions with their successors.
// Must not know: how blocks become code.
import { Body, Op, removeDead, simplify } from '@mimic/ir';
import type { CompiledIsa, Insn } from '@mimic/isa';
import { decode } from '@mimic/isa/decode';
import { append, type Template, type Templates } from './templates.js';

/** A decoded instruction of a block. */
export interface RegionInsn {
  readonly pc: number;
  readonly insn: Insn;
  readonly number: number;
  readonly fields: readonly number[];
  readonly template: Template;
}

/** A way out of a block's last instruction. */
export interface Exit {
  /** Static target, or undefined for one that is computed. */
  readonly target: number | undefined;
  readonly hint: number;
}

export interface Block {
  readonly pc: number;
  readonly insns: readonly RegionInsn[];
  /** Address behind the last instruction. */
  readonly end: number;
  /** Jumps of the last instruction. */
  readonly exits: readonly Exit[];
  /** Whether execution may go on at `end` without a jump. */
  readonly falls: boolean;
  /** The block ends because what follows is not translated: the interpreter goes on at `end`. */
  readonly stops: boolean;
}

export interface Discovered {
  readonly entry: number;
  /** By address. */
  readonly blocks: ReadonlyMap<number, Block>;
  /** Guest pages that hold its instructions. */
  readonly pages: ReadonlySet<number>;
  /** Static targets of calls. */
  readonly calls: ReadonlySet<number>;
  readonly insns: number;
}

/** A region stops growing here. */
export const REGION_LIMITS = { blocks: 600, insns: 6000 } as const;

/** The instruction word at `pc`, or undefined where it may not be executed. */
export type Fetch = (pc: number) => number | undefined;

interface Scanned {
  readonly insns: RegionInsn[];
  readonly exits: Exit[];
  readonly falls: boolean;
  readonly stops: boolean;
}

/** Whether the instruction at `pc` has been executed: code that never ran is left out, however near it is. */
export type Executed = (pc: number) => boolean;

/** Undefined when the entry itself does not decode or is left to the interpreter. */
export function discover(
  isa: CompiledIsa,
  templates: Templates,
  fetch: Fetch,
  executed: Executed,
  entry: number,
): Discovered | undefined {
  const at = new Map<number, RegionInsn | null>();
  const insnAt = (pc: number): RegionInsn | null => {
    const old = at.get(pc);
    if (old !== undefined) return old;
    const word = fetch(pc);
    const d = word === undefined ? undefined : decode(isa, word);
    const template = d && templates.get(d.number);
    const made =
      d && template && !template.loops
        ? { pc, insn: d.insn, number: d.number, fields: d.fields, template }
        : null;
    at.set(pc, made);
    return made;
  };
  if (!insnAt(entry)) return undefined;

  // First the leaders: entry, static targets, what follows a jump.
  const leaders = new Set<number>([entry]);
  const exitsAt = new Map<number, { exits: Exit[]; falls: boolean }>();
  const calls = new Set<number>();
  const queue = [entry];
  let count = 0;
  const seen = new Set<number>();
  for (let start = queue.pop(); start !== undefined; start = queue.pop()) {
    let pc = start;
    for (;;) {
      if (seen.has(pc)) break;
      const x = insnAt(pc);
      if (!x || count >= REGION_LIMITS.insns) break;
      seen.add(pc);
      count++;
      const next = (pc + x.insn.length) >>> 0;
      if (x.template.traps) break;
      if (x.template.jumps) {
        const e = exitsOf(x, templates, next);
        exitsAt.set(pc, e);
        for (const exit of e.exits) {
          if (exit.hint === 1) {
            if (exit.target !== undefined && executed(exit.target)) calls.add(exit.target);
          } else if (exit.target !== undefined && executed(exit.target)) lead(exit.target);
        }
        // Where a call comes back to is wanted even if it has not come back yet.
        if ((e.falls && executed(next)) || e.exits.some((exit) => exit.hint === 1)) lead(next);
        break;
      }
      pc = next;
    }
  }
  function lead(pc: number): void {
    if (leaders.has(pc) || leaders.size >= REGION_LIMITS.blocks || !insnAt(pc)) return;
    leaders.add(pc);
    queue.push(pc);
  }

  const blocks = new Map<number, Block>();
  const pages = new Set<number>();
  for (const pc of leaders) {
    if (!seen.has(pc)) continue;
    const s = scan(pc);
    const last = s.insns.at(-1)!;
    const end = (last.pc + last.insn.length) >>> 0;
    for (let p = pc >>> 12; p <= (end - 1) >>> 12; p++) pages.add(p);
    blocks.set(pc, { pc, insns: s.insns, end, exits: s.exits, falls: s.falls, stops: s.stops });
  }
  function scan(start: number): Scanned {
    const insns: RegionInsn[] = [];
    for (let pc = start; ; ) {
      const x = at.get(pc);
      if (!x || !seen.has(pc)) return { insns, exits: [], falls: true, stops: true };
      insns.push(x);
      pc = (pc + x.insn.length) >>> 0;
      if (x.template.traps) return { insns, exits: [], falls: false, stops: false };
      const e = exitsAt.get(x.pc);
      if (e) return { insns, ...e, stops: false };
      if (leaders.has(pc)) return { insns, exits: [], falls: true, stops: false };
    }
  }
  return { entry, blocks, pages, calls, insns: count };
}

/** Where the jumps of an instruction go. A call of the next instruction (to learn pc) is a plain jump. */
function exitsOf(x: RegionInsn, templates: Templates, next: number): { exits: Exit[]; falls: boolean } {
  const raw = new Body();
  append(raw, x.template.body, x.fields, x.pc, 0);
  const body = removeDead(simplify(raw, templates.program));
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
      exits.push({ target, hint: target === next && body.b[i] === 1 ? 0 : body.b[i]! });
      if (depth === 0) falls = false;
    }
  }
  return { exits, falls };
}
