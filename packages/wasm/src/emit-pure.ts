// The pure ops in WebAssembly: one case an op. Values are zero-extended in their container unless said otherwise.
// In: an op of a body. Out: instructions that push its value. Must not know: targets, control.
import { OPS, Op } from '@mimic/ir';
import type { Emitter } from './emit.js';
import { emitFloat } from './emit-float.js';
import { Type, W } from './opcodes.js';

/** i64 instructions follow their i32 ones at this distance, in two groups. */
const COMPARE64 = W.i64_eq - W.i32_eq;
const ARITHMETIC64 = W.i64_clz - W.i32_clz;

const BINARY = table([
  [Op.add, W.i32_add],
  [Op.sub, W.i32_sub],
  [Op.mul, W.i32_mul],
  [Op.and, W.i32_and],
  [Op.or, W.i32_or],
  [Op.xor, W.i32_xor],
]);
const COMPARE = table([
  [Op.eq, W.i32_eq],
  [Op.ne, W.i32_ne],
  [Op.ult, W.i32_lt_u],
  [Op.ule, W.i32_le_u],
  [Op.slt, W.i32_lt_s],
  [Op.sle, W.i32_le_s],
]);

/** By op: its instruction. */
function table(pairs: readonly (readonly [number, number])[]): readonly number[] {
  const out = new Array<number>(OPS.length).fill(0);
  for (const [op, instruction] of pairs) out[op] = instruction;
  return out;
}

/** All ones, for `width` below that of the container. */
const ones = (width: number): bigint | number => (width < 32 ? (1 << width) - 1 : (1n << BigInt(width)) - 1n);
const full = (width: number): boolean => width === 32 || width === 64;

/** Pushes value `id`. Without `clean`, the bits above `width` may be anything. */
export function emitPure(e: Emitter, id: number, op: number, width: number, clean: boolean): void {
  const { body } = e;
  const a = body.a[id]!;
  const b = body.b[id]!;
  const c = body.c[id]!;
  const wide = width > 32;
  const step = wide ? ARITHMETIC64 : 0;
  switch (op) {
    case Op.add:
    case Op.sub:
    case Op.mul:
      e.push(a, false);
      e.push(b, false);
      e.op(BINARY[op]! + step);
      if (clean) mask(e, width);
      return;
    case Op.and: {
      // One clean operand is enough.
      const constant = e.isConstant(b);
      e.push(a, clean && !constant && e.bits(a) <= e.bits(b));
      e.push(b, clean && (constant || e.bits(a) > e.bits(b)));
      e.op(W.i32_and + step);
      return;
    }
    case Op.or:
    case Op.xor:
      e.push(a, clean);
      e.push(b, clean);
      e.op(BINARY[op]! + step);
      return;
    case Op.not:
      e.push(a, clean);
      if (width === 1 && clean) e.op(W.i32_eqz);
      else {
        e.constant(width, full(width) ? -1 : ones(width));
        e.op(W.i32_xor + step);
      }
      return;
    case Op.neg:
      e.constant(width, 0);
      e.push(a, false);
      e.op(W.i32_sub + step);
      if (clean) mask(e, width);
      return;
    case Op.udiv:
    case Op.sdiv:
    case Op.urem:
    case Op.srem:
      divide(e, op, width, a, b);
      if (clean && (op === Op.sdiv || op === Op.srem)) mask(e, width);
      return;
    case Op.shl:
    case Op.shr:
    case Op.sar:
      shift(e, op, width, a, b);
      if (clean && op !== Op.shr) mask(e, width);
      return;
    case Op.rotl:
    case Op.rotr:
      rotate(e, op, width, a, b, clean);
      return;
    case Op.eq:
    case Op.ne:
    case Op.ult:
    case Op.ule:
    case Op.slt:
    case Op.sle:
      compare(e, op, a, b);
      return;
    case Op.clz:
      e.push(a);
      e.op(W.i32_clz + step);
      if (!full(width)) {
        e.constant(width, BigInt((wide ? 64 : 32) - width));
        e.op(W.i32_sub + step);
      }
      return;
    case Op.ctz:
      e.push(a);
      if (!full(width)) {
        // A bit just above stops the count at the width.
        e.constant(width, 1n << BigInt(width));
        e.op(W.i32_or + step);
      }
      e.op(W.i32_ctz + step);
      return;
    case Op.popcnt:
      e.push(a);
      e.op(W.i32_popcnt + step);
      return;
    case Op.bswap:
      swapBytes(e, a, width);
      return;
    case Op.zx:
      e.push(a);
      if (wide && e.width(a) <= 32) e.op(W.i64_extend_i32_u);
      return;
    case Op.sx: {
      const from = e.width(a);
      if (width === 32 && e.pushSignedLoad(a)) return;
      e.push(a, false);
      signExtend(e, from);
      if (wide && from <= 32) e.op(W.i64_extend_i32_s);
      if (clean) mask(e, width);
      return;
    }
    case Op.slice:
      slice(e, a, b, width, clean);
      return;
    case Op.cat:
      e.push(a, clean);
      if (wide && e.width(a) <= 32) e.op(W.i64_extend_i32_u);
      e.constant(width, e.width(b));
      e.op(W.i32_shl + step);
      e.push(b);
      if (wide && e.width(b) <= 32) e.op(W.i64_extend_i32_u);
      e.op(W.i32_or + step);
      return;
    case Op.select:
      e.push(b, clean);
      e.push(c, clean);
      e.push(a);
      e.op(W.select);
      return;
    case Op.carry:
      carry(e, a, b, c);
      return;
    case Op.rare:
      e.pushBit(a);
      return;
    case Op.undef:
      e.push(a, clean);
      return;
    default:
      if (!emitFloat(e, op, width, a, b, c)) throw new Error(`emit: ${OPS[op]!.name}`);
  }
}

