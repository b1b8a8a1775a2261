// Everything a spec declares, by name, and the layout of its state.
// In: items. Out: Names. Must not know: instructions' bodies.
import { type Cell, cellStride } from '@mimic/ir';
import { ByteCode } from '../byte-code.js';
import type { Trait } from '../model.js';
import type * as ast from '../syntax/ast.js';
import { type Span, SpecError } from '../syntax/source.js';

/** Bits of a value at most: what the IR takes. */
const MAX_WIDTH = 1024;
/** Registers of a file at most. */
const MAX_FILE = 4096;

function bounded(width: number, span: Span): number {
  if (width < 1 || width > MAX_WIDTH)
    throw new SpecError('width', `a width is 1 to ${MAX_WIDTH} bits, not ${width}`, span);
  return width;
}

/** A part of a split register: a leaf with a cell, or a group, perhaps repeated. Bits counted from the least significant. */
export interface Part {
  readonly name: string;
  readonly lo: number;
  readonly width: number;
  readonly count: number;
  readonly parts: readonly Part[];
  /** Of a leaf: cell number and the index of its (first) element. */
  readonly cell?: number;
  readonly first?: number;
  /** Index step from one repetition of the innermost repeated group to the next. */
  readonly step?: number;
}

export interface RegDef {
  readonly kind: 'reg';
  readonly name: string;
  readonly width: number;
  /** The whole as one cell; absent when split. */
  readonly cell?: number;
  readonly parts: readonly Part[];
  /** All bits are leaves of one bit in cells [0, width) of this cell group, in order of the spec's bit numbers. */
  readonly bitCells?: number;
  /** It has no cell: it is computed from others. */
  readonly computed?: NonNullable<Extract<ast.Item, { t: 'reg' }>['computed']>;
  /** Others are computed from it; it is no register of the architecture. */
  readonly hidden?: boolean;
  readonly span: Span;
}
export interface FileDef {
  readonly kind: 'file';
  readonly name: string;
  readonly width: number;
  readonly count: number;
  readonly cell: number;
  /** Names of the members, in order. */
  readonly names: readonly string[];
  /** As RegDef.hidden. */
  readonly hidden?: boolean;
  /** The last register reads 0 and keeps nothing. */
  readonly zero?: boolean;
  readonly span: Span;
}
export type FieldType =
  | { readonly t: 'plain'; readonly width: number }
  | { readonly t: 'signed'; readonly width: number }
  /** The width depends on sizes. */
  | { readonly t: 'sized'; readonly signed: boolean; readonly width: ast.Expr }
  | { readonly t: 'file'; readonly name: string }
  | { readonly t: 'shape'; readonly name: string }
  | { readonly t: 'enum'; readonly name: string };

/** What decoding knows besides the word: bits of the code address, or what a register holds. */
export interface ModeDef {
  readonly kind: 'mode';
  readonly width: number;
  /** Of bits of the address: the lowest. */
  readonly at?: number;
  /** The cell of the register. */
  readonly cell?: number;
  readonly span: Span;
}

/** What models of the processor differ in. */
export interface TraitDef extends Trait {
  readonly kind: 'trait';
  /** Its place among the traits. */
  readonly number: number;
  readonly span: Span;
}

/** Registers that are joined from others, or slices of them. */
export interface ViewDef {
  readonly kind: 'view';
  readonly name: string;
  readonly item: Extract<ast.Item, { t: 'view' }>;
  /** Names of the members; none for a view that is only another way to name registers. */
  readonly names: readonly string[];
  readonly hidden?: undefined;
  readonly span: Span;
}

