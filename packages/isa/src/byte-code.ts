// Instructions of bytes, as the spec's `opcodes` item describes them: the fields before the immediates, and encodings in
// the notation `81 /2 iz` -> mask, value and fields of the vector that scan.ts makes.
// In: the `opcodes` item, encodings. Out: Scan, Encoded. Must not know: semantics.
import type { Body } from '@mimic/ir';
import type { Bindings, Encoded } from './encode.js';
import type { FieldType, Names } from './lower/names.js';
import type { EncodedField } from './model.js';
import { OPCODE_BITS, type Scan, type ScanMore, type ScanPrefix, VECTOR } from './scan.js';
import type * as ast from './syntax/ast.js';
import { type Span, SpecError } from './syntax/source.js';

/** Bytes of immediates at most. */
const MOST_IMMEDIATES = 8;

type Field = EncodedField & { readonly type: FieldType };

/** Lowers a condition over fields of the vector. */
export type LowerCondition = (e: ast.Expr) => { fields: readonly EncodedField[]; body: Body };
/** The width of a field whose type depends on sizes. */
export type WidthOf = (type: FieldType, span: Span) => number;

/** What one encoding says: bytes before the opcode's, opcode, operand byte, immediates. */
interface Parts {
  readonly bytes: { readonly value: number; readonly plus?: ast.Expr; readonly span: Span }[];
  slash?: string;
  np: boolean;
  readonly require: ast.Require[];
  readonly immediates: { readonly name: string; readonly span: Span }[];
}

export class ByteCode {
  /** Fields that every instruction may use, by name. */
  readonly common = new Map<string, Field>();
  /** Prefixes that an instruction must name to be decoded with them. */
  private readonly strict: string[] = [];
  private readonly mandatory: string[] = [];
  private readonly prefixes: ScanPrefix[] = [];
  private lastMask = 0;
  private readonly maps: { bytes: readonly number[]; value: number }[] = [];
  private readonly mapAt: number;
  private readonly mapWidth: number;
  private readonly operandsAt: number;
  private readonly hasOperands: number[];
  /** By map and opcode, what the first instruction there said about an operand byte. */
  private readonly operandsOf = new Map<number, boolean>();
  private readonly more: readonly Extract<ast.BytesRow, { t: 'more' | 'displacement' }>[];

  constructor(item: ast.BytesItem, longest: number) {
    this.longest = longest;
    const maps = item.rows.filter((r) => r.t === 'map');
    let at = OPCODE_BITS;
    const most = maps.reduce((n, m) => Math.max(n, m.value), 0);
    this.mapAt = at;
    this.mapWidth = 32 - Math.clz32(most);
    at += this.mapWidth;
    for (const m of maps) this.maps.push({ bytes: m.bytes, value: m.value << this.mapAt });
    this.hasOperands = new Array<number>(8 << this.mapWidth).fill(0);
    this.operandsAt = at;
    at += 8;
    const take = (width: number, span: Span): number => {
      const from = at;
      at += width;
      if (at > 32)
        throw new SpecError('encoding', 'the fields before the immediates have more than 32 bits', span);
      return from;
    };
    for (const r of item.rows) {
      if (r.t === 'prefix') {
        const from = take(r.width, r.span);
        const mask = ((2 ** r.width - 1) << from) >>> 0;
        this.define(r.name, from, r.width);
        if (r.strict) this.strict.push(r.name);
        for (const b of r.bytes)
          this.prefixes.push({ byte: b.byte, mask, value: (b.value << from) >>> 0, last: false });
      } else if (r.t === 'last') this.last(r, take);
      else if (r.t === 'mandatory') this.mandatory.push(...r.names);
      else if (r.t === 'operands') this.box(r.cells, this.operandsAt, r.span);
      else if (r.t === 'more') this.box(r.cells, 32 * VECTOR.more, r.span);
      else if (r.t === 'displacement' && !this.common.has(r.name))
        this.define(r.name, 32 * VECTOR.displacement, 32);
    }
    this.more = item.rows.filter((r) => r.t === 'more' || r.t === 'displacement');
  }
  private readonly longest: number;

