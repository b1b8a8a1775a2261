// The assembly text of instructions and aliases, as pieces that only need field values.
// In: asm text, names, fields. Out: AsmForm. Must not know: how text is laid out in a listing.
import { type Body, Op, removeDead } from '@mimic/ir';
import { Builder } from './lower/builder.js';
import { type FieldUse, Lowerer, type SpecContext } from './lower/lowerer.js';
import type { FieldType } from './lower/names.js';
import { bits, type Value } from './lower/values.js';
import type * as ast from './syntax/ast.js';
import { parseExpression } from './syntax/parse.js';
import { type Span, SpecError } from './syntax/source.js';

/** A number that depends on the encoding only: a field, or a body over the fields ending in `return`. */
export type StaticRef = { readonly field: number } | { readonly body: Body };

export type AsmPiece =
  | { readonly t: 'text'; readonly text: string }
  /** Text where the value is not 0. */
  | { readonly t: 'flag'; readonly value: StaticRef; readonly text: string }
  | { readonly t: 'names'; readonly value: StaticRef; readonly names: readonly string[] }
  /** d decimal, x hexadecimal, a an address, e, g a binary64 number, with an exponent or plain; signed: bits of the value. */
  | {
      readonly t: 'number';
      readonly value: StaticRef;
      readonly format: 'd' | 'x' | 'a' | 'e' | 'g';
      readonly signed?: number;
    }
  /** The names of the bits that are set, from the lowest. */
  | { readonly t: 'set'; readonly value: StaticRef; readonly names: readonly string[] }
  /** The first row whose condition holds. */
  | {
      readonly t: 'rows';
      readonly rows: readonly { readonly when?: StaticRef; readonly pieces: readonly AsmPiece[] }[];
    };

export interface AsmForm {
  readonly mnemonic: readonly AsmPiece[];
  readonly operands: readonly AsmPiece[];
  /** Of an alias: when it is printed. */
  readonly when?: StaticRef;
}

/** Text of an instruction and of its aliases, to be tried in order. */
export interface InsnAssembly {
  readonly own: AsmForm;
  readonly aliases: readonly AsmForm[];
}

const none = (): readonly Value[] => [];

/** Splits `addc{oe:o}{rc:.} rt, ra, rb` into mnemonic and operands. */
export function splitAsm(text: string): { mnemonic: string; operands: string } {
  const m = /^((?:\{[^}]*\}|\S)+)\s*(.*)$/.exec(text);
  return { mnemonic: m?.[1] ?? text, operands: m?.[2] ?? '' };
}

/** The name of an instruction: its mnemonic without placeholders. */
export function insnName(mnemonic: string): string {
  return mnemonic.replace(/\{[^}]*\}/g, '');
}

/** Replaces `{name}` by what a family gives it. */
export function substitute(text: string, family: ReadonlyMap<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => family.get(name) ?? all);
}

/** Lowers static expressions over the fields of one encoding. */
export class AsmContext {
  constructor(
    private readonly spec: SpecContext,
    private readonly fields: ReadonlyMap<string, FieldUse>,
    private readonly family: ReadonlyMap<string, Value>,
    private readonly sizes?: ReadonlyMap<string, number>,
  ) {}

  private lowerer(frame: ReadonlyMap<string, Value> = new Map()): { l: Lowerer; b: Builder } {
    const b = new Builder(true);
    const l = new Lowerer(this.spec, b, 'insn', this.fields, undefined, this.sizes);
    for (const [k, v] of [...this.family, ...frame]) l.global(k, v);
    return { l, b };
  }

  /** An expression that must be static. */
  reference(e: ast.Expr, want?: number): StaticRef & { width: number } {
    const { l, b } = this.lowerer();
    const v = l.expr(e, want);
    const id = v.k === 'int' || v.k === 'extend' ? l.coerce(v, want ?? 32, e.span) : l.value(v, e.span);
    if (!b.isStatic(id)) throw new SpecError('static', 'this must depend on the encoding only', e.span);
    return { ...this.finish(b, id), width: b.width(id) };
  }

  private finish(b: Builder, id: number): StaticRef {
    if (b.op(id) === Op.param) return { field: b.operand(id, 'a') };
    b.effect(Op.return, 0, b.list([id]), 1);
    return { body: removeDead(b.finish()) };
  }

  /** The pieces of a mnemonic: only what stands in braces is an operand. */
  mnemonic(text: string, span: Span, bound: ReadonlyMap<string, ast.Expr>): AsmPiece[] {
    return merge(
      [...text.matchAll(/\{([^}]*)\}|([^{]+)/g)].map(
        (m): AsmPiece =>
          m[1] !== undefined ? this.placeholder(m[1], span, bound) : { t: 'text', text: m[2]! },
      ),
    );
  }

