// The built-in functions of the language.
// In: arguments as written. Out: values. docs/spec-language.md lists them for authors.
import { Op } from '@mimic/ir';
import type * as ast from '../syntax/ast.js';
import type { Span } from '../syntax/source.js';
import type { Id } from './builder.js';
import { VECTORS } from './lanes.js';
import type { Lowerer } from './lowerer.js';
import { cellPlace, extract, memoryPlace } from './places.js';
import { bits, int, NONE, type Value } from './values.js';

type Args = readonly ast.Arg[];
type Builtin = (l: Lowerer, args: Args, span: Span) => Value;

/** What `native.` offers: IEEE operations of the machine, to nearest even. Name -> op, number of operands. */
const natives: Readonly<Record<string, readonly [number, number, boolean]>> = {
  add: [Op.fadd, 2, false],
  sub: [Op.fsub, 2, false],
  mul: [Op.fmul, 2, false],
  div: [Op.fdiv, 2, false],
  sqrt: [Op.fsqrt, 1, false],
  eq: [Op.feq, 2, true],
  lt: [Op.flt, 2, true],
  le: [Op.fle, 2, true],
  fma: [Op.fma, 3, false],
};
/** Conversions: op, result width. */
const conversions: Readonly<Record<string, readonly [number, number]>> = {
  to32: [Op.fcvt, 32],
  to64: [Op.fcvt, 64],
  to_s32: [Op.ftos, 32],
  to_s64: [Op.ftos, 64],
  to_u32: [Op.ftou, 32],
  to_u64: [Op.ftou, 64],
};

const val = (l: Lowerer, a: ast.Arg): Id => l.value(l.expr(a.value), a.span);
const number = (l: Lowerer, a: ast.Arg, what: string): number =>
  Number(l.staticInt(l.expr(a.value), a.span, what));

function extend(signed: boolean): Builtin {
  return (l, args, span) => {
    const v = l.expr(args[0]!.value);
    if (v.k === 'int') return args[1] ? bits(l.coerce(v, number(l, args[1], 'the width'), span)) : v;
    const id =
      v.k === 'extend' ? l.fail('width', 'extended twice without a width', span) : l.value(v, args[0]!.span);
    if (!args[1]) return { k: 'extend', id, signed };
    return bits(l.coerce({ k: 'extend', id, signed }, number(l, args[1], 'the width'), span));
  };
}

function addition(subtract: boolean): Builtin {
  return (l, args, span) => {
    const [x, y, c] = args.map((a) => l.expr(a.value)) as [Value, Value, Value];
    const width =
      l.widthOf(x) ?? l.widthOf(y) ?? l.fail('width', 'the width of neither operand is known', span);
    const a = l.coerce(x, width, args[0]!.span);
    const b0 = l.coerce(y, width, args[1]!.span);
    const b = subtract ? l.b.pure(Op.not, width, b0) : b0;
    const cin = l.coerce(c, 1, args[2]!.span);
    const sum = (): Id => l.b.pure(Op.add, width, l.b.pure(Op.add, width, a, b), l.b.pure(Op.zx, width, cin));
    const members: Record<string, () => Id> = {
      sum,
      carry: () => l.b.pure(Op.carry, 1, a, b, cin),
      overflow: () =>
        extract(
          l.b,
          l.b.pure(Op.and, width, l.b.pure(Op.xor, width, a, sum()), l.b.pure(Op.xor, width, b, sum())),
          width - 1,
          1,
        ),
    };
    return {
      k: 'record',
      names: Object.keys(members),
      member: (n) => (members[n] ? bits(members[n]()) : undefined),
    };
  };
}

function onBits(op: number): Builtin {
  return (l, args) => {
    const a = val(l, args[0]!);
    return bits(l.b.pure(op, l.b.width(a), a));
  };
}

