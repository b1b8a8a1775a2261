// A spec folder -> a compiled ISA and what is wrong with it. The pipeline: load, declare, lower, arrange.
// In: an entry file and a way to read others. Out: CompiledSpec. Must not know: files, Node.
import { type Body, evaluate, type Func, noMachine, Op, type Program, simplify, verify } from '@mimic/ir';
import { compileAbi } from './abi/compile.js';
import { AsmContext, type AsmForm, type InsnAssembly, insnName, splitAsm, substitute } from './assembly.js';
import { fieldsOf } from './decode.js';
import { buildTree, overlaps, type Pattern, type PatternGroup, unreachable } from './decode-tree.js';
import { constant, type Encoded } from './encode.js';
import { Fields } from './fields.js';
import { loadSpec, type Placed, type ReadSpec } from './load.js';
import { Builder } from './lower/builder.js';
import { type Cpu, cpusOf, traitNumbers } from './lower/cpus.js';
import { DecoderSet } from './lower/decoders.js';
import { type FieldUse, Lowerer, SizeNeeded, type SpecContext } from './lower/lowerer.js';
import { type FieldType, Names } from './lower/names.js';
import { runBlock, runGuarded } from './lower/statements.js';
import { bits, int, type Value } from './lower/values.js';
import type { CompiledIsa, Hook, Insn, Model, Register } from './model.js';
import type { Scan } from './scan.js';
import type * as ast from './syntax/ast.js';
import { type Diagnostic, locate, type Source, type Span, SpecError } from './syntax/source.js';

/** Bits of a condition that are tried one by one, at most. */
const CONDITION_BITS = 8;

/** A test as written, for tests.ts. */
export interface SpecTest {
  readonly item: ast.TestItem;
  /** How its code is written and which modes it runs in, where a decoder stands before it. */
  readonly decoder?: { readonly leftmost: boolean; readonly modes: number };
}

export interface CompiledSpec {
  /** Absent when there are errors. */
  readonly isa?: CompiledIsa;
  readonly diagnostics: readonly Diagnostic[];
  readonly tests: readonly SpecTest[];
  /** For lowering the sides of tests. */
  readonly context: SpecContext;
  /** Files read, by name: their texts make the content hash. */
  readonly files: ReadonlyMap<string, string>;
}

/** Compiles the spec whose main file is `entry`, a name that `read` understands. Never throws for what specs say. */
export function compileSpec(entry: string, read: ReadSpec): CompiledSpec {
  return new Compiler(entry, read).run();
}

interface LoweredInsn {
  readonly insn: Insn;
  /** Its name without the number that tells it from others; the names in its operands. */
  readonly base: string;
  readonly words: readonly string[];
  readonly item: ast.InsnItem;
  readonly decoder: string | undefined;
  readonly placed: Placed<ast.InsnItem>;
  readonly encoded: Encoded;
  readonly fields: ReadonlyMap<string, FieldUse>;
  readonly family: ReadonlyMap<string, Value>;
  readonly sizes: Sizes;
  readonly over: readonly string[];
  readonly own: AsmForm;
  readonly aliases: AsmForm[];
}

/** Numbers chosen for `sizes`, and the fields that choose them. */
interface Sizes {
  readonly values: ReadonlyMap<string, number>;
  readonly require: readonly ast.Require[];
}
const NO_SIZES: Sizes = { values: new Map(), require: [] };

class Compiler implements SpecContext {
  readonly names = new Names();
  private readonly diagnostics: Diagnostic[] = [];
  private readonly funcs: (Func | undefined)[] = [];
  private readonly funcNumbers = new Map<
    ast.FnItem,
    { number: number; params: number[]; results: number[] }
  >();
  private readonly hosts: { name: string; width: number }[] = [];
  private readonly insns: LoweredInsn[] = [];
  private readonly decoders = new DecoderSet(this);
  /** Instructions by name, without the numbers that tell equal names apart. */
  private readonly byName = new Map<string, number>();

