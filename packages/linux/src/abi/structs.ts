// Guest structures to and from plain objects, by the ABI's layouts.
// In: LinuxAbi.structs, the byte order. Out: bytes, objects of numbers. Must not know: what a field means.
import type { LinuxAbi, StructField, StructLayout } from '@mimic/isa';

/** A field's value: integers; nested structures are objects, dimensioned fields arrays. */
export type FieldValue = number | bigint | StructValue | readonly FieldValue[] | Uint8Array;
export interface StructValue {
  readonly [field: string]: FieldValue;
}

/** Encodes and decodes the structures of one ABI. Throws RangeError for a name that the ABI lacks: our own bug. */
export class Structs {
  private readonly little: boolean;

  constructor(private readonly abi: LinuxAbi) {
    this.little = abi.elf.data === 'lsb';
  }

  layout(name: string): StructLayout {
    const layout = this.abi.structs[name];
    if (!layout) throw new RangeError(`The ABI ${this.abi.name} has no struct ${name}`);
    return layout;
  }

  size(name: string): number {
    return this.layout(name).size;
  }

  /** The field of a structure by path (`uc.sigmask`), with its offset from the start; undefined where there is none. */
  find(name: string, path: string): { readonly offset: number; readonly field: StructField } | undefined {
    let offset = 0;
    let layout: StructLayout | undefined = this.abi.structs[name];
    let field: StructField | undefined;
    for (const part of path.split('.')) {
      field = layout?.fields.find((f) => f.name === part);
      if (!field) return undefined;
      offset += field.offset;
      layout = field.struct ? this.abi.structs[field.struct] : undefined;
    }
    return field && { offset, field };
  }

  /** The structure's bytes. Fields not given keep their initial value, or 0; names that it lacks are left out. */
  encode(name: string, value: StructValue): Uint8Array {
    const bytes = new Uint8Array(this.size(name));
    this.encodeInto(this.layout(name), value, new DataView(bytes.buffer), 0);
    return bytes;
  }

  /** All fields. Integers are numbers where exact, else bigints. `bytes` has at least the structure's size. */
  decode(name: string, bytes: Uint8Array): StructValue {
    return this.decodeAt(this.layout(name), new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0);
  }

  private encodeInto(layout: StructLayout, value: StructValue, view: DataView, base: number): void {
    for (const field of layout.fields) {
      const given = value[field.name] ?? field.init;
      if (given === undefined) continue;
      const list = field.count === 1 ? [given] : (given as ArrayLike<FieldValue>);
      const count = Math.min(list.length, field.count);
      for (let i = 0; i < count; i++) this.put(field, list[i]!, view, base + field.offset + i * field.size);
    }
  }

  private put(field: StructField, value: FieldValue, view: DataView, at: number): void {
    if (field.struct) {
      this.encodeInto(this.layout(field.struct), value as StructValue, view, at);
      return;
    }
    const n = value as number | bigint;
    if (field.size === 1) view.setUint8(at, Number(n));
    else if (field.size === 2) view.setUint16(at, Number(n), this.little);
    else if (field.size === 4)
      view.setUint32(at, typeof n === 'bigint' ? Number(BigInt.asUintN(32, n)) : n, this.little);
    else if (field.size === 8)
      view.setBigInt64(at, BigInt.asIntN(64, BigInt(typeof n === 'number' ? Math.trunc(n) : n)), this.little);
    else throw new RangeError(`Field ${field.name} of ${field.size} bytes cannot be set`);
  }

  private decodeAt(layout: StructLayout, view: DataView, base: number): StructValue {
    const out: Record<string, FieldValue> = {};
    for (const field of layout.fields) {
      const at = base + field.offset;
      if (field.size > 8 && !field.struct) continue;
      if (field.count === 1) out[field.name] = this.get(field, view, at);
      else
        out[field.name] = Array.from({ length: field.count }, (_, i) =>
          this.get(field, view, at + i * field.size),
        );
    }
    return out;
  }

  private get(field: StructField, view: DataView, at: number): FieldValue {
    if (field.struct) return this.decodeAt(this.layout(field.struct), view, at);
    const { size, signed } = field;
    if (size === 1) return signed ? view.getInt8(at) : view.getUint8(at);
    if (size === 2) return signed ? view.getInt16(at, this.little) : view.getUint16(at, this.little);
    if (size === 4) return signed ? view.getInt32(at, this.little) : view.getUint32(at, this.little);
    const wide = signed ? view.getBigInt64(at, this.little) : view.getBigUint64(at, this.little);
    const number = Number(wide);
    return Number.isSafeInteger(number) ? number : wide;
  }
}
