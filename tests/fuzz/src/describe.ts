// A case as a `test` line of a spec, with nothing that the instructions do not read.
// In: a case, the reference's result. Out: text. Must not know: exceptions.
import { evaluate, undefinedTurned } from '@mimic/ir';
import { assembly, type TestMachine } from '@mimic/isa';
import type { Case } from './generate.js';
import { type Harness, type Result, valueAt } from './harness.js';

const hex = (v: number | bigint, digits = 0): string => `0x${v.toString(16).padStart(digits, '0')}`;

/** `test 7c642a14 "add r3, r4, r5"  r4 = 1 => r3 = 1`: the state after is the reference's. */
export function testLine(harness: Harness, c: Case, pages: Uint8Array, theirs: Result | undefined): string {
  const { isa } = harness;
  const before = harness.machineOf(c.record, pages);
  const traced = trace(before);
  const decoded = harness.decodeAll(c.words, c.mode)!;
  let pc = harness.code + c.mode;
  const texts: string[] = [];
  for (const d of decoded) {
    evaluate(isa.program, d.insn.template, d.fields.map(BigInt), BigInt(pc), traced.machine);
    const a = assembly(isa, d, pc);
    texts.push(`${a.mnemonic} ${a.operands}`.trim());
    pc += d.length;
  }
  const code = c.words.map((w, k) => codeOf(w, decoded[k]!.length, c.mode !== 0)).join(' ');
  const text = texts.join('; ');
  const inputs: string[] = [];
  for (const s of harness.slots) {
    const v = valueAt(c.record, s);
    const read = touched(harness, s.name, traced.read);
    const set = theirs && valueAt(theirs.bytes, s) !== v;
    if (v !== 0n && (read || set)) inputs.push(`${s.name} = ${hex(v)}`);
  }
  for (const at of [...traced.loads].sort((a, b) => Number(a - b))) {
    const b = before.memory.get(at);
    if (b) inputs.push(`mem8[${hex(at)}] = ${hex(b)}`);
  }
  return `test ${code.includes(' ') ? `"${code}"` : code} "${text}"  PC = ${hex(harness.code + c.mode)}, ${inputs.join(', ')}  => ${outcome(harness, c, theirs)}`;
}

/** Names of registers that hold what the spec leaves undefined: those that change when that is turned round. */
export function undefinedIn(harness: Harness, c: Case, pages: Uint8Array): ReadonlySet<string> {
  const { isa } = harness;
  const [a, b] = [false, true].map((turned) => {
    const m = harness.machineOf(c.record, pages);
    let pc = harness.code + c.mode;
    for (const d of harness.decodeAll(c.words, c.mode)!) {
      const body = turned ? undefinedTurned(d.insn.template) : d.insn.template;
      evaluate(isa.program, body, d.fields.map(BigInt), BigInt(pc), m);
      pc += d.length;
    }
    return m;
  }) as [TestMachine, TestMachine];
  return new Set(harness.slots.map((s) => s.name).filter((n) => harness.read(a, n) !== harness.read(b, n)));
}

/** As a listing writes it: where there are modes, the other one has the first of two units to the left. */
function codeOf(word: number, length: number, units: boolean): string {
  const digits = word.toString(16).padStart(8, '0');
  if (length === 2) return digits.slice(4);
  return units ? digits.slice(4) + digits.slice(0, 4) : digits;
}

function outcome(harness: Harness, c: Case, theirs: Result | undefined): string {
  if (!theirs) return '?';
  if (theirs.signal) return `signal ${theirs.signal} code ${theirs.code} at ${hex(theirs.nip)}`;
  const out = harness.slots
    .filter((s) => valueAt(c.record, s) !== valueAt(theirs.bytes, s))
    .map((s) => `${s.name} = ${hex(valueAt(theirs.bytes, s))}`);
  for (let k = 0; k < theirs.changes.length; k += 2)
    out.push(`mem32[${hex(harness.data + theirs.changes[k]!)}] = ${hex(theirs.changes[k + 1]!)}`);
  return out.join(', ');
}

/**
 * Whether a case loads or stores where the harness itself lies, or in the page of its own code: they hold what each
 * emulator made of earlier cases, and without dcbst and icbi nothing says which code then runs.
 */
export function meddles(harness: Harness, c: Case): boolean {
  const m = harness.machineOf(c.record, new Uint8Array(0));
  const [own, end] = harness.own.map(BigInt) as [bigint, bigint];
  const code = BigInt(harness.code);
  const page = BigInt(harness.page);
  let hit = false;
  const load = m.load.bind(m);
  const store = m.store.bind(m);
  m.load = (address, width) => {
    if (address >= own && address < end) hit = true;
    if (address >= code && address < code + page) hit = true;
    return load(address, width);
  };
  m.store = (address, width, value) => {
    if (address >= own && address < end) hit = true;
    if (address < code + 32n && address + BigInt(width / 8) > code) hit = true;
    return store(address, width, value);
  };
  let pc = harness.code + c.mode;
  for (const d of harness.decodeAll(c.words, c.mode)!) {
    evaluate(harness.isa.program, d.insn.template, d.fields.map(BigInt), BigInt(pc), m);
    pc += d.length;
  }
  return hit;
}

/** The machine, noting what is read. */
function trace(machine: TestMachine) {
  const read = new Set<string>();
  const loads = new Set<bigint>();
  const m = machine.clone();
  const getCell = m.getCell.bind(m);
  const load = m.load.bind(m);
  m.getCell = (cell, index) => {
    read.add(`${cell}.${index}`);
    return getCell(cell, index);
  };
  m.load = (address, width) => {
    for (let k = 0; k < width / 8; k++) loads.add(address + BigInt(k));
    return load(address, width);
  };
  return { machine: m, read, loads };
}

/** Whether a register has a cell among those read. */
function touched(harness: Harness, name: string, read: ReadonlySet<string>): boolean {
  const m = trace(harness.machine());
  harness.read(m.machine, name);
  return [...m.read].some((x) => read.has(x));
}
