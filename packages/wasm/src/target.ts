// What an emitter leaves to its surroundings: operands, state, memory, and leaving the body.
// In: nothing. Out: the interface. Must not know: any implementation.
import type { Emitter } from './emit.js';

/**
 * Each method appends code to `e.code`. Value ids are pushed by `e.push`, clean: zero-extended in an i32 up to
 * 32 bits, in an i64 up to 64. Labels: the target's own blocks lie `e.depth` levels outside.
 */
export interface Target {
  /** Pushes param `k`. */
  param(e: Emitter, k: number, width: number): void;
  /** Whether pushing a param again is as cheap as a local. */
  readonly cheapParams: boolean;
  /** Pushes the address of the instruction. */
  pc(e: Emitter, width: number): void;
  /** Pushes cell `cell` at the index that value `index` has. */
  get(e: Emitter, cell: number, index: number, width: number): void;
  set(e: Emitter, cell: number, index: number, value: number): void;
  /** Pushes `width` bits at the address that value `address` has, or leaves. `op`: the position of the load. */
  load(e: Emitter, address: number, width: number, op: number): void;
  store(e: Emitter, address: number, value: number, op: number): void;
  /** As load, sign-extended to 32 bits; false where it cannot. */
  loadSigned?(e: Emitter, address: number, width: number, op: number): boolean;
  /** Whether the cell holds a float: then `set` gets one by `e.pushFloat`. */
  floatCell?(e: Emitter, cell: number, index: number): boolean;
  /** As get and load, of 64 bits, pushing a float. */
  getFloat?(e: Emitter, cell: number, index: number): void;
  loadFloat?(e: Emitter, address: number, op: number): void;
  /** The function (i64, i64, i64) -> i64 for `fma`, or `host` where the host's instruction is fused. */
  fma(): number | 'host';
  /** Gives the instruction up. */
  leave?(e: Emitter): void;
  /** Pushes the value of host number `n`. */
  host(e: Emitter, n: number, width: number): void;
  /** Leaves; code after it is unreachable. */
  jump(e: Emitter, target: number, hint: number): void;
  trap(e: Emitter, trap: number, args: readonly number[]): void;
  return(e: Emitter, values: readonly number[]): void;
  /** Instruction `n` of the block begins. */
  mark?(e: Emitter, n: number): void;
  /** The body fell off its end. */
  finish(e: Emitter): void;
  /** Index of the WebAssembly function of function `n` of the program. */
  call(n: number): number;
  /** Widths of its results. */
  results(n: number): readonly number[];
}