function saturate(signed: boolean): Builtin {
  return (l, args, span) => {
    const a = val(l, args[0]!);
    const w = l.b.width(a);
    const n = number(l, args[1]!, 'the width');
    if (n >= w) l.fail('width', `saturation of ${w} bits to ${n}`, span);
    const hi = l.b.constant(w, (1n << BigInt(signed ? n - 1 : n)) - 1n);
    const over = l.b.pure(signed ? Op.slt : Op.ult, 1, hi, a);
    const top = l.b.pure(Op.select, w, over, hi, a);
    if (!signed) return bits(extract(l.b, top, 0, n));
    const lo = l.b.constant(w, -(1n << BigInt(n - 1)));
    return bits(extract(l.b, l.b.pure(Op.select, w, l.b.pure(Op.slt, 1, a, lo), lo, top), 0, n));
  };
}

/** A reservation is an address and the value that was there: see docs/adr on store-conditional by value. */
function reservation(l: Lowerer) {
  const names = l.spec.names;
  const zero = l.b.constant(32, 0);
  const cell = (name: string, width: number) => cellPlace(l.site, names.hiddenCell(name, width), zero, width);
  return {
    held: cell('reserved', 1),
    address: cell('reserved.address', names.word),
    /** The value in pieces of at most 64 bits. */
    pieces: (width: number) =>
      Array.from({ length: Math.ceil(width / 64) }, (_, i) => ({
        cell: cell(i === 0 ? 'reserved.value' : 'reserved.high', 64),
        of: (v: Id) => (width === 64 ? v : width < 64 ? l.b.pure(Op.zx, 64, v) : extract(l.b, v, 64 * i, 64)),
      })),
  };
}

/** The memory operand of reserve and conditional: address and width. */
function memoryOperand(l: Lowerer, a: ast.Arg): { address: Id; width: number } {
  const e = a.value;
  if (e.t === 'index' && e.items.length === 1) {
    const base = l.expr(e.base);
    const width = base.k === 'builtin' ? Number(/^mem(\d+)$/.exec(base.name)?.[1] ?? 0) : 0;
    if (width > 0) return { address: l.coerce(l.expr(e.items[0]!.first), l.word, a.span), width };
  }
  return l.fail('memory', 'this takes a memory operand, such as mem32[ea]', a.span);
}

