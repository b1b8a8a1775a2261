// Runs the inline tests of a spec on the reference evaluator.
// In: a CompiledSpec. Out: what failed, with the differing state side by side. Other tiers are compared elsewhere.
import { type Body, evaluate, type Machine, NoEnd, type Outcome } from '@mimic/ir';
import type { CompiledSpec, SpecTest } from './compile.js';
import { contextAfter, type Decoded, decode, decodeBytes } from './decode.js';
import { assembly } from './disassemble.js';
import { swapUnits } from './encode.js';
import { Builder } from './lower/builder.js';
import { Lowerer } from './lower/lowerer.js';
import type { CompiledIsa, Insn } from './model.js';
import { inModel } from './models.js';
import type * as ast from './syntax/ast.js';
import { type Diagnostic, type Span, SpecError } from './syntax/source.js';

/** All 0, but for what the model decides. */
function initialCells({ program, traits, model }: CompiledIsa): bigint[][] {
  const cells = program.cells.map((c) => new Array<bigint>(c.count).fill(0n));
  traits.forEach((t, k) => {
    cells[t.cell]![0] = BigInt(model.values[k]!);
  });
  return cells;
}

/** State and memory of one test; memory that was never written reads as 0. */
export class TestMachine implements Machine {
  constructor(
    private readonly isa: CompiledIsa,
    readonly cells: bigint[][] = initialCells(isa),
    readonly memory = new Map<bigint, number>(),
  ) {}
  clone(): TestMachine {
    return new TestMachine(
      this.isa,
      this.cells.map((c) => [...c]),
      new Map(this.memory),
    );
  }
  getCell(cell: number, index: number): bigint {
    // Beyond the last: a choice that goes the other way read it.
    return this.cells[cell]![index] ?? 0n;
  }
  setCell(cell: number, index: number, value: bigint): void {
    this.cells[cell]![index] = value;
  }
  private byte(address: bigint, width: number, i: number): bigint {
    const n = this.isa.endian === 'big' ? width / 8 - 1 - i : i;
    return BigInt.asUintN(this.isa.word, address + BigInt(n));
  }
  load(address: bigint, width: number): bigint {
    let v = 0n;
    for (let i = 0; i < width / 8; i++)
      v |= BigInt(this.memory.get(this.byte(address, width, i)) ?? 0) << BigInt(8 * i);
    return v;
  }
  store(address: bigint, width: number, value: bigint): undefined {
    for (let i = 0; i < width / 8; i++)
      this.memory.set(this.byte(address, width, i), Number((value >> BigInt(8 * i)) & 0xffn));
  }
  host(): bigint {
    return 0n;
  }
}

/** One instruction test made concrete: what every tier must do. */
export interface TestCase {
  readonly span: Span;
  /** The instructions of the code, one after the other from pc. */
  readonly code: readonly Decoded[];
  /** Their bytes, in memory order. */
  readonly bytes: readonly number[];
  readonly pc: bigint;
  readonly before: TestMachine;
  readonly after: TestMachine;
  /** What follows the instructions is none: to reach it traps. */
  readonly undecoded: boolean;
  /** Where execution goes on; absent when a trap is expected. */
  readonly next?: bigint;
  readonly trap?: { readonly number: number; readonly args: readonly bigint[] | undefined };
}

export interface TestReport {
  readonly passed: number;
  readonly failures: readonly Diagnostic[];
  /** Instructions that no test executes. */
  readonly untested: readonly string[];
  readonly cases: readonly TestCase[];
}

const DEFAULT_PC = 0x1000n;
/** Number of the trap that is always there. */
const ILLEGAL = 0;

