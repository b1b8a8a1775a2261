// The syntax tree of a spec. Every node carries its span.
// In: nothing. Out: types. Must not know: what names mean.
import type { Span } from './source.js';

interface Node {
  readonly span: Span;
}

// ---- expressions

export type Expr =
  | (Node & { readonly t: 'num'; readonly value: bigint /** of a 0b literal */; readonly width?: number })
  | (Node & { readonly t: 'str'; readonly value: string })
  | (Node & { readonly t: 'name'; readonly name: string })
  | (Node & { readonly t: 'index'; readonly base: Expr; readonly items: readonly Slicer[] })
  | (Node & { readonly t: 'member'; readonly base: Expr; readonly name: string })
  | (Node & { readonly t: 'call'; readonly fn: Expr; readonly args: readonly Arg[] })
  | (Node & { readonly t: 'prime'; readonly base: Expr })
  | (Node & { readonly t: 'unary'; readonly op: string; readonly arg: Expr })
  | (Node & { readonly t: 'binary'; readonly op: string; readonly left: Expr; readonly right: Expr })
  | (Node & { readonly t: 'cond'; readonly test: Expr; readonly then: Expr; readonly else: Expr })
  | (Node & { readonly t: 'tuple'; readonly items: readonly Expr[] })
  | (Node & { readonly t: 'list'; readonly items: readonly Range[] })
  | (Node & { readonly t: 'lambda'; readonly params: readonly string[]; readonly body: Expr | Block })
  | MatchExpr;

export type MatchExpr = Node & {
  readonly t: 'match';
  readonly subject: Expr;
  readonly arms: readonly MatchArm[];
};

export interface Slicer {
  readonly first: Expr;
  /** Absent for a single index. */
  readonly last?: Expr;
}
export interface Range {
  readonly first: Expr;
  readonly last?: Expr;
}
export interface Arg extends Node {
  readonly name?: string;
  readonly value: Expr;
}
export interface MatchArm extends Node {
  /** `_` is a name pattern. */
  readonly patterns: readonly Range[];
  readonly body: Block;
}

// ---- statements

export interface Block extends Node {
  readonly stmts: readonly Stmt[];
}

export type Stmt =
  | (Node & {
      readonly t: 'let';
      readonly mutable: boolean;
      readonly names: readonly string[];
      readonly type?: Type;
      readonly value: Expr;
    })
  | (Node & {
      readonly t: 'assign';
      readonly targets: readonly Expr[];
      readonly op: string;
      readonly value: Expr;
    })
  | (Node & { readonly t: 'if'; readonly test: Expr; readonly then: Block; readonly else?: Block })
  | (Node & {
      readonly t: 'for';
      readonly name: string;
      readonly first: Expr;
      readonly last?: Expr;
      readonly body: Block;
    })
  | (Node & { readonly t: 'repeat'; readonly test?: Expr; readonly body: Block })
  | (Node & {
      readonly t: 'goto';
      readonly target: Expr;
      readonly kinds: readonly string[];
      readonly when?: Expr;
    })
  | (Node & {
      readonly t: 'trap';
      readonly name: string;
      readonly args: readonly Arg[];
      readonly after: boolean;
      readonly when?: Expr;
    })
  | (Node & { readonly t: 'return'; readonly value: Expr; readonly when?: Expr })
  /** What follows, in a decoder the instruction too, happens only if the condition holds. */
  | (Node & { readonly t: 'guard'; readonly test: Expr })
  | (Node & { readonly t: 'simple'; readonly word: string; readonly when?: Expr })
  | (Node & { readonly t: 'atomic'; readonly body: Block })
  | (Node & { readonly t: 'expr'; readonly value: Expr });

// ---- types and parameters

/** `: 32`, `: word`, `: GPR`, `: bits(osz)`, `: s(16)`. */
export type Type = Node & { readonly name?: string; readonly width?: number; readonly arg?: Expr };
export type Param = Node & { readonly name: string; readonly ref: boolean; readonly type?: Type };

// ---- encodings

export type Cell = Node &
  (
    | { readonly t: 'fixed'; readonly value: bigint; readonly width: number }
    | { readonly t: 'bits'; readonly bits: string }
    | { readonly t: 'field'; readonly name: string; readonly width?: number }
    | { readonly t: 'piece'; readonly name: string; readonly first: number; readonly last: number }
    /** A field that must have this value. */
    | { readonly t: 'equals'; readonly name: string; readonly value: bigint; readonly width: number }
  );