const table: Readonly<Record<string, { readonly min: number; readonly max: number; readonly run: Builtin }>> =
  {
    ...VECTORS,
    zx: { min: 1, max: 2, run: extend(false) },
    sx: { min: 1, max: 2, run: extend(true) },
    low: {
      min: 2,
      max: 2,
      run(l, args, span) {
        const v = l.expr(args[0]!.value);
        const n = number(l, args[1]!, 'the width');
        if (v.k === 'int') return bits(l.b.constant(n, v.value));
        const id = l.value(v, args[0]!.span);
        if (n > l.b.width(id))
          l.fail('width', `the low ${n} bits of ${l.b.width(id)}`, span, ['use zx or sx to widen']);
        return bits(extract(l.b, id, 0, n));
      },
    },
    high: {
      min: 2,
      max: 2,
      run(l, args, span) {
        const id = val(l, args[0]!);
        const n = number(l, args[1]!, 'the width');
        const w = l.b.width(id);
        if (n > w) l.fail('width', `the high ${n} bits of ${w}`, span);
        return bits(extract(l.b, id, w - n, n));
      },
    },
    addc: { min: 3, max: 3, run: addition(false) },
    subc: { min: 3, max: 3, run: addition(true) },
    msb: {
      min: 1,
      max: 1,
      run(l, args) {
        const id = val(l, args[0]!);
        return bits(extract(l.b, id, l.b.width(id) - 1, 1));
      },
    },
    parity: {
      min: 1,
      max: 1,
      run(l, args) {
        const id = val(l, args[0]!);
        return bits(extract(l.b, l.b.pure(Op.popcnt, l.b.width(id), id), 0, 1));
      },
    },
    clz: { min: 1, max: 1, run: onBits(Op.clz) },
    ctz: { min: 1, max: 1, run: onBits(Op.ctz) },
    popcount: { min: 1, max: 1, run: onBits(Op.popcnt) },
    bswap: { min: 1, max: 1, run: onBits(Op.bswap) },
    zeros: { min: 1, max: 1, run: (l, args) => bits(l.b.constant(number(l, args[0]!, 'the width'), 0)) },
    ones: { min: 1, max: 1, run: (l, args) => bits(l.b.constant(number(l, args[0]!, 'the width'), -1)) },
    dup: {
      min: 2,
      max: 2,
      run: (l, args) =>
        bits(
          l.b.pure(
            Op.sx,
            number(l, args[1]!, 'the width'),
            l.coerce(l.expr(args[0]!.value), 1, args[0]!.span),
          ),
        ),
    },
    bits: {
      min: 2,
      max: 2,
      run: (l, args) =>
        bits(l.coerce(l.expr(args[0]!.value), number(l, args[1]!, 'the width'), args[0]!.span)),
    },
    width: {
      min: 1,
      max: 1,
      run: (l, args, span) =>
        int(l.widthOf(l.expr(args[0]!.value)) ?? l.fail('width', 'this has no width', span)),
    },
    usat: { min: 2, max: 2, run: saturate(false) },
    ssat: { min: 2, max: 2, run: saturate(true) },
    undef: {
      min: 1,
      max: 1,
      run(l, args) {
        const v = l.expr(args[0]!.value);
        if (v.k === 'int') return v;
        const id = l.value(v, args[0]!.span);
        return bits(l.b.pure(Op.undef, l.b.width(id), id));
      },
    },
    rare: {
      min: 1,
      max: 1,
      run(l, args) {
        const id = l.coerce(l.expr(args[0]!.value), 1, args[0]!.span);
        return bits(l.b.pure(Op.rare, 1, id));
      },
    },
    reserve: {
      min: 1,
      max: 1,
      run(l, args) {
        const { address, width } = memoryOperand(l, args[0]!);
        const v = memoryPlace(l.site, address, width).read(false);
        const r = reservation(l);
        r.held.write!(l.b.constant(1, 1));
        r.address.write!(address);
        for (const p of r.pieces(width)) p.cell.write!(p.of(v));
        return bits(v);
      },
    },
    conditional: {
      min: 2,
      max: 2,
      run(l, args) {
        const { address, width } = memoryOperand(l, args[0]!);
        const v = l.coerce(l.expr(args[1]!.value), width, args[1]!.span);
        const r = reservation(l);
        const mine = l.b.pure(
          Op.and,
          1,
          r.held.read(false),
          l.b.pure(Op.eq, 1, r.address.read(false), address),
        );
        const zero = l.b.constant(1, 0);
        const ok = l.state.branch(
          mine,
          () => {
            const now = memoryPlace(l.site, address, width).read(false);
            const same = r
              .pieces(width)
              .map((p) => l.b.pure(Op.eq, 1, p.of(now), p.cell.read(false)))
              .reduce((a, b) => l.b.pure(Op.and, 1, a, b));
            l.state.either(same, () => memoryPlace(l.site, address, width).write!(v));
            return [same];
          },
          () => [zero],
        )[0]!;
        r.held.write!(zero);
        return bits(ok);
      },
    },
    unreserve: {
      min: 0,
      max: 0,
      run(l) {
        reservation(l).held.write!(l.b.constant(1, 0));
        return NONE;
      },
    },
  };

/** What only hooks of an ABI have. */
const hookTable: typeof table = {
  error: {
    min: 1,
    max: 1,
    run(l, args) {
      // Results from -4095 to -1 are errors, on every Linux.
      const v = val(l, args[0]!);
      const w = l.b.width(v);
      return bits(l.b.pure(Op.ule, 1, l.b.constant(w, -4095), v));
    },
  },
  align_down: {
    min: 2,
    max: 2,
    run(l, args) {
      const v = val(l, args[0]!);
      const n = number(l, args[1]!, 'the alignment');
      return bits(l.b.pure(Op.and, l.b.width(v), v, l.b.constant(l.b.width(v), -n)));
    },
  },
  addr: { min: 1, max: 1, run: (l, args, span) => bits(structure(l, args[0]!, span).address) },
  sizeof: { min: 1, max: 1, run: (l, args, span) => int(l.hooks!.size(structure(l, args[0]!, span).struct)) },
  save: {
    min: 1,
    max: 1,
    run(l, args, span) {
      const s = structure(l, args[0]!, span);
      l.hooks!.save(l, s.struct, s.address, span);
      return { k: 'none' };
    },
  },
};