/** What a name stands for at the top level. */
export type Def =
  | RegDef
  | ModeDef
  | TraitDef
  | FileDef
  | { readonly kind: 'member'; readonly file: FileDef | ViewDef; readonly index: number; readonly span: Span }
  | { readonly kind: 'const'; readonly item: Extract<ast.Item, { t: 'const' }>; readonly span: Span }
  | { readonly kind: 'enum'; readonly width: number; readonly items: readonly string[]; readonly span: Span }
  | { readonly kind: 'field'; readonly type: FieldType; readonly value?: ast.Expr; readonly span: Span }
  | { readonly kind: 'form'; readonly item: Extract<ast.Item, { t: 'form' }>; readonly span: Span }
  | { readonly kind: 'shape'; readonly item: Extract<ast.Item, { t: 'shape' }>; readonly span: Span }
  | { readonly kind: 'bank'; readonly item: Extract<ast.Item, { t: 'bank' }>; readonly span: Span }
  | { readonly kind: 'sizes'; readonly item: ast.SizesItem; readonly span: Span }
  | ViewDef
  | { readonly kind: 'fn'; readonly item: ast.FnItem; readonly span: Span };

export interface TrapDef {
  readonly name: string;
  readonly params: readonly { readonly name: string; readonly width: number }[];
}

/** See the file's head. */
export class Names {
  readonly defs = new Map<string, Def>();
  /** What belongs to one decoder, by decoder. */
  private readonly own = new Map<string, Map<string, Def>>();
  private target: Map<string, Def> = this.defs;
  readonly cells: Cell[] = [];
  /** Illegal is there from the start: `undefined` raises it, and so does a word that does not decode. */
  readonly traps: TrapDef[] = [{ name: 'Illegal', params: [] }];
  readonly decoders = new Map<string, ast.DecoderItem>();
  readonly traits: TraitDef[] = [];
  readonly cpus: ast.CpuItem[] = [];
  /** Files and registers in order of declaration. */
  readonly state: (RegDef | FileDef | ViewDef)[] = [];
  arch = '';
  title = '';
  listing: readonly string[] = [];
  endian: 'big' | 'little' = 'little';
  bits: 'msb0' | 'lsb0' = 'lsb0';
  word: 32 | 64 = 32;
  unit: 1 | 2 | 4 = 4;
  /** Bytes of the longest instruction; only where instructions are made of bytes. */
  longest = 0;
  byteCode: ByteCode | undefined;
  ignored = 0;
  props: ReadonlyMap<string, string> = new Map();
  stateSize = 0;

  /** Declares what only a decoder's items see. Throws SpecError. */
  declareFor(decoders: readonly string[], item: ast.Item): void {
    for (const d of decoders) {
      let own = this.own.get(d);
      if (!own) this.own.set(d, (own = new Map()));
      this.target = own;
      try {
        this.declare(item);
      } finally {
        this.target = this.defs;
      }
    }
  }

  /** Runs `f` with what a decoder has of its own. */
  within<T>(decoder: string | undefined, f: () => T): T {
    const own = this.own.get(decoder ?? '');
    if (!own) return f();
    for (const [name, def] of own) this.defs.set(name, def);
    try {
      return f();
    } finally {
      for (const name of own.keys()) this.defs.delete(name);
    }
  }