  constructor(
    private readonly entry: string,
    private readonly read: ReadSpec,
  ) {}

  run(): CompiledSpec {
    const loaded = loadSpec(this.entry, this.read);
    this.diagnostics.push(...loaded.diagnostics);
    const { items } = loaded;
    this.declareAll(items);
    for (const [name, d] of this.names.decoders) this.reporting(() => this.decoders.add(name, d), d.span);
    for (const p of items)
      if (p.item.t === 'insn') this.inDecoders(p, (d) => this.instruction(p as Placed<ast.InsnItem>, d));
    for (const p of items)
      if (p.item.t === 'alias')
        this.inDecoders(p, (d) => this.alias(p as Placed<Extract<ast.Item, { t: 'alias' }>>, d));
    this.checkOverlaps();
    this.reporting(() => this.makeScan(), items[0]?.item.span ?? emptySpan(loaded));
    const registers = this.registers();
    const tests = items
      .filter((p) => p.item.t === 'test')
      .map((p) => {
        const decoder = p.decoders[0] === undefined ? undefined : this.decoders.get(p.decoders[0]);
        const test = p.item as ast.TestItem;
        const item = { ...test, inputs: [...p.given, ...test.inputs] };
        return { item, ...(decoder ? { decoder } : {}) };
      });
    let cpus: Cpu[] = [];
    this.reporting(() => (cpus = cpusOf(this, this.names.cpus)), items[0]?.item.span ?? emptySpan(loaded));
    const { models, ...abi } = this.abi(items, cpus);
    const isa = this.diagnostics.some((d) => d.severity === 'error')
      ? undefined
      : this.result(registers, abi, models);
    if (isa && this.names.arch === '')
      this.report(new SpecError('arch', 'there is no arch item', items[0]?.item.span ?? emptySpan(loaded)));
    return { isa, diagnostics: this.diagnostics, tests, context: this, files: loaded.files };
  }

  // ---- SpecContext

  warn(code: string, message: string, span: Span): void {
    if (
      this.diagnostics.some((d) => d.code === code && d.span.source === span.source && d.span.at === span.at)
    )
      return;
    this.diagnostics.push({ severity: 'warning', code, message, span });
  }

  host(name: string, width: number): number {
    let i = this.hosts.findIndex((h) => h.name === name);
    if (i < 0) i = this.hosts.push({ name, width }) - 1;
    return i;
  }

  outlined(fn: ast.FnItem): { number: number; params: readonly number[]; results: readonly number[] } {
    const old = this.funcNumbers.get(fn);
    if (old) return old;
    const width = (t: ast.Type | undefined, at: Span): number => {
      if (!t) throw new SpecError('outline', `an @outline function gives the width of every parameter`, at);
      return this.names.width(t);
    };
    const known = {
      number: this.funcs.length,
      params: fn.params.map((p) => width(p.type, p.span)),
      results: fn.results.map((r) => this.names.width(r)),
    };
    if (known.results.length === 0)
      throw new SpecError('outline', `${fn.name} gives nothing: an @outline function has results`, fn.span);
    this.funcs.push(undefined);
    this.funcNumbers.set(fn, known);
    const b = new Builder(false);
    const l = new Lowerer(this, b, 'function');
    const frame = new Map<string, Value>(
      fn.params.map((p, i) => [p.name, bits(b.param(i, known.params[i]!))]),
    );
    const give = (v: Value, at: Span): void => {
      const items = v.k === 'tuple' ? v.items : [v];
      if (items.length !== known.results.length)
        throw new SpecError(
          'result',
          `${fn.name} gives ${known.results.length} values, here are ${v.k === 'none' ? 0 : items.length}`,
          at,
        );
      const ids = items.map((x, i) => l.coerce(x, known.results[i]!, at));
      b.effect(Op.return, 0, b.list(ids), ids.length);
      l.state.left = true;
    };
    l.onReturn = give;
    l.returnWidth = known.results.length === 1 ? known.results[0] : undefined;
    l.inFrame(frame, () => {
      const v = runBlock(l, fn.body, l.returnWidth);
      if (!l.state.left) give(v, fn.span);
    });
    const body = b.finish();
    this.funcs[known.number] = { name: fn.name, params: known.params, results: known.results, body };
    return known;
  }

