// How a handler reads its operands, state and memory, and how it leaves: as an arm of the interpreter's loop, or as a
// function of its own.
// In: an emitter's requests. Out: code. Must not know: which instruction it is.
import { Perm } from '@mimic/bus';
import type { Program } from '@mimic/ir';
import type { CompiledIsa, EncodedField } from '@mimic/isa';
import { type Callables, type Emitter, type Target, Type, typeOf, VOID, W } from '@mimic/wasm';
import { type EngineLayout, ExitCode, LENGTH_AT, RECORD_SIZE } from './layout.js';
import { DISPLACED, type Handler, RAW_CONTEXT, RAW_WORD } from './record.js';
import { pushVectorWord, type ScannerFunctions } from './scanner.js';
import { NEAR } from './specialize.js';

/** What handlers share: where things are, and the functions that they call. */
export interface Surroundings {
  readonly layout: EngineLayout;
  /** Split: no value above 64 bits. */
  readonly program: Program;
  readonly traits: CompiledIsa['traits'];
  readonly callables: Callables;
  /** (address, bytes) -> 0, or 1 after noting why the access is refused. */
  readonly slowRead: number;
  readonly slowWrite: number;
  /** (address : i64, write): notes a fault beyond the 32-bit window. */
  readonly beyond: number;
  /** CompiledIsa.ignored */
  readonly ignored: number;
  /** (number) -> i64 */
  readonly host: number;
  /** Where instructions are scanned. */
  readonly scanner?: ScannerFunctions;
}

/** Where a handler stands. Levels count from the handler's body outward. */
export type Place =
  | {
      readonly kind: 'arm';
      readonly next: number;
      readonly far: number;
      readonly out: number;
      readonly leave: number;
    }
  | { readonly kind: 'function' };

/** Locals of the loop function: its params, then `count` of its own. */
export const LOOP = {
  fuel: 0,
  stop: 1,
  depth: 2,
  rec: 3,
  credit: 4,
  bias: 5,
  target: 6,
  step: 7,
  params: 3,
  count: 5,
} as const;
/** What an out-of-line handler returns when it does not go on: else the bytes of records to move on by. */
export const STATUS = { jump: 1, out: 2 } as const;

/** Pushes field `field` of the instruction; `word` pushes a word of it, by number. */
export function pushField(e: Emitter, field: EncodedField, word: (n: number) => void): void {
  let low = field.width;
  field.pieces.forEach((piece, k) => {
    low -= piece.width;
    const at = piece.at & 31;
    word(piece.at >>> 5);
    if (at) {
      e.i32(at);
      e.op(W.i32_shr_u);
    }
    if (at + piece.width < 32) {
      e.i32(2 ** piece.width - 1);
      e.op(W.i32_and);
    }
    if (low) {
      e.i32(low);
      e.op(W.i32_shl);
    }
    if (k) e.op(W.i32_or);
  });
}

type Traits = Pick<CompiledIsa, 'program' | 'traits'>;

/** Where the value of a trait lies. */
export function traitAt({ program, traits }: Traits, trait: number, layout: EngineLayout): number {
  return layout.stateBase + program.cells[traits[trait]!.cell]!.offset;
}

/** Pushes the value of a trait. */
export function pushTrait(e: Emitter, isa: Traits, trait: number, layout: EngineLayout): void {
  e.i32(0);
  e.memory(W.i32_load, traitAt(isa, trait, layout));
}

/** Pushes the host address of the `bytes` at the guest address in local `address`. */
export function pushHostAddress(e: Emitter, layout: EngineLayout, address: number, bytes: number): void {
  if (layout.reversed) e.i32(-bytes);
  e.getLocal(address);
  if (layout.reversed) e.op(W.i32_sub);
}

export class HandlerTarget implements Target {
  readonly cheapParams = false;
  private readonly fieldBase: number;

  constructor(
    private readonly s: Surroundings,
    private readonly handler: Handler,
    private readonly fields: readonly EncodedField[],
    /** Of the instruction; 0: its record holds it. */
    private readonly length: number,
    private readonly place: Place,
  ) {
    this.fieldBase = s.layout.stateBase;
  }

  param(e: Emitter, k: number): void {
    const { trait } = this.fields[k] ?? {};
    if (this.handler.raw && trait !== undefined) return pushTrait(e, this.s, trait, this.s.layout);
    if (this.handler.raw && this.fields[k]!.pieces.length === 0) {
      this.record(e);
      e.memory(W.i32_load16_u, RAW_CONTEXT);
      return;
    }
    if (this.handler.raw) {
      // Where instructions are scanned, that was done anew: see outOfLine in loop.ts.
      pushField(e, this.fields[k]!, (w) => {
        if (this.length === 0) pushVectorWord(e, this.s.layout, w);
        else {
          this.record(e);
          e.memory(W.i32_load, RAW_WORD);
        }
      });
      return;
    }
    const { kind, size, at } = this.handler.operands[k]!;
    this.record(e);
    const load =
      size === 1
        ? W.i32_load8_u
        : size === 2
          ? kind === 'near'
            ? W.i32_load16_s
            : W.i32_load16_u
          : size === 4
            ? W.i32_load
            : W.i64_load;
    e.memory(load, at);
  }