  /** The pieces of an operand list: words are operands when they name something. `bound` names more than the fields. */
  operandList(text: string, span: Span, bound: ReadonlyMap<string, ast.Expr>): AsmPiece[] {
    return merge(
      [...text.matchAll(/\{([^}]*)\}|([A-Za-z_]\w*)|([^A-Za-z_{]+)/g)].map((m): AsmPiece => {
        if (m[1] !== undefined) return this.placeholder(m[1], span, bound);
        if (m[2] !== undefined) return this.operand(m[2], span, bound) ?? { t: 'text', text: m[2] };
        return { t: 'text', text: m[3]! };
      }),
    );
  }

  private placeholder(inner: string, span: Span, bound: ReadonlyMap<string, ast.Expr>): AsmPiece {
    const m = /^(\w+)(?::(.*))?$/.exec(inner);
    if (!m) throw new SpecError('assembly', `{${inner}} should be {name} or {name:text}`, span);
    const name = m[1]!;
    if (m[2] !== undefined) return { t: 'flag', value: this.named(name, span), text: m[2] };
    const op = this.operand(name, span, bound);
    if (!op) throw new SpecError('unknown-name', `${name} is not a field of this instruction`, span);
    return op;
  }

  private named(name: string, span: Span): StaticRef {
    const f = this.fields.get(name);
    if (f) return { field: f.param };
    return this.reference({ t: 'name', name, span });
  }

  /** How an operand is printed; undefined where the name means nothing here. */
  private operand(name: string, span: Span, bound: ReadonlyMap<string, ast.Expr>): AsmPiece | undefined {
    const b = bound.get(name);
    if (b) {
      const { width: _, ...value } = this.reference(b, 32);
      return { t: 'number', value, format: 'd' };
    }
    const f = this.fields.get(name);
    if (f) return this.typed({ field: f.param }, f.type, f.width, span);
    const def = this.spec.names.defs.get(name);
    if (def?.kind === 'field' && def.value) {
      const { type, width } = this.spec.names.resolveField(def.type, span);
      const { width: _, ...value } = this.reference(def.value, width);
      return this.typed(value, type, width, span, def.value);
    }
    if (def?.kind === 'shape' && def.item.params.length === 0) return this.shape(def.item, none, span);
    return undefined;
  }

  private widthOf(
    { type }: Extract<ast.Item, { t: 'shape' }>,
    frame: (l: Lowerer, b: Builder) => Map<string, Value>,
  ): number | undefined {
    const { l, b } = this.lowerer();
    return type && l.inFrame(frame(l, b), () => l.typeWidth(type));
  }

  /** `computed`: what a field that is not in the encoding stands for. */
  private typed(value: StaticRef, type: FieldType, width: number, span: Span, computed?: ast.Expr): AsmPiece {
    switch (type.t) {
      case 'plain':
        return { t: 'number', value, format: 'd' };
      case 'signed':
        return { t: 'number', value, format: 'd', signed: width };
      case 'enum': {
        const def = this.spec.names.defs.get(type.name);
        return { t: 'names', value, names: def?.kind === 'enum' ? def.items : [] };
      }
      case 'file': {
        const def = this.spec.names.defs.get(type.name);
        return { t: 'names', value, names: def?.kind === 'file' || def?.kind === 'view' ? def.names : [] };
      }
      case 'sized':
        throw new SpecError('width', 'the width of this operand is not known', span);
      case 'shape': {
        const def = this.spec.names.defs.get(type.name);
        if (def?.kind !== 'shape') throw new SpecError('kind', `${type.name} is not a shape`, span);
        const p = def.item.params[0];
        if (!p) return this.shape(def.item, none, span);
        const given = p.type ? this.spec.names.width(p.type) : width;
        if (computed)
          return this.shape(def.item, (l) => [bits(l.coerce(l.expr(computed, given), given, span))], span);
        if (!('field' in value)) throw new SpecError('shape', `${type.name} needs a plain field`, span);
        return this.shape(def.item, (_l, b) => [bits(b.param(value.field, given))], span);
      }
    }
  }

