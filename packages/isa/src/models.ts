// Which model of a processor a program runs on.
// In: a CompiledIsa, a name. Out: the same ISA in that model. Must not know: what traits mean.
import type { CompiledIsa, Model } from './model.js';

/** The ISA in one of its models: what decodes, and the auxiliary vector. All else is shared, and read as late as before. */
export function inModel(isa: CompiledIsa, model: Model): CompiledIsa {
  const abi = isa.abi && model.auxv ? { ...isa.abi, auxv: model.auxv } : isa.abi;
  return Object.create(isa, { model: { value: model }, abi: { value: abi } }) as CompiledIsa;
}

/** A model by one of its names, in upper or lower case. */
export function modelNamed(isa: CompiledIsa, name: string): Model | undefined {
  const wanted = name.toLowerCase();
  return isa.models.find((m) => m.names.some((n) => n.toLowerCase() === wanted));
}