  private define(name: string, at: number, width: number): void {
    this.common.set(name, { name, width, type: { t: 'plain', width }, pieces: [{ at, width }] });
  }

  /** Fields of a byte of fields that lies at `at` of the vector. */
  private box(cells: readonly ast.Cell[], at: number, span: Span): void {
    let low = 8;
    for (const c of cells) {
      if (c.t !== 'field' || c.width === undefined)
        throw new SpecError('encoding', 'fields with their widths are needed here', c.span);
      low -= c.width;
      this.define(c.name, at + low, c.width);
    }
    if (low !== 0) throw new SpecError('encoding', `this has ${8 - low} bits, not 8`, span);
  }

  /** A prefix whose bits are fields: `last rex = | 0100 | W | R | X | B |`. */
  private last(r: Extract<ast.BytesRow, { t: 'last' }>, take: (width: number, span: Span) => number): void {
    const there = take(1, r.span);
    this.define(r.name, there, 1);
    let fixed = '';
    const names: { name: string; width: number }[] = [];
    for (const c of r.cells) {
      if (c.t === 'bits' && names.length === 0) fixed += c.bits;
      else if (c.t === 'field') names.push({ name: c.name, width: c.width! });
      else throw new SpecError('encoding', 'bits and then fields are needed here', c.span);
    }
    const width = names.reduce((n, f) => n + f.width, 0);
    if (fixed.length + width !== 8) throw new SpecError('encoding', 'a prefix has 8 bits', r.span);
    const from = take(width, r.span);
    let low = width;
    for (const f of names) {
      low -= f.width;
      this.define(f.name, from + low, f.width);
    }
    const mask = ((1 << there) | ((2 ** width - 1) << from)) >>> 0;
    this.lastMask = (this.lastMask | mask) >>> 0;
    const first = Number.parseInt(fixed, 2) << width;
    for (let v = 0; v < 2 ** width; v++)
      this.prefixes.push({ byte: first | v, mask, value: ((1 << there) | (v << from)) >>> 0, last: true });
  }

  /** What instructions of bytes are made of, for decoders. All encodings have been seen. */
  scan(lower: LowerCondition): Scan {
    const more = this.more.map(
      (m): ScanMore => ({
        ...(m.when ? { when: lower(m.when) } : {}),
        bytes: m.t === 'more' ? 1 : m.width / 8,
        displacement: m.t === 'displacement',
      }),
    );
    return {
      longest: this.longest,
      prefixes: this.prefixes,
      lastMask: this.lastMask,
      maps: this.maps,
      map: { at: this.mapAt, width: this.mapWidth },
      operandsAt: this.operandsAt,
      hasOperands: this.hasOperands.map((w) => w >>> 0),
      more,
    };
  }