export type EncPart = Node &
  (
    | { readonly t: 'box'; readonly cells: readonly Cell[] }
    | { readonly t: 'form'; readonly name: string; readonly args: readonly Expr[] }
    /** A byte of code; `plus`: a number to add, or a field in its low three bits. */
    | { readonly t: 'byte'; readonly value: number; readonly plus?: Expr }
    /** The byte of operands follows: `/r`, `/2`. */
    | { readonly t: 'slash'; readonly what: string }
    /** None of the mandatory prefixes. */
    | { readonly t: 'np' }
    | ({ readonly t: 'require' } & Require)
  );
/** A field of the bytes before the operands that must have this value. */
export type Require = Node & { readonly name: string; readonly value: number };
export type Encoding = readonly EncPart[];

export type Attr =
  | (Node & {
      readonly t: 'at' | 'where' | 'over';
      readonly name: string;
      readonly args: readonly Expr[];
    })
  | (Node & { readonly t: 'needs'; readonly names: readonly string[] });
export interface Bind extends Node {
  readonly target: Expr;
  readonly value: Expr;
}

// ---- items

export interface SubField extends Node {
  readonly name: string;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly fields: readonly SubField[];
}
export interface RegName {
  readonly first: string;
  readonly last?: string;
}
export interface ShapeRow extends Node {
  readonly text: string;
  readonly when?: Expr;
  readonly value: Expr;
  readonly set?: { readonly name: string; readonly body: Block };
}
export interface BankRow extends Node {
  readonly first: bigint;
  readonly last: bigint;
  readonly name: string;
  readonly count: number;
  readonly type?: Type;
  readonly attrs: readonly string[];
  readonly value?: Expr;
  readonly set?: { readonly name: string; readonly body: Block };
}
export interface FamilyItem {
  readonly name: string;
  readonly values: readonly (bigint | string)[];
}
/** What stands in a `opcodes` item. */
export type BytesRow = Node &
  (
    | {
        readonly t: 'prefix';
        readonly name: string;
        readonly width: number;
        readonly strict: boolean;
        readonly bytes: readonly { readonly byte: number; readonly value: number }[];
      }
    | { readonly t: 'last'; readonly name: string; readonly cells: readonly Cell[] }
    | { readonly t: 'mandatory'; readonly names: readonly string[] }
    | { readonly t: 'map'; readonly value: number; readonly bytes: readonly number[] }
    | { readonly t: 'operands'; readonly cells: readonly Cell[] }
    | { readonly t: 'more'; readonly cells: readonly Cell[]; readonly when?: Expr }
    | { readonly t: 'displacement'; readonly name: string; readonly width: number; readonly when?: Expr }
  );
export type BytesItem = Node & { readonly t: 'bytes'; readonly rows: readonly BytesRow[] };
/** A number that widths may depend on, chosen by fields. */
export type SizesItem = Node & {
  readonly t: 'sizes';
  readonly name: string;
  readonly rows: readonly { readonly value: number; readonly when: readonly Require[] }[];
};
/** Assembly text as written after `insn` or `alias`. */
export interface Asm extends Node {
  readonly text: string;
}

export type TestItem = Node & {
  readonly t: 'test';
  readonly code: string;
  readonly asm?: string;
  readonly inputs: readonly Bind[];
  readonly outputs: readonly Bind[];
  readonly trap?: { readonly name: string; readonly args: readonly Arg[] };
  /** Of constants: the test is of those architectures for which it holds. */
  readonly when?: Expr;
};

export type InsnItem = Node & {
  readonly t: 'insn';
  readonly asm: Asm;
  readonly encoding: Encoding;
  readonly attrs: readonly Attr[];
  readonly body: Block;
};

export type FnItem = Node & {
  readonly t: 'fn';
  readonly name: string;
  readonly params: readonly Param[];
  readonly results: readonly Type[];
  readonly outline: boolean;
  readonly body: Block;
};

/** A model of the processor: its names, the model that it is derived from, values of traits and of the auxiliary vector. */
export type CpuItem = Node & {
  readonly t: 'cpu';
  readonly names: readonly string[];
  readonly base?: string;
  readonly rows: readonly Bind[];
};

/** A way of reading code. Without anything but names it says that what follows in its file belongs to these. */
export type DecoderItem = Node & {
  readonly t: 'decoder';
  readonly names: readonly string[];
  /** Over modes: when code is read so. */
  readonly when?: Expr;
  /** Bits of a unit where encodings put the first unit leftmost. */
  readonly unit?: number;
  /** Which words are its own. */
  readonly box?: Encoding;
  /** Goes around each instruction. */
  readonly body?: Block;
};