  /** Throws SpecError. */
  declare(item: ast.Item): void {
    switch (item.t) {
      case 'arch':
        return this.declareArch(item);
      case 'reg':
        for (const name of item.names) this.add(name, this.register(name, item));
        return;
      case 'file':
        return this.declareFile(item);
      case 'mode':
        return this.declareMode(item);
      case 'decoder':
        for (const name of item.names) {
          if (this.decoders.has(name))
            throw new SpecError('duplicate', `decoder ${name} is declared twice`, item.span);
          this.decoders.set(name, item);
        }
        return;
      case 'trait':
        for (const name of item.names) this.declareTrait(name, this.width(item.type), item.span);
        return;
      case 'cpu':
        this.cpus.push(item);
        return;
      case 'enum':
        return this.add(item.name, { kind: 'enum', width: item.width, items: item.items, span: item.span });
      case 'field': {
        const type = this.fieldType(item.type);
        for (const name of item.names)
          this.add(name, { kind: 'field', type, value: item.value, span: item.span });
        return;
      }
      case 'const':
        return this.add(item.name, { kind: 'const', item, span: item.span });
      case 'form':
        return this.add(item.name, { kind: 'form', item, span: item.span });
      case 'sizes':
        return this.add(item.name, { kind: 'sizes', item, span: item.span });
      case 'bytes':
        if (this.unit !== 1)
          throw new SpecError('encoding', 'only instructions of bytes have this: insn 1..N', item.span);
        this.byteCode = new ByteCode(item, this.longest);
        return;
      case 'shape':
        return this.add(item.name, { kind: 'shape', item, span: item.span });
      case 'bank':
        return this.add(item.name, { kind: 'bank', item, span: item.span });
      case 'view':
        return this.view(item);
      case 'fn':
        return this.add(item.name, { kind: 'fn', item, span: item.span });
      case 'trap':
        if (item.name === 'Illegal') return;
        if (this.traps.some((t) => t.name === item.name))
          throw new SpecError('duplicate', `trap ${item.name} is declared twice`, item.span);
        this.traps.push({
          name: item.name,
          params: item.params.map((p) => ({ name: p.name, width: p.type ? this.width(p.type) : this.word })),
        });
        return;
      default:
    }
  }

  private add(name: string, def: Def): void {
    const old = this.defs.get(name) ?? this.target.get(name);
    if (old) {
      const { line } = old.span.source.position(old.span.at);
      throw new SpecError('duplicate', `${name} is declared twice`, def.span, [
        `first at ${old.span.source.name}:${line}`,
      ]);
    }
    this.target.set(name, def);
  }

  private declareTrait(name: string, width: number, span: Span): void {
    if (width > 32) throw new SpecError('width', 'a trait has 32 bits at most', span);
    const number = this.traits.length;
    const def: TraitDef = { kind: 'trait', name, width, number, cell: this.cell(name, width, 1, true), span };
    this.add(name, def);
    this.traits.push(def);
  }

  private declareArch(item: Extract<ast.Item, { t: 'arch' }>): void {
    if (this.arch) throw new SpecError('duplicate', `a second arch; the first is ${this.arch}`, item.span);
    this.arch = item.name;
    this.props = item.props;
    const get = (k: string): string => item.props.get(k)?.split(/[\s,]+/)[0] ?? '';
    const choose = <T extends string>(k: string, of: readonly T[], otherwise: T): T => {
      const v = get(k);
      if (v && !of.includes(v as T))
        throw new SpecError('arch', `${k} is ${v}; it may be ${of.join(' or ')}`, item.span);
      return (v as T) || otherwise;
    };
    this.title = item.props.get('title') ?? item.name;
    this.listing = (item.props.get('listing') ?? '').split(/[\s,]+/).filter(Boolean);
    for (const word of this.listing)
      if (word !== 'words' && word !== 'spaced')
        throw new SpecError('arch', `listing is ${word}; it may be words, spaced`, item.span);
    this.endian = choose('endian', ['big', 'little'], 'little');
    this.bits = choose('bits', ['msb0', 'lsb0'], 'lsb0');
    this.word = Number(choose('word', ['32', '64'], '32')) as 32 | 64;
    const bytes = /^1\.\.(\d+)$/.exec(get('insn'));
    if (bytes) {
      this.unit = 1;
      this.longest = Number(bytes[1]);
      if (this.longest < 1 || this.longest > 15)
        throw new SpecError('arch', 'an instruction has 15 bytes at most', item.span);
      if (this.endian === 'big')
        throw new SpecError('arch', 'instructions of bytes need `endian little`', item.span);
    } else this.unit = Number(choose('insn', ['2', '4'], '4')) as 2 | 4;
    this.ignored = Number(get('ignored') || 0);
    if (!(this.ignored >= 0 && this.ignored < 32 && (this.ignored === 0 || this.word === 64)))
      throw new SpecError(
        'arch',
        `ignored is ${get('ignored')}; it may be 1 to 31 where word is 64`,
        item.span,
      );
  }