  // ---- stages

  private report(e: unknown): void {
    if (!(e instanceof SpecError)) throw e;
    if (
      this.diagnostics.some(
        (d) => d.span.source === e.span.source && d.span.at === e.span.at && d.message === e.message,
      )
    )
      return;
    this.diagnostics.push({
      severity: 'error',
      code: e.code,
      message: e.message,
      span: e.span,
      label: e.label,
      notes: e.notes,
    });
  }

  /** Runs `f` once for each decoder that an item belongs to. */
  private inDecoders(p: Placed<ast.Item>, f: (decoder: string | undefined) => void): void {
    for (const d of p.decoders.length ? p.decoders : [undefined])
      this.guard(p, () => this.names.within(d, () => f(d)));
  }

  private guard(p: Placed<ast.Item>, f: () => void): void {
    this.reporting(f, p.item.span);
  }

  /** Runs `f`; a mistake in the item at `span` that it throws is reported. */
  private reporting(f: () => void, span: Span): void {
    try {
      f();
    } catch (e) {
      if (e instanceof RangeError && /call stack/i.test(e.message)) {
        this.report(new SpecError('recursion', 'this nests too deeply', span));
        return;
      }
      this.report(e);
    }
  }

  private declareAll(items: readonly Placed<ast.Item>[]): void {
    const late = new Set(['insn', 'alias', 'test', 'abi', 'use', 'family']);
    const first = ['arch', 'enum', 'trait', 'cpu'];
    for (const p of items) if (first.includes(p.item.t)) this.guard(p, () => this.names.declare(p.item));
    for (const p of items)
      if (!first.includes(p.item.t) && !late.has(p.item.t) && p.item.t !== 'mode')
        this.guard(p, () => {
          if (p.decoders.length) this.names.declareFor(p.decoders, p.item);
          else this.names.declare(p.item);
        });
    for (const p of items) if (p.item.t === 'mode') this.guard(p, () => this.names.declare(p.item));
  }

  private familyValues(p: Placed<ast.Item>): Map<string, Value> {
    const out = new Map<string, Value>();
    for (const [name, v] of p.family) {
      if (typeof v.value === 'bigint') out.set(name, int(v.value));
      const def = this.names.defs.get(v.text);
      if (def?.kind === 'fn') out.set(name, { k: 'fn', fn: def.item });
    }
    return out;
  }

  /** Once for each number of the sizes that it turns out to depend on. */
  private instruction(p: Placed<ast.InsnItem>, in_: string | undefined, sizes = NO_SIZES): void {
    try {
      this.sized(p, in_, sizes);
    } catch (e) {
      const def = e instanceof SizeNeeded ? this.names.defs.get(e.size) : undefined;
      if (def?.kind !== 'sizes') throw e;
      for (const row of def.item.rows)
        this.instruction(p, in_, {
          values: new Map([...sizes.values, [def.item.name, row.value]]),
          require: [...sizes.require, ...row.when],
        });
    }
  }

  /** The width of a field whose type depends on sizes. */
  private fieldWidth(type: FieldType, sizes: Sizes, span: Span): number {
    if (type.t !== 'sized') return this.names.resolveField(type, span).width;
    const l = new Lowerer(this, new Builder(true), 'insn', new Map(), undefined, sizes.values);
    return Number(l.staticInt(l.expr(type.width), span, 'a width'));
  }