export type Item =
  | (Node & { readonly t: 'mode'; readonly name: string; readonly type: Type; readonly value: Expr })
  | DecoderItem
  | (Node & { readonly t: 'trait'; readonly names: readonly string[]; readonly type: Type })
  | CpuItem
  /** What the tests in the rest of its file start from. */
  | (Node & { readonly t: 'given'; readonly binds: readonly Bind[] })
  /** What follows in its file is only there in models with these traits. */
  | (Node & { readonly t: 'needs'; readonly names: readonly string[] })
  | (Node & { readonly t: 'arch'; readonly name: string; readonly props: ReadonlyMap<string, string> })
  | (Node & { readonly t: 'use'; readonly path: string })
  | (Node & { readonly t: 'const'; readonly name: string; readonly value: Expr })
  | (Node & {
      readonly t: 'reg';
      readonly names: readonly string[];
      readonly type: Type;
      readonly split: boolean;
      readonly hidden: boolean;
      /** Of a register that is computed: its value, and what writing it does. */
      readonly computed?: {
        readonly value: Expr;
        readonly set: { readonly name: string; readonly body: Block };
      };
      readonly fields: readonly SubField[];
    })
  | (Node & {
      readonly t: 'file';
      readonly name: string;
      readonly count: Expr;
      readonly type: Type;
      readonly hidden: boolean;
      /** Its last register reads 0 and keeps nothing. */
      readonly zero: boolean;
      readonly names: readonly RegName[];
    })
  | (Node & {
      readonly t: 'view';
      readonly name: string;
      readonly count: number;
      readonly names: readonly RegName[];
      readonly index: string;
      readonly value: Expr;
    })
  | (Node & {
      readonly t: 'enum';
      readonly name: string;
      readonly width: number;
      readonly items: readonly string[];
    })
  | (Node & {
      readonly t: 'field';
      readonly names: readonly string[];
      readonly type: Type;
      readonly value?: Expr;
    })
  | (Node & {
      readonly t: 'form';
      readonly name: string;
      readonly params: readonly Param[];
      readonly encoding: Encoding;
    })
  | (Node & {
      readonly t: 'shape';
      readonly name: string;
      readonly params: readonly Param[];
      readonly type?: Type;
      readonly rows: readonly ShapeRow[];
    })
  | (Node & {
      readonly t: 'bank';
      readonly name: string;
      readonly params: readonly Param[];
      readonly type?: Type;
      readonly rows: readonly BankRow[];
      readonly otherwise?: Block;
    })
  | FnItem
  | (Node & { readonly t: 'trap'; readonly name: string; readonly params: readonly Param[] })
  | (Node & {
      readonly t: 'family';
      readonly names: readonly string[];
      readonly rows: readonly FamilyItem[];
      readonly items: readonly Item[];
    })
  | InsnItem
  | BytesItem
  | SizesItem
  | (Node & {
      readonly t: 'alias';
      readonly asm: Asm;
      readonly insn: string;
      readonly args: readonly Arg[];
      readonly when?: Expr;
    })
  | TestItem
  | AbiItem;

// ---- the operating system interface

export interface AbiStructField extends Node {
  readonly name: string;
  readonly type: Type;
  readonly count: number;
  readonly offset?: number;
  readonly init?: Expr;
}
export interface MapRow extends Node {
  readonly field: Expr;
  readonly register: Expr;
  readonly loop?: { readonly name: string; readonly first: Expr; readonly last: Expr };
}
export type AbiPart =
  | (Node & { readonly t: 'prop'; readonly name: string; readonly text: string })
  | (Node & {
      readonly t: 'syscall';
      readonly trap: string;
      readonly binds: readonly Bind[];
      readonly result: string;
      readonly body: Block;
    })
  | (Node & { readonly t: 'struct'; readonly name: string; readonly fields: readonly AbiStructField[] })
  | (Node & {
      readonly t: 'numbers';
      readonly rows: readonly { number: number; name: string; params?: readonly string[]; same?: string }[];
    })
  | (Node & {
      readonly t: 'values';
      readonly name: string;
      readonly rows: readonly { name: string; value: bigint | string }[];
    })
  | (Node & {
      readonly t: 'faults';
      readonly rows: readonly { trap: string; signal: string; code: string; after: boolean }[];
    })
  | (Node & { readonly t: 'map'; readonly name: string; readonly rows: readonly MapRow[] })
  | (Node & {
      readonly t: 'signal';
      readonly name: string;
      readonly params: readonly Param[];
      readonly place: Expr;
      readonly body: Block;
    })
  | (Node & { readonly t: 'sigreturn'; readonly name: string; readonly place: Expr })
  | (Node & {
      readonly t: 'hook';
      readonly name: string;
      readonly params: readonly Param[];
      readonly body: Block;
    })
  | (Node & { readonly t: 'gate'; readonly address: number; readonly body: Block })
  /** Lines of hexadecimal digits, bytes in memory order. */
  | (Node & { readonly t: 'code'; readonly name: string; readonly lines: readonly string[] });
export type AbiItem = Node & {
  readonly t: 'abi';
  readonly name: string;
  readonly base?: string;
  readonly parts: readonly AbiPart[];
};
