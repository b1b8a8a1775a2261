// .abi items -> LinuxAbi and hook bodies.
// In: the abi items of a spec, its names. Out: data for packages/linux. Must not know: what Linux does with it.
import { Op } from '@mimic/ir';
import { Builder, type Id } from '../lower/builder.js';
import type { Cpu } from '../lower/cpus.js';
import { type HookContext, Lowerer, type SpecContext } from '../lower/lowerer.js';
import { memoryPlace } from '../lower/places.js';
import { runBlock } from '../lower/statements.js';
import { bits, type Place, type Value } from '../lower/values.js';
import type { CompiledIsa, Hook } from '../model.js';
import type * as ast from '../syntax/ast.js';
import { type Span, SpecError } from '../syntax/source.js';
import type { AbiTypes, ElfIdent, HookName, LinuxAbi, StructLayout, SyscallNumber } from './model.js';
import { layoutStructs } from './structs.js';

type Part<T extends ast.AbiPart['t']> = Extract<ast.AbiPart, { t: T }>;

/** Compiles the abi that no other is derived from. Mistakes go to `report`. */
export function compileAbi(
  spec: SpecContext,
  abis: readonly ast.AbiItem[],
  cpus: readonly Cpu[],
  report: (e: unknown) => void,
): Pick<CompiledIsa, 'abi' | 'hooks'> & Partial<Pick<CompiledIsa, 'models'>> {
  try {
    const main = abis.find((a) => !abis.some((b) => b.base === a.name));
    if (!main) throw new SpecError('abi', 'every abi here is the base of another', abis[0]!.span);
    const chain: ast.AbiItem[] = [];
    for (let a: ast.AbiItem | undefined = main; a; a = abis.find((b) => b.name === a!.base && b !== a)) {
      chain.unshift(a);
      if (a.base && !abis.some((b) => b.name === a!.base))
        throw new SpecError('abi', `there is no abi ${a.base}`, a.span, [`use the file that declares it`]);
    }
    return new AbiCompiler(
      spec,
      main,
      chain.flatMap((a) => a.parts),
    ).run(cpus);
  } catch (e) {
    report(e);
    return { hooks: {} };
  }
}

class AbiCompiler implements HookContext {
  private readonly hooks: Partial<Record<HookName, Hook>> = {};
  private structs: Record<string, StructLayout> = {};

  constructor(
    private readonly spec: SpecContext,
    private readonly main: ast.AbiItem,
    private readonly parts: readonly ast.AbiPart[],
  ) {}

  private all<T extends ast.AbiPart['t']>(t: T): Part<T>[] {
    return this.parts.filter((p): p is Part<T> => p.t === t);
  }
  /** The value of a property line, the most derived one. */
  private prop(name: string): string | undefined {
    return this.all('prop').findLast((p) => p.name === name)?.text;
  }
  private pairs(name: string): Map<string, string> {
    const text = this.prop(name);
    if (text === undefined)
      throw new SpecError('abi', `abi ${this.main.name} does not say ${name}`, this.main.span);
    return new Map(
      text
        .split(/\s+/)
        .filter(Boolean)
        .map((w) => [w.split('=')[0]!, w.split('=').slice(1).join('=')]),
    );
  }