  private encoding(
    item: ast.InsnItem,
    in_: string | undefined,
    numbers: ReadonlyMap<string, bigint>,
    text: string,
    sizes: Sizes,
  ): Encoded | undefined {
    const { byteCode } = this.names;
    const { span } = item.asm;
    if (!byteCode) return this.decoders.of(in_, item.span).encode(item.encoding, numbers, span);
    return byteCode.encode(
      this.names,
      item.encoding,
      numbers,
      span,
      sizes.require,
      (prefix) => new RegExp(`\\{${prefix}\\b`).test(text),
      (type, at) => this.fieldWidth(type, sizes, at),
      constant,
    );
  }

  private sized(p: Placed<ast.InsnItem>, in_: string | undefined, sizes: Sizes): void {
    const { item } = p;
    const numbers = new Map<string, bigint>();
    for (const [name, v] of p.family) if (typeof v.value === 'bigint') numbers.set(name, v.value);
    const texts = new Map([...p.family].map(([k, v]) => [k, v.text]));
    const text = substitute(item.asm.text, texts);
    const encoded = this.encoding(item, in_, numbers, text, sizes);
    if (!encoded) return;
    const decoder = this.decoders.of(in_, item.span);
    const fields = new Fields(encoded.fields, this.names.byteCode?.common, this.names.traits);
    const family = this.familyValues(p);
    for (const [k, v] of decoder.known) family.set(k, v);
    const { mnemonic, operands } = splitAsm(text);
    const base = insnName(mnemonic);

    const over: string[] = [];
    const wheres: ast.Expr[] = [];
    const needs = traitNumbers(this, p.needs, item.span);
    for (const a of item.attrs) {
      if (a.t === 'over') over.push(a.name);
      else if (a.t === 'where') wheres.push(a.args[0]!);
      else if (a.t === 'needs') needs.push(...traitNumbers(this, a.names, a.span));
      else throw new SpecError('attribute', `there is no attribute @${a.name}`, a.span);
    }
    const asm = new AsmContext(this, fields, family, sizes.values);
    const where = wheres.map((w) => asm.reference(w, 1));
    if (where.length > 1)
      throw new SpecError('where', 'one `where` is enough: join them with &&', wheres[1]!.span);
    if (where[0] && where[0].width !== 1)
      throw new SpecError('where', 'a condition has one bit', wheres[0]!.span);

    const b = new Builder(true);
    const l = new Lowerer(this, b, 'insn', fields, undefined, sizes.values);
    for (const [k, v] of family) l.global(k, v);
    for (const [k, v] of p.family) if (this.names.defs.get(v.text)?.kind === 'shape') l.alias(k, v.text);
    runGuarded(l, decoder.body, item.body);
    if (!l.state.left) l.state.finish();
    const template = b.finish();
    // With the numbers of a family a condition may say nothing.
    const limits = where[0] && !('body' in where[0] && always(where[0].body, this.program()));
    const whereBody = limits ? ('body' in where[0] ? where[0].body : fieldBody(where[0].field)) : undefined;
    const span = item.asm.span;
    const own: AsmForm = {
      mnemonic: asm.mnemonic(mnemonic, span, new Map()),
      operands: asm.operandList(operands, span, new Map()),
    };
    const key = `${in_ ?? ''} ${base}`;
    const before = this.byName.get(key) ?? 0;
    this.byName.set(key, before + 1);
    const insn: Insn = {
      name: before ? `${base}_${before + 1}` : base,
      length: encoded.immediates === undefined ? encoded.width / 8 : 0,
      ...(encoded.immediates === undefined ? {} : { immediates: encoded.immediates }),
      mask: encoded.mask,
      value: encoded.value,
      fields: fields.encoded,
      ...(needs.length ? { needs } : {}),
      ...(whereBody ? { where: whereBody } : {}),
      template,
      ...(this.enters(template, encoded) ? { context: true } : {}),
      source: locate(item.span),
    };
    this.insns.push({
      insn,
      base,
      words: operands.match(/\w+/g) ?? [],
      item,
      decoder: in_,
      placed: p,
      encoded,
      fields,
      family,
      sizes,
      over,
      own,
      aliases: [],
    });
  }