/** Clears the bits above `width` of the top of the stack. */
export function mask(e: Emitter, width: number): void {
  if (full(width)) return;
  e.constant(width, ones(width));
  e.op(width > 32 ? W.i64_and : W.i32_and);
}

/** Sign-extends the top of the stack from `width` bits to its container. */
function signExtend(e: Emitter, width: number): void {
  if (full(width)) return;
  if (width === 8) e.op(W.i32_extend8_s);
  else if (width === 16) e.op(W.i32_extend16_s);
  else {
    const wide = width > 32;
    const by = (wide ? 64 : 32) - width;
    e.constant(width, by);
    e.op(wide ? W.i64_shl : W.i32_shl);
    e.constant(width, by);
    e.op(wide ? W.i64_shr_s : W.i32_shr_s);
  }
}

function compare(e: Emitter, op: number, a: number, b: number): void {
  const width = e.width(a);
  const wide = width > 32;
  if (op === Op.eq && e.isZero(b)) {
    e.push(a);
    e.op(wide ? W.i64_eqz : W.i32_eqz);
    return;
  }
  const signed = op === Op.slt || op === Op.sle;
  for (const v of [a, b]) {
    if (signed && e.isConstant(v)) e.constant(width, BigInt.asIntN(width, e.constantValue(v)));
    else {
      e.push(v, !signed);
      if (signed) signExtend(e, width);
    }
  }
  const unsignedStep = COMPARE[op]!;
  e.op(wide ? unsignedStep + COMPARE64 : unsignedStep);
}

/** Pushes amount `b` in the container of `wide`. Amounts of 2^32 and more become all ones. */
function amount(e: Emitter, b: number, wide: boolean): void {
  e.push(b);
  const from = e.width(b);
  if (wide && from <= 32) e.op(W.i64_extend_i32_u);
  else if (!wide && from > 32) {
    if (e.bits(b) <= 32) e.op(W.i32_wrap_i64);
    else {
      const local = e.tee(Type.i64);
      e.op(W.i32_wrap_i64);
      e.i32(-1);
      e.getLocal(local);
      e.i64(0xffffffffn);
      e.op(W.i64_le_u, W.select);
    }
  }
}

