// The op table: the only place where an IR op is named and shaped.
// In: nothing. Out: OPS, Op. The meaning of each op is given once, in evaluate.ts; docs/ir.md is its prose.
// Must not know: any architecture, WebAssembly, the spec language.

/**
 * What an operand slot of an op holds.
 * `v` a value id, `i` a small integer immediate, `-` nothing.
 * `*` stands in slot a for "start in Body.extra", with the count in slot b: a list of value ids.
 */
export type OperandShape = 'v' | 'i' | '-' | '*';

/** Pure ops may be folded, shared and dropped; effects keep their order; control ops structure the list. */
export type OpKind = 'pure' | 'effect' | 'control';

export interface OpDef {
  readonly name: string;
  readonly kind: OpKind;
  /** Operands a, b, c in this order. */
  readonly shape: readonly [OperandShape, OperandShape, OperandShape];
  /**
   * The width of the result: `same` as the value operands (all equal), `bit` (1), `free` (given by the op itself),
   * `second` (all value operands but the first, and the result, are equal), `first` (like a, b is of any width), `none`.
   */
  readonly result: 'same' | 'bit' | 'free' | 'first' | 'second' | 'none';
}

/** Op numbers. The order is part of the artifact format: append, never reorder. An enum, so that bundles hold numbers. */
export enum Op {
  // Leaves. `const`: width <= 32 has its value in a (as int32), a wider one its index in Body.big.
  const,
  /** Operand number a of the template or function. */
  param,
  /** The address of the instruction. */
  pc,

  // Integer arithmetic, modulo 2^width.
  add,
  sub,
  mul,
  /** Division truncates toward zero. By zero the quotient is 0 and the remainder is a: total, like every op. */
  udiv,
  sdiv,
  urem,
  srem,
  and,
  or,
  xor,
  not,
  neg,

  // Shifts: b is an unsigned amount of any width. By the width or more: 0, or all sign bits. Rotates: modulo width.
  shl,
  shr,
  sar,
  rotl,
  rotr,

  // Comparisons.
  eq,
  ne,
  ult,
  ule,
  slt,
  sle,

  // Bits. clz and ctz of 0 give the width (reduced modulo 2^width when it does not fit).
  clz,
  ctz,
  popcnt,
  /** Reverses the bytes; the width is a multiple of 8. */
  bswap,

  // Widths. zx, sx: result at least as wide as a. slice: bits [b, b + width) of a, b immediate.
  zx,
  sx,
  slice,
  /** a is the high part, b the low part; the width is their sum. */
  cat,
  /** a (1 bit) ? b : c. */
  select,
  /** The carry out of a + b + c, where c has 1 bit. */
  carry,
  /** Identity: the architecture leaves this value undefined and this is what we produce. */
  undef,

  // IEEE 754 binary32 and binary64 on bit patterns, width 32 or 64, round to nearest even, as WebAssembly has them.
  // A NaN result has an unspecified payload: who needs one looks at the operands first.
  fadd,
  fsub,
  fmul,
  fdiv,
  fsqrt,
  feq,
  flt,
  fle,
  /** binary32 <-> binary64: the width of a gives the source format, that of the result the target. */
  fcvt,
  /** Rounds to an integral value; b: 0 nearest even, 1 toward zero, 2 up, 3 down. */
  frint,
  /** To a signed or unsigned integer of 32 or 64 bits, toward zero, saturating, NaN gives 0. */
  ftos,
  ftou,
  /** From a signed or unsigned integer of 32 or 64 bits, to nearest even. */
  stof,
  utof,

  // State. Cell a, index b; the index is unsigned, below the cell's count.
  get,
  set,
  // Mutable variables of the body, zero at entry.
  vget,
  vset,
  // Memory, in the guest's byte order; width 8, 16, 32, 64 or 128. May leave with a fault.
  load,
  store,
  /** A value from the environment, by number in the spec's host table (time base, ...). */
  host,
  /** Calls function c with the arguments extra[a, a + b). Its results are read by `result`. */
  call,
  /** Result number b of call a. */
  result,

  // Control, structured as in WebAssembly.
  if,
  else,
  loop,
  /** Ends an `if`, or goes back to the start of a `loop`. */
  end,
  /** Leaves the a-th enclosing loop, 0 being the innermost. */
  break,
  /** Leaves a function with the results extra[a, a + b). */
  return,
  /** Ends the instruction: the next one is at a. Hint b: 0 plain, 1 call, 2 return. */
  jump,
  /** Ends the instruction with trap c and the arguments extra[a, a + b). */
  trap,

  /** Instruction number a of the block begins here. Does nothing; nothing that may leave moves across it. */
  mark,

  /** Identity on one bit that is seldom 1: what depends on it may be slow. */
  rare,
  /** a * b + c rounded once, binary64 only; otherwise as the float ops above. */
  fma,
  /** Leaves a block: the instruction that it is in has done nothing yet, and is done by somebody else. */
  leave,
}

function def(kind: OpKind, shape: string, result: OpDef['result']): Omit<OpDef, 'name'> {
  const s = shape.padEnd(3, '-');
  return { kind, shape: [s[0], s[1], s[2]] as unknown as OpDef['shape'], result };
}

