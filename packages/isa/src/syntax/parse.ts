// Spec text -> syntax tree. The only file that imports ohm-js.
// In: a Source. Out: items and diagnostics; a syntax error costs one item, not the file.
import * as ohm from 'ohm-js';
import type * as ast from './ast.js';
import { recipe } from './grammar.generated.js';
import { type Diagnostic, Source, type Span, SpecError } from './source.js';
import { splitItems } from './split.js';

type Node = ohm.Node;
// biome-ignore lint/suspicious/noExplicitAny: the parser library's nodes are untyped; each action says what it builds.
type Any = any;

const grammar = (ohm as Any).makeRecipe(recipe) as ohm.Grammar;
const semantics = grammar.createSemantics();

// The source and offset of the item being built; actions run synchronously within parse().
let source: Source;
let offset = 0;

function span(n: Node): Span {
  return { source, at: offset + n.source.startIdx, end: offset + n.source.endIdx };
}
const build = (n: Node): Any => n.tree();
const list = (n: Node): Any[] => n.asIteration().children.map(build);
const many = (n: Node): Any[] => n.children.map(build);
const maybe = (n: Node): Any => (n.children.length ? build(n.children[0]!) : undefined);
const text = (n: Node): string => n.sourceString;
/** What `int` takes; a name may start with a digit, too. */
const NUMBER = /^(0x[\da-fA-F_]+|0b[01_]+|\d[\d_]*)$/;
const int = (s: string): bigint => BigInt(s.replace(/_/g, ''));
const number = (n: Node): number => Number(int(n.sourceString));

const levels: string[][] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<u', '<s', '<=u', '<=s', '>u', '>s', '>=u', '>=s'],
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>u', '>>s', '<<<', '>>>'],
  ['+', '-'],
  ['*', '/u', '/s', '%u', '%s'],
  ['++'],
];
const precedence = new Map(levels.flatMap((ops, i) => ops.map((op) => [op, i] as const)));

/** Precedence climbing over `operands` joined by `ops`. */
function climb(operands: ast.Expr[], ops: string[]): ast.Expr {
  let i = 0;
  const parse = (min: number): ast.Expr => {
    let left = operands[i]!;
    while (i < ops.length && precedence.get(ops[i]!)! >= min) {
      const op = ops[i++]!;
      const right = parse(precedence.get(op)! + 1);
      left = { t: 'binary', op, left, right, span: { source, at: left.span.at, end: right.span.end } };
    }
    return left;
  };
  return parse(0);
}

function postfix(base: ast.Expr, posts: Any[]): ast.Expr {
  return posts.reduce(
    (b, p) => ({
      ...p,
      ...(p.t === 'call' ? { fn: b } : { base: b }),
      span: { ...p.span, at: base.span.at },
    }),
    base,
  );
}

function block(n: Any): ast.Block {
  return 'stmts' in n ? n : { stmts: [n], span: n.span };
}