  /** Whether an instruction writes the context where it is 0. */
  private enters(template: Body, encoded: Encoded): boolean {
    const k = encoded.fields.findIndex((f) => f.pieces.length === 0 && f.trait === undefined);
    if (k < 0) return false;
    const values = new Map<number, number>();
    for (let i = 0; i < template.length; i++)
      if (template.op[i] === Op.param && template.a[i] === k) values.set(i, 0);
    const body = simplify(template, this.program(), { values });
    for (let i = 0; i < body.length; i++)
      if (body.op[i] === Op.set && body.a[i] === this.names.context?.cell) return true;
    return false;
  }

  private alias(p: Placed<Extract<ast.Item, { t: 'alias' }>>, in_: string | undefined): void {
    const { item } = p;
    const texts = new Map([...p.family].map(([k, v]) => [k, v.text]));
    const target = texts.get(item.insn) ?? item.insn;
    const named = this.insns.filter((x) => x.base === target && x.decoder === in_);
    const first = named[0];
    if (!first) throw new SpecError('unknown-name', `there is no instruction ${target}`, item.span);
    // Of several instructions with the name all that are written with these operands, else the first.
    const same = named.filter(
      (x) =>
        x.words.length === item.args.length &&
        item.args.every((a, i) => a.value.t === 'name' && a.value.name === x.words[i]),
    );
    for (const x of same.length > 0 ? same : named.filter((y) => y.placed === first.placed))
      this.aliasOf(x, p, in_, texts);
  }

  private aliasOf(
    insn: LoweredInsn,
    p: Placed<Extract<ast.Item, { t: 'alias' }>>,
    in_: string | undefined,
    texts: ReadonlyMap<string, string>,
  ): void {
    const { item } = p;
    const { mnemonic, operands } = splitAsm(substitute(item.asm.text, texts));
    const values = new Map([...insn.family, ...this.familyValues(p)]);
    for (const [k, v] of this.decoders.of(in_, item.span).known) values.set(k, v);
    const asm = new AsmContext(this, insn.fields, values, insn.sizes.values);
    // `31 - n` at the place of an operand gives n: 31 minus that operand.
    const { words } = insn;
    const bound = new Map<string, ast.Expr>();
    item.args.forEach((a, i) => {
      const e = a.value;
      const operand: ast.Expr = { t: 'name', name: words[i] ?? '', span: a.span };
      if (e.t === 'binary' && e.op === '-' && e.right.t === 'name' && !insn.fields.has(e.right.name))
        bound.set(e.right.name, { ...e, right: operand });
    });
    insn.aliases.push({
      mnemonic: asm.mnemonic(mnemonic, item.asm.span, bound),
      operands: asm.operandList(operands, item.asm.span, bound),
      ...(item.when ? { when: asm.reference(item.when, 1) } : {}),
    });
  }

  private checkOverlaps(): void {
    const patterns = this.patterns();
    const together = (a: number, b: number): boolean => this.insns[a]!.decoder === this.insns[b]!.decoder;
    for (const o of overlaps(patterns, together)) {
      const a = this.insns[o.a]!;
      const b = this.insns[o.b]!;
      this.report(
        new SpecError(
          'overlap',
          `${b.insn.name} and ${a.insn.name} both match 0x${o.witness.toString(16).padStart(8, '0')}`,
          b.item.asm.span,
          [
            `${a.insn.name} is at ${a.insn.source}; add \`over ${a.insn.name}\`, or a \`where\` that separates them`,
          ],
          'neither is narrower',
        ),
      );
    }
    for (const { pattern, by } of unreachable(patterns, together)) {
      const a = this.insns[pattern]!;
      const b = this.insns[by]!;
      this.report(
        new SpecError(
          'unreachable-pattern',
          `${a.insn.name} never matches: ${b.insn.name} takes all of its words`,
          a.item.asm.span,
          [`${b.insn.name} is at ${b.insn.source}; remove its \`over ${a.insn.name}\`, or this instruction`],
        ),
      );
    }
    for (const x of this.insns)
      for (const o of x.over)
        if (!this.insns.some((y) => y.insn.name === o))
          this.report(new SpecError('unknown-name', `there is no instruction ${o}`, x.item.span));
  }