  run(cpus: readonly Cpu[]): Pick<CompiledIsa, 'abi' | 'hooks' | 'models'> {
    const types = this.types();
    this.structs = layoutStructs(this.all('struct'), types);
    const syscall = this.all('syscall').at(-1);
    if (!syscall) throw new SpecError('abi', `abi ${this.main.name} has no syscall`, this.main.span);
    this.syscall(syscall);
    const hooks = this.all('hook');
    for (const h of hooks) if (h.name !== 'auxv') this.plainHook(h);
    const call = this.pairs('call');
    this.hook('sp', [], (l) => [l.value(l.expr(this.name(call.get('sp') ?? '')), this.main.span)]);
    for (const s of this.all('signal')) this.signal(s);
    const gates = this.all('gate');
    for (const g of gates)
      this.hook(`gate.${g.address}`, [], (l) => {
        this.block(l, new Map(), g.body);
        return [];
      });
    for (const s of this.all('sigreturn'))
      this.hook(s.name === 'rt' ? 'sigreturn' : 'sigreturn.old', [], (l) => [
        l.coerce(l.expr(s.place), l.word, s.place.span),
      ]);
    const rt = this.all('signal').find((s) => s.name === 'rt');
    const old = this.all('signal').find((s) => s.name === 'old');
    const frameOf = (s: Part<'signal'>): string => s.params[0]?.type?.name ?? '';
    const vector = hooks.filter((h) => h.name === 'auxv');
    const models = cpus.map((cpu) => ({
      names: cpu.names,
      values: cpu.values,
      auxv: this.auxv(vector, cpu),
    }));
    const abi: LinuxAbi = {
      name: this.main.name,
      elf: this.elf(),
      types,
      syscallTrap: syscall.trap,
      numbers: this.numbers(),
      values: this.values(),
      structs: this.structs,
      auxv: models[0]!.auxv,
      faults: Object.fromEntries(
        this.all('faults').flatMap((f) =>
          f.rows.map(({ trap, signal, code, after }) => [
            trap,
            { signal, code, ...(after ? { after } : {}) },
          ]),
        ),
      ),
      code: Object.fromEntries(this.all('code').map((c) => [c.name, codeBytes(c)])),
      signalFrame: rt ? frameOf(rt) : '',
      ...(old ? { oldSignalFrame: frameOf(old) } : {}),
      gates: gates.map((g) => g.address),
      modeMask: this.spec.names.modeMask,
      machineName: (this.prop('machine_name') ?? this.main.name).replace(/"/g, ''),
    };
    return { abi, hooks: this.hooks, models };
  }

  // ---- data

  private elf(): ElfIdent {
    const p = this.pairs('elf');
    const interpreter = p.get('interpreter');
    const marks = p
      .get('marks')
      ?.split(',')
      .map((m) => m.split(':'))
      .map(([name, mode]) => [name, mode === 'data' ? -1 : Number(mode)] as const);
    return {
      ...(marks ? { marks: Object.fromEntries(marks) } : {}),
      class: Number(p.get('class')) as 32 | 64,
      data: p.get('data') as 'lsb' | 'msb',
      machine: Number(p.get('machine')),
      ...(interpreter ? { interpreter } : {}),
      ...(p.has('format') ? { format: p.get('format')! } : {}),
    };
  }

  private types(): AbiTypes {
    const p = this.pairs('types');
    const [pairs = 'none', order = 'low-first'] = (p.get('pairs') ?? 'none').split(',');
    return {
      long: Number(p.get('long')) as 32 | 64,
      align64: Number(p.get('align64') ?? 8),
      ...(p.has('canonical') ? { canonical: Number(p.get('canonical')) } : {}),
      page: Number(p.get('page') ?? 4096),
      pairs: pairs as AbiTypes['pairs'],
      pairOrder: order as AbiTypes['pairOrder'],
    };
  }

  private numbers(): SyscallNumber[] {
    const byNumber = new Map<number, SyscallNumber>();
    for (const part of this.all('numbers'))
      for (const r of part.rows)
        byNumber.set(r.number, {
          number: r.number,
          name: r.same ?? r.name,
          printed: r.name,
          ...(r.params ? { params: r.params } : {}),
        });
    return [...byNumber.values()];
  }

  private values(): Record<string, Record<string, number>> {
    const out: Record<string, Record<string, number>> = {};
    for (const part of this.all('values')) {
      const group = (out[part.name] ??= {});
      for (const r of part.rows) {
        if (typeof r.value === 'string')
          throw new SpecError('abi', `${r.name} should be a number`, part.span);
        group[r.name] = Number(r.value);
      }
    }
    return out;
  }

  /** The auxiliary vector of a model. */
  private auxv(parts: readonly Part<'hook'>[], cpu: Cpu): Record<string, bigint | string> {
    const out: Record<string, bigint | string> = {};
    const set = (name: string, value: ast.Expr): void => {
      if (value.t === 'str') {
        out[name] = value.value;
        return;
      }
      const b = new Builder(false);
      const l = new Lowerer(this.spec, b, 'hook');
      this.spec.names.traits.forEach((t, k) => {
        l.global(t.name, bits(b.constant(t.width, cpu.values[k]!)));
      });
      out[name] = l.staticInt(l.expr(value, l.word), value.span, 'an auxv entry');
    };
    for (const part of parts)
      for (const s of part.body.stmts) {
        if (s.t !== 'assign' || s.targets[0]?.t !== 'name')
          throw new SpecError('abi', 'auxv takes lines NAME = value', s.span);
        set(s.targets[0].name, s.value);
      }
    for (const [name, value] of cpu.auxv) set(name, value);
    return out;
  }

  // ---- hooks

  private name(name: string): ast.Expr {
    return { t: 'name', name, span: this.main.span };
  }

  /** Builds a hook: `run` may return values; register writes are made at the end. */
  private hook(name: HookName, params: readonly number[], run: (l: Lowerer, args: Id[]) => Id[]): void {
    const b = new Builder(false);
    const l = new Lowerer(this.spec, b, 'hook', new Map(), this);
    const args = params.map((w, i) => b.param(i, w));
    const results = run(l, args);
    l.state.finish();
    b.effect(Op.return, 0, b.list(results), results.length);
    this.hooks[name] = { params, body: b.finish() };
  }

  private block(l: Lowerer, frame: ReadonlyMap<string, Value>, body: ast.Block): void {
    l.inFrame(new Map(frame), () => runBlock(l, body));
  }

  private syscall(s: Part<'syscall'>): void {
    const bind = (name: string): ast.Expr => {
      const b = s.binds.find((x) => x.target.t === 'name' && x.target.name === name);
      if (!b) throw new SpecError('abi', `syscall needs ${name} = ...`, s.span);
      return b.value;
    };
    this.hook('syscall.nr', [], (l) => [l.value(l.expr(bind('nr')), s.span)]);
    const list = bind('args');
    if (list.t !== 'list') throw new SpecError('abi', 'args is a list of registers: [r3..r8]', list.span);
    const names = list.items.flatMap((r) => this.registerRange(r));
    this.hook('syscall.args', [], (l) => names.map((n) => l.value(l.expr(n), list.span)));
    this.hook('syscall.return', [this.spec.names.word], (l, [v]) => {
      this.block(l, new Map([[s.result, bits(v!)]]), s.body);
      return [];
    });
  }

  private registerRange(r: ast.Range): ast.Expr[] {
    if (!r.last) return [r.first];
    const def = (e: ast.Expr) => (e.t === 'name' ? this.spec.names.defs.get(e.name) : undefined);
    const a = def(r.first);
    const b = def(r.last);
    if (a?.kind !== 'member' || b?.kind !== 'member' || a.file !== b.file)
      throw new SpecError('abi', 'a range of registers stays in one file', r.first.span);
    return a.file.names.slice(a.index, b.index + 1).map((name) => ({ t: 'name', name, span: r.first.span }));
  }

  private plainHook(h: Part<'hook'>): void {
    const word = this.spec.names.word;
    const name = h.name as 'restart' | 'clone' | 'start' | 'tls' | 'arch_prctl';
    const names = name === 'restart' ? ['original'] : h.params.map((p) => p.name);
    this.hook(
      name,
      names.map(() => word),
      (l, args) => {
        const frame = new Map(names.map((n, i) => [n, bits(args[i]!)]));
        const v = l.inFrame(frame, () => runBlock(l, h.body, word));
        return name === 'arch_prctl' ? [l.coerce(v, word, h.span)] : [];
      },
    );
  }

  private signal(s: Part<'signal'>): void {
    const word = this.spec.names.word;
    const suffix = s.name === 'rt' ? '' : '.old';
    const struct = s.params[0]?.type?.name ?? '';
    if (!this.structs[struct])
      throw new SpecError('abi', `the first parameter of signal ${s.name} is the frame's structure`, s.span);
    const named = (args: readonly Id[]): Map<string, Value> =>
      new Map(
        s.params.map((p, i): [string, Value] => [
          p.name,
          i === 0 ? { k: 'struct', struct, address: args[0]! } : bits(args[i]!),
        ]),
      );
    const key = (base: 'signal' | 'signal.at' | 'context.save' | 'context.load'): HookName =>
      `${base}${suffix}` as HookName;
    this.hook(
      key('signal'),
      s.params.map(() => word),
      (l, args) => {
        this.block(l, named(args), s.body);
        return [];
      },
    );
    this.hook(key('signal.at'), [word], (l, [sp]) => {
      const frame = new Map<string, Value>([
        ['sp', bits(sp!)],
        [s.params[0]!.name, { k: 'struct', struct, address: l.b.constant(word, 0) }],
      ]);
      return [l.inFrame(frame, () => l.coerce(l.expr(s.place), word, s.place.span))];
    });
    // What the body saves, by the path of the field; the other hooks go over the same fields.
    const saved = s.body.stmts.flatMap((x) =>
      x.t === 'expr' && x.value.t === 'call' && x.value.fn.t === 'name' && x.value.fn.name === 'save'
        ? [x.value.args[0]!.value]
        : [],
    );
    const eachSaved = (l: Lowerer, frame: Id, f: (struct: string, address: Id) => void): Id[] => {
      l.inFrame(named([frame, ...s.params.slice(1).map(() => l.b.constant(word, 0))]), () => {
        for (const e of saved) {
          const v = l.expr(e);
          if (v.k === 'struct') f(v.struct, v.address);
        }
      });
      return [];
    };
    this.hook(key('context.save'), [word], (l, [frame]) =>
      eachSaved(l, frame!, (st, a) => this.save(l, st, a, s.span)),
    );
    this.hook(key('context.load'), [word], (l, [frame]) =>
      eachSaved(l, frame!, (st, a) => this.load(l, st, a, s.span)),
    );
  }

  // ---- HookContext

  field(l: Lowerer, struct: string, address: Id, name: string, span: Span): Value {
    const f = this.structs[struct]?.fields.find((x) => x.name === name);
    if (!f) return l.fail('member', `struct ${struct} has no field ${name}`, span);
    const at = (offset: number): Id => l.b.pure(Op.add, l.word, address, l.b.constant(l.word, offset));
    const element = (i: number): Value =>
      f.struct
        ? { k: 'struct', struct: f.struct, address: at(f.offset + i * f.size) }
        : { k: 'place', place: memoryPlace(l.site, at(f.offset + i * f.size), f.size * 8) };
    if (f.count === 1) return element(0);
    return {
      k: 'array',
      count: f.count,
      at: (i) => (i.k === 'int' ? element(Number(i.value)) : { k: 'none' }),
    };
  }

  size(struct: string): number {
    return this.structs[struct]!.size;
  }

  /** Calls f with each row of a structure's map: the field's place and the register's. */
  private mapped(
    l: Lowerer,
    struct: string,
    address: Id,
    span: Span,
    f: (field: Place, register: Place) => void,
  ): void {
    const maps = this.all('map').filter((m) => m.name === struct);
    if (maps.length === 0) l.fail('abi', `there is no map for struct ${struct}`, span);
    for (const row of maps.flatMap((m) => m.rows)) {
      const turns = row.loop
        ? {
            from: l.staticInt(l.expr(row.loop.first), row.span, 'a bound'),
            to: l.staticInt(l.expr(row.loop.last), row.span, 'a bound'),
          }
        : { from: 0n, to: 0n };
      for (let i = turns.from; i <= turns.to; i++) {
        const frame = new Map<string, Value>(row.loop ? [[row.loop.name, { k: 'int', value: i }]] : []);
        l.inFrame(frame, () => {
          const field = this.fieldPlace(l, struct, address, row.field);
          f(field, l.place(row.register));
        });
      }
    }
  }

  private fieldPlace(l: Lowerer, struct: string, address: Id, e: ast.Expr): Place {
    const resolve = (x: ast.Expr): Value => {
      if (x.t === 'name') return this.field(l, struct, address, x.name, x.span);
      if (x.t === 'index') {
        const base = resolve(x.base);
        if (base.k === 'array')
          return base.at({ k: 'int', value: l.staticInt(l.expr(x.items[0]!.first), x.span, 'the index') });
      }
      if (x.t === 'member') {
        const base = resolve(x.base);
        if (base.k === 'struct') return this.field(l, base.struct, base.address, x.name, x.span);
      }
      return l.fail('abi', 'a map row starts with a field of the structure', x.span);
    };
    const v = resolve(e);
    return v.k === 'place' ? v.place : l.fail('abi', 'this field is not a number', e.span);
  }

  save(l: Lowerer, struct: string, address: Id, span: Span): void {
    this.mapped(l, struct, address, span, (field, register) => {
      const v = register.read(false);
      const w = register.width;
      field.write!(
        w === field.width
          ? v
          : w < field.width
            ? l.b.pure(Op.zx, field.width, v)
            : l.b.pure(Op.slice, field.width, v, 0),
      );
    });
  }

  private load(l: Lowerer, struct: string, address: Id, span: Span): void {
    this.mapped(l, struct, address, span, (field, register) => {
      const v = field.read(false);
      const w = register.width;
      register.write?.(
        w === field.width ? v : w < field.width ? l.b.pure(Op.slice, w, v, 0) : l.b.pure(Op.zx, w, v),
      );
    });
  }
}

function codeBytes(c: Part<'code'>): Uint8Array {
  const digits = c.lines.join('').replace(/\s/g, '');
  if (!/^([0-9a-fA-F]{2})*$/.test(digits))
    throw new SpecError('abi', `code ${c.name} is not hexadecimal`, c.span);
  return Uint8Array.from(digits.match(/../g) ?? [], (d) => Number.parseInt(d, 16));
}
