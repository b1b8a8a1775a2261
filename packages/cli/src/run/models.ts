// The -cpu option: the model of the processor that a program runs on, and the list of those there are.
// In: an ISA, a name. Out: the ISA in that model, or lines of text. Must not know: what models differ in.
import type { CompiledIsa } from '@mimic/isa';
import { inModel, modelNamed } from '@mimic/isa/models';
import { UsageError } from './options.js';

/** The ISA in the model of that name; in the first one where no name is given. */
export function chooseModel(isa: CompiledIsa, name: string | undefined): CompiledIsa | UsageError {
  const model = name === undefined ? isa.models[0]! : modelNamed(isa, name);
  if (model) return inModel(isa, model);
  return new UsageError(
    `-cpu: ${isa.name} has no model ${name}: ${isa.models.map((m) => m.names[0]).join(', ')}`,
  );
}

/** What `-cpu help` prints about an ISA. */
export function modelList(isa: CompiledIsa): string {
  const lines = isa.models.map(({ names: [name, ...others] }, k) => {
    const notes = [
      ...(k === 0 ? ['the default'] : []),
      ...(others.length ? [`also ${others.join(', ')}`] : []),
    ];
    return `  ${name}${notes.length ? `  (${notes.join('; ')})` : ''}`;
  });
  return `${isa.name}: ${isa.title}\n${lines.join('\n')}\n`;
}
