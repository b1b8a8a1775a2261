// The float ops in WebAssembly: bit patterns in, bit patterns out.
// In: an op of a body. Out: instructions that push its value. Must not know: targets, control.
import { Op } from '@mimic/ir';
import type { Emitter } from './emit.js';
import { W } from './opcodes.js';

/** Instruction for binary32 and binary64. */
const BINARY = new Map<number, readonly [number, number]>([
  [Op.fadd, [W.f32_add, W.f64_add]],
  [Op.fsub, [W.f32_sub, W.f64_sub]],
  [Op.fmul, [W.f32_mul, W.f64_mul]],
  [Op.fdiv, [W.f32_div, W.f64_div]],
  [Op.feq, [W.f32_eq, W.f64_eq]],
  [Op.flt, [W.f32_lt, W.f64_lt]],
  [Op.fle, [W.f32_le, W.f64_le]],
]);
const ROUND: readonly (readonly [number, number])[] = [
  [W.f32_nearest, W.f64_nearest],
  [W.f32_trunc, W.f64_trunc],
  [W.f32_ceil, W.f64_ceil],
  [W.f32_floor, W.f64_floor],
];

function toFloat(e: Emitter, id: number): void {
  e.push(id);
  e.op(e.width(id) === 64 ? W.f64_reinterpret_i64 : W.f32_reinterpret_i32);
}

function toBits(e: Emitter, width: number): void {
  e.op(width === 64 ? W.i64_reinterpret_f64 : W.i32_reinterpret_f32);
}

/** False when `op` is not a float op. `b` is the second operand or the immediate. */
export function emitFloat(e: Emitter, op: number, width: number, a: number, b: number): boolean {
  const source = e.width(a) === 64 ? 1 : 0;
  const binary = BINARY.get(op);
  if (binary) {
    toFloat(e, a);
    toFloat(e, b);
    e.op(binary[source]!);
    if (width > 1) toBits(e, width);
    return true;
  }
  switch (op) {
    case Op.fsqrt:
      toFloat(e, a);
      e.op(source ? W.f64_sqrt : W.f32_sqrt);
      toBits(e, width);
      return true;
    case Op.frint:
      toFloat(e, a);
      e.op(ROUND[b]![source]!);
      toBits(e, width);
      return true;
    case Op.fcvt:
      toFloat(e, a);
      if (width !== e.width(a)) e.op(width === 64 ? W.f64_promote_f32 : W.f32_demote_f64);
      toBits(e, width);
      return true;
    case Op.ftos:
    case Op.ftou:
      toFloat(e, a);
      e.op(W.prefix_fc, (width === 64 ? 4 : 0) + (source ? 2 : 0) + (op === Op.ftou ? 1 : 0));
      return true;
    case Op.stof:
    case Op.utof: {
      e.push(a);
      const base = width === 64 ? W.f64_convert_i32_s : W.f32_convert_i32_s;
      e.op(base + (source ? 2 : 0) + (op === Op.utof ? 1 : 0));
      toBits(e, width);
      return true;
    }
    default:
      return false;
  }
}