function structure(l: Lowerer, a: ast.Arg, span: Span): { struct: string; address: Id } {
  const v = l.expr(a.value);
  if (v.k !== 'struct') return l.fail('struct', 'this takes a structure', span);
  return v;
}

export const BUILTINS: ReadonlySet<string> = new Set([...Object.keys(table), ...Object.keys(hookTable)]);
export const NAMESPACES: ReadonlySet<string> = new Set(['native', 'timer', 'cpu']);

export function callBuiltin(l: Lowerer, name: string, args: Args, span: Span): Value {
  if (name.startsWith('native.')) return callNative(l, name.slice(7), args, span);
  const f = table[name] ?? (l.hooks ? hookTable[name] : undefined);
  if (!f) {
    const m = /^mem(\d*)$/.exec(name);
    // mem(width)[address]: the width as an expression.
    if (m) return { k: 'builtin', name: `mem${number(l, args[0]!, 'the width')}` };
    return l.fail('call', `${name} cannot be called`, span);
  }
  if (args.length < f.min || args.length > f.max)
    l.fail(
      'arguments',
      `${name} takes ${f.min === f.max ? f.min : `${f.min} or ${f.max}`} arguments, here are ${args.length}`,
      span,
    );
  return f.run(l, args, span);
}

function callNative(l: Lowerer, name: string, args: Args, span: Span): Value {
  const plain = natives[name];
  if (plain) {
    if (args.length !== plain[1]) l.fail('arguments', `native.${name} takes ${plain[1]} arguments`, span);
    const a = val(l, args[0]!);
    const w = l.b.width(a);
    if (plain[0] === Op.fma && w !== 64) l.fail('width', `native.fma takes 64 bits, not ${w}`, span);
    if (w !== 32 && w !== 64) l.fail('width', `native.${name} takes 32 or 64 bits, not ${w}`, span);
    const b = args[1] ? l.coerce(l.expr(args[1].value), w, args[1].span) : 0;
    const c = args[2] ? l.coerce(l.expr(args[2].value), w, args[2].span) : 0;
    return bits(l.b.pure(plain[0], plain[2] ? 1 : w, a, b, c));
  }
  const conv = conversions[name];
  if (conv) {
    const a = val(l, args[0]!);
    if (conv[0] === Op.fcvt && l.b.width(a) === conv[1]) return bits(a);
    return bits(l.b.pure(conv[0], conv[1], a));
  }
  if (name === 'rint') {
    const a = val(l, args[0]!);
    return bits(l.b.pure(Op.frint, l.b.width(a), a, number(l, args[1]!, 'the rounding mode')));
  }
  const from = /^from_([su])(32|64)$/.exec(name);
  if (from) {
    const a = l.coerce(l.expr(args[0]!.value), Number(from[2]), args[0]!.span);
    return bits(l.b.pure(from[1] === 's' ? Op.stof : Op.utof, number(l, args[1]!, 'the width'), a));
  }
  return l.fail('member', `there is no native.${name}`, span);
}

/** `timer.tb`, `cpu.pvr`, `native.add`: what the built-in namespaces hold. */
export function namespaceMember(l: Lowerer, space: string, name: string, span: Span): Value {
  if (space === 'native') return { k: 'builtin', name: `native.${name}` };
  if (space === 'timer') return bits(l.b.effect(Op.host, 64, l.spec.host(`timer.${name}`, 64)));
  if (space === 'cpu') {
    const prop = l.spec.names.props.get(name);
    if (prop === undefined)
      l.fail('member', `the arch does not say ${name}`, span, [`add a line to arch { ... }: ${name} VALUE`]);
    return int(BigInt(prop.split(/\s/)[0]!));
  }
  const def = l.spec.names.defs.get(space);
  if (def?.kind === 'enum') {
    const i = def.items.indexOf(name);
    if (i >= 0) return int(i);
  }
  return l.fail('member', `${space} has no member ${name}`, span);
}
