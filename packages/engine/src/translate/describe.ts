// What was translated as text, for dumps: guest assembly, IR before and after the passes, WebAssembly.
// In: regions of one module, its bytes. Out: lines. Must not know: who wants them.
import { type Program, print, removeDead, Simplifier } from '@mimic/ir';
import { type CompiledIsa, disassemble } from '@mimic/isa';
import { moduleText } from '@mimic/wasm';
import { lift } from './code-store.js';
import type { Block, Discovered } from './discover.js';
import type { BlockPasses } from './passes.js';

/** A module that was made. */
export interface Translated {
  readonly regions: readonly Discovered[];
  readonly wasm: Uint8Array;
  /** That the bodies refer to. */
  readonly program: Program;
  /** Those that were on. */
  readonly passes: BlockPasses;
}

/** Names of what can be shown. */
export const DUMPS = ['in_asm', 'op', 'op_opt', 'out_asm'] as const;
export type Dump = (typeof DUMPS)[number];

const hex = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;

/** `wanted` in any order; the text has the order of DUMPS within a block. */
export function describe(isa: CompiledIsa, t: Translated, wanted: ReadonlySet<Dump>): string {
  const out: string[] = [];
  const simplifier = new Simplifier(t.program, t.passes);
  const plain = new Simplifier(t.program, { fold: false, share: false, forward: false });
  t.regions.forEach((region, k) => {
    out.push(`region ${hex(region.entry)} r${k}: ${region.blocks.size} blocks, ${region.insns} instructions`);
    for (const block of region.blocks.values()) {
      if (wanted.has('in_asm')) out.push(`IN: ${hex(block.pc)}`, ...assembly(isa, block));
      if (!wanted.has('op') && !wanted.has('op_opt')) continue;
      if (wanted.has('op')) {
        lift(plain, block.insns);
        out.push(`OP: ${hex(block.pc)}`, print(plain.body, t.program));
      }
      if (wanted.has('op_opt')) {
        lift(simplifier, block.insns);
        const body = t.passes.dead ? removeDead(simplifier.body) : simplifier.body;
        out.push(`OP after passes: ${hex(block.pc)}`, print(body, t.program));
      }
    }
  });
  if (wanted.has('out_asm')) out.push(`OUT: ${t.wasm.length} bytes`, moduleText(t.wasm));
  return out.join('\n');
}

function assembly(isa: CompiledIsa, block: Block): string[] {
  return block.insns.map(({ pc, context, insn, fields }) => {
    let word = insn.value;
    insn.fields.forEach((field, k) => {
      let low = field.width;
      for (const piece of field.pieces) {
        low -= piece.width;
        word |= ((fields[k]! >>> low) & (2 ** piece.width - 1)) << piece.at;
      }
    });
    const text = disassemble(isa, word >>> 0, pc, {}, context);
    return `${hex(pc)}:  ${(word >>> 0).toString(16).padStart(8, '0')}  ${text?.mnemonic} ${text?.operands}`;
  });
}
