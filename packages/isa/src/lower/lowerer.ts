// Expressions of the language -> IR values. Statements are in statements.ts, built-ins in builtins.ts.
// In: syntax, names, a builder. Out: values and places. Throws SpecError for what the author got wrong.
import { Op } from '@mimic/ir';
import type * as ast from '../syntax/ast.js';
import { type Span, SpecError } from '../syntax/source.js';
import type { Builder, Id } from './builder.js';
import { BUILTINS, callBuiltin, NAMESPACES, namespaceMember } from './builtins.js';
import { inlineCall, MAX_DEPTH } from './call.js';
import type { Def, FieldType, Names, RegDef } from './names.js';
import { binary, unary } from './operators.js';
import {
  cellPlace,
  chosenPlace,
  computedPlace,
  constantPlace,
  extract,
  index32,
  joinedPlace,
  memoryPlace,
  registerPlace,
  type Site,
  slicedPlace,
} from './places.js';
import { State } from './state.js';
import { runBlock } from './statements.js';
import { bits, int, NONE, type Place, type Value } from './values.js';

const NO_SIZES: ReadonlyMap<string, number> = new Map();
/** The name of the field that holds an instruction's length. */
export const LENGTH_FIELD = '#length';

/** A field of the encoding that is being lowered. */
export interface FieldUse {
  readonly name: string;
  readonly width: number;
  readonly param: number;
  readonly type: FieldType;
}

/** A number that widths depend on has not been chosen yet: the instruction is lowered once for each. */
export class SizeNeeded extends Error {
  constructor(readonly size: string) {
    super(size);
  }
}

/** What all bodies of a spec share. */
export interface SpecContext {
  readonly names: Names;
  /** Number of an out-of-line function, compiled at first use. */
  outlined(fn: ast.FnItem): { number: number; params: readonly number[]; results: readonly number[] };
  /** Number of a value from the environment. */
  host(name: string, width: number): number;
  warn(code: string, message: string, span: Span): void;
}

/** What a hook of an ABI may use besides: guest structures. */
export interface HookContext {
  /** A field of a structure at an address. */
  field(l: Lowerer, struct: string, address: Id, name: string, span: Span): Value;
  size(struct: string): number;
  /** Stores registers into a structure by its `map`. */
  save(l: Lowerer, struct: string, address: Id, span: Span): void;
}

/** What kind of body is being built: what it may touch. */
export type BodyKind = 'insn' | 'function' | 'hook';

/** One body's lowering. */
export class Lowerer {
  readonly state: State;
  readonly site: Site;
  private scopes: Map<string, Value>[] = [new Map()];
  private counter = 0;
  depth = 0;
  /** Registers are read as written so far: inside the value of a computed one that is read so. */
  private late = false;
  /** Enclosing loops: for `break`. */
  loops: { readonly kind: 'repeat' | 'inline' }[] = [];
  /** How `return` leaves: set by calls. */
  onReturn?: (values: Value, span: Span) => void;
  /** Width of the single result of the function being inlined. */
  returnWidth?: number;

  constructor(
    readonly spec: SpecContext,
    readonly b: Builder,
    readonly kind: BodyKind,
    readonly fields: ReadonlyMap<string, FieldUse> = new Map(),
    readonly hooks?: HookContext,
    /** Numbers that were chosen for `sizes`. */
    readonly sizes: ReadonlyMap<string, number> = NO_SIZES,
  ) {
    this.state = new State(b);
    this.site = { b, state: this.state, msb0: spec.names.bits === 'msb0' };
  }

  get word(): number {
    return this.spec.names.word;
  }

  fail(code: string, message: string, span: Span, notes: string[] = []): never {
    throw new SpecError(code, message, span, notes);
  }

  // ---- scopes