/** Runs all tests of a spec that compiled. */
export function runTests(spec: CompiledSpec): TestReport {
  const isa = spec.isa!;
  const failures: Diagnostic[] = [];
  const cases: TestCase[] = [];
  const tested = new Set<string>();
  let passed = 0;
  for (const { item, decoder } of spec.tests) {
    const fail = (message: string, notes: readonly string[] = []): void => {
      failures.push({ severity: 'error', code: 'test', message, span: item.span, notes });
    };
    try {
      if (item.when && !holds(spec, item.when)) continue;
      const c = prepare(spec, item, decoder);
      if (typeof c === 'string') {
        fail(c);
        continue;
      }
      for (const d of c.code) tested.add(written(d.insn));
      cases.push(c);
      const notes = check(isa, c);
      if (notes.length) fail(`${c.code.map((d) => d.insn.name).join('; ')}: not as expected`, notes);
      else passed++;
    } catch (e) {
      if (e instanceof NoEnd) {
        fail('this does not end');
        continue;
      }
      if (!(e instanceof SpecError)) throw e;
      failures.push({ severity: 'error', code: e.code, message: e.message, span: e.span, notes: e.notes });
    }
  }
  const untested = new Map(
    isa.insns.filter((i) => !tested.has(written(i))).map((i) => [written(i), i.name] as const),
  );
  return { passed, failures, cases, untested: [...untested.values()] };
}

/** An instruction as it is written: where widths vary, several are made of it. */
function written(insn: Insn): string {
  return `${insn.source} ${insn.name.replace(/_\d+$/, '')}`;
  // };
}

/** A body that assigns the binds, one after the other. */
function assignments(spec: CompiledSpec, binds: readonly ast.Bind[]): Body {
  const b = new Builder(false);
  const l = new Lowerer(spec.context, b, 'hook');
  for (const bind of binds) {
    const place = l.place(bind.target);
    place.write!(l.coerce(l.expr(bind.value, place.width), place.width, bind.value.span));
    l.state.commit();
  }
  return b.finish();
}

function isPc(bind: ast.Bind): boolean {
  return bind.target.t === 'name' && bind.target.name === 'PC';
}

function pcOf(spec: CompiledSpec, binds: readonly ast.Bind[]): bigint | undefined {
  const bind = binds.find(isPc);
  if (!bind) return undefined;
  const b = new Builder(false);
  const l = new Lowerer(spec.context, b, 'hook');
  return l.staticInt(l.expr(bind.value), bind.value.span, 'PC');
}

/** The value of a test's `when`. */
function holds(spec: CompiledSpec, when: ast.Expr): boolean {
  const b = new Builder(false);
  const value = b.constantOf(new Lowerer(spec.context, b, 'hook').condition(when));
  if (value === undefined)
    throw new SpecError('constant', 'whether a test is run depends on constants only', when.span);
  return value === 1n;
}

/** What the register that decoding looks at is given. */
function contextOf(spec: CompiledSpec, binds: readonly ast.Bind[]): number {
  const { context } = spec.context.names;
  if (!context) return 0;
  const m = new TestMachine(spec.isa!);
  evaluate(
    spec.isa!.program,
    assignments(
      spec,
      binds.filter((b) => !isPc(b)),
    ),
    [],
    0n,
    m,
  );
  return Number(m.getCell(context.cell, 0));
}

const spaces = (s: string): string => s.replace(/\s+/g, ' ').replace(/, /g, ',').trim();

interface TestCode {
  readonly code: Decoded[];
  readonly bytes: number[];
  /** The first that is no instruction. */
  readonly undecoded?: string;
}

/** Words of 16 or 32 bits, most significant digit first whatever the byte order. */
function wordCode(
  isa: CompiledIsa,
  text: string,
  pc: bigint,
  first: number,
  decoder: SpecTest['decoder'],
): TestCode | string {
  let at = pc;
  let context = first;
  const code: Decoded[] = [];
  const bytes: number[] = [];
  for (const hex of text.trim().split(/\s+/)) {
    if (!/^([0-9a-fA-F]{4}|[0-9a-fA-F]{8})$/.test(hex)) return `${hex} is not an instruction in hexadecimal`;
    const written = Number.parseInt(hex, 16) >>> 0;
    const word = decoder?.leftmost && hex.length === 8 ? swapUnits(written) : written;
    const decoded = decode(isa, word, Number(at), context);
    const length = decoded?.length ?? hex.length / 2;
    for (let k = 0; k < length; k++)
      bytes.push((word >>> (8 * (isa.endian === 'big' ? length - 1 - k : k))) & 0xff);
    if (!decoded) return { code, bytes, undecoded: hex };
    code.push(decoded);
    context = contextAfter(isa, decoded, Number(at), context);
    at += BigInt(length);
  }
  return { code, bytes };
}