  private patterns(): Pattern[] {
    return this.insns.map((x) => ({
      name: x.insn.name,
      base: x.base,
      mask: x.insn.mask,
      value: x.insn.value,
      where: x.insn.where !== undefined,
      needs: x.insn.needs ?? [],
      over: x.over,
      ...(x.insn.where ? { allows: (mask: number, value: number) => this.allows(x.insn, mask, value) } : {}),
    }));
  }

  /** See Pattern.allows: tries the bits that the condition looks at, unless they are many. */
  private allows({ where, fields }: Insn, mask: number, value: number): boolean {
    const { op, a } = where!.parts();
    const used = new Set(op.flatMap((o, i) => (o === Op.param ? [a[i]!] : [])));
    // Models differ in what it says.
    if ([...used].some((k) => fields[k]!.trait !== undefined)) return true;
    const free = [...used].flatMap((k) =>
      fields[k]!.pieces.flatMap(({ at, width }) =>
        Array.from({ length: width }, (_, i) => at + i).filter((bit) => !((mask >>> bit) & 1)),
      ),
    );
    if (free.length > CONDITION_BITS) return true;
    const program: Program = { cells: [], funcs: [], traps: [], hosts: [], word: this.names.word };
    for (let n = 0; n < 1 << free.length; n++) {
      const word = free.reduce((w, bit, i) => (w | (((n >>> i) & 1) << bit)) >>> 0, value >>> 0);
      const out = evaluate(program, where!, fieldsOf({ fields }, word).map(BigInt), 0n, noMachine);
      if (out.kind !== 'return' || out.values[0] === 1n) return true;
    }
    return false;
  }

  private groups(): PatternGroup[] {
    const by = new Map<string | undefined, number[]>();
    this.insns.forEach((x, n) => {
      by.set(x.decoder, [...(by.get(x.decoder) ?? []), n]);
    });
    return [...by].map(([name, patterns]) => ({ ...this.decoders.group(name), patterns }));
  }

  private registers(): Register[] {
    const out: Register[] = [];
    for (const def of this.names.state) {
      if (def.hidden) continue;
      const computed = def.kind === 'view' || (def.kind === 'reg' && def.computed !== undefined);
      const list: { name: string; e: ast.Expr }[] =
        def.kind !== 'reg'
          ? def.names.map((name) => ({ name, e: { t: 'name', name, span: def.span } }))
          : [{ name: def.name, e: { t: 'name', name: def.name, span: def.span } }];
      for (const { name, e } of list) {
        this.reporting(() => {
          const rb = new Builder(false);
          const rl = new Lowerer(this, rb, 'hook');
          const id = rl.value(rl.expr(e), def.span);
          rb.effect(Op.return, 0, rb.list([id]), 1);
          const wb = new Builder(false);
          const wl = new Lowerer(this, wb, 'hook');
          wl.place(e).write!(wb.param(0, rb.width(id)));
          wl.state.finish();
          out.push({
            name,
            width: rb.width(id),
            read: rb.finish(),
            write: wb.finish(),
            ...(computed ? { computed } : {}),
          });
        }, def.span);
      }
    }
    return out;
  }

  /** Conditions of the scan are lowered as those of instructions are, over fields of the vector. */
  private makeScan(): void {
    const { byteCode } = this.names;
    if (!byteCode) return;
    this.scan = byteCode.scan((e) => {
      const fields = new Fields([], byteCode.common);
      const condition = new AsmContext(this, fields, new Map(), NO_SIZES.values).reference(e, 1);
      const body = 'body' in condition ? condition.body : fieldBody(condition.field);
      return { fields: fields.encoded, body };
    });
  }
  private scan: Scan | undefined;

