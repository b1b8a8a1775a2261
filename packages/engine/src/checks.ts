// The exact permission checks, taken when the one-byte test of the fast path fails.
// In: the layout. Out: functions in a module. Must not know: instructions.
import { Perm } from '@mimic/bus';
import { type ModuleBuilder, Type, VOID, W } from '@mimic/wasm';
import { Assembler } from './assembler.js';
import { type EngineLayout, ExitCode } from './layout.js';

/** Signature (address, bytes) -> 0 when the access may go on, else 1 with the reason in the engine's fields. */
export function slowCheck(module: ModuleBuilder, layout: EngineLayout, write: boolean): number {
  const index = module.func({ params: [Type.i32, Type.i32], results: [Type.i32] });
  const need = write ? Perm.W : Perm.R;
  const field = (offset: number): number => layout.stateBase + offset;
  const [address, bytes, last] = [0, 1, 2];
  const a = new Assembler();
  const perm = (local: number): void => {
    a.get(local).i32(12).op(W.i32_shr_u).memory(W.i32_load8_u, layout.permBase);
  };
  const fault = (where: () => void): void => {
    a.i32(0);
    where();
    a.op(W.i64_extend_i32_u).memory(W.i64_store, field(layout.fields.faultAddress));
    a.i32(0)
      .i32(write ? 1 : 0)
      .memory(W.i32_store, field(layout.fields.faultWrite));
    a.i32(0).i32(ExitCode.fault).memory(W.i32_store, field(layout.fields.exit));
    a.i32(1).op(W.return);
  };
  a.get(address).get(bytes).op(W.i32_add).i32(1).op(W.i32_sub).set(last);
  perm(address);
  a.i32(need).op(W.i32_and, W.i32_eqz).open(W.if, VOID);
  fault(() => a.get(address));
  a.end();
  perm(last);
  a.i32(need).op(W.i32_and, W.i32_eqz).open(W.if, VOID);
  fault(() => a.get(last).i32(-4096).op(W.i32_and));
  a.end();
  if (write) {
    perm(address);
    perm(last);
    a.op(W.i32_or).i32(Perm.CODE).op(W.i32_and).open(W.if, VOID);
    a.i32(0).get(address).op(W.i64_extend_i32_u).memory(W.i64_store, field(layout.fields.faultAddress));
    a.i32(0).i32(ExitCode.codeWrite).memory(W.i32_store, field(layout.fields.exit));
    a.i32(1).op(W.return);
    a.end();
  }
  a.i32(0);
  module.define(index, { locals: [Type.i32], code: a.code });
  return index;
}

/** Signature (address : i64, write) -> nothing: notes a fault at an address beyond the window. */
export function beyondWindow(module: ModuleBuilder, layout: EngineLayout): number {
  const index = module.func({ params: [Type.i64, Type.i32], results: [] });
  const field = (offset: number): number => layout.stateBase + offset;
  const a = new Assembler();
  a.i32(0).get(0).memory(W.i64_store, field(layout.fields.faultAddress));
  a.i32(0).get(1).memory(W.i32_store, field(layout.fields.faultWrite));
  a.i32(0).i32(ExitCode.fault).memory(W.i32_store, field(layout.fields.exit));
  module.define(index, { locals: [], code: a.code });
  return index;
}
