// The compiled spec: what the engine, the disassembler and the OS layer read. Plain data, serialisable.
// In: nothing. Out: types. Made by compile.ts, stored by artifact.ts. Must not know: the grammar or the AST.
import type { Body, Program } from '@mimic/ir';
import type { HookName, LinuxAbi } from './abi/model.js';
import type { Scan } from './scan.js';

/**
 * A field of an encoding: its pieces, most significant first. `at` counts from the least significant bit of the word,
 * or of the vector where instructions are scanned; no piece crosses a word of it. A field without pieces is a trait, or the context:
 * see CompiledIsa.
 */
export interface EncodedField {
  readonly name: string;
  readonly width: number;
  readonly pieces: readonly { readonly at: number; readonly width: number }[];
  /** Number of the trait that it is: then it has no pieces. */
  readonly trait?: number;
}

/** One instruction: an encoding and its semantics. */
export interface Insn {
  /** The manual's name, with the suffix placeholders dropped: `addc`, `rlwinm`. Unique. */
  readonly name: string;
  /** Bytes: 4, or 2 for a 16-bit encoding. 0 where the length varies: a field holds it. */
  readonly length: number;
  /** Bytes of immediates, where instructions are scanned. */
  readonly immediates?: number;
  /** A word w (of a scanned instruction: the key) matches when (w & mask) == value (both unsigned) and `where`, if there, gives 1. */
  readonly mask: number;
  readonly value: number;
  readonly fields: readonly EncodedField[];
  /** Numbers of the traits that a model must have for the instruction to be there. */
  readonly needs?: readonly number[];
  /** A pure body over the fields as params, ending in `return` of one bit. */
  readonly where?: Body;
  /**
   * The semantics: `param k` is field k, `pc` the instruction's address. Falling off the end goes on with the next
   * instruction. Register writes stand where they take effect (entry-value semantics is already resolved): whatever
   * faults or traps comes before every `set` that it must not follow, so leaving at any load, store or trap is precise.
   */
  readonly template: Body;
  /** It writes the register that is the context where that is 0. What it writes is decided by the encoding. */
  readonly context?: boolean;
  /** Line of the spec, for messages: `NAME/branch.isa:41`. */
  readonly source: string;
}

/** Decision tree over the instruction word and its address; nodes by index, the root is 0. */
export type DecodeNode =
  /** Looks at bits [at, at + width) of the address, which are a mode. */
  | { readonly kind: 'mode'; readonly at: number; readonly width: number; readonly next: readonly number[] }
  /** Looks at bits [at, at + width) of the word; next[i] is a node index or -1: undecodable. */
  | { readonly kind: 'switch'; readonly at: number; readonly width: number; readonly next: readonly number[] }
  /** Instruction indices to try in this order: mask, value and `where`. */
  | { readonly kind: 'leaf'; readonly insns: readonly number[] };

/** An architectural register as debuggers and traces name it. Bodies run on the state alone. */
export interface Register {
  readonly name: string;
  readonly width: number;
  /** Ends in `return` of the value. */
  readonly read: Body;
  /** param 0 is the value. Absent where the register is constant. */
  readonly write?: Body;
  /** It has no cell of its own. */
  readonly computed?: boolean;
}

/** What models of a processor may differ in. Its value lies in a cell, too; an instruction takes it as a param. */
export interface Trait {
  readonly name: string;
  readonly width: number;
  readonly cell: number;
}

/** A model of a processor. */
export interface Model {
  /** The first is the one to print. */
  readonly names: readonly string[];
  /** By number of the trait, unsigned. */
  readonly values: readonly number[];
  /** Its auxiliary vector, where there is an ABI. */
  readonly auxv?: Readonly<Record<string, bigint | string>>;
}

/** A hook of the ABI; params and results are in `params` and `results` of the function, all `word` wide. */
export interface Hook {
  readonly params: readonly number[];
  readonly body: Body;
}

export interface CompiledIsa {
  readonly name: string;
  readonly title: string;
  readonly endian: 'big' | 'little';
  /** Width of addresses and of `pc`. */
  readonly word: 32 | 64;
  /** Alignment of instructions and the smallest length, bytes. */
  readonly unit: 1 | 2 | 4;
  /** Bits of code addresses, as jumps and `pc` have them, that are a mode and no part of where the instruction lies. */
  readonly modeMask: number;
  /**
   * The register whose value decoding looks at, besides the word and its address. An address has always the same value
   * there, and what a jump leads to has 0.
   */
  readonly context?: { readonly cell: number; readonly width: number };
  /** Where instructions are made of bytes: how to find their parts. Then `unit` is 1. */
  readonly scan?: Scan;
  /** Upper bits of a data address that do not count: the next one below stands for them. */
  readonly ignored?: number;
  readonly program: Program;
  readonly traits: readonly Trait[];
  /** The first is the one that a program gets; the last has everything. */
  readonly models: readonly Model[];
  /** The model whose instructions decode: the last of `models`, unless another was chosen by `inModel`. */
  readonly model: Model;
  /** Bytes of the state block that cells take. The engine puts its own fields after them. */
  readonly stateSize: number;
  readonly insns: readonly Insn[];
  readonly decode: readonly DecodeNode[];
  readonly registers: readonly Register[];
  readonly abi?: LinuxAbi;
  /** Hook bodies may load and store guest memory and read and write cells; results by `return`. */
  readonly hooks: Readonly<Partial<Record<HookName, Hook>>>;
  /** What is particular about its listings: code is shown as words; a blank stands behind a comma. */
  readonly listing?: { readonly words: boolean; readonly spaced: boolean };
  /** Assembly text: see disassemble.ts. */
  readonly assembly: unknown;
}