const actions: Record<string, (this: Node, ...nodes: Node[]) => Any> = {
  _iter: (...children) => children.map(build),
  _nonterminal(...children) {
    // A lexical rule without an action of its own is its text.
    if (/^[a-z]/.test(this.ctorName) && children.length !== 1) return this.sourceString;
    if (children.length === 1) return build(children[0]!);
    throw new Error(`no action for ${this.ctorName}`);
  },
  _terminal() {
    return this.sourceString;
  },

  Item(item) {
    return { ...build(item), span: span(this) };
  },
  Arch: (_k, name, _o, props, _c) => ({ t: 'arch', name: text(name), props: new Map(many(props)) }),
  Prop: (name, value) => [
    text(name),
    text(value)
      .replace(/\/\/.*$/, '')
      .trim(),
  ],
  Use: (_k, path) => ({ t: 'use', path: build(path).value }),
  Const: (_k, name, _e, value) => ({ t: 'const', name: text(name), value: build(value) }),

  Computed: (_e, value, set) => ({ value: build(value), set: build(set) }),
  Reg: (_k, names, type, attrs, fields, computed) => ({
    t: 'reg',
    hidden: attrs.children.some((a) => text(a) === 'hidden'),
    computed: maybe(computed),
    names: list(names),
    type: build(type),
    split: attrs.children.some((a) => text(a) === 'split'),
    fields: maybe(fields) ?? [],
  }),
  SubFields: (_o, fields, _c) => many(fields),
  SubField(name, dim, _at, pos, fields, _comma) {
    const [first, last] = build(pos);
    return {
      name: text(name),
      count: maybe(dim) ?? 1,
      first,
      last,
      fields: maybe(fields) ?? [],
      span: span(this),
    };
  },
  Dim: (_o, n, _c) => number(n),
  bitpos: (first, _dots, last) => [
    number(first),
    last.children.length ? number(last.children[0]!) : number(first),
  ],
  File: (_k, name, _o, count, _c, type, attrs, names) => ({
    t: 'file',
    name: text(name),
    count: build(count),
    type: build(type),
    hidden: attrs.children.some((a) => text(a) === 'hidden'),
    zero: attrs.children.some((a) => text(a) === 'zero'),
    names: maybe(names) ?? [],
  }),
  NameSeq: (_e, names) => many(names),
  RegName_span: (first, _d, last) => ({ first: text(first), last: text(last) }),
  RegName_one: (first) => ({ first: text(first) }),
  View: (_k, name, _o, count, _c, names, _b, index, _a, value) => ({
    t: 'view',
    name: text(name),
    count: number(count),
    names: maybe(names) ?? [],
    index: text(index),
    value: build(value),
  }),

  Mode: (_k, name, type, _e, value) => ({
    t: 'mode',
    name: text(name),
    type: build(type),
    value: build(value),
  }),
  Decoder: (_k, names, when, unit, _e, box, body) => ({
    t: 'decoder',
    names: list(names),
    when: maybe(when),
    unit: maybe(unit),
    box: maybe(box),
    body: maybe(body),
  }),
  unitWord: (_k, _s, digits) => Number(text(digits)),

  Trait: (_k, names, type) => ({ t: 'trait', names: list(names), type: build(type) }),
  Cpu: (_k, names, _c, base, _o, rows, _e) => ({
    t: 'cpu',
    names: list(names),
    base: maybe(base),
    rows: many(rows),
  }),
  cpuName(_n) {
    return text(this).replace(/"/g, '');
  },
  Needs: (_k, names) => ({ t: 'needs', names: list(names) }),
  Given: (_k, binds) => ({ t: 'given', binds: build(binds) }),

  Enum: (_k, name, _c, width, _o, items, _e) => ({
    t: 'enum',
    name: text(name),
    width: number(width),
    items: many(items),
  }),
  EnumItem: (item, _c) => text(item).replace(/"/g, ''),
  Field: (_k, names, type, _e, value) => ({
    t: 'field',
    names: list(names),
    type: build(type),
    value: maybe(value),
  }),
  Type(_c, what) {
    const w = build(what);
    if (typeof w === 'string') return { name: w, span: span(this) };
    return w.t === 'num' ? { width: Number(w.value), span: span(this) } : { ...w, span: span(this) };
  },
  TypeCall: (name, _o, arg, _c) => ({ name: text(name), arg: build(arg) }),
  Form: (_k, name, params, _e, enc) => ({
    t: 'form',
    name: text(name),
    params: maybe(params) ?? [],
    encoding: build(enc),
  }),
  Params: (_o, params, _c) => list(params),
  Param(ref, name, type) {
    return {
      name: text(name),
      ref: ref.children.some((r) => text(r) === '&'),
      type: maybe(type),
      span: span(this),
    };
  },
  Shape: (_k, name, params, type, _o, rows, _c) => ({
    t: 'shape',
    name: text(name),
    params: maybe(params) ?? [],
    type: maybe(type),
    rows: many(rows),
  }),
  ShapeRow(str, when, _e, value, set) {
    return {
      text: build(str).value,
      when: maybe(when),
      value: build(value),
      set: maybe(set),
      span: span(this),
    };
  },
  When: (_k, e) => build(e),
  SetClause: (_k, name, body) => ({ name: text(name), body: build(body) }),
  Bank: (_k, name, params, type, _o, rows, otherwise, _c) => ({
    t: 'bank',
    name: text(name),
    params: build(params),
    type: maybe(type),
    rows: many(rows),
    otherwise: maybe(otherwise),
  }),
  BankRow(key, name, dim, type, attrs, _e, value, set) {
    const [first, last] = build(key);
    return {
      first,
      last,
      name: text(name),
      count: maybe(dim) ?? 1,
      type: maybe(type),
      attrs: many(attrs),
      value: maybe(value),
      set: maybe(set),
      span: span(this),
    };
  },
  BankKey: (first, _d, last) => [
    int(text(first)),
    int(text(last.children.length ? last.children[0]! : first)),
  ],
  bankAttr: (_a, name) => text(name),
  BankElse: (_k, body) => build(body),

  Bytes: (_k, _o, rows, _c) => ({ t: 'bytes', rows: many(rows) }),
  BytesRow_prefix(_k, name, _c, width, strict, _e, bytes) {
    const strictly = strict.children.length > 0;
    return {
      t: 'prefix',
      name: text(name),
      width: number(width),
      strict: strictly,
      bytes: many(bytes),
      span: span(this),
    };
  },
  PrefixByte: (byte, _c, value) => ({ byte: build(byte), value: number(value) }),
  opByte(_a, _b) {
    return Number.parseInt(text(this), 16);
  },
  BytesRow_last(_k, name, _e, box) {
    return { t: 'last', name: text(name), cells: build(box), span: span(this) };
  },
  BytesRow_mandatory(_k, names) {
    return { t: 'mandatory', names: list(names), span: span(this) };
  },
  BytesRow_map(_k, value, _e, bytes) {
    return { t: 'map', value: number(value), bytes: many(bytes), span: span(this) };
  },
  BytesRow_operands(_k, box) {
    return { t: 'operands', cells: build(box), span: span(this) };
  },
  BytesRow_more(_k, box, when) {
    return { t: 'more', cells: build(box), when: maybe(when), span: span(this) };
  },
  BytesRow_displacement(_k, name, _c, width, when) {
    return {
      t: 'displacement',
      name: text(name),
      width: number(width),
      when: maybe(when),
      span: span(this),
    };
  },
  FieldBox: (_o, cells) => many(cells),
  FieldCell: (cell, _c) => build(cell),
  FieldBits_field(name, _c, width) {
    return { t: 'field', name: text(name), width: number(width), span: span(this) };
  },
  FieldBits_bits(bits) {
    return { t: 'bits', bits: text(bits).replace(/_/g, ''), span: span(this) };
  },
  Size: (_k, name, _o, rows, _c) => ({ t: 'sizes', name: text(name), rows: many(rows) }),
  SizeRow: (value, _w, when) => ({
    value: number(value),
    when: when.children.length ? many(when.children[0]!) : [],
  }),
  Require(name, _e, value) {
    return { t: 'require', name: text(name), value: number(value), span: span(this) };
  },

  Enc: (parts) => many(parts),
  OpByte(byte, _p, plus) {
    return { t: 'byte', value: build(byte), plus: maybe(plus), span: span(this) };
  },
  Slash(_s, what) {
    return { t: 'slash', what: text(what), span: span(this) };
  },
  np(_w) {
    return { t: 'np', span: span(this) };
  },
  Box(_o, cells) {
    return { t: 'box', cells: many(cells).flat(2), span: span(this) };
  },
  Cell: (bodies, _c) => many(bodies),
  CellBody_fixed(value, _c, width) {
    return { t: 'fixed', value: int(text(value)), width: number(width), span: span(this) };
  },
  CellBody_piece(name, _o, ranges, _c) {
    return list(ranges).map(([first, last]) => ({
      t: 'piece',
      name: text(name),
      first,
      last,
      span: span(this),
    }));
  },
  CellBody_equals(name, _e, value, _c, width) {
    return { t: 'equals', name: text(name), value: int(text(value)), width: number(width), span: span(this) };
  },
  CellBody_field(name, _c, width) {
    return { t: 'field', name: text(name), width: number(width), span: span(this) };
  },
  CellBody_bits(bits) {
    return { t: 'bits', bits: text(bits).replace(/_/g, ''), span: span(this) };
  },
  CellBody_name(name) {
    return { t: 'field', name: text(name), span: span(this) };
  },
  bitrange: (first, _c, last) => [
    number(first),
    last.children.length ? number(last.children[0]!) : number(first),
  ],
  FormRef_call(name, _o, args, _c) {
    return { t: 'form', name: text(name), args: list(args), span: span(this) };
  },
  FormRef_name(name) {
    return { t: 'form', name: text(name), args: [], span: span(this) };
  },

  Insn: (_k, asm, _e, encoding, attrs, body) => ({
    t: 'insn',
    asm: build(asm),
    encoding: build(encoding),
    attrs: many(attrs),
    body: build(body),
  }),
  asm(chars) {
    return { text: text(chars).trim(), span: span(this) };
  },
  Attr_where(_k, e) {
    return { t: 'where', name: '', args: [build(e)], span: span(this) };
  },
  Attr_needs(_k, names) {
    return { t: 'needs', names: list(names), span: span(this) };
  },
  Attr_over(_k, name) {
    return { t: 'over', name: text(name), args: [], span: span(this) };
  },
  Attr_at(_a, name, args) {
    return {
      t: 'at',
      name: text(name),
      args: (maybe(args) ?? []).map((a: ast.Arg) => a.value),
      span: span(this),
    };
  },
  Family: (_k, names, _i, _o, rows, _c, _o2, items, _c2) => ({
    t: 'family',
    names: list(names),
    rows: many(rows),
    items: many(items),
  }),
  FamItem: (name, values, _c) => ({ name: text(name).replace(/"/g, ''), values: many(values) }),
  famValue: (_c, v) => (NUMBER.test(text(v)) ? int(text(v)) : text(v).replace(/"/g, '')),
  Alias: (_k, asm, _e, insn, args, when) => ({
    t: 'alias',
    asm: build(asm),
    insn: text(insn),
    args: maybe(args) ?? [],
    when: maybe(when),
  }),
  Args: (_s, args) => list(args),
  Fn: (_k, name, params, results, attrs, body) => ({
    t: 'fn',
    name: text(name),
    params: build(params),
    results: maybe(results) ?? [],
    outline: attrs.children.length > 0,
    body: block(build(body)),
  }),
  Results: (_a, types) => list(types),
  ResultType(what) {
    const s = text(what);
    return /^\d/.test(s) ? { width: Number(int(s)), span: span(this) } : { name: s, span: span(this) };
  },
  FnExpr(_e, e) {
    return { stmts: [{ t: 'expr', value: build(e), span: span(e) }], span: span(this) };
  },
  Trap: (_k, name, params) => ({ t: 'trap', name: text(name), params: maybe(params) ?? [] }),
  Test: (_k, code, asm, inputs, _a, result, when) => {
    const r = build(result);
    const c = build(code);
    return {
      t: 'test',
      code: typeof c === 'string' ? c : c.value,
      asm: maybe(asm)?.value,
      inputs: build(inputs),
      outputs: r.trap ? [] : r,
      trap: r.trap,
      when: maybe(when),
    };
  },
  TrapResult: (_k, name, _l, args) => ({ trap: { name: text(name), args: maybe(args) ?? [] } }),
  hexrun: (a, b) => hex(a, b),
  Binds: (binds) => list(binds),
  Bind(target, _e, value) {
    return { target: build(target), value: build(value), span: span(this) };
  },

  Abi: (_k, name, sub, _c, base, _o, parts, _e) => ({
    t: 'abi',
    name: sub.children.length ? text(sub.children[0]!) : text(name),
    base: base.children.length ? text(base.children[0]!) : undefined,
    parts: many(parts),
  }),
  AbiPart(part) {
    return { ...build(part), span: span(this) };
  },
  AbiPart_prop: (p) => {
    const [name, value] = build(p);
    return { t: 'prop', name, text: value };
  },
  Syscall: (_k, trap, _o, binds, _c, _a, result, body) => ({
    t: 'syscall',
    trap: text(trap),
    binds: build(binds),
    result: text(result),
    body: build(body),
  }),
  Struct: (_k, name, _o, fields, _c) => ({ t: 'struct', name: text(name), fields: many(fields) }),
  StructField(name, type, dim, _a, offset_, _e, init, _c) {
    return {
      name: text(name),
      type: build(type),
      count: maybe(dim) ?? 1,
      offset: offset_.children.length ? number(offset_.children[0]!) : undefined,
      init: maybe(init),
      span: span(this),
    };
  },
  Numbers: (_k, _name, _o, rows, _c) => ({ t: 'numbers', rows: many(rows) }),
  NumRow: (n, name, _o, params, _c, _e, same, _comma) => ({
    number: number(n),
    name: text(name),
    params: params.children.length ? list(params.children[0]!) : undefined,
    same: same.children.length ? text(same.children[0]!) : undefined,
  }),
  Values: (_k, name, _o, rows, _c) => ({ t: 'values', name: text(name), rows: many(rows) }),
  ValueRow: (name, _e, value, _c) => {
    const s = text(value);
    return {
      name: text(name),
      value: /^[-0-9]/.test(s) ? (s.startsWith('-') ? -int(s.slice(1).trim()) : int(s)) : s.replace(/"/g, ''),
    };
  },
  Map: (_k, name, _o, rows, _c) => ({ t: 'map', name: text(name), rows: many(rows) }),
  MapRow(field, _a, register, _f, name, _i, first, _d, last) {
    const loop = name.children.length
      ? { name: text(name.children[0]!), first: maybe(first), last: maybe(last) }
      : undefined;
    return { field: build(field), register: build(register), loop, span: span(this) };
  },
  Signal: (_k, name, params, _at, place, body) => ({
    t: 'signal',
    name: text(name),
    params: build(params),
    place: build(place),
    body: build(body),
  }),
  SigReturn: (_k, name, _at, place) => ({ t: 'sigreturn', name: text(name), place: build(place) }),
  Hook: (word, params, body) => ({
    t: 'hook',
    name: text(word),
    params: maybe(params) ?? [],
    body: build(body),
  }),
  Gate: (_k, address, body) => ({ t: 'gate', address: number(address), body: build(body) }),
  Faults: (_k, _o, rows, _c) => ({ t: 'faults', rows: many(rows) }),
  FaultRow: (trap, _e, signal, code, after) => ({
    trap: text(trap),
    signal: text(signal),
    code: text(code),
    after: after.children.length > 0,
  }),
  CodeLine: (_h, s) => build(s),
  Code: (_k, name, _o, lines, _c) => ({
    t: 'code',
    name: text(name),
    lines: many(lines).map((l) => l.value),
  }),

  Block(_o, stmts, _c) {
    return { stmts: many(stmts), span: span(this) };
  },
  Stmt(s, _semi) {
    return { ...build(s), span: span(s) };
  },
  ExprStmt: (e) => ({ t: 'expr', value: build(e) }),
  TupleAssign: (_o, first, _c, rest, _e, op, value) => ({
    t: 'assign',
    targets: [build(first), ...many(rest)],
    op: text(op).trim(),
    value: build(value),
  }),
  Let(k, names, type, _e, value) {
    const n = build(names);
    return {
      t: 'let',
      mutable: text(k) === 'var',
      names: Array.isArray(n) ? n : [n],
      type: maybe(type),
      value: build(value),
    };
  },
  Tuple: (_o, names, _c) => list(names),
  Return: (_k, value, _l, when) => ({ t: 'return', value: build(value), when: maybe(when) }),
  Atomic: (_k, body) => ({ t: 'atomic', body: build(body) }),
  PostIf: (_k, e) => build(e),
  Guard: (_k, test) => ({ t: 'guard', test: build(test) }),
  If: (_k, test, then, _e, otherwise) => ({
    t: 'if',
    test: build(test),
    then: block(build(then)),
    else: otherwise.children.length ? block(maybe(otherwise)) : undefined,
  }),
  For: (_k, name, _i, first, _d, last, body) => ({
    t: 'for',
    name: text(name),
    first: build(first),
    last: maybe(last),
    body: build(body),
  }),
  Repeat: (_k, _w, test, body) => ({ t: 'repeat', test: maybe(test), body: build(body) }),
  Match(_k, subject, _o, arms, _c) {
    return { t: 'match', subject: build(subject), arms: many(arms), span: span(this) };
  },
  MatchArm(patterns, _a, body, _c) {
    return { patterns: list(patterns), body: block(build(body)), span: span(this) };
  },
  Goto: (_k, target, _l, mods) => {
    const m = many(mods);
    return {
      t: 'goto',
      target: build(target),
      kinds: m.filter((x) => typeof x === 'string'),
      when: m.find((x) => typeof x !== 'string'),
    };
  },
  gotoKind: (w) => text(w),
  TrapS: (_k, name, _l, args, after, _l2, when) => ({
    t: 'trap',
    name: text(name),
    args: maybe(args) ?? [],
    after: after.children.length > 0,
    when: maybe(when),
  }),
  Simple: (word, _l, when) => ({ t: 'simple', word: text(word), when: maybe(when) }),
  simpleWord: (w) => text(w),
  Assign: (target, op, value) => ({
    t: 'assign',
    targets: [build(target)],
    op: text(op).trim(),
    value: build(value),
  }),
  LValue: (name, _l, posts) => postfix(build(name), many(posts)),

  Expr(test, _q, then, _c, otherwise) {
    const e = build(test);
    if (!then.children.length) return e;
    return { t: 'cond', test: e, then: maybe(then), else: maybe(otherwise), span: span(this) };
  },
  Binary: (first, ops, rest) =>
    climb(
      [build(first), ...many(rest)],
      ops.children.map((o) => text(o).trim()),
    ),
  Unary(ops, e) {
    return ops.children
      .map(text)
      .reduceRight((arg: ast.Expr, op): ast.Expr => ({ t: 'unary', op, arg, span: span(this) }), build(e));
  },
  Postfix: (base, _l, posts) => postfix(build(base), many(posts)),
  Post_index(_o, items, _c) {
    return { t: 'index', items: list(items), span: span(this) };
  },
  Slicer: (first, _c, last) => ({ first: build(first), last: maybe(last) }),
  Post_member(_d, name) {
    return { t: 'member', name: text(name), span: span(this) };
  },
  Post_call(args) {
    return { t: 'call', args: build(args), span: span(this) };
  },
  Post_prime(_p) {
    return { t: 'prime', span: span(this) };
  },
  callArgs: (_o, args, _s, _c) => build(args),
  ArgList: (args) => list(args),
  Arg_named(name, _e, value) {
    return { name: text(name), value: build(value), span: span(this) };
  },
  Arg_lambda(l) {
    return { value: build(l), span: span(this) };
  },
  Arg_plain(e) {
    return { value: build(e), span: span(this) };
  },
  Lambda(_o, params, _c, _a, body) {
    return { t: 'lambda', params: list(params), body: build(body), span: span(this) };
  },
  List(_o, items, _c) {
    return { t: 'list', items: list(items), span: span(this) };
  },
  RangeElem: (first, _d, last) => ({ first: build(first), last: maybe(last) }),
  TupleExpr(_o, first, _c, rest, _e) {
    return { t: 'tuple', items: [build(first), ...many(rest)], span: span(this) };
  },
  Paren: (_o, e, _c) => build(e),
  primaryName(name) {
    return { t: 'name', name: text(name), span: span(this) };
  },
  number(_n) {
    const s = text(this).replace(/_/g, '');
    const node: Any = { t: 'num', value: BigInt(s), span: span(this) };
    if (s.startsWith('0b')) node.width = s.length - 2;
    return node;
  },
  string(_o, chars, _c) {
    return { t: 'str', value: text(chars), span: span(this) };
  },
  ident(_a, _b) {
    return text(this);
  },
};
semantics.addOperation<Any>('tree', actions as Any);

function hex(a: Node, b: Node): string {
  return a.children.map((x, i) => x.sourceString + b.children[i]!.sourceString).join('');
}

/** What a file parses to. */
export interface Parsed {
  readonly items: readonly ast.Item[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses one file. Never throws for what the text says. */
export function parse(src: Source): Parsed {
  const items: ast.Item[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const piece of splitItems(src.text)) {
    const match = matchItem(piece.text);
    if (!match) {
      diagnostics.push({
        severity: 'error',
        code: 'syntax',
        message: 'this nests too deeply',
        span: { source: src, at: piece.at, end: piece.at + 1 },
      });
      continue;
    }
    if (match.failed()) {
      const at = piece.at + (match as Any).getRightmostFailurePosition();
      diagnostics.push({
        severity: 'error',
        code: 'syntax',
        message: `expected ${expected(match)}`,
        span: { source: src, at, end: at + 1 },
      });
      continue;
    }
    source = src;
    offset = piece.at;
    items.push(semantics(match).tree());
  }
  return { items, diagnostics };
}

/** Undefined where the text nests so deeply that the host's stack is used up. */
function matchItem(text: string): ohm.MatchResult | undefined {
  try {
    return grammar.match(text, 'Item');
  } catch (e) {
    if (e instanceof RangeError) return undefined;
    throw e;
  }
}

/** Parses one expression that stands inside a string of the spec, at `span`. Throws SpecError. */
export function parseExpression(code: string, at: Span): ast.Expr {
  const match = grammar.match(code, 'Expr');
  if (match.failed()) throw new SpecError('syntax', `{${code}}: expected ${expected(match)}`, at);
  source = new Source(at.source.name, code);
  offset = 0;
  const e = semantics(match).tree() as ast.Expr;
  return e;
}

/** The shortest useful list of what could have stood there. */
function expected(match: ohm.MatchResult): string {
  const all: string[] = (match as Any).getRightmostFailures().map((f: Any) => String(f.toString()));
  const named = [...new Set(all)].filter((s) => s !== 'not a name' && !s.startsWith('not '));
  if (named.length === 0) return 'something else';
  if (named.length > 6) return `${named.slice(0, 6).join(', ')} or ${named.length - 6} other things`;
  return named.length === 1 ? named[0]! : `${named.slice(0, -1).join(', ')} or ${named.at(-1)}`;
}