const table: Record<Op, Omit<OpDef, 'name'>> = {
  [Op.const]: def('pure', 'i', 'free'),
  [Op.param]: def('pure', 'i', 'free'),
  [Op.pc]: def('pure', '', 'free'),
  [Op.add]: def('pure', 'vv', 'same'),
  [Op.sub]: def('pure', 'vv', 'same'),
  [Op.mul]: def('pure', 'vv', 'same'),
  [Op.udiv]: def('pure', 'vv', 'same'),
  [Op.sdiv]: def('pure', 'vv', 'same'),
  [Op.urem]: def('pure', 'vv', 'same'),
  [Op.srem]: def('pure', 'vv', 'same'),
  [Op.and]: def('pure', 'vv', 'same'),
  [Op.or]: def('pure', 'vv', 'same'),
  [Op.xor]: def('pure', 'vv', 'same'),
  [Op.not]: def('pure', 'v', 'same'),
  [Op.neg]: def('pure', 'v', 'same'),
  [Op.shl]: def('pure', 'vv', 'first'),
  [Op.shr]: def('pure', 'vv', 'first'),
  [Op.sar]: def('pure', 'vv', 'first'),
  [Op.rotl]: def('pure', 'vv', 'first'),
  [Op.rotr]: def('pure', 'vv', 'first'),
  [Op.eq]: def('pure', 'vv', 'bit'),
  [Op.ne]: def('pure', 'vv', 'bit'),
  [Op.ult]: def('pure', 'vv', 'bit'),
  [Op.ule]: def('pure', 'vv', 'bit'),
  [Op.slt]: def('pure', 'vv', 'bit'),
  [Op.sle]: def('pure', 'vv', 'bit'),
  [Op.clz]: def('pure', 'v', 'same'),
  [Op.ctz]: def('pure', 'v', 'same'),
  [Op.popcnt]: def('pure', 'v', 'same'),
  [Op.bswap]: def('pure', 'v', 'same'),
  [Op.zx]: def('pure', 'v', 'free'),
  [Op.sx]: def('pure', 'v', 'free'),
  [Op.slice]: def('pure', 'vi', 'free'),
  [Op.cat]: def('pure', 'vv', 'free'),
  [Op.select]: def('pure', 'vvv', 'second'),
  [Op.carry]: def('pure', 'vvv', 'bit'),
  [Op.undef]: def('pure', 'v', 'same'),
  [Op.fadd]: def('pure', 'vv', 'same'),
  [Op.fsub]: def('pure', 'vv', 'same'),
  [Op.fmul]: def('pure', 'vv', 'same'),
  [Op.fdiv]: def('pure', 'vv', 'same'),
  [Op.fsqrt]: def('pure', 'v', 'same'),
  [Op.feq]: def('pure', 'vv', 'bit'),
  [Op.flt]: def('pure', 'vv', 'bit'),
  [Op.fle]: def('pure', 'vv', 'bit'),
  [Op.fcvt]: def('pure', 'v', 'free'),
  [Op.frint]: def('pure', 'vi', 'same'),
  [Op.ftos]: def('pure', 'v', 'free'),
  [Op.ftou]: def('pure', 'v', 'free'),
  [Op.stof]: def('pure', 'v', 'free'),
  [Op.utof]: def('pure', 'v', 'free'),
  [Op.get]: def('effect', 'iv', 'free'),
  [Op.set]: def('effect', 'ivv', 'none'),
  [Op.vget]: def('effect', 'i', 'free'),
  [Op.vset]: def('effect', 'iv', 'none'),
  [Op.load]: def('effect', 'v', 'free'),
  [Op.store]: def('effect', 'vv', 'none'),
  [Op.host]: def('effect', 'i', 'free'),
  [Op.call]: def('effect', '*ii', 'none'),
  [Op.result]: def('effect', 'vi', 'free'),
  [Op.if]: def('control', 'v', 'none'),
  [Op.else]: def('control', '', 'none'),
  [Op.loop]: def('control', '', 'none'),
  [Op.end]: def('control', '', 'none'),
  [Op.break]: def('control', 'i', 'none'),
  [Op.return]: def('control', '*i', 'none'),
  [Op.jump]: def('control', 'vi', 'none'),
  [Op.trap]: def('control', '*ii', 'none'),
  [Op.mark]: def('effect', 'i', 'none'),
  [Op.rare]: def('pure', 'v', 'same'),
  [Op.fma]: def('pure', 'vvv', 'same'),
  [Op.leave]: def('control', '', 'none'),
};

/** Definitions by op number. */
export const OPS: readonly OpDef[] = Object.values(table).map((d, n) => ({ name: Op[n]!, ...d }));

const SLOTS = Uint8Array.from(OPS, (d) =>
  d.shape.reduce((mask, slot, k) => (slot === 'v' ? mask | (1 << k) : mask), 0),
);

/** Which of the operands a, b, c are values, as bits 1, 2, 4. Lists do not count. */
export function operandSlots(op: number): number {
  return SLOTS[op]!;
}

/** Op number by name, for the text form. */
export const OP_BY_NAME: ReadonlyMap<string, number> = new Map(OPS.map((d, n) => [d.name, n]));

/** Hints of `jump`. */
export enum JumpHint {
  plain,
  call,
  return,
}
