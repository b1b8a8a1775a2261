// The models of a processor: what each trait is in each of them.
// In: names, cpu items. Out: Cpu[]. Must not know: instructions.
import type { Trait } from '../model.js';
import type * as ast from '../syntax/ast.js';
import { type Span, SpecError } from '../syntax/source.js';
import { Builder } from './builder.js';
import { Lowerer, type SpecContext } from './lowerer.js';

/** The name of the model that has all traits. */
const MOST = 'max';

export interface Cpu {
  readonly names: readonly string[];
  readonly values: readonly number[];
  /** Entries of the auxiliary vector that are its own. */
  readonly auxv: ReadonlyMap<string, ast.Expr>;
}

/** Numbers of traits by name. Throws SpecError. */
export function traitNumbers(spec: SpecContext, names: readonly string[], span: Span): number[] {
  return names.map((name) => {
    const def = spec.names.defs.get(name);
    if (def?.kind !== 'trait') throw new SpecError('unknown-name', `${name} is not a trait`, span);
    if (def.width !== 1)
      throw new SpecError('width', `${name} has ${def.width} bits: what is needed is there or not`, span);
    return def.number;
  });
}

/** All models, the one that has everything last: it is what the first is besides. Throws SpecError. */
export function cpusOf(spec: SpecContext, items: readonly ast.CpuItem[]): Cpu[] {
  const { traits } = spec.names;
  const byName = new Map<string, Cpu>();
  const out: Cpu[] = [];
  for (const item of items) {
    const base = item.base === undefined ? undefined : byName.get(item.base);
    if (item.base !== undefined && !base)
      throw new SpecError('unknown-name', `there is no cpu ${item.base} before this one`, item.span);
    const cpu = derived(spec, item, base, traits);
    for (const name of item.names) {
      if (byName.has(name) || name === MOST)
        throw new SpecError('duplicate', `cpu ${name} is declared twice`, item.span);
      byName.set(name, cpu);
    }
    out.push(cpu);
  }
  const first = out[0];
  const values = traits.map((t, k) => (t.width === 1 ? 1 : (first?.values[k] ?? 0)));
  return [...out, { names: [MOST], values, auxv: first?.auxv ?? new Map() }];
}

function derived(spec: SpecContext, item: ast.CpuItem, base: Cpu | undefined, traits: readonly Trait[]): Cpu {
  const values = [...(base?.values ?? traits.map(() => 0))];
  const auxv = new Map(base?.auxv);
  for (const { target, value, span } of item.rows) {
    if (target.t === 'member' && target.base.t === 'name' && target.base.name === 'auxv') {
      auxv.set(target.name, value);
      continue;
    }
    const def = target.t === 'name' ? spec.names.defs.get(target.name) : undefined;
    if (def?.kind !== 'trait')
      throw new SpecError('unknown-name', 'a model gives values to traits and to auxv.NAME', span);
    const l = new Lowerer(spec, new Builder(false), 'hook');
    values[def.number] = Number(l.staticInt(l.expr(value, def.width), span, 'the value of a trait'));
  }
  return { names: item.names, values, auxv };
}