function shift(e: Emitter, op: number, width: number, a: number, b: number): void {
  const wide = width > 32;
  const container = wide ? 64 : 32;
  const instruction = op === Op.shl ? W.i32_shl : op === Op.shr ? W.i32_shr_u : W.i32_shr_s;
  const native = wide ? instruction + ARITHMETIC64 : instruction;
  const operand = (): void => {
    e.push(a, op === Op.shr);
    if (op === Op.sar) signExtend(e, width);
  };
  const inRange = e.bits(b) < 7 && 1 << e.bits(b) <= container;
  if (e.isConstant(b)) {
    const n = e.constantValue(b);
    if (n >= BigInt(container) && op !== Op.sar) {
      e.constant(width, 0n);
      return;
    }
    operand();
    e.constant(width, n >= BigInt(container) ? BigInt(container - 1) : n);
    e.op(native);
  } else if (inRange) {
    operand();
    amount(e, b, wide);
    e.op(native);
  } else if (op === Op.sar) {
    operand();
    amount(e, b, wide);
    const local = e.tee(wide ? Type.i64 : Type.i32);
    e.constant(width, BigInt(container - 1));
    e.getLocal(local);
    e.constant(width, BigInt(container));
    e.op(wide ? W.i64_lt_u : W.i32_lt_u, W.select, native);
  } else if (!wide && e.bits(b) <= 6) {
    // Amounts up to 63: one shift in 64 bits gives the zeros.
    e.push(a, op === Op.shr);
    e.op(W.i64_extend_i32_u);
    amount(e, b, true);
    e.op(instruction + ARITHMETIC64, W.i32_wrap_i64);
  } else {
    operand();
    amount(e, b, wide);
    const local = e.tee(wide ? Type.i64 : Type.i32);
    e.op(native);
    e.constant(width, 0n);
    e.getLocal(local);
    e.constant(width, BigInt(container));
    e.op(wide ? W.i64_lt_u : W.i32_lt_u, W.select);
  }
}

function rotate(e: Emitter, op: number, width: number, a: number, b: number, clean: boolean): void {
  const wide = width > 32;
  if (full(width)) {
    // The container's rotation takes the amount modulo its width, as the op does.
    e.push(a);
    e.push(b);
    if (wide && e.width(b) <= 32) e.op(W.i64_extend_i32_u);
    if (!wide && e.width(b) > 32) e.op(W.i32_wrap_i64);
    const instruction = op === Op.rotl ? W.i32_rotl : W.i32_rotr;
    e.op(wide ? instruction + ARITHMETIC64 : instruction);
    return;
  }
  const [shl, shr, or] = wide ? [W.i64_shl, W.i64_shr_u, W.i64_or] : [W.i32_shl, W.i32_shr_u, W.i32_or];
  const type = wide ? Type.i64 : Type.i32;
  e.push(a);
  const x = e.tee(type);
  // The amount modulo the width, in the amount's own container: a remainder by a constant.
  e.push(b);
  const from = e.width(b);
  e.constant(from, BigInt(width));
  e.op(from > 32 ? W.i64_rem_u : W.i32_rem_u);
  if (wide && from <= 32) e.op(W.i64_extend_i32_u);
  if (!wide && from > 32) e.op(W.i32_wrap_i64);
  const n = e.tee(type);
  e.op(op === Op.rotl ? shl : shr);
  e.getLocal(x);
  e.constant(width, BigInt(width));
  e.getLocal(n);
  e.op(wide ? W.i64_sub : W.i32_sub, op === Op.rotl ? shr : shl, or);
  if (clean) mask(e, width);
}

function slice(e: Emitter, a: number, at: number, width: number, clean: boolean): void {
  const from = e.width(a);
  const top = at + width === from;
  e.push(a, top && at > 0 && clean);
  if (at > 0) {
    e.constant(from, at);
    e.op(from > 32 ? W.i64_shr_u : W.i32_shr_u);
  }
  if (from > 32 && width <= 32) e.op(W.i32_wrap_i64);
  if (!clean || (top && at > 0)) return;
  // Nothing above: the operand has no more bits than are kept. Only then is it clean as it stands.
  mask(e, width);
}