  pc(e: Emitter, width: number): void {
    if (this.place.kind === 'function') e.getLocal(1);
    else {
      e.getLocal(LOOP.rec);
      e.i32(this.s.layout.shift);
      e.op(W.i32_shr_u);
      e.getLocal(LOOP.bias);
      e.op(W.i32_add);
    }
    if (width > 32) e.op(W.i64_extend_i32_u);
  }

  get(e: Emitter, cell: number, index: number, width: number): void {
    const offset = this.cell(e, cell, index);
    e.memory(width <= 32 ? W.i32_load : W.i64_load, offset);
  }

  getFloat(e: Emitter, cell: number, index: number): void {
    e.memory(W.f64_load, this.cell(e, cell, index));
  }

  set(e: Emitter, cell: number, index: number, value: number): void {
    const offset = this.cell(e, cell, index);
    if (e.isFloat(value)) {
      e.pushFloat(value);
      e.memory(W.f64_store, offset);
      return;
    }
    e.push(value);
    e.memory(e.width(value) <= 32 ? W.i32_store : W.i64_store, offset);
  }

  /** Pushes what to add to the returned offset for the address of a cell. */
  private cell(e: Emitter, cell: number, index: number): number {
    const { offset, stride } = this.s.program.cells[cell % DISPLACED]!;
    const base = this.fieldBase + offset;
    if (e.isConstant(index)) {
      e.i32(0);
      return base + Number(e.constantValue(index)) * stride;
    }
    e.push(index);
    if (e.isParam(index) && !this.handler.raw && this.handler.operands[e.body.a[index]!]!.kind === 'cell') {
      return this.fieldBase + Math.floor(cell / DISPLACED) * stride;
    }
    if (e.width(index) > 32) e.op(W.i32_wrap_i64);
    e.i32(stride);
    e.op(W.i32_mul);
    return base;
  }

  load(e: Emitter, address: number, width: number): void {
    const bytes = width / 8;
    const a = this.address(e, address, bytes, false);
    pushHostAddress(e, this.s.layout, a, bytes);
    e.memory(
      width === 8 ? W.i32_load8_u : width === 16 ? W.i32_load16_u : width === 32 ? W.i32_load : W.i64_load,
      0,
    );
  }

  store(e: Emitter, address: number, value: number): void {
    const width = e.width(value);
    const bytes = width / 8;
    const a = this.address(e, address, bytes, true);
    pushHostAddress(e, this.s.layout, a, bytes);
    e.push(value, false);
    e.memory(
      width === 8 ? W.i32_store8 : width === 16 ? W.i32_store16 : width === 32 ? W.i32_store : W.i64_store,
      0,
    );
  }

  /** A local with the checked guest address of value `id`; leaves when the access is refused. */
  private address(e: Emitter, id: number, bytes: number, write: boolean): number {
    const { layout } = this.s;
    e.push(id);
    if (e.width(id) > 32) {
      const wide = e.tee(Type.i64);
      e.i64(0xffffffffn);
      e.op(W.i64_gt_u);
      e.if(VOID);
      if (this.s.ignored > 0) {
        e.getLocal(wide);
        for (const shift of [W.i64_shl, W.i64_shr_s]) {
          e.i64(BigInt(this.s.ignored));
          e.op(shift);
        }
        e.setLocal(wide);
        e.getLocal(wide);
        e.i64(0xffffffffn);
        e.op(W.i64_gt_u);
        e.if(VOID);
      }
      e.getLocal(wide);
      e.i32(write ? 1 : 0);
      e.op(W.call);
      e.code.u32(this.s.beyond);
      this.out(e);
      if (this.s.ignored > 0) e.end();
      e.end();
      e.getLocal(wide);
      e.op(W.i32_wrap_i64);
    }
    const a = e.tee(Type.i32);
    e.i32(12);
    e.op(W.i32_shr_u);
    e.memory(W.i32_load8_u, layout.permBase);
    e.i32(write ? Perm.WRITE_FAST : Perm.READ_FAST);
    e.op(W.i32_and, W.i32_eqz);
    e.if(VOID);
    e.getLocal(a);
    e.i32(bytes);
    e.op(W.call);
    e.code.u32(write ? this.s.slowWrite : this.s.slowRead);
    if (this.place.kind === 'arm') e.branch(W.br_if, this.place.out);
    else {
      e.if(VOID);
      this.out(e);
      e.end();
    }
    e.end();
    return a;
  }

