// What an expression of the language means while it is lowered.
// In: nothing. Out: Value, Place. Must not know: how either is made.
import type { Block, Expr, FnItem } from '../syntax/ast.js';
import type { Id } from './builder.js';

/** Something that can be read and, mostly, written: registers, their parts, memory, variables, operands. */
export interface Place {
  readonly width: number;
  /** `late`: the value so far (x'), else that at entry. Memory and variables know only the present. */
  read(late: boolean): Id;
  /** Absent: constant. */
  write?(value: Id): void;
  /** Bits [lo, lo + width) counted from the least significant. */
  slice(lo: number, width: number): Place;
  /** The operand's number, where it is one. */
  readonly index?: Id;
  /** A part by name: XER.SO. */
  part?(name: string): Value | undefined;
  /** A numbered part or bit, in the numbering of the spec: CR[i], CPSR.M[i]. */
  at?(index: Value): Place | undefined;
}

export type Value =
  /** A number without a width: takes that of its context. */
  | { readonly k: 'int'; readonly value: bigint }
  | { readonly k: 'bits'; readonly id: Id }
  /** zx or sx of id, to the width of the context. */
  | { readonly k: 'extend'; readonly id: Id; readonly signed: boolean }
  | { readonly k: 'place'; readonly place: Place }
  | { readonly k: 'tuple'; readonly items: readonly Value[] }
  /** A record's members, made when asked for: addc(...).carry. */
  | {
      readonly k: 'record';
      readonly member: (name: string) => Value | undefined;
      readonly names: readonly string[];
    }
  /** A structure in guest memory, in a hook. */
  | { readonly k: 'struct'; readonly struct: string; readonly address: Id }
  /** An array of parts: CR.cr. */
  | { readonly k: 'array'; readonly count: number; readonly at: (index: Value) => Value }
  | { readonly k: 'lambda'; readonly params: readonly string[]; readonly body: Expr | Block }
  | { readonly k: 'fn'; readonly fn: FnItem }
  | { readonly k: 'builtin'; readonly name: string }
  | { readonly k: 'namespace'; readonly name: string }
  /** Of a statement. */
  | { readonly k: 'none' };

export const NONE: Value = { k: 'none' };
export const int = (value: bigint | number): Value => ({ k: 'int', value: BigInt(value) });
export const bits = (id: Id): Value => ({ k: 'bits', id });