/** Bytes of instructions one behind the other. */
function scannedCode(isa: CompiledIsa, text: string): TestCode | string {
  const digits = text.replace(/\s+/g, '');
  if (!/^([0-9a-fA-F]{2})+$/.test(digits)) return `${text} is not code in hexadecimal`;
  const bytes = (digits.match(/../g) ?? []).map((d) => Number.parseInt(d, 16));
  const code: Decoded[] = [];
  for (let at = 0; at < bytes.length; ) {
    const from = at;
    const found = decodeBytes(isa, (offset) => bytes[from + offset]);
    if (found.kind !== 'insn') return { code, bytes, undecoded: digits.slice(2 * at) };
    code.push(found.decoded);
    at += found.decoded.length;
  }
  return { code, bytes };
}

/** The ISA in the model that a test asks for by giving values to traits: the one with all of them, but for these. */
function modelOf(spec: CompiledSpec, binds: readonly ast.Bind[]): CompiledIsa {
  const isa = spec.isa!;
  const values = [...isa.model.values];
  let own = false;
  for (const { target, value, span } of binds) {
    const def = target.t === 'name' ? spec.context.names.defs.get(target.name) : undefined;
    if (def?.kind !== 'trait') continue;
    const l = new Lowerer(spec.context, new Builder(false), 'hook');
    values[def.number] = Number(l.staticInt(l.expr(value, def.width), span, 'the value of a trait'));
    own = true;
  }
  return own ? inModel(isa, { names: ['test'], values }) : isa;
}

function prepare(spec: CompiledSpec, item: ast.TestItem, decoder: SpecTest['decoder']): TestCase | string {
  const isa = modelOf(spec, item.inputs);
  const pc = pcOf(spec, item.inputs) ?? DEFAULT_PC | BigInt(decoder?.modes ?? 0);
  const context = contextOf(spec, item.inputs);
  const found = isa.scan ? scannedCode(isa, item.code) : wordCode(isa, item.code, pc, context, decoder);
  if (typeof found === 'string') return found;
  const { code, bytes, undecoded } = found;
  if (undecoded !== undefined && item.trap?.name !== 'Illegal') return `${undecoded} does not decode`;
  const texts: string[] = [];
  let at = pc;
  for (const d of code) {
    const a = assembly(isa, d, Number(at));
    texts.push(`${a.mnemonic} ${a.operands}`);
    at += BigInt(d.length);
  }
  if (item.asm !== undefined) {
    const text = spaces(texts.join('; '));
    if (text !== spaces(item.asm)) return `${item.code} is "${text}", not "${spaces(item.asm)}"`;
  }
  const before = new TestMachine(isa);
  // What is computed is 0, too; what it is computed from need not be.
  for (const r of isa.registers) if (r.computed && r.write) evaluate(isa.program, r.write, [0n], 0n, before);
  evaluate(
    isa.program,
    assignments(
      spec,
      item.inputs.filter((b) => !isPc(b)),
    ),
    [],
    0n,
    before,
  );
  const after = before.clone();
  evaluate(
    isa.program,
    assignments(
      spec,
      item.outputs.filter((b) => !isPc(b)),
    ),
    [],
    0n,
    after,
  );
  const base = { span: item.span, code, bytes, pc, before, after, undecoded: undecoded !== undefined };
  if (item.trap) {
    const number = isa.program.traps.findIndex((t) => t.name === item.trap!.name);
    if (number < 0) return `there is no trap ${item.trap.name}`;
    return { ...base, trap: { number, args: undefined } };
  }
  return { ...base, next: pcOf(spec, item.outputs) ?? BigInt.asUintN(isa.word, at) };
}