  private declareMode(item: Extract<ast.Item, { t: 'mode' }>): void {
    const width = this.width(item.type);
    const { value, span } = item;
    if (value.t === 'index' && value.base.t === 'name' && value.base.name === 'PC') {
      const slice = value.items[0]!;
      const bounds = [slice.first, slice.last ?? slice.first].map((e) => Number(this.literal(e)));
      const [low, high] = [Math.min(...bounds), Math.max(...bounds)];
      const at = this.bits === 'msb0' ? this.word - 1 - high : low;
      if (high - low + 1 !== width)
        throw new SpecError('width', `${item.name} has ${width} bits, here are ${high - low + 1}`, span);
      if (2 ** (at + width) > this.unit)
        throw new SpecError(
          'mode',
          `an instruction's address needs bits from ${Math.log2(this.unit)} on`,
          span,
        );
      this.add(item.name, { kind: 'mode', width, at, span });
      return;
    }
    const reg = value.t === 'name' ? this.defs.get(value.name) : undefined;
    if (reg?.kind !== 'reg' || reg.cell === undefined)
      throw new SpecError('mode', 'a mode is bits of PC, or a register that has a place of its own', span);
    if (reg.width !== width)
      throw new SpecError('width', `${item.name} has ${width} bits, the register ${reg.width}`, span);
    if (this.context)
      throw new SpecError('mode', 'one mode of a spec may be a register; there is one already', span);
    this.add(item.name, { kind: 'mode', width, cell: reg.cell, span });
  }

  /** The mode that is a register, by name. */
  get context(): { readonly name: string; readonly cell: number; readonly width: number } | undefined {
    for (const [name, def] of this.defs)
      if (def.kind === 'mode' && def.cell !== undefined) return { name, cell: def.cell, width: def.width };
    return undefined;
  }

  /** Bits of a code address that are modes. */
  get modeMask(): number {
    let mask = 0;
    for (const def of this.defs.values())
      if (def.kind === 'mode' && def.at !== undefined) mask |= (2 ** def.width - 1) << def.at;
    return mask;
  }

  /** Bits of a type that is a plain width. */
  width(type: ast.Type): number {
    if (type.width !== undefined) return bounded(type.width, type.span);
    if (type.name === 'word') return this.word;
    const def = type.name ? this.defs.get(type.name) : undefined;
    if (def?.kind === 'enum') return def.width;
    if (def?.kind === 'file') return def.width;
    if (type.name === 's' || type.name === 'bits') return this.literal(type.arg);
    throw new SpecError('unknown-type', `${type.name} is not a width, a file or an enum`, type.span);
  }

  private literal(e: ast.Expr | undefined): number {
    if (e?.t === 'num') return Number(e.value);
    throw new SpecError('width', 'a number is needed here', e!.span);
  }

  private fieldType(type: ast.Type): FieldType {
    if (type.width !== undefined) return { t: 'plain', width: bounded(type.width, type.span) };
    if (type.name === 's' || type.name === 'bits') {
      const { arg } = type;
      if (arg?.t === 'num') return { t: type.name === 's' ? 'signed' : 'plain', width: Number(arg.value) };
      return { t: 'sized', signed: type.name === 's', width: arg! };
    }
    // Resolved when used, so that a field may be declared before its shape.
    return { t: 'file', name: type.name! };
  }

