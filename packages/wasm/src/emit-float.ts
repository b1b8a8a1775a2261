// The float ops in WebAssembly: bit patterns or floats in, bit patterns or floats out.
// In: an op of a body. Out: instructions that push its value. Must not know: targets, control.
import { Op } from '@mimic/ir';
import type { Emitter } from './emit.js';
import { V, W } from './opcodes.js';

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

/** Takes the float on the stack as a bit pattern of `width` bits. */
export function toBits(e: Emitter, width: number): void {
  e.op(width === 64 ? W.i64_reinterpret_f64 : W.i32_reinterpret_f32);
}

/** Takes the bit pattern of `width` bits on the stack as a float. */
export function fromBits(e: Emitter, width: number): void {
  e.op(width === 64 ? W.f64_reinterpret_i64 : W.f32_reinterpret_i32);
}

/**
 * False when `op` is not a float op. `b` is the second operand or the immediate. A float result is pushed as its bit
 * pattern, or as it is with `asFloat`.
 */
export function emitFloat(
  e: Emitter,
  op: number,
  width: number,
  a: number,
  b: number,
  c: number,
  asFloat = false,
): boolean {
  const source = e.width(a) === 64 ? 1 : 0;
  const binary = BINARY.get(op);
  if (binary) {
    e.pushFloat(a);
    e.pushFloat(b);
    e.op(binary[source]!);
    if (width > 1 && !asFloat) toBits(e, width);
    return true;
  }
  switch (op) {
    case Op.fma:
      multiplyAdd(e, a, b, c, asFloat);
      return true;
    case Op.fsqrt:
      e.pushFloat(a);
      e.op(source ? W.f64_sqrt : W.f32_sqrt);
      break;
    case Op.frint:
      e.pushFloat(a);
      e.op(ROUND[b]![source]!);
      break;
    case Op.fcvt:
      e.pushFloat(a);
      if (width !== e.width(a)) e.op(width === 64 ? W.f64_promote_f32 : W.f32_demote_f64);
      break;
    case Op.ftos:
    case Op.ftou:
      e.pushFloat(a);
      e.op(W.prefix_fc, (width === 64 ? 4 : 0) + (source ? 2 : 0) + (op === Op.ftou ? 1 : 0));
      return true;
    case Op.stof:
    case Op.utof: {
      e.push(a);
      const base = width === 64 ? W.f64_convert_i32_s : W.f32_convert_i32_s;
      e.op(base + (source ? 2 : 0) + (op === Op.utof ? 1 : 0));
      break;
    }
    default:
      return false;
  }
  if (!asFloat) toBits(e, width);
  return true;
}

/** By the host's instruction, which takes vectors, or by the target's function. */
function multiplyAdd(e: Emitter, a: number, b: number, c: number, asFloat: boolean): void {
  const func = e.target.fma();
  if (func === 'host') {
    for (const v of [a, b, c]) {
      e.pushFloat(v);
      vector(e, V.f64x2_splat);
    }
    vector(e, V.f64x2_relaxed_madd);
    vector(e, V.f64x2_extract_lane);
    e.op(0);
    if (!asFloat) toBits(e, 64);
    return;
  }
  for (const v of [a, b, c]) e.push(v);
  e.op(W.call);
  e.code.u32(func);
  if (asFloat) fromBits(e, 64);
}

function vector(e: Emitter, instruction: readonly number[]): void {
  e.op(W.prefix_fd);
  for (const byte of instruction) e.op(byte);
}