  private abi(
    items: readonly Placed<ast.Item>[],
    cpus: readonly Cpu[],
  ): Pick<CompiledIsa, 'abi' | 'hooks' | 'models'> {
    const abis = items.filter((p) => p.item.t === 'abi').map((p) => p.item as ast.AbiItem);
    const models = cpus.map(({ names, values }) => ({ names, values }));
    if (abis.length === 0) return { hooks: {}, models };
    return { models, ...compileAbi(this, abis, cpus, (e) => this.report(e)) };
  }

  private program(): Program {
    return {
      cells: this.names.cells,
      funcs: this.funcs.map((f) => f!),
      traps: this.names.traps.map((t) => ({ name: t.name, params: t.params.map((p) => p.width) })),
      hosts: this.hosts,
      word: this.names.word,
    };
  }

  private result(
    registers: Register[],
    abi: Pick<CompiledIsa, 'abi' | 'hooks'>,
    models: readonly Model[],
  ): CompiledIsa {
    const program = this.program();
    for (const x of this.insns) {
      const errors = verify(x.insn.template, program, { params: x.insn.fields.map((f) => f.width) });
      if (errors.length)
        throw new Error(
          `${x.insn.source}: the template of ${x.insn.name} is malformed:\n${errors.join('\n')}`,
        );
    }
    for (const f of program.funcs) {
      const errors = verify(f.body, program, { params: f.params, results: f.results });
      if (errors.length) throw new Error(`the body of ${f.name} is malformed:\n${errors.join('\n')}`);
    }
    for (const r of registers) {
      const errors = [
        ...verify(r.read, program, { results: [r.width] }),
        ...(r.write ? verify(r.write, program, { params: [r.width] }) : []),
      ];
      if (errors.length) throw new Error(`the accesses to ${r.name} are malformed:\n${errors.join('\n')}`);
    }
    for (const [name, h] of Object.entries(abi.hooks) as [string, Hook][]) {
      const errors = verify(h.body, program, { params: h.params });
      if (errors.length) throw new Error(`the hook ${name} is malformed:\n${errors.join('\n')}`);
    }
    const { context } = this.names;
    const assembly: InsnAssembly[] = this.insns.map((x) => ({ own: x.own, aliases: x.aliases }));
    return {
      name: this.names.arch,
      title: this.names.title,
      ...(this.names.listing.length > 0
        ? {
            listing: {
              words: this.names.listing.includes('words'),
              spaced: this.names.listing.includes('spaced'),
            },
          }
        : {}),
      ...(this.names.ignored ? { ignored: this.names.ignored } : {}),
      endian: this.names.endian,
      word: this.names.word,
      unit: this.names.unit,
      ...(this.scan ? { scan: this.scan } : {}),
      program,
      traits: this.names.traits.map(({ name, width, cell }) => ({ name, width, cell })),
      models,
      model: models.at(-1)!,
      stateSize: this.names.stateSize,
      insns: this.insns.map((x) => x.insn),
      modeMask: this.names.modeMask,
      ...(context ? { context: { cell: context.cell, width: context.width } } : {}),
      decode: buildTree(this.patterns(), this.groups(), this.names.modeMask),
      registers,
      ...abi,
      assembly,
    };
  }
}

/** Whether a condition holds whatever the fields are. */
function always(body: Body, program: Program): boolean {
  if (body.has(Op.param)) return false;
  const out = evaluate(program, body, [], 0n, noMachine);
  return out.kind === 'return' && out.values[0] === 1n;
}

function fieldBody(field: number): Body {
  const b = new Builder(true);
  const id = b.param(field, 1);
  b.effect(Op.return, 0, b.list([id]), 1);
  return b.finish();
}

function emptySpan(loaded: { files: ReadonlyMap<string, string>; sources: readonly Source[] }): Span {
  return { source: loaded.sources[0]!, at: 0, end: 0 };
}