  /**
   * An encoding. `named`: whether the instruction's text mentions a prefix. Undefined when `require` contradicts the
   * encoding: this combination of sizes does not exist.
   */
  encode(
    names: Names,
    encoding: ast.Encoding,
    bindings: Bindings,
    span: Span,
    require: readonly ast.Require[],
    named: (prefix: string) => boolean,
    widthOf: WidthOf,
    constant: (e: ast.Expr, bindings: Bindings) => bigint,
  ): (Encoded & { readonly immediates: number }) | undefined {
    const parts = this.parts(names, encoding, bindings, constant);
    let mask = 0;
    let value = 0;
    const fix = (f: { readonly at: number; readonly width: number }, v: number): boolean => {
      const m = ((2 ** f.width - 1) << f.at) >>> 0;
      const bits = (v << f.at) >>> 0;
      if (((value ^ bits) & mask & m) !== 0) return false;
      mask = (mask | m) >>> 0;
      value = (value | bits) >>> 0;
      return true;
    };
    const field = (name: string, at: Span): { at: number; width: number } => {
      const f = this.common.get(name);
      if (!f || f.pieces[0]!.at >= 32)
        throw new SpecError('unknown-name', `${name} is not a field of what decides the instruction`, at);
      return f.pieces[0]!;
    };
    // Mandatory prefixes stand before the opcode.
    const { bytes } = parts;
    const required: string[] = [];
    while (bytes.length > 1) {
      const prefix = this.prefixes.find((p) => p.byte === bytes[0]!.value);
      const name = prefix && [...this.common].find(([, f]) => inField(f, prefix))?.[0];
      if (!prefix || name === undefined) break;
      const k = this.mandatory.indexOf(name);
      if (k < 0) throw new SpecError('encoding', `${name} is not a mandatory prefix`, bytes[0]!.span);
      const f = field(name, bytes[0]!.span);
      fix(f, prefix.value >>> f.at);
      for (const earlier of this.mandatory.slice(0, k)) fix(field(earlier, span), 0);
      required.push(name);
      bytes.shift();
    }
    if (parts.np) for (const m of this.mandatory) fix(field(m, span), 0);

    // The map, the opcode.
    let map = 0;
    let taken = 0;
    for (const m of this.maps)
      if (
        m.bytes.length > taken &&
        m.bytes.length < bytes.length &&
        m.bytes.every((b, k) => bytes[k]!.value === b)
      ) {
        map = m.value >>> this.mapAt;
        taken = m.bytes.length;
      }
    if (this.mapWidth) fix({ at: this.mapAt, width: this.mapWidth }, map);
    const rest = bytes.slice(taken);
    const opcode = rest[0];
    if (!opcode || rest.length > 2)
      throw new SpecError('encoding', 'an opcode has one byte, and perhaps one for its operands', span);
    const fields: Field[] = [];
    const place = (b: Parts['bytes'][number], at: number): number[] => {
      if (b.plus?.t === 'name') {
        // A field in the low bits: a register in three of them, unless it is declared.
        const { name } = b.plus;
        const def = names.defs.get(name);
        const { type, width } =
          def?.kind === 'field'
            ? names.resolveField(def.type, b.span)
            : { type: { t: 'plain', width: 3 } as const, width: 3 };
        if (b.value & (2 ** width - 1))
          throw new SpecError('encoding', `${name} has no room: the low ${width} bits are not 0`, b.span);
        fix({ at: at + width, width: 8 - width }, b.value >>> width);
        fields.push({ name, width, type, pieces: [{ at, width }] });
        return Array.from({ length: 2 ** width }, (_, k) => b.value + k);
      }
      if (b.value > 255) throw new SpecError('width', `${b.value} is more than a byte`, b.span);
      fix({ at, width: 8 }, b.value);
      return [b.value];
    };
    const opcodes = place(opcode, 0);
    const operands = rest.length === 2 || parts.slash !== undefined;
    if (rest.length === 2) place(rest[1]!, this.operandsAt);
    if (parts.slash !== undefined && parts.slash !== 'r') {
      const digit = bindings.get(parts.slash) ?? (/^\d$/.test(parts.slash) ? BigInt(parts.slash) : undefined);
      if (digit === undefined || digit > 7n)
        throw new SpecError('encoding', `/${parts.slash}: a number from 0 to 7, or /r`, span);
      fix({ at: this.operandsAt + 3, width: 3 }, Number(digit));
    }
    for (const o of opcodes) this.note(map, o, operands, span);

    for (const r of [...parts.require, ...require])
      if (!fix(field(r.name, r.span), r.value)) return undefined;
    for (const s of this.strict)
      if (!named(s) && !required.includes(s) && !parts.require.some((r) => r.name === s))
        fix(field(s, span), 0);

    let at = 32 * VECTOR.immediates;
    for (const i of parts.immediates) {
      const def = names.defs.get(i.name);
      if (def?.kind !== 'field') throw new SpecError('unknown-name', `${i.name} is not a field`, i.span);
      const width = widthOf(def.type, i.span);
      if (width % 8) throw new SpecError('width', `${i.name} has ${width} bits: these are not bytes`, i.span);
      const type: FieldType =
        def.type.t === 'signed'
          ? { t: 'signed', width }
          : def.type.t === 'plain'
            ? { t: 'plain', width }
            : def.type;
      const pieces = [];
      for (let from = at; from < at + width; ) {
        const w = Math.min(at + width - from, 32 - (from & 31));
        pieces.unshift({ at: from, width: w });
        from += w;
      }
      fields.push({ name: i.name, width, type, pieces });
      at += width;
    }
    const immediates = at / 8 - 4 * VECTOR.immediates;
    if (immediates > MOST_IMMEDIATES)
      throw new SpecError('encoding', `${immediates} bytes of immediates; at most ${MOST_IMMEDIATES}`, span);
    return { width: 32, mask, value, fields, immediates };
  }

