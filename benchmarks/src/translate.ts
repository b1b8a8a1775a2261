// How fast templates become the IR of an instruction, and how fast the interpreter module is built.
import { buildInterpreter } from '@mimic/engine';
import { instantiate } from '@mimic/ir';
import { decode } from '@mimic/isa';
import { ppc, words } from './inputs.js';
import { suite } from './suite.js';

export async function translateSuite(): Promise<void> {
  const isa = ppc();
  const decoded = words()
    .map(({ word, pc }) => ({ d: decode(isa, word), pc }))
    .filter((x) => x.d !== undefined)
    .slice(0, 2000);
  await suite('translate', [
    {
      name: 'instantiate and simplify templates',
      unit: 'instructions',
      work: decoded.length,
      run: () => {
        for (const { d, pc } of decoded) instantiate(d!.insn.template, isa.program, d!.fields, pc);
      },
    },
    { name: 'build the interpreter module', unit: 'modules', work: 1, run: () => void buildInterpreter(isa) },
  ]);
}
