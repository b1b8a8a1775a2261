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

const table: OpDef[] = [];
function def(name: string, kind: OpKind, shape: string, result: OpDef['result']): number {
  const s = shape.padEnd(3, '-');
  table.push({ name, kind, shape: [s[0], s[1], s[2]] as unknown as OpDef['shape'], result });
  return table.length - 1;
}

/** Op numbers. The order is part of the artifact format: append, never reorder. */
export const Op = {
  // Leaves. `const`: width <= 32 has its value in a (as int32), a wider one its index in Body.big.
  const: def('const', 'pure', 'i', 'free'),
  /** Operand number a of the template or function. */
  param: def('param', 'pure', 'i', 'free'),
  /** The address of the instruction. */
  pc: def('pc', 'pure', '', 'free'),

  // Integer arithmetic, modulo 2^width.
  add: def('add', 'pure', 'vv', 'same'),
  sub: def('sub', 'pure', 'vv', 'same'),
  mul: def('mul', 'pure', 'vv', 'same'),
  /** Division truncates toward zero. By zero the quotient is 0 and the remainder is a: total, like every op. */
  udiv: def('udiv', 'pure', 'vv', 'same'),
  sdiv: def('sdiv', 'pure', 'vv', 'same'),
  urem: def('urem', 'pure', 'vv', 'same'),
  srem: def('srem', 'pure', 'vv', 'same'),
  and: def('and', 'pure', 'vv', 'same'),
  or: def('or', 'pure', 'vv', 'same'),
  xor: def('xor', 'pure', 'vv', 'same'),
  not: def('not', 'pure', 'v', 'same'),
  neg: def('neg', 'pure', 'v', 'same'),

  // Shifts: b is an unsigned amount of any width. By the width or more: 0, or all sign bits. Rotates: modulo width.
  shl: def('shl', 'pure', 'vv', 'first'),
  shr: def('shr', 'pure', 'vv', 'first'),
  sar: def('sar', 'pure', 'vv', 'first'),
  rotl: def('rotl', 'pure', 'vv', 'first'),
  rotr: def('rotr', 'pure', 'vv', 'first'),

  // Comparisons.
  eq: def('eq', 'pure', 'vv', 'bit'),
  ne: def('ne', 'pure', 'vv', 'bit'),
  ult: def('ult', 'pure', 'vv', 'bit'),
  ule: def('ule', 'pure', 'vv', 'bit'),
  slt: def('slt', 'pure', 'vv', 'bit'),
  sle: def('sle', 'pure', 'vv', 'bit'),

  // Bits. clz and ctz of 0 give the width (reduced modulo 2^width when it does not fit).
  clz: def('clz', 'pure', 'v', 'same'),
  ctz: def('ctz', 'pure', 'v', 'same'),
  popcnt: def('popcnt', 'pure', 'v', 'same'),
  /** Reverses the bytes; the width is a multiple of 8. */
  bswap: def('bswap', 'pure', 'v', 'same'),

  // Widths. zx, sx: result at least as wide as a. slice: bits [b, b + width) of a, b immediate.
  zx: def('zx', 'pure', 'v', 'free'),
  sx: def('sx', 'pure', 'v', 'free'),
  slice: def('slice', 'pure', 'vi', 'free'),
  /** a is the high part, b the low part; the width is their sum. */
  cat: def('cat', 'pure', 'vv', 'free'),
  /** a (1 bit) ? b : c. */
  select: def('select', 'pure', 'vvv', 'second'),
  /** The carry out of a + b + c, where c has 1 bit. */
  carry: def('carry', 'pure', 'vvv', 'bit'),
  /** Identity: the architecture leaves this value undefined and this is what we produce. */
  undef: def('undef', 'pure', 'v', 'same'),

  // IEEE 754 binary32 and binary64 on bit patterns, width 32 or 64, round to nearest even, as WebAssembly has them.
  // A NaN result has an unspecified payload: who needs one looks at the operands first.
  fadd: def('fadd', 'pure', 'vv', 'same'),
  fsub: def('fsub', 'pure', 'vv', 'same'),
  fmul: def('fmul', 'pure', 'vv', 'same'),
  fdiv: def('fdiv', 'pure', 'vv', 'same'),
  fsqrt: def('fsqrt', 'pure', 'v', 'same'),
  feq: def('feq', 'pure', 'vv', 'bit'),
  flt: def('flt', 'pure', 'vv', 'bit'),
  fle: def('fle', 'pure', 'vv', 'bit'),
  /** binary32 <-> binary64: the width of a gives the source format, that of the result the target. */
  fcvt: def('fcvt', 'pure', 'v', 'free'),
  /** Rounds to an integral value; b: 0 nearest even, 1 toward zero, 2 up, 3 down. */
  frint: def('frint', 'pure', 'vi', 'same'),
  /** To a signed or unsigned integer of 32 or 64 bits, toward zero, saturating, NaN gives 0. */
  ftos: def('ftos', 'pure', 'v', 'free'),
  ftou: def('ftou', 'pure', 'v', 'free'),
  /** From a signed or unsigned integer of 32 or 64 bits, to nearest even. */
  stof: def('stof', 'pure', 'v', 'free'),
  utof: def('utof', 'pure', 'v', 'free'),

  // State. Cell a, index b; the index is unsigned, below the cell's count.
  get: def('get', 'effect', 'iv', 'free'),
  set: def('set', 'effect', 'ivv', 'none'),
  // Mutable variables of the body, zero at entry.
  vget: def('vget', 'effect', 'i', 'free'),
  vset: def('vset', 'effect', 'iv', 'none'),
  // Memory, in the guest's byte order; width 8, 16, 32, 64 or 128. May leave with a fault.
  load: def('load', 'effect', 'v', 'free'),
  store: def('store', 'effect', 'vv', 'none'),
  /** A value from the environment, by number in the spec's host table (time base, ...). */
  host: def('host', 'effect', 'i', 'free'),
  /** Calls function c with the arguments extra[a, a + b). Its results are read by `result`. */
  call: def('call', 'effect', '*ii', 'none'),
  /** Result number b of call a. */
  result: def('result', 'effect', 'vi', 'free'),

  // Control, structured as in WebAssembly.
  if: def('if', 'control', 'v', 'none'),
  else: def('else', 'control', '', 'none'),
  loop: def('loop', 'control', '', 'none'),
  /** Ends an `if`, or goes back to the start of a `loop`. */
  end: def('end', 'control', '', 'none'),
  /** Leaves the a-th enclosing loop, 0 being the innermost. */
  break: def('break', 'control', 'i', 'none'),
  /** Leaves a function with the results extra[a, a + b). */
  return: def('return', 'control', '*i', 'none'),
  /** Ends the instruction: the next one is at a. Hint b: 0 plain, 1 call, 2 return. */
  jump: def('jump', 'control', 'vi', 'none'),
  /** Ends the instruction with trap c and the arguments extra[a, a + b). */
  trap: def('trap', 'control', '*ii', 'none'),

  /** Instruction number a of the block begins here. Does nothing; nothing that may leave moves across it. */
  mark: def('mark', 'effect', 'i', 'none'),
} as const;

/** Definitions by op number. */
export const OPS: readonly OpDef[] = table;

/** Op number by name, for the text form. */
export const OP_BY_NAME: ReadonlyMap<string, number> = new Map(table.map((d, i) => [d.name, i]));

/** Hints of `jump`. */
export const JumpHint = { plain: 0, call: 1, return: 2 } as const;
