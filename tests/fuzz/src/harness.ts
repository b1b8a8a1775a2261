// The guest program that runs cases: its layout, cases to bytes, bytes to results.
// In: harness.json, a compiled spec. Out: Harness, Result. Must not know: how cases are made or compared.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluate } from '@mimic/ir';
import { type CompiledIsa, contextAfter, type Decoded, decode, type Register, TestMachine } from '@mimic/isa';

/** Bytes of the words before the registers. */
const HEAD = 20;

interface Description {
  /** The spec's main file; `ARCH/ARCH.isa` unless given. The reference unless another is asked for. */
  readonly spec?: string;
  readonly against?: string;
  readonly code: string;
  readonly maxCode: number;
  readonly landing: readonly [string, string];
  readonly own: readonly [string, string];
  readonly data: string;
  readonly page: number;
  readonly registers: readonly (string | null)[];
  /** Of these: those that hold floating-point numbers. */
  readonly floats?: readonly string[];
  /** Bits that can be set, where the spec does not say so. */
  readonly masks?: Readonly<Record<string, string>>;
  /** Registers that are 0 half of the time. */
  readonly modes?: readonly string[];
  readonly constants: Readonly<Record<string, string>>;
  readonly settle?: {
    readonly register: string;
    readonly word: string;
    readonly from: string;
    readonly mask: string;
  };
  readonly never: readonly string[];
  /** Instructions that the reference does not survive. */
  readonly without?: readonly string[];
  /** By field: values that it does not get, because the manual leaves open what the instruction then does. */
  readonly avoid?: Readonly<Record<string, readonly number[]>>;
}

/** A register of the record, `at` bytes into it. */
export interface Slot {
  readonly name: string;
  readonly width: 32 | 64 | 128;
  readonly at: number;
  readonly little: boolean;
  readonly holds: 'integer' | 'float' | 'vector' | 'mode';
  /** Bits that can be set. */
  readonly mask: bigint;
}

/** What became of a case. */
export interface Result {
  /** The record as the guest wrote it. */
  readonly bytes: DataView;
  /** 0: it ran to its end. */
  readonly signal: number;
  readonly code: number;
  readonly address: number;
  readonly nip: number;
  /** Words of the first page that changed: offset and value by turns. */
  readonly changes: readonly number[];
}

export class Harness {
  readonly program: string;
  readonly code: number;
  readonly maxCode: number;
  /** Where a jump may land: traps, from the first address up to the second. */
  readonly landing: readonly [number, number];
  /** Where the program itself lies. */
  readonly own: readonly [number, number];
  readonly data: number;
  readonly page: number;
  readonly slots: readonly Slot[];
  readonly recordSize: number;
  readonly never: ReadonlySet<string>;
  /** By field: the values that it does not get. */
  readonly avoid: ReadonlyMap<string, readonly number[]>;
  /** Whether words lie in memory with the low byte first. */
  readonly little: boolean;
  private readonly registers: ReadonlyMap<string, Register>;
  private readonly description: Description;

  constructor(
    dir: string,
    readonly isa: CompiledIsa,
  ) {
    const d = (this.description = describe(dir));
    this.little = isa.endian === 'little';
    this.program = join(dir, 'harness');
    this.code = Number(d.code);
    this.maxCode = d.maxCode;
    this.landing = [Number(d.landing[0]), Number(d.landing[1])];
    this.own = [Number(d.own[0]), Number(d.own[1])];
    this.data = Number(d.data);
    this.page = d.page;
    this.never = new Set(d.never);
    this.avoid = new Map(Object.entries(d.avoid ?? {}));
    this.registers = new Map(isa.registers.map((r) => [r.name, r]));
    const slots: Slot[] = [];
    const floats = new Set(d.floats?.flatMap(expand));
    let at = HEAD;
    for (const name of d.registers.flatMap(expand)) {
      if (name === null) {
        at += 4;
        continue;
      }
      const bits = this.register(name).width;
      const width = bits > 64 ? 128 : bits > 32 ? 64 : 32;
      const holds = floats.has(name)
        ? 'float'
        : width === 128
          ? 'vector'
          : d.modes?.includes(name)
            ? 'mode'
            : 'integer';
      slots.push({ name, width, at, little: this.little, holds, mask: this.maskOf(name) });
      at += width / 8;
    }
    this.slots = slots;
    this.recordSize = at;
  }

  private register(name: string): Register {
    const r = this.registers.get(name);
    if (!r) throw new Error(`harness.json: the spec has no register ${name}`);
    return r;
  }

  read(machine: TestMachine, name: string): bigint {
    const out = evaluate(this.isa.program, this.register(name).read, [], 0n, machine);
    return out.kind === 'return' ? out.values[0]! : 0n;
  }

  write(machine: TestMachine, name: string, value: bigint): void {
    const { write } = this.register(name);
    if (write) evaluate(this.isa.program, write, [value], 0n, machine);
  }

