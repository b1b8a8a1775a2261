// Structure layouts by the C rules of an ABI.
// In: struct items and the ABI's types. Out: StructLayout. Must not know: registers, hooks.
import type * as ast from '../syntax/ast.js';
import { SpecError } from '../syntax/source.js';
import type { AbiTypes, StructField, StructLayout } from './model.js';

type StructItem = Extract<ast.AbiPart, { t: 'struct' }>;

/** Lays out all structures; later ones of the same name replace earlier ones, also inside others. */
export function layoutStructs(items: readonly StructItem[], types: AbiTypes): Record<string, StructLayout> {
  const byName = new Map(items.map((i) => [i.name, i]));
  const out: Record<string, StructLayout> = {};
  const open = new Set<string>();
  const layout = (name: string, at: ast.Type): StructLayout => {
    if (out[name]) return out[name];
    const item = byName.get(name);
    if (!item) throw new SpecError('unknown-type', `there is no struct or type ${name}`, at.span);
    if (open.has(name)) throw new SpecError('recursion', `struct ${name} contains itself`, item.span);
    open.add(name);
    let end = 0;
    let at_ = 0;
    let align = 1;
    const fields: StructField[] = [];
    for (const f of item.fields) {
      const t = scalar(f.type, types) ?? structType(layout(f.type.name ?? '', f.type));
      if (f.offset !== undefined) at_ = f.offset;
      else at_ = Math.ceil(at_ / t.align) * t.align;
      align = Math.max(align, t.align);
      const init = f.init?.t === 'num' ? f.init.value : undefined;
      fields.push({
        name: f.name,
        offset: at_,
        size: t.size,
        signed: t.signed,
        count: f.count,
        ...(t.struct ? { struct: t.struct } : {}),
        ...(init !== undefined ? { init } : {}),
      });
      at_ += t.size * f.count;
      end = Math.max(end, at_);
    }
    open.delete(name);
    return (out[name] = { name, size: Math.ceil(end / align) * align, align, fields });
  };
  for (const item of byName.values()) layout(item.name, { span: item.span });
  return out;
}

interface Scalar {
  readonly size: number;
  readonly align: number;
  readonly signed: boolean;
  readonly struct?: string;
}

function structType(s: StructLayout): Scalar {
  return { size: s.size, align: s.align, signed: false, struct: s.name };
}

function scalar(type: ast.Type, types: AbiTypes): Scalar | undefined {
  const name = type.name ?? '';
  const long = types.long / 8;
  if (name === 'ptr' || name === 'ulong') return { size: long, align: long, signed: false };
  if (name === 'long') return { size: long, align: long, signed: true };
  const m = /^([us])(8|16|32|64|128)$/.exec(name);
  if (!m) return undefined;
  const size = Number(m[2]) / 8;
  return { size, align: size === 8 ? types.align64 : size, signed: m[1] === 's' };
}
