// How fast a compiled spec is loaded: what each start of a program pays, and what listings and the translator add.
import { isaFrom, isaSections, pack, unpack } from '@mimic/isa';
import { ppc } from './inputs.js';
import { suite } from './suite.js';

export async function loadSuite(): Promise<void> {
  const bytes = pack(isaSections(ppc()));
  await suite('load', [
    { name: 'what a run needs', unit: 'loads', work: 1, run: () => void isaFrom(unpack(bytes)!).registers },
    { name: 'with templates', unit: 'loads', work: 1, run: () => void isaFrom(unpack(bytes)!).insns },
  ]);
}