  /** Words one after the other, as a mode reads them; undefined where one is no instruction. */
  decodeAll(words: readonly number[], mode: number): Decoded[] | undefined {
    const out: Decoded[] = [];
    let pc = this.code + mode;
    let context = 0;
    for (const w of words) {
      const d = decode(this.isa, w, pc, context);
      if (!d) return undefined;
      out.push(d);
      context = contextAfter(this.isa, d, pc, context);
      pc += d.length;
    }
    return out;
  }

  /** A machine with what is the same in every case. */
  machine(): TestMachine {
    const m = new TestMachine(this.isa);
    for (const [name, value] of Object.entries(this.description.constants))
      this.write(m, name, BigInt(value));
    return m;
  }

  private maskOf(name: string): bigint {
    const m = new TestMachine(this.isa);
    this.write(m, name, (1n << BigInt(this.register(name).width)) - 1n);
    const { settle, masks } = this.description;
    const mask = settle?.register === name ? settle.mask : (masks?.[name] ?? '-1');
    return this.read(m, name) & BigInt(mask);
  }

  /** What `value` becomes in the register that an instruction has to set; undefined where that traps. */
  settled(value: bigint): bigint | undefined {
    const { settle } = this.description;
    if (!settle) return value;
    const m = this.machine();
    this.write(m, settle.from, value & BigInt(settle.mask));
    const d = decode(this.isa, Number.parseInt(settle.word, 16))!;
    const out = evaluate(this.isa.program, d.insn.template, d.fields.map(BigInt), 0n, m);
    return out.kind === 'next' ? this.read(m, settle.register) : undefined;
  }

  get settledRegister(): string | undefined {
    return this.description.settle?.register;
  }

  /** The state that a case starts from; memory holds what `pages` says. */
  machineOf(record: DataView, pages: Uint8Array): TestMachine {
    const m = this.machine();
    for (const s of this.slots) this.write(m, s.name, valueAt(record, s));
    for (const [k, b] of pages.entries()) m.memory.set(BigInt(this.data + k), b);
    return m;
  }

  /**
   * Whether a case that faulted, in at least one of two runs, did so at an address that is not the harness's to decide:
   * an emulator may have its stack or something else there.
   */
  elsewhere(a: Result | undefined, b: Result | undefined): boolean {
    const far = (x: number): boolean =>
      (x < this.landing[0] || x >= this.landing[1]) && (x < this.data - 0x10000 || x >= this.data + 0x10000);
    if (!a || !b || (a.signal === b.signal && a.address === b.address && a.nip === b.nip)) return false;
    return [a, b].some((r) => r.signal === 11 && far(r.address));
  }

  /** The results in what the guest wrote; fewer than cases where it died. */
  results(bytes: Uint8Array): Result[] {
    const all = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const out: Result[] = [];
    for (let at = 0; at + this.recordSize <= bytes.length; ) {
      const record = new DataView(bytes.buffer, bytes.byteOffset + at, this.recordSize);
      at += this.recordSize;
      const word = (k: number): number => record.getUint32(4 * k, this.little);
      const count = word(4);
      if (at + 8 * count > bytes.length) break;
      const changes = Array.from({ length: 2 * count }, (_, k) => all.getUint32(at + 4 * k, this.little));
      at += 8 * count;
      out.push({
        bytes: record,
        signal: word(0),
        code: word(1),
        address: word(2),
        nip: word(3),
        changes,
      });
    }
    return out;
  }
}

export function valueAt(record: DataView, { at, width, little }: Slot): bigint {
  if (width === 32) return BigInt(record.getUint32(at, little));
  if (width === 64) return record.getBigUint64(at, little);
  const [first, second] = [record.getBigUint64(at, little), record.getBigUint64(at + 8, little)];
  return little ? (second << 64n) | first : (first << 64n) | second;
}

export function putAt(record: DataView, { at, width, little }: Slot, value: bigint): void {
  if (width === 32) record.setUint32(at, Number(value & 0xffffffffn), little);
  else if (width === 64) record.setBigUint64(at, value, little);
  else {
    record.setBigUint64(at, little ? value & 0xffffffffffffffffn : value >> 64n, little);
    record.setBigUint64(at + 8, little ? value >> 64n : value & 0xffffffffffffffffn, little);
  }
}

/** The description of the harness in a folder. */
export function describe(dir: string): Description {
  return JSON.parse(readFileSync(join(dir, 'harness.json'), 'utf8')) as Description;
}

/** `r0..r31` -> its names. */
function expand(name: string | null): (string | null)[] {
  const m = name?.match(/^(\D+)(\d+)(\D*)\.\.\1(\d+)\3$/);
  if (!m) return [name];
  const first = Number(m[2]);
  return Array.from({ length: Number(m[4]) - first + 1 }, (_, k) => `${m[1]}${first + k}${m[3]}`);
}