  /** The field type behind a name, and its width in the encoding. */
  resolveField(type: FieldType, span: Span): { type: FieldType; width: number } {
    if (type.t === 'plain' || type.t === 'signed') return { type, width: type.width };
    if (type.t === 'sized') throw new SpecError('width', 'this width is not known here', span);
    const def = this.defs.get(type.name);
    if (def?.kind === 'file')
      return { type: { t: 'file', name: type.name }, width: Math.ceil(Math.log2(def.count)) };
    if (def?.kind === 'view')
      return { type: { t: 'file', name: type.name }, width: Math.ceil(Math.log2(def.item.count)) };
    if (def?.kind === 'enum') return { type: { t: 'enum', name: type.name }, width: def.width };
    if (def?.kind === 'shape') {
      const p = def.item.params[0];
      if (def.item.params.length !== 1 || !p?.type)
        throw new SpecError(
          'field',
          `shape ${type.name} needs exactly one parameter with a width to be a field's type`,
          span,
        );
      return { type: { t: 'shape', name: type.name }, width: this.width(p.type) };
    }
    throw new SpecError('unknown-type', `${type.name} is not a file, a shape or an enum`, span);
  }

  // ---- state

  private cell(name: string, width: number, count: number, hidden = false, zero = false): number {
    const stride = cellStride(width);
    const align = Math.min(stride, 16);
    this.stateSize = Math.ceil(this.stateSize / align) * align;
    const attrs = { ...(hidden ? { hidden } : {}), ...(zero ? { zero } : {}) };
    this.cells.push({ name, width, count, offset: this.stateSize, stride, ...attrs });
    this.stateSize += stride * count;
    return this.cells.length - 1;
  }

  /** A cell without a name in the manual: reservations and the like. Made at first use. */
  hiddenCell(name: string, width: number): number {
    const i = this.cells.findIndex((c) => c.name === name);
    return i >= 0 ? i : this.cell(name, width, 1, true);
  }

  private declareFile(item: Extract<ast.Item, { t: 'file' }>): void {
    const count = this.literal(item.count);
    if (count < 1 || count > MAX_FILE)
      throw new SpecError(
        'names',
        `${item.name} has ${count} registers: 1 to ${MAX_FILE} are possible`,
        item.span,
      );
    const width = this.width(item.type);
    const names = expandNames(item.names, item.name, count);
    const def: FileDef = {
      kind: 'file',
      name: item.name,
      width,
      count,
      cell: this.cell(item.name, width, count, item.hidden, item.zero),
      names,
      ...(item.hidden ? { hidden: true } : {}),
      ...(item.zero ? { zero: true } : {}),
      span: item.span,
    };
    if (names.length !== count)
      throw new SpecError(
        'names',
        `${names.length} names for the ${count} registers of ${item.name}`,
        item.span,
      );
    this.add(item.name, def);
    names.forEach((n, index) => {
      if (n !== item.name) this.add(n, { kind: 'member', file: def, index, span: item.span });
    });
    this.state.push(def);
  }

  private view(item: Extract<ast.Item, { t: 'view' }>): void {
    const { name, count, span } = item;
    const names = item.names.length ? expandNames(item.names, name, count) : [];
    const def: ViewDef = { kind: 'view', name, item, names, span };
    this.add(name, def);
    if (names.length === 0) return;
    if (names.length !== count)
      throw new SpecError('names', `${names.length} names for the ${count} registers of ${name}`, span);
    names.forEach((n, index) => {
      if (n !== name) this.add(n, { kind: 'member', file: def, index, span });
    });
    this.state.push(def);
  }

  private register(name: string, item: Extract<ast.Item, { t: 'reg' }>): RegDef {
    const width = this.width(item.type);
    // Bit numbers of the spec -> the lowest bit, from the least significant.
    const low = (first: number, last: number, of: number): number =>
      this.bits === 'msb0' ? of - 1 - Math.max(first, last) : Math.min(first, last);
    if (!item.split) {
      const { computed, hidden } = item;
      const parts = (fields: readonly ast.SubField[], of: number): Part[] =>
        fields.map((f) => {
          const w = Math.abs(f.last - f.first) + 1;
          this.inside(f, w * 1, of, name);
          return {
            name: f.name,
            lo: low(f.first, f.last, of),
            width: w,
            count: f.count,
            parts: parts(f.fields, w),
          };
        });
      const def: RegDef = {
        kind: 'reg',
        name,
        width,
        ...(computed ? { computed } : { cell: this.cell(name, width, 1, hidden) }),
        ...(hidden ? { hidden } : {}),
        parts: parts(item.fields, width),
        span: item.span,
      };
      this.state.push(def);
      return def;
    }
    if (item.computed || item.hidden)
      throw new SpecError('split', `${name} is split: it can be neither computed nor hidden`, item.span);
    const def = this.split(name, width, item, low);
    this.state.push(def);
    return def;
  }