/** What differs when the case runs on the reference evaluator, a line each. */
function check(isa: CompiledIsa, c: TestCase): string[] {
  const m = c.before.clone();
  const { next, outcome } = execute(isa, c, m);
  return [...outcomeDiffers(isa, c, outcome, next), ...(c.trap ? [] : stateDiffers(isa, c.after, m))];
}

/** Runs the code on the evaluator until it leaves it, traps, or has run a thousand instructions. */
function execute(isa: CompiledIsa, c: TestCase, m: TestMachine): { next: bigint; outcome: Outcome } {
  const starts = new Map<bigint, Decoded>();
  let at = c.pc;
  for (const d of c.code) {
    starts.set(at, d);
    at += BigInt(d.length);
  }
  let next = c.pc;
  let outcome: Outcome = { kind: 'next' };
  for (let steps = 0; steps < 1000; steps++) {
    const d = starts.get(next);
    if (!d && next === at && c.undecoded) outcome = { kind: 'trap', trap: ILLEGAL, args: [] };
    if (!d) break;
    outcome = evaluate(isa.program, d.insn.template, d.fields.map(BigInt), next, m);
    if (outcome.kind === 'jump') next = outcome.target;
    else if (outcome.kind === 'next') next = BigInt.asUintN(isa.word, next + BigInt(d.length));
    else break;
    // A jump of the only instruction to itself is where it went.
    if (c.code.length === 1) break;
  }
  return { next, outcome };
}

function outcomeDiffers(isa: CompiledIsa, c: TestCase, o: Outcome, next: bigint): string[] {
  const say = (x: Outcome): string => {
    if (x.kind === 'trap') return `trap ${isa.program.traps[x.trap]!.name}`;
    if (x.kind === 'jump') return `a jump to ${hexOf(x.target)}`;
    return x.kind === 'next' ? 'the next instruction' : x.kind;
  };
  if (c.trap)
    return o.kind === 'trap' && o.trap === c.trap.number
      ? []
      : [`expected trap ${isa.program.traps[c.trap.number]!.name}, found ${say(o)}`];
  const goesOn = o.kind === 'jump' || o.kind === 'next';
  return goesOn && next === c.next ? [] : [`expected to go on at ${hexOf(c.next!)}, found ${say(o)}`];
}

/** Cells, computed registers and bytes that differ, a line each: name, expected, found. Hidden cells do not count. */
export function stateDiffers(isa: CompiledIsa, expected: TestMachine, found: TestMachine): string[] {
  const out: string[] = [];
  isa.program.cells.forEach((cell, n) => {
    if (cell.hidden || cell.name === 'PC') return;
    for (let i = 0; i < cell.count; i++) {
      const a = expected.cells[n]![i]!;
      const b = found.cells[n]![i]!;
      if (a !== b)
        out.push(
          `${cell.count > 1 ? `${cell.name}[${i}]` : cell.name}: expected ${hexOf(a)}, found ${hexOf(b)}`,
        );
    }
  });
  for (const r of isa.registers) {
    if (!r.computed) continue;
    const [a, b] = [expected, found].map((m) => {
      const result = evaluate(isa.program, r.read, [], 0n, m);
      return result.kind === 'return' ? result.values[0]! : 0n;
    }) as [bigint, bigint];
    if (a !== b) out.push(`${r.name}: expected ${hexOf(a)}, found ${hexOf(b)}`);
  }
  for (const address of new Set([...expected.memory.keys(), ...found.memory.keys()])) {
    const a = expected.memory.get(address) ?? 0;
    const b = found.memory.get(address) ?? 0;
    if (a !== b) out.push(`mem8[${hexOf(address)}]: expected ${hexOf(BigInt(a))}, found ${hexOf(BigInt(b))}`);
  }
  return out;
}

function hexOf(v: bigint): string {
  return `0x${v.toString(16)}`;
}
