// How fast words decode and disassemble outside of WebAssembly.
import { decode, disassemble } from '@mimic/isa';
import { ppc, words } from './inputs.js';
import { suite } from './suite.js';

export async function decodeSuite(): Promise<void> {
  const isa = ppc();
  const all = words();
  await suite('decode', [
    {
      name: 'decode',
      unit: 'instructions',
      work: all.length,
      run: () => {
        for (const { word } of all) decode(isa, word);
      },
    },
    {
      name: 'disassemble',
      unit: 'instructions',
      work: all.length,
      run: () => {
        for (const { word, pc } of all) disassemble(isa, word, pc);
      },
    },
  ]);
}