function divide(e: Emitter, op: number, width: number, a: number, b: number): void {
  const wide = width > 32;
  const type = wide ? Type.i64 : Type.i32;
  const signed = op === Op.sdiv || op === Op.srem;
  const quotient = op === Op.udiv || op === Op.sdiv;
  const base = quotient ? (signed ? W.i32_div_s : W.i32_div_u) : signed ? W.i32_rem_s : W.i32_rem_u;
  const native = wide ? base + ARITHMETIC64 : base;
  const operand = (v: number): void => {
    e.push(v, !signed);
    if (signed) signExtend(e, width);
  };
  if (e.isConstant(b)) {
    const v = BigInt.asIntN(width, e.constantValue(b));
    if (v !== 0n && !(v === -1n && signed)) {
      operand(a);
      operand(b);
      e.op(native);
      return;
    }
  }
  operand(a);
  const x = e.locals.alloc(type);
  e.setLocal(x);
  operand(b);
  const y = e.tee(type);
  e.op(wide ? W.i64_eqz : W.i32_eqz);
  e.if(type);
  if (quotient) e.constant(width, 0n);
  else e.getLocal(x);
  e.else();
  if (op === Op.sdiv) {
    // The host traps on the one quotient that does not fit; negation gives it modulo 2^width.
    e.getLocal(y);
    e.constant(width, -1n);
    e.op(wide ? W.i64_eq : W.i32_eq);
    e.if(type);
    e.constant(width, 0n);
    e.getLocal(x);
    e.op(wide ? W.i64_sub : W.i32_sub);
    e.else();
  }
  e.getLocal(x);
  e.getLocal(y);
  e.op(native);
  if (op === Op.sdiv) e.end();
  e.end();
}

function carry(e: Emitter, a: number, b: number, c: number): void {
  const width = e.width(a);
  const none = e.isZero(c);
  if (width < 64) {
    // The sum fits the next larger container.
    const wide = width >= 32;
    const [add, shr] = wide ? [W.i64_add, W.i64_shr_u] : [W.i32_add, W.i32_shr_u];
    const operand = (v: number): void => (wide ? e.push64(v) : e.push(v));
    operand(a);
    operand(b);
    e.op(add);
    if (!none) {
      operand(c);
      e.op(add);
    }
    if (wide) e.i64(BigInt(width));
    else e.i32(width);
    e.op(shr);
    if (wide) e.op(W.i32_wrap_i64);
    return;
  }
  e.push(a);
  const x = e.tee(Type.i64);
  e.push(b);
  e.op(W.i64_add);
  if (none) {
    e.getLocal(x);
    e.op(W.i64_lt_u);
    return;
  }
  const sum = e.tee(Type.i64);
  e.getLocal(x);
  e.op(W.i64_lt_u);
  // a + b + 1 wraps a second time only from all ones.
  e.getLocal(sum);
  e.i64(-1n);
  e.op(W.i64_eq);
  e.push(c);
  e.op(W.i32_and, W.i32_or);
}

function swapBytes(e: Emitter, a: number, width: number): void {
  e.push(a);
  if (width === 8) return;
  if (width <= 32) {
    const x = e.tee(Type.i32);
    e.i32(8);
    e.op(W.i32_rotl);
    e.i32(0x00ff00ff);
    e.op(W.i32_and);
    e.getLocal(x);
    e.i32(8);
    e.op(W.i32_rotr);
    e.i32(0xff00ff00 | 0);
    e.op(W.i32_and, W.i32_or);
    if (width < 32) {
      e.i32(32 - width);
      e.op(W.i32_shr_u);
    }
    return;
  }
  const halves: readonly [bigint, bigint][] = [
    [8n, 0x00ff00ff00ff00ffn],
    [16n, 0x0000ffff0000ffffn],
  ];
  for (const [by, keep] of halves) {
    const x = e.tee(Type.i64);
    e.i64(keep);
    e.op(W.i64_and);
    e.i64(by);
    e.op(W.i64_shl);
    e.getLocal(x);
    e.i64(by);
    e.op(W.i64_shr_u);
    e.i64(keep);
    e.op(W.i64_and, W.i64_or);
  }
  e.i64(32n);
  e.op(W.i64_rotl);
  if (width < 64) {
    e.i64(BigInt(64 - width));
    e.op(W.i64_shr_u);
  }
}