  private inside(f: ast.SubField, width: number, of: number, name: string): void {
    if (Math.max(f.first, f.last) + width * (f.count - 1) >= of)
      throw new SpecError(
        'width',
        `${f.name} reaches bit ${Math.max(f.first, f.last) + width * (f.count - 1)} of ${name}, which has ${of} bits`,
        f.span,
      );
  }

  private split(
    name: string,
    width: number,
    item: Extract<ast.Item, { t: 'reg' }>,
    low: (a: number, b: number, of: number) => number,
  ): RegDef {
    // Every bit alone, and all of them: one group of cells that can be indexed by bit number.
    const bitwise = tiles(item.fields, width);
    const bitCells = bitwise ? this.cell(name, 1, width) : undefined;
    const walk = (fields: readonly ast.SubField[], of: number, base: number, prefix: string): Part[] =>
      fields.map((f) => {
        const w = Math.abs(f.last - f.first) + 1;
        this.inside(f, w, of, name);
        const first = Math.min(f.first, f.last);
        const lo = low(f.first, f.last, of);
        const leaf = f.fields.length === 0;
        if (!leaf)
          return {
            name: f.name,
            lo,
            width: w,
            count: f.count,
            parts: walk(f.fields, w, base + first, `${prefix}.${f.name}`),
          };
        if (bitCells !== undefined)
          return {
            name: f.name,
            lo,
            width: w,
            count: f.count,
            parts: [],
            cell: bitCells,
            first: base + first,
          };
        if (prefix !== name)
          throw new SpecError(
            'split',
            `parts inside parts need every bit of ${name} to be a part of its own`,
            f.span,
          );
        return {
          name: f.name,
          lo,
          width: w,
          count: f.count,
          parts: [],
          cell: this.cell(`${prefix}.${f.name}`, w, f.count),
          first: 0,
        };
      });
    return { kind: 'reg', name, width, parts: walk(item.fields, width, 0, name), bitCells, span: item.span };
  }
}

/** Whether the leaves are single bits and cover every bit. */
function tiles(fields: readonly ast.SubField[], width: number): boolean {
  const covered = new Set<number>();
  const walk = (fs: readonly ast.SubField[], base: number): boolean =>
    fs.every((f) => {
      const w = Math.abs(f.last - f.first) + 1;
      const first = Math.min(f.first, f.last);
      for (let i = 0; i < f.count; i++) {
        if (f.fields.length) {
          if (!walk(f.fields, base + first + i * w)) return false;
        } else {
          if (w !== 1) return false;
          covered.add(base + first + i);
        }
      }
      return true;
    });
  return walk(fields, 0) && covered.size === width;
}

/** `r0..r31` and the like, written out; `NAME0`, `NAME1`, ... where nothing is given. */
export function expandNames(names: readonly ast.RegName[], file: string, count: number): string[] {
  if (names.length === 0) return Array.from({ length: count }, (_, i) => `${file}${i}`);
  return names.flatMap(({ first, last }) => {
    if (last === undefined) return [first];
    const a = /^(.*?)(\d+)(\D*)$/.exec(first);
    const b = /^(.*?)(\d+)(\D*)$/.exec(last);
    if (!a || !b || a[1] !== b[1] || a[3] !== b[3]) return [first, last];
    const out: string[] = [];
    for (let i = Number(a[2]); i <= Number(b[2]); i++) out.push(`${a[1]}${i}${a[3]}`);
    return out;
  });
}
