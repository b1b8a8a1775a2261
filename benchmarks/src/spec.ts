// How fast a spec is parsed and checked.
import { compilePpc, specLines } from './inputs.js';
import { suite } from './suite.js';

export async function specSuite(): Promise<void> {
  await suite('spec', [
    {
      name: 'parse, check and lower the PowerPC spec',
      unit: 'lines',
      work: specLines(),
      run: () => void compilePpc(),
    },
  ]);
}
