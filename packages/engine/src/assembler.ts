// Hand-written WebAssembly of the interpreter's own: a thin layer over Code.
// In: instructions. Out: a Code. Must not know: guests.
import { Code, W } from '@mimic/wasm';

/** Appends instructions; every method returns `this`, so that a sequence reads as a line. */
export class Assembler {
  readonly code = new Code();

  op(...codes: number[]): this {
    for (const c of codes) this.code.byte(c);
    return this;
  }
  get(local: number): this {
    this.code.byte(W.local_get);
    this.code.u32(local);
    return this;
  }
  set(local: number): this {
    this.code.byte(W.local_set);
    this.code.u32(local);
    return this;
  }
  tee(local: number): this {
    this.code.byte(W.local_tee);
    this.code.u32(local);
    return this;
  }
  i32(value: number): this {
    this.code.byte(W.i32_const);
    this.code.s32(value);
    return this;
  }
  i64(value: bigint): this {
    this.code.byte(W.i64_const);
    this.code.s64(value);
    return this;
  }
  memory(instruction: number, offset: number): this {
    this.code.byte(instruction);
    this.code.byte(0);
    this.code.u32(offset);
    return this;
  }
  /** block, loop or if of type `type`. */
  open(instruction: number, type: number): this {
    return this.op(instruction, type);
  }
  end(): this {
    return this.op(W.end);
  }
  br(label: number, instruction: number = W.br): this {
    this.code.byte(instruction);
    this.code.u32(label);
    return this;
  }
  call(func: number): this {
    this.code.byte(W.call);
    this.code.u32(func);
    return this;
  }
}