  define(name: string, value: Value, span: Span): void {
    if (
      this.spec.names.defs.has(name) &&
      this.spec.names.defs.get(name)!.kind !== 'field' &&
      this.spec.names.defs.get(name)!.kind !== 'fn' &&
      this.spec.names.defs.get(name)!.kind !== 'form'
    )
      this.fail('shadow', `${name} is already the name of a ${this.spec.names.defs.get(name)!.kind}`, span, [
        'choose another name: nothing may be shadowed',
      ]);
    this.scopes.at(-1)!.set(name, value);
  }
  inScope<T>(f: () => T): T {
    this.scopes.push(new Map());
    try {
      return f();
    } finally {
      this.scopes.pop();
    }
  }
  /** Runs `f` with only the given names: the inside of a function. */
  inFrame<T>(names: Map<string, Value>, f: () => T): T {
    const saved = this.scopes;
    this.scopes = [this.scopes[0]!, names];
    try {
      return f();
    } finally {
      this.scopes = saved;
    }
  }
  /** Names that hold throughout: family values. */
  global(name: string, value: Value): void {
    this.scopes[0]!.set(name, value);
  }
  /** A name that stands for another throughout. */
  alias(name: string, other: string): void {
    this.aliases.set(name, other);
  }
  private readonly aliases = new Map<string, string>();
  fresh(): number {
    return this.counter++;
  }