  host(e: Emitter, n: number, width: number): void {
    pushHost(e, this.s.host, n, width);
  }

  jump(e: Emitter, target: number, hint: number): void {
    const { place } = this;
    const near = (hint & NEAR) !== 0 && !this.handler.raw;
    if (place.kind === 'function') {
      e.i32(0);
      if (near) {
        // The distance is in bytes of records.
        this.pc(e, 32);
        e.push(target);
        e.i32(this.s.layout.shift);
        e.op(W.i32_shr_s, W.i32_add, W.i64_extend_i32_u);
      } else e.push64(target);
      e.memory(W.i64_store, this.field('target'));
      e.i32(STATUS.jump);
      e.op(W.return);
    } else if (near) {
      e.push(target);
      const distance = e.tee(Type.i32);
      e.getLocal(LOOP.credit);
      e.op(W.i32_add);
      e.i32(RECORD_SIZE);
      e.op(W.i32_sub);
      e.setLocal(LOOP.credit);
      e.getLocal(LOOP.rec);
      e.getLocal(distance);
      e.op(W.i32_add);
      e.op(W.local_tee);
      e.code.u32(LOOP.rec);
      e.setLocal(distance);
      e.getLocal(LOOP.credit);
      e.getLocal(distance);
      e.op(W.i32_sub);
      e.i32(0);
      e.op(W.i32_le_s);
      e.branch(W.br_if, place.leave);
      e.branch(W.br, place.next);
    } else {
      e.push(target);
      e.setLocal(LOOP.target);
      e.branch(W.br, place.far);
    }
  }

  trap(e: Emitter, trap: number, args: readonly number[]): void {
    const { fields } = this.s.layout;
    this.store32(e, 'exit', ExitCode.trap);
    this.store32(e, 'trap', trap);
    if (this.length === 0) {
      e.i32(0);
      this.pushLength(e);
      e.memory(W.i32_store, this.field('length'));
    } else this.store32(e, 'length', this.length);
    args.forEach((v, k) => {
      e.i32(0);
      e.push64(v);
      e.memory(W.i64_store, this.fieldBase + fields.trapArgs + 8 * k);
    });
    this.out(e);
  }

  return(): never {
    throw new Error('handler: a template does not return');
  }

  finish(e: Emitter): void {
    if (this.place.kind === 'function') return this.pushStep(e);
    e.getLocal(LOOP.rec);
    this.pushStep(e);
    e.op(W.i32_add);
    e.setLocal(LOOP.rec);
    e.branch(W.br, this.place.next);
  }

  /** Pushes the bytes of records to move on by. */
  private pushStep(e: Emitter): void {
    const { shift } = this.s.layout;
    if (this.length !== 0) {
      e.i32(this.length << shift);
      return;
    }
    this.pushLength(e);
    e.i32(shift);
    e.op(W.i32_shl);
  }

  /** Pushes the length that the record holds. */
  private pushLength(e: Emitter): void {
    this.record(e);
    e.memory(W.i32_load8_u, LENGTH_AT);
  }

  call(n: number): number {
    return this.s.callables.index(n);
  }

  results(n: number): readonly number[] {
    return this.s.callables.results(n);
  }

  fma(): number | 'host' {
    return this.s.callables.fma();
  }

  private record(e: Emitter): void {
    e.getLocal(this.place.kind === 'arm' ? LOOP.rec : 0);
  }

  /** Leaves with the exit code in the state block. */
  private out(e: Emitter): void {
    if (this.place.kind === 'arm') e.branch(W.br, this.place.out);
    else {
      e.i32(STATUS.out);
      e.op(W.return);
    }
  }

  private field(name: keyof EngineLayout['fields']): number {
    return this.fieldBase + this.s.layout.fields[name];
  }

  private store32(e: Emitter, name: keyof EngineLayout['fields'], value: number): void {
    e.i32(0);
    e.i32(value);
    e.memory(W.i32_store, this.field(name));
  }
}

/** The type of the loop's target local. */
export function targetType(program: Program): number {
  return typeOf(program.word);
}

/** Pushes what the host gives for question `n`, in `width` bits (1 to 64); `host`: the function to ask. */
export function pushHost(e: Emitter, host: number, n: number, width: number): void {
  e.i32(n);
  e.op(W.call);
  e.code.u32(host);
  if (width <= 32) e.op(W.i32_wrap_i64);
  if (width < 32) {
    e.i32(2 ** width - 1);
    e.op(W.i32_and);
  } else if (width > 32 && width < 64) {
    e.i64((1n << BigInt(width)) - 1n);
    e.op(W.i64_and);
  }
}
