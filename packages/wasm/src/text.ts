// A module's bytes -> text like WAT, for dumps: types, imports and functions, one instruction a line.
// In: bytes that ModuleBuilder made. Out: lines. Must not know: what the code does; sections that we do not emit.
import { Type, V, VOID, W } from './opcodes.js';

/** Names of one-byte instructions, as WAT spells them. */
const NAMES = new Map<number, string>(
  entries(W).map(([name, code]) => [code, name.replace(/^(i32|i64|f32|f64|local|global|memory)_/, '$1.')]),
);
const TYPES = new Map<number, string>(entries(Type).map(([name, code]) => [code, name]));
/** By number behind the prefix. */
const TRUNCATIONS = ['i32', 'i64'].flatMap((to) =>
  ['f32', 'f64'].flatMap((from) => ['s', 'u'].map((sign) => `${to}.trunc_sat_${from}_${sign}`)),
);
const VECTOR = new Map<number, string>(
  Object.entries(V).map(([name, [low, high]]) => [(low & 127) | ((high ?? 0) << 7), name.replace('_', '.')]),
);
const EXTERNAL = ['func', 'table', 'memory', 'global'];

/** Names and numbers of an enum, which holds both directions. */
function entries(e: Readonly<Record<string, string | number>>): [string, number][] {
  return Object.entries(e).filter((x): x is [string, number] => typeof x[1] === 'number');
}

/** Throws RangeError at what no module of ours holds. */
export function moduleText(bytes: Uint8Array): string {
  return new Reader(bytes).module().join('\n');
}

class Reader {
  private at = 8;
  private readonly types: string[] = [];
  private readonly funcs: string[] = [];
  private readonly out: string[] = [];

  constructor(private readonly bytes: Uint8Array) {}

  module(): string[] {
    const names = new Map<number, string>();
    const declared: number[] = [];
    while (this.at < this.bytes.length) {
      const id = this.byte();
      const end = this.u32() + this.at;
      if (id === 1) this.list(() => void this.types.push(this.type()));
      else if (id === 2) this.list(() => this.import());
      else if (id === 3) this.list(() => void declared.push(this.u32()));
      else if (id === 7)
        this.list(() => {
          const name = this.name();
          if (this.byte() === 0) names.set(this.u32(), name);
          else this.u32();
        });
      else if (id === 10) {
        const first = this.funcs.length;
        for (let k = first; k < first + declared.length; k++) this.funcs.push(names.get(k) ?? `f${k}`);
        let k = 0;
        this.list(() => {
          this.func(`(func $${this.funcs[first + k]}${this.types[declared[k]!]}`);
          k++;
        });
      }
      this.at = end;
    }
    return ['(module', ...this.out.map((line) => `  ${line}`), ')'];
  }

  private byte(): number {
    const b = this.bytes[this.at++];
    if (b === undefined) throw new RangeError(`module text: ends at ${this.at - 1}`);
    return b;
  }
  private u32(): number {
    return Number(BigInt.asUintN(32, this.leb(false)));
  }
  private leb(signed: boolean): bigint {
    let v = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const b = this.byte();
      v |= BigInt(b & 127) << shift;
      if (b & 128) continue;
      return signed && b & 64 ? v - (1n << (shift + 7n)) : v;
    }
  }
  private list(item: () => void): void {
    for (let n = this.u32(); n > 0; n--) item();
  }
  private name(): string {
    const n = this.u32();
    this.at += n;
    return String.fromCharCode(...this.bytes.subarray(this.at - n, this.at));
  }
  private valueType(): string {
    const t = this.byte();
    return TYPES.get(t) ?? `type 0x${t.toString(16)}`;
  }
  private values(kind: string): string {
    const all: string[] = [];
    this.list(() => void all.push(this.valueType()));
    return all.length ? ` (${kind} ${all.join(' ')})` : '';
  }
  private type(): string {
    this.byte();
    return this.values('param') + this.values('result');
  }

  private import(): void {
    const from = `"${this.name()}" "${this.name()}"`;
    const kind = this.byte();
    let what = EXTERNAL[kind] ?? '?';
    if (kind === 0) {
      const name = from.split('"')[3]!;
      this.funcs.push(name);
      what = `func $${name}${this.types[this.u32()]}`;
    } else {
      if (kind === 1) this.byte();
      const flags = this.byte();
      what += ` ${this.u32()}${flags & 1 ? ` ${this.u32()}` : ''}`;
    }
    this.out.push(`(import ${from} (${what}))`);
  }

  private func(head: string): void {
    const end = this.u32() + this.at;
    this.out.push(head);
    let locals = '';
    this.list(() => {
      const n = this.u32();
      locals += ` ${this.valueType()}`.repeat(n);
    });
    if (locals) this.out.push(`  (local${locals})`);
    let depth = 1;
    while (this.at < end - 1) {
      const code = this.byte();
      if (code === W.end || code === W.else) depth--;
      this.out.push('  '.repeat(depth) + this.instruction(code));
      if (code === W.block || code === W.loop || code === W.if || code === W.else) depth++;
    }
    this.at = end;
    this.out.push(')');
  }

  private instruction(code: number): string {
    if (code === W.prefix_fc) return TRUNCATIONS[this.u32()] ?? '?';
    if (code === W.prefix_fd) {
      const name = VECTOR.get(this.u32()) ?? '?';
      return name.includes('lane') ? `${name} ${this.byte()}` : name;
    }
    const name = NAMES.get(code);
    if (name === undefined) throw new RangeError(`module text: instruction 0x${code.toString(16)}`);
    switch (code) {
      case W.block:
      case W.loop:
      case W.if: {
        const t = this.byte();
        return t === VOID ? name : `${name} (result ${TYPES.get(t)})`;
      }
      case W.br:
      case W.br_if:
      case W.local_get:
      case W.local_set:
      case W.local_tee:
      case W.global_get:
      case W.global_set:
        return `${name} ${this.u32()}`;
      case W.call:
        return `${name} $${this.funcs[this.u32()]}`;
      case W.call_indirect: {
        const type = this.types[this.u32()];
        return `${name} ${this.u32()}${type}`;
      }
      case W.br_table: {
        const labels: number[] = [];
        this.list(() => void labels.push(this.u32()));
        return `${name} ${[...labels, this.u32()].join(' ')}`;
      }
      case W.i32_const:
      case W.i64_const:
        return `${name} ${this.leb(true)}`;
      default:
        if (code < W.i32_load || code > W.i64_store32) return name;
        this.u32();
        return `${name} offset=${this.u32()}`;
    }
  }
}