  /** All instructions with an opcode agree whether an operand byte follows it. */
  private note(map: number, opcode: number, operands: boolean, span: Span): void {
    const index = 256 * map + opcode;
    const old = this.operandsOf.get(index);
    if (old !== undefined && old !== operands)
      throw new SpecError(
        'encoding',
        `another instruction with this opcode has ${old ? 'an' : 'no'} operand byte`,
        span,
      );
    this.operandsOf.set(index, operands);
    if (operands) this.hasOperands[index >>> 5]! |= 1 << (index & 31);
  }

  private parts(
    names: Names,
    encoding: ast.Encoding,
    bindings: Bindings,
    constant: (e: ast.Expr, bindings: Bindings) => bigint,
  ): Parts {
    const out: Parts = { bytes: [], np: false, require: [], immediates: [] };
    const collect = (enc: ast.Encoding, bound: Bindings, depth: number): void => {
      for (const p of enc) {
        switch (p.t) {
          case 'byte':
            out.bytes.push({
              ...resolved(p.value, p.plus, bound),
              span: p.span,
            });
            break;
          case 'slash':
            out.slash = String(bound.get(p.what) ?? p.what);
            break;
          case 'np':
            out.np = true;
            break;
          case 'require':
            out.require.push(p);
            break;
          case 'box':
            throw new SpecError('encoding', 'instructions of bytes have no boxes', p.span);
          case 'form': {
            const def = names.defs.get(p.name);
            if (def?.kind !== 'form') {
              out.immediates.push({ name: p.name, span: p.span });
              break;
            }
            if (depth > 8) throw new SpecError('recursion', `form ${p.name} contains itself`, p.span);
            const inner = new Map(bound);
            def.item.params.forEach((q, i) => {
              inner.set(q.name, constant(p.args[i]!, bound));
            });
            collect(def.item.encoding, inner, depth + 1);
          }
        }
      }
    };
    // What is added: numbers, and at the end perhaps a field.
    const resolved = (
      value: number,
      e: ast.Expr | undefined,
      bound: Bindings,
    ): { value: number; plus?: ast.Expr } => {
      if (!e) return { value };
      const isField = (x: ast.Expr): boolean => x.t === 'name' && !bound.has(x.name);
      if (isField(e)) return { value, plus: e };
      if (e.t === 'binary' && e.op === '+' && isField(e.right))
        return { value: value + Number(constant(e.left, bound)), plus: e.right };
      return { value: value + Number(constant(e, bound)) };
    };
    collect(encoding, bindings, 0);
    return out;
  }
}

function inField(f: Field, p: ScanPrefix): boolean {
  const { at, width } = f.pieces[0]!;
  return !p.last && at < 32 && p.mask === ((2 ** width - 1) << at) >>> 0;
}