  private shape(
    item: Extract<ast.Item, { t: 'shape' }>,
    args: (l: Lowerer, b: Builder) => readonly Value[],
    span: Span,
  ): AsmPiece {
    const frame = (l: Lowerer, b: Builder): Map<string, Value> => {
      const values = args(l, b);
      return new Map(
        item.params.map((p, i) => {
          const v = values[i];
          if (!v)
            throw new SpecError('arguments', `${item.name} takes ${item.params.length} arguments`, span);
          return [p.name, p.type ? l.coerced(v, this.spec.names.width(p.type), span) : v];
        }),
      );
    };
    const evaluate = (e: ast.Expr, want?: number): Printed => {
      const { l, b } = this.lowerer();
      const v = l.inFrame(frame(l, b), () => l.expr(e, want));
      const id = v.k === 'int' || v.k === 'extend' ? l.coerce(v, want ?? 32, e.span) : l.value(v, e.span);
      return { value: this.finish(b, id), width: b.width(id) };
    };
    const rows: { when?: StaticRef; pieces: AsmPiece[] }[] = [];
    for (const row of item.rows) {
      const known = row.when && this.known(row.when, frame);
      if (known === 0n) continue;
      const pieces = merge(
        [...row.text.matchAll(/(\{\{|\}\})|\{([^}]*)\}|([^{}]+)/g)].map((m): AsmPiece => {
          if (m[2] === undefined) return { t: 'text', text: m[3] ?? m[1]![0]! };
          return this.interpolated(m[2], row, evaluate, item, frame);
        }),
      );
      if (known === 1n || !row.when) {
        rows.push({ pieces });
        break;
      }
      rows.push({ when: evaluate(row.when, 1).value, pieces });
    }
    return rows.length === 1 && !rows[0]!.when && rows[0]!.pieces.length === 1
      ? rows[0]!.pieces[0]!
      : { t: 'rows', rows };
  }

  /** A condition that the encoding does not decide, but the family or the sizes do. */
  private known(e: ast.Expr, frame: (l: Lowerer, b: Builder) => Map<string, Value>): bigint | undefined {
    const { l, b } = this.lowerer();
    return b.constantOf(l.inFrame(frame(l, b), () => l.condition(e)));
  }

  /** `{n}`, `{value:x}`, `{GPR[n]}`, `{Rn}`, `{XR(n)}` in a row's text. */
  private interpolated(
    inner: string,
    row: ast.ShapeRow,
    evaluate: (e: ast.Expr, want?: number) => Printed,
    item: Extract<ast.Item, { t: 'shape' }>,
    frame: (l: Lowerer, b: Builder) => Map<string, Value>,
  ): AsmPiece {
    const m = /^(.*?)(?::([dsxaeg]))?$/.exec(inner)!;
    const code = m[1]!;
    const indexed = /^(\w+)([[(])(.*)[\])](\*?)$/.exec(code);
    const def = indexed ? this.spec.names.defs.get(indexed[1]!) : undefined;
    if (def?.kind === 'file' && indexed![4])
      return { t: 'set', value: evaluate(parseExpression(indexed![3]!, row.span)).value, names: def.names };
    if (def?.kind === 'file' || def?.kind === 'view')
      return { t: 'names', value: evaluate(parseExpression(indexed![3]!, row.span)).value, names: def.names };
    if (def?.kind === 'enum')
      return { t: 'names', value: evaluate(parseExpression(indexed![3]!, row.span)).value, names: def.items };
    const nested = this.spec.names.defs.get(/^\w*/.exec(code)![0]);
    if (nested?.kind === 'shape') {
      const e = parseExpression(code, row.span);
      const args = e.t === 'call' ? e.args : [];
      const values = (l: Lowerer, b: Builder): Value[] =>
        l.inFrame(frame(l, b), () => args.map((a) => l.expr(a.value)));
      return this.shape(nested.item, values, row.span);
    }
    if (!m[2] && code !== 'value' && !item.params.some((p) => p.name === code)) {
      const operand = this.operand(code, row.span, new Map());
      if (operand) return operand;
    }
    const e = code === 'value' ? row.value : parseExpression(code, row.span);
    const printed = evaluate(e, code === 'value' ? this.widthOf(item, frame) : undefined);
    if (m[2] === 's') return { t: 'number', value: printed.value, format: 'd', signed: printed.width };
    return { t: 'number', value: printed.value, format: (m[2] ?? 'd') as 'd' | 'x' | 'a' | 'e' | 'g' };
  }
}

/** What a piece of text prints, and how many bits it has. */
interface Printed {
  readonly value: StaticRef;
  readonly width: number;
}

function merge(pieces: AsmPiece[]): AsmPiece[] {
  const out: AsmPiece[] = [];
  for (const p of pieces) {
    const last = out.at(-1);
    if (p.t === 'text' && last?.t === 'text') out[out.length - 1] = { t: 'text', text: last.text + p.text };
    else out.push(p);
  }
  return out;
}