  lookup(name: string): Value | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const v = this.scopes[i]!.get(name);
      if (v) return v;
    }
    return undefined;
  }

  // ---- names

  private name(name: string, span: Span): Value {
    const local = this.lookup(name);
    if (local) return local;
    const other = this.aliases.get(name);
    if (other !== undefined) return this.name(other, span);
    const field = this.fields.get(name);
    if (field) return this.field(field, span);
    if (name === 'PC' && this.kind !== 'hook') return bits(this.b.pc(this.word));
    if (name === 'NEXT' && this.kind === 'insn') return bits(this.next(span));
    const def = this.spec.names.defs.get(name);
    if (def) return this.definition(name, def, span);
    if (name === 'word') return int(this.word);
    if (BUILTINS.has(name)) return { k: 'builtin', name };
    if (NAMESPACES.has(name)) return { k: 'namespace', name };
    const m = /^mem(\d*)$/.exec(name);
    if (m) return { k: 'builtin', name };
    return this.fail('unknown-name', `${name} is not declared`, span, this.similar(name));
  }

  /** The address of the next instruction. */
  private next(span: Span): Id {
    const length = this.fields.get(LENGTH_FIELD);
    if (!length) return this.fail('unknown-name', 'NEXT is for instructions whose length varies', span);
    const bytes = this.b.pure(Op.zx, this.word, this.b.param(length.param, length.width));
    return this.b.pure(Op.add, this.word, this.b.pc(this.word), bytes);
  }

  private similar(name: string): string[] {
    const all = [...this.spec.names.defs.keys(), ...this.fields.keys(), ...BUILTINS];
    const near = all.filter(
      (n) =>
        n.toLowerCase() === name.toLowerCase() ||
        (Math.abs(n.length - name.length) <= 1 && distance(n, name) === 1),
    );
    return near.length ? [`did you mean ${near.slice(0, 3).join(' or ')}?`] : [];
  }

  private field(f: FieldUse, span: Span): Value {
    const index = this.b.param(f.param, f.width);
    if (f.type.t === 'file' || f.type.t === 'shape') {
      const p = this.member(f.type.name, bits(index), span);
      return { k: 'place', place: { ...p, index } };
    }
    return bits(index);
  }

  private definition(name: string, def: Def, span: Span): Value {
    switch (def.kind) {
      case 'reg':
        this.registersAllowed(name, span);
        return {
          k: 'place',
          place: def.computed ? this.computed(def, span) : registerPlace(this.site, def),
        };
      case 'mode':
        if (def.at !== undefined) return bits(extract(this.b, this.b.pc(this.word), def.at, def.width));
        return this.fail('mode', `what ${name} is, only a decoder that names it knows`, span);
      case 'trait': {
        this.registersAllowed(name, span);
        return { k: 'place', place: cellPlace(this.site, def.cell, this.b.constant(32, 0), def.width) };
      }
      case 'member':
        this.registersAllowed(name, span);
        return { k: 'place', place: this.member(def.file.name, int(def.index), span) };
      case 'const':
        return this.inFrame(new Map(), () => this.expr(def.item.value));
      case 'fn':
        return { k: 'fn', fn: def.item };
      case 'field': {
        if (def.value) {
          const { type, width } = this.spec.names.resolveField(def.type, span);
          const id = this.coerce(
            this.inFrame(new Map(), () => this.expr(def.value!)),
            width,
            span,
          );
          if (type.t !== 'file' && type.t !== 'shape') return bits(id);
          return { k: 'place', place: { ...this.member(type.name, bits(id), span), index: id } };
        }
        return this.fail(
          'field',
          `${name} is a field, and this instruction's encoding does not have it`,
          span,
        );
      }
      case 'shape':
        if (def.item.params.length === 0) return { k: 'place', place: this.shape(def.item, [], span) };
        return { k: 'namespace', name };
      case 'file':
      case 'bank':
      case 'view':
      case 'enum':
        return { k: 'namespace', name };
      case 'sizes': {
        const size = this.sizes.get(name);
        if (size === undefined) throw new SizeNeeded(name);
        return int(size);
      }
      default:
        return this.fail('kind', `${name} is a ${def.kind}, not a value`, span);
    }
  }

  /** A register that is computed from others. */
  private computed(def: RegDef, span: Span): Place {
    const { value, set } = def.computed!;
    const read = (late: boolean): Id => {
      if (this.depth >= MAX_DEPTH) this.fail('recursion', `${def.name} is computed from itself`, span);
      const outer = this.late;
      this.late ||= late;
      this.depth++;
      try {
        return this.inFrame(new Map(), () => this.coerce(this.expr(value, def.width), def.width, value.span));
      } finally {
        this.late = outer;
        this.depth--;
      }
    };
    const write = (v: Id): void =>
      void this.inFrame(new Map([[set.name, bits(v)]]), () => runBlock(this, set.body));
    return computedPlace(this.site, { width: def.width, read, write }, def.parts);
  }

  private registersAllowed(name: string, span: Span): void {
    if (this.kind === 'function')
      this.fail('outline', `an @outline function cannot use the register ${name}`, span, [
        'pass its value as an argument',
      ]);
  }

  /** Element `index` of a file, view, shape or bank. */
  member(name: string, index: Value, span: Span): Place {
    const def = this.spec.names.defs.get(name);
    if (def?.kind === 'file') {
      this.registersAllowed(name, span);
      const i = this.static(index, `the index of ${name}`, span, def.count);
      const place = { ...cellPlace(this.site, def.cell, i, def.width), index: i };
      return def.zero ? keepingZero(this.site, place, i, def.count - 1) : place;
    }
    if (def?.kind === 'view') {
      const { count, index: variable, value } = def.item;
      const i = extract(
        this.b,
        this.static(index, `the index of ${name}`, span, count),
        0,
        Math.max(1, Math.ceil(Math.log2(count))),
      );
      return {
        ...this.inFrame(new Map([[variable, bits(i)]]), () => this.place(value)),
        index: i,
      };
    }
    if (def?.kind === 'shape') return this.shape(def.item, [index], span);
    if (def?.kind === 'bank') return this.bank(def.item, index, span);
    return this.fail('kind', `${name} cannot be indexed`, span);
  }

  /** Checks that an index is known at translation and in range; gives it as IR. */
  private static(index: Value, what: string, span: Span, count: number): Id {
    if (index.k === 'int') {
      if (index.value < 0n || index.value >= BigInt(count))
        this.fail('range', `${what} is ${index.value}; it goes from 0 to ${count - 1}`, span);
      return this.b.constant(32, index.value);
    }
    const id = index32(this.site, bits(this.value(index, span)));
    if (!this.b.isStatic(id))
      this.fail('static', `${what} must be known at translation`, span, [
        'build it from fields, constants and variables of a `for`',
      ]);
    const k = this.b.constantOf(id);
    if (k !== undefined && k >= BigInt(count))
      this.fail('range', `${what} is ${k}; it goes from 0 to ${count - 1}`, span);
    return id;
  }

  /** A shape applied to arguments. */
  shape(item: Extract<ast.Item, { t: 'shape' }>, args: readonly Value[], span: Span): Place {
    const frame = new Map<string, Value>();
    item.params.forEach((p, i) => {
      const a = args[i];
      if (!a) this.fail('arguments', `${item.name} takes ${item.params.length} arguments`, span);
      frame.set(p.name, p.type ? this.coerced(a, this.typeWidth(p.type), span) : a);
    });
    const inRow = <T>(f: () => T): T => this.inFrame(frame, f);
    const width = item.type ? inRow(() => this.typeWidth(item.type!)) : undefined;
    let decided = false;
    const live = item.rows.flatMap((row) => {
      // What never applies need not make sense: it may be for another width of the instruction.
      if (decided) return [];
      const when = row.when ? inRow(() => this.condition(row.when!)) : undefined;
      const known = when === undefined ? 1n : this.b.constantOf(when);
      if (known === 0n) return [];
      decided = known === 1n;
      const make = (): Place => {
        const v = inRow(() => this.expr(row.value));
        if (v.k === 'place') return v.place;
        const w =
          width ??
          (v.k === 'bits'
            ? this.b.width(v.id)
            : this.fail(
                'width',
                `the width of this row is unknown; give shape ${item.name} a type`,
                row.span,
              ));
        return constantPlace(this.site, () => this.coerce(v, w, row.span), w);
      };
      let place = make();
      if (row.set) {
        const set = row.set;
        const read = place;
        place = {
          ...read,
          write: (v) =>
            void this.inFrame(new Map([...frame, [set.name, bits(v)]]), () => runBlock(this, set.body)),
        };
      }
      if (width !== undefined && place.width !== width)
        this.fail('width', `this row has ${place.width} bits, the shape ${width}`, row.span);
      return [{ when, place }];
    });
    if (live.length === 0) this.fail('shape', `no row of ${item.name} applies`, span);
    return live.length === 1 ? live[0]!.place : chosenPlace(this.site, live);
  }

  /** A numbered register of a bank. */
  bank(item: Extract<ast.Item, { t: 'bank' }>, number: Value, span: Span): Place {
    const p = item.params[0]!;
    const n = this.coerced(number, this.spec.names.width(p.type!), span) as { k: 'bits'; id: Id };
    const width = item.type ? this.typeWidth(item.type) : this.word;
    const w = this.b.width(n.id);
    const rows = item.rows.map((row) => {
      const c = (v: bigint): Id => this.b.constant(w, v);
      const when =
        row.first === row.last
          ? this.b.pure(Op.eq, 1, n.id, c(row.first))
          : this.b.pure(
              Op.and,
              1,
              this.b.pure(Op.ule, 1, c(row.first), n.id),
              this.b.pure(Op.ule, 1, n.id, c(row.last)),
            );
      return { when, place: this.bankRow(row, width, span) };
    });
    const otherwise = item.otherwise;
    const none: Place = constantPlace(
      this.site,
      () => {
        if (otherwise) runBlock(this, otherwise);
        else this.undefinedInstruction(span);
        return this.b.constant(width, 0);
      },
      width,
    );
    const fallback: Place = { ...none, write: () => void none.read(false) };
    return chosenPlace(this.site, [...rows, { place: fallback }]);
  }

  private bankRow(row: ast.BankRow, width: number, span: Span): Place {
    const readonly = row.attrs.includes('readonly');
    const base = (): Place => this.place({ t: 'name', name: row.name, span: row.span });
    const fit = (id: Id): Id => {
      const w = this.b.width(id);
      return w === width ? id : w < width ? this.b.pure(Op.zx, width, id) : extract(this.b, id, 0, width);
    };
    return {
      ...constantPlace(
        this.site,
        () => (row.value ? this.rowValue(row.value, width, fit) : fit(base().read(false))),
        width,
      ),
      write: (v) => {
        if (readonly) return this.undefinedInstruction(span);
        const set = row.set;
        if (set) return void this.inFrame(new Map([[set.name, bits(v)]]), () => runBlock(this, set.body));
        const to = base();
        to.write!(to.width < width ? extract(this.b, v, 0, to.width) : v);
      },
    };
  }

  private rowValue(e: ast.Expr, width: number, fit: (id: Id) => Id): Id {
    const v = this.expr(e, width);
    return v.k === 'int' || v.k === 'extend' ? this.coerce(v, width, e.span) : fit(this.value(v, e.span));
  }

  undefinedInstruction(span: Span): void {
    this.trap('Illegal', [], span);
  }

  trap(name: string, args: readonly Value[], span: Span): void {
    const number = this.spec.names.traps.findIndex((t) => t.name === name);
    if (number < 0)
      this.fail('unknown-trap', `trap ${name} is not declared`, span, [`declare it: trap ${name}`]);
    const params = this.spec.names.traps[number]!.params;
    if (params.length !== args.length)
      this.fail('arguments', `trap ${name} takes ${params.length} arguments, here are ${args.length}`, span);
    const ids = args.map((a, i) => this.coerce(a, params[i]!.width, span));
    this.b.effect(Op.trap, 0, this.b.list(ids), ids.length, number);
    this.state.left = true;
  }

  // ---- conversions

  /** Bits of a type: a number, `word`, a file, an enum, `bits(e)`, or a number that a family gives. */
  typeWidth(type: ast.Type): number {
    if (type.arg && type.name === 'bits') {
      const v = this.expr(type.arg);
      return Number(this.staticInt(v, type.span, 'a width'));
    }
    const given = type.name ? this.lookup(type.name) : undefined;
    if (given?.k === 'int') return Number(given.value);
    return this.spec.names.width(type);
  }

  /** The number behind a value that must be known while lowering. */
  staticInt(v: Value, span: Span, what: string): bigint {
    if (v.k === 'int') return v.value;
    if (v.k === 'bits') {
      const k = this.b.constantOf(v.id);
      if (k !== undefined) return k;
    }
    return this.fail('static', `${what} must be a constant`, span);
  }

  /** `v` as IR of exactly `width` bits. */
  coerce(v: Value, width: number, span: Span): Id {
    switch (v.k) {
      case 'int': {
        const top = 1n << BigInt(width);
        if (v.value >= top || v.value < -top)
          this.fail('width', `${v.value} does not fit in ${width} bits`, span);
        return this.b.constant(width, v.value);
      }
      case 'extend': {
        const from = this.b.width(v.id);
        if (from > width)
          this.fail('width', `${v.signed ? 'sx' : 'zx'} of ${from} bits to ${width}`, span, [
            'use low(x, n) or high(x, n) to narrow',
          ]);
        return this.b.pure(v.signed ? Op.sx : Op.zx, width, v.id);
      }
      default: {
        const id = this.value(v, span);
        const from = this.b.width(id);
        if (from !== width)
          this.fail('width', `expected ${width} bits, found ${from}`, span, [
            from < width ? 'use zx(x) or sx(x) to widen' : 'use low(x, n) or high(x, n) to narrow',
          ]);
        return id;
      }
    }
  }
  coerced(v: Value, width: number, span: Span): Value {
    return bits(this.coerce(v, width, span));
  }

  /** `v` as IR, of its own width. */
  value(v: Value, span: Span): Id {
    switch (v.k) {
      case 'bits':
        return v.id;
      case 'place':
        return v.place.read(this.late);
      case 'int':
        return this.fail('width', `the width of ${v.value} is unknown here`, span, [
          'write it as zx(n, width), or give the variable a type',
        ]);
      case 'extend':
        return this.fail('width', `the width of this ${v.signed ? 'sx' : 'zx'} is unknown here`, span, [
          'give it: zx(x, n)',
        ]);
      case 'none':
        return this.fail('value', 'this gives no value', span);
      default:
        return this.fail('value', `this is a ${v.k}, not a value`, span);
    }
  }

  /** Width of a value, if it has one of its own. */
  widthOf(v: Value): number | undefined {
    if (v.k === 'bits') return this.b.width(v.id);
    if (v.k === 'place') return v.place.width;
    return undefined;
  }

  condition(e: ast.Expr): Id {
    const v = this.expr(e);
    if (v.k === 'int') {
      if (v.value === 0n || v.value === 1n) return this.b.constant(1, v.value);
      return this.fail('condition', `${v.value} is not a condition`, e.span);
    }
    const id = this.value(v, e.span);
    if (this.b.width(id) !== 1)
      this.fail('condition', `a condition has one bit, this has ${this.b.width(id)}`, e.span, [
        'compare it: `!= 0`',
      ]);
    return id;
  }

  // ---- expressions

  /** `want`: the width that the context asks for, where it does. */
  expr(e: ast.Expr, want?: number): Value {
    switch (e.t) {
      case 'num':
        return e.width !== undefined ? bits(this.b.constant(e.width, e.value)) : int(e.value);
      case 'name':
        return this.name(e.name, e.span);
      case 'unary':
        return unary(this, e.op, this.expr(e.arg), e.span);
      case 'binary':
        return binary(this, e, want);
      case 'cond': {
        let known = want;
        return this.conditional(
          this.condition(e.test),
          () => {
            const v = this.expr(e.then, want);
            known ??= this.widthOf(v);
            return v;
          },
          () => this.expr(e.else, known),
          e.span,
          want,
        );
      }
      case 'tuple':
        return { k: 'tuple', items: e.items.map((i) => this.expr(i)) };
      case 'lambda':
        return { k: 'lambda', params: e.params, body: e.body };
      case 'match':
        return this.match(e, want);
      case 'prime': {
        const v = this.expr(e.base);
        if (v.k !== 'place') return this.fail('prime', "only a register has a value so far: x'", e.span);
        return bits(v.place.read(true));
      }
      case 'member':
        return this.memberOf(e);
      case 'index':
        return this.indexed(e);
      case 'call':
        return this.call(e);
      default:
        return this.fail('expression', `a ${e.t === 'str' ? 'string' : 'list'} is not a value here`, e.span);
    }
  }

  /** An expression that must be a place; of `a ++ b` both sides. */
  place(e: ast.Expr): Place {
    if (e.t === 'binary' && e.op === '++')
      return joinedPlace(this.site, [this.place(e.left), this.place(e.right)]);
    const v = this.expr(e);
    if (v.k !== 'place') return this.fail('assign', 'this cannot be assigned', e.span);
    return v.place;
  }

  private memberOf(e: Extract<ast.Expr, { t: 'member' }>): Value {
    // The number of an operand, without what the operand stands for.
    const own = e.base.t === 'name' && !this.lookup(e.base.name) ? this.fields.get(e.base.name) : undefined;
    if (own && e.name === 'index' && (own.type.t === 'file' || own.type.t === 'shape'))
      return bits(this.b.param(own.param, own.width));
    const base = this.expr(e.base);
    if (base.k === 'namespace') return namespaceMember(this, base.name, e.name, e.span);
    if (base.k === 'struct') return this.hooks!.field(this, base.struct, base.address, e.name, e.span);
    if (base.k === 'record') {
      const v = base.member(e.name);
      return v ?? this.fail('member', `no member ${e.name}; there are ${base.names.join(', ')}`, e.span);
    }
    if (base.k === 'place') {
      if (e.name === 'index') {
        if (base.place.index === undefined)
          return this.fail('member', 'only an operand has an index', e.span);
        return bits(base.place.index);
      }
      const v = base.place.part?.(e.name);
      if (v) return v;
    }
    return this.fail('member', `nothing here is called ${e.name}`, e.span);
  }

  private indexed(e: Extract<ast.Expr, { t: 'index' }>): Value {
    const base = this.expr(e.base);
    if (e.items.length === 1 && e.items[0]!.last === undefined) {
      const item = e.items[0]!.first;
      if (base.k === 'builtin' && base.name === 'mem')
        return this.fail('memory', 'how many bits? mem8[a], or mem(n)[a]', e.span);
      if (base.k === 'builtin' && base.name.startsWith('mem')) {
        const width = Number(base.name.slice(3));
        if (![8, 16, 32, 64, 128].includes(width))
          return this.fail(
            'memory',
            `memory is read by mem8, mem16, mem32, mem64 or mem128, not ${base.name}`,
            e.span,
          );
        if (this.kind === 'function') this.fail('outline', 'an @outline function cannot use memory', e.span);
        return {
          k: 'place',
          place: memoryPlace(this.site, this.coerce(this.expr(item), this.word, item.span), width),
        };
      }
      if (base.k === 'namespace')
        return { k: 'place', place: this.member(base.name, this.expr(item), e.span) };
      if (base.k === 'array') {
        const i = this.expr(item);
        if (i.k === 'int' && (i.value < 0n || i.value >= BigInt(base.count)))
          this.fail('range', `index ${i.value} of ${base.count} parts`, item.span);
        const v = base.at(i.k === 'place' ? bits(i.place.read(false)) : i);
        if (v.k === 'none') return this.fail('static', 'the index must be a constant here', item.span);
        return v;
      }
      if (base.k === 'place' && base.place.at) {
        const i = this.expr(item);
        const p = base.place.at(i.k === 'place' ? bits(i.place.read(false)) : i);
        if (p) return { k: 'place', place: p };
      }
      if (base.k === 'tuple')
        return base.items[Number(this.staticInt(this.expr(item), item.span, 'the index'))] ?? NONE;
      return this.bit(base, item, e.span);
    }
    const pieces = e.items.map((s) => this.slice(base, s.first, s.last ?? s.first, e.span));
    if (pieces.length === 1) return pieces[0]!;
    let id = this.value(pieces[0]!, e.span);
    for (const p of pieces.slice(1)) {
      const v = this.value(p, e.span);
      id = this.b.pure(Op.cat, this.b.width(id) + this.b.width(v), id, v);
    }
    return bits(id);
  }

  private bit(base: Value, item: ast.Expr, span: Span): Value {
    const i = this.expr(item);
    const width = this.widthOf(base);
    if (width === undefined) return bits(this.value(base, span));
    const k = i.k === 'int' ? i.value : i.k === 'bits' ? this.b.constantOf(i.id) : undefined;
    if (k !== undefined) return this.cut(base, Number(k), Number(k), width, span);
    const id = this.value(base, span);
    let n = this.value(i, item.span);
    if (this.site.msb0) {
      const w = Math.max(this.b.width(n), Math.ceil(Math.log2(width + 1)));
      if (w > this.b.width(n)) n = this.b.pure(Op.zx, w, n);
      n = this.b.pure(Op.sub, w, this.b.constant(w, width - 1), n);
    }
    return bits(extract(this.b, this.b.pure(Op.shr, width, id, n), 0, 1));
  }

  private slice(base: Value, first: ast.Expr, last: ast.Expr, span: Span): Value {
    const width = this.widthOf(base);
    if (width === undefined) return bits(this.value(base, span));
    const a = Number(this.staticInt(this.expr(first), first.span, 'the bound of a slice'));
    const c = Number(this.staticInt(this.expr(last), last.span, 'the bound of a slice'));
    return this.cut(base, a, c, width, span);
  }

  /** Bits a to c of base, in the spec's numbering. */
  private cut(base: Value, a: number, c: number, width: number, span: Span): Value {
    const lo = this.site.msb0 ? width - 1 - Math.max(a, c) : Math.min(a, c);
    const w = Math.abs(a - c) + 1;
    if (this.site.msb0 ? a > c : a < c)
      this.fail(
        'slice',
        `[${a}:${c}] runs against the numbering of bits (${this.site.msb0 ? 'msb0: lower first' : 'lsb0: higher first'})`,
        span,
      );
    if (lo < 0 || lo + w > width) this.fail('range', `bits ${a} to ${c} of a value of ${width} bits`, span);
    if (base.k === 'place') return { k: 'place', place: base.place.slice(lo, w) };
    return bits(extract(this.b, this.value(base, span), lo, w));
  }

  private call(e: Extract<ast.Expr, { t: 'call' }>): Value {
    const f = this.expr(e.fn);
    switch (f.k) {
      case 'builtin':
        return callBuiltin(this, f.name, e.args, e.span);
      case 'fn':
        return inlineCall(this, f.fn, e.args, e.span);
      case 'namespace': {
        const def = this.spec.names.defs.get(f.name);
        if (def?.kind === 'shape') {
          return {
            k: 'place',
            place: this.shape(
              def.item,
              e.args.map((a) => this.expr(a.value)),
              e.span,
            ),
          };
        }
        return { k: 'place', place: this.member(f.name, this.expr(e.args[0]!.value), e.span) };
      }
      default:
        return this.fail('call', 'this cannot be called', e.span);
    }
  }

  /** One of two values by a condition; what cannot be had together is behind a branch. */
  conditional(cond: Id, then: () => Value, otherwise: () => Value, span: Span, want?: number): Value {
    const known = this.b.constantOf(cond);
    if (known !== undefined) return known ? then() : otherwise();
    let count = 1;
    let tuple = false;
    const arm = (f: () => Value) => (): { values: Value[]; left: boolean } => {
      const v = f();
      const items = v.k === 'tuple' ? v.items : v.k === 'none' ? [] : [v];
      if (v.k === 'tuple') tuple = true;
      return {
        values: items.map((x) => (x.k === 'place' ? bits(this.value(x, span)) : x)),
        left: this.state.left,
      };
    };
    const ids = this.state.fork(cond, arm(then), arm(otherwise), (a, c) => {
      // An arm that left gives nothing; the other one decides.
      const one = a.left && a.values.length === 0 ? c.values : a.values;
      const two = c.left && c.values.length === 0 ? a.values : c.values;
      count = Math.min(one.length, two.length);
      if (count > 0 && one.length !== two.length)
        this.fail('value', `one side gives ${one.length} values, the other ${two.length}`, span);
      const widths = one
        .slice(0, count)
        .map((v, i) => this.commonWidth(v, two[i]!, span, count === 1 ? want : undefined));
      const run = (side: { values: Value[] }) => (): Id[] =>
        widths.map((w, i) =>
          side.values[i] ? this.coerce(side.values[i]!, w, span) : this.b.constant(w, 0),
        );
      return [run(a), run(c)];
    });
    if (ids.length === 0) return NONE;
    return tuple ? { k: 'tuple', items: ids.map(bits) } : bits(ids[0]!);
  }

  private commonWidth(a: Value, c: Value, span: Span, want: number | undefined): number {
    const w = this.widthOf(a) ?? this.widthOf(c) ?? want;
    if (w !== undefined) return w;
    const truth = (v: Value): boolean => v.k === 'int' && (v.value === 0n || v.value === 1n);
    if (truth(a) && truth(c)) return 1;
    return this.fail('width', 'the width of neither side is known', span, ['give one a width: zx(n, width)']);
  }

  match(e: ast.MatchExpr, want?: number): Value {
    const read = this.expr(e.subject);
    const subject = read.k === 'place' ? bits(this.value(read, e.span)) : read;
    const test = (p: ast.Range): Id | undefined => {
      if (p.first.t === 'name' && p.first.name === '_') return undefined;
      const side = (x: ast.Expr): Value => this.expr(x);
      const compare = (op: number, l: Value, r: Value): Id => {
        const w = this.widthOf(l) ?? this.widthOf(r);
        if (w === undefined)
          return this.b.constant(
            1,
            (
              op === Op.eq
                ? (l as { value: bigint }).value === (r as { value: bigint }).value
                : (l as { value: bigint }).value <= (r as { value: bigint }).value
            )
              ? 1
              : 0,
          );
        return this.b.pure(op, 1, this.coerce(l, w, e.span), this.coerce(r, w, e.span));
      };
      if (!p.last) return compare(Op.eq, subject, side(p.first));
      return this.b.pure(
        Op.and,
        1,
        compare(Op.ule, side(p.first), subject),
        compare(Op.ule, subject, side(p.last)),
      );
    };
    const arm = (i: number): Value => {
      const a = e.arms[i];
      if (!a) return NONE;
      let cond: Id | undefined;
      for (const p of a.patterns) {
        const t = test(p);
        if (t === undefined) return this.inScope(() => runBlock(this, a.body, want));
        cond = cond === undefined ? t : this.b.pure(Op.or, 1, cond, t);
      }
      const last = i === e.arms.length - 1;
      if (last && this.exhaustive(e, this.widthOf(subject)))
        return this.inScope(() => runBlock(this, a.body, want));
      return this.conditional(
        cond!,
        () => this.inScope(() => runBlock(this, a.body, want)),
        () => arm(i + 1),
        e.span,
        want,
      );
    };
    return arm(0);
  }

  /** Whether single-number patterns name every value of the subject. */
  private exhaustive(e: ast.MatchExpr, w: number | undefined): boolean {
    if (w === undefined || w > 6) return false;
    const seen = new Set<string>();
    for (const a of e.arms)
      for (const p of a.patterns) if (!p.last && p.first.t === 'num') seen.add(String(p.first.value));
    return seen.size === 1 << w;
  }
}

/** The place of a register at `index` of a file whose register `zero` keeps nothing. */
function keepingZero(s: Site, place: Place, index: Id, zero: number): Place {
  const { b } = s;
  const known = b.constantOf(index);
  if (known !== undefined && known !== BigInt(zero)) return place;
  if (known === undefined && b.op(index) === Op.zx && 1 << b.width(b.operand(index, 'a')) <= zero)
    return place;
  const isZero = b.pure(Op.eq, 1, index, b.constant(32, zero));
  return slicedPlace(s, {
    ...place,
    write: (v) =>
      s.state.either(
        isZero,
        () => {},
        () => place.write!(v),
      ),
  }) as Place;
}

/** Edit distance, cut off at 2. */
function distance(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  const x = a.slice(i);
  const y = b.slice(i);
  if (x.slice(1) === y.slice(1) || x.slice(1) === y || x === y.slice(1)) return 1;
  if (x.length > 1 && y.length > 1 && x[0] === y[1] && x[1] === y[0] && x.slice(2) === y.slice(2)) return 1;
  return 2;
}
