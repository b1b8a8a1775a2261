// The decoder as WebAssembly: finds the instruction, its variant, and writes the record.
// In: decision tree, encodings, variants. Out: functions in a module. Must not know: what handlers do.
import { type Body, Builder, Op, type Program } from '@mimic/ir';
import type { CompiledIsa, DecodeNode, EncodedField, Insn } from '@mimic/isa';
import { LENGTH_PIECE } from '@mimic/isa/decode';
import {
  type Callables,
  Code,
  Emitter,
  functionTarget,
  Locals,
  type ModuleBuilder,
  Type,
  VOID,
  W,
} from '@mimic/wasm';
import { Assembler } from './assembler.js';
import { pushField, pushTrait, traitAt } from './handler-target.js';
import { type EngineLayout, LENGTH_AT } from './layout.js';
import { type Handler, importStatic, operandValue, RAW_CONTEXT, RAW_WORD } from './record.js';
import { pushVectorWord, type ScannerFunctions } from './scanner.js';
import type { VariantTree } from './specialize.js';

/** Handler numbers that every interpreter has. */
export const FixedHandler = { undecoded: 0, nextPage: 1, illegal: 2, region: 3, count: 4 } as const;
/** Where a region's record holds its slot. */
export const REGION_SLOT = 4;

/** A variant's number and handler, by leaf of the tree. */
export type Variants = ReadonlyMap<VariantTree, { readonly number: number; readonly handler: Handler }>;

const RECORD_WRITE = 0;
/** Byte of the vector that holds the length. */
const LENGTH_IN_VECTOR = LENGTH_PIECE.at / 8;

/** Function (record, pc, word): writes the record of one instruction. */
export function insnDecoder(
  module: ModuleBuilder,
  isa: CompiledIsa,
  insn: Insn,
  tree: VariantTree,
  variants: Variants,
  program: Program,
  callables: Callables,
  layout: EngineLayout,
): number {
  const varies = insn.length === 0;
  const B = new Builder();
  const write = (at: number, value: number): void =>
    void B.effect(Op.set, 0, RECORD_WRITE, B.constant(8, at), value);
  const walk = (node: VariantTree): void => {
    if (node.kind === 'test') {
      const condition = importStatic(B, node.body, node.condition);
      if (B.isConstant(condition)) return walk(B.body.a[condition] ? node.yes : node.no);
      B.if(condition);
      walk(node.yes);
      B.else();
      walk(node.no);
      B.end();
      return;
    }
    const { number, handler } = variants.get(node)!;
    for (const operand of handler.operands) {
      write(
        operand.at,
        operandValue(B, operand, program, (v) => importStatic(B, node.body, v), layout.shift),
      );
    }
    write(0, B.constant(16, number));
  };
  walk(tree);
  const [record, pc, word] = [0, 1, 2];
  const index = module.func({ params: [Type.i32, Type.i32, Type.i32], results: [] });
  const code = new Code();
  const locals = new Locals(3);
  // Raw handlers take the word apart themselves.
  const a = new Assembler();
  const contextAt = isa.context && layout.stateBase + program.cells[isa.context.cell]!.offset;
  const pushParam = (e: Emitter, field: EncodedField, from: number): void => {
    if (field.pieces.length) return pushField(e, field, wordOf(e, layout, from));
    if (field.trait !== undefined) return pushTrait(e, isa, field.trait, layout);
    e.i32(0);
    e.memory(W.i32_load, contextAt!);
  };
  if (insn.fields.some((f) => f.pieces.length === 0 && f.trait === undefined)) {
    a.get(record).i32(0).memory(W.i32_load, contextAt!).memory(W.i32_store16, RAW_CONTEXT);
  }
  if (!varies) a.get(record).get(word).memory(W.i32_store, RAW_WORD);
  else {
    a.get(record)
      .i32(0)
      .memory(W.i32_load8_u, layout.stateBase + layout.fields.vector + LENGTH_IN_VECTOR);
    a.memory(W.i32_store8, LENGTH_AT);
  }
  code.append(a.code);
  new Emitter(
    B.body,
    {
      ...functionTarget(callables),
      param: (e, k) => pushParam(e, insn.fields[k]!, word),
      cheapParams: false,
      pc: (e, width) => {
        e.getLocal(pc);
        if (width > 32) e.op(W.i64_extend_i32_u);
      },
      set: (e, _cell, at, value) => {
        e.getLocal(record);
        e.push(value);
        const store = { 8: W.i32_store8, 16: W.i32_store16, 32: W.i32_store, 64: W.i64_store }[
          e.width(value)
        ];
        e.memory(store!, Number(e.constantValue(at)));
      },
      finish: () => {},
    },
    code,
    locals,
  ).run();
  module.define(index, { locals: locals.types, code });
  return index;
}

/** Function (record, pc): reads the instruction at pc and writes its record. `decoders` by instruction number. */
export function pageDecoder(
  module: ModuleBuilder,
  isa: CompiledIsa,
  decoders: readonly number[],
  callables: Callables,
  layout: EngineLayout,
  scanner?: ScannerFunctions,
): number {
  const [record, pc, word] = [0, 1, 2];
  const index = module.func({ params: [Type.i32, Type.i32], results: [] });
  const a = new Assembler();
  const locals = new Locals(3);
  if (scanner) a.get(pc).call(scanner.head).set(word);
  else fetch(a, isa, layout, pc, word);
  const leaf = (insns: readonly number[]): void => {
    for (const n of insns) {
      const insn = isa.insns[n]!;
      a.get(word).i32(insn.mask).op(W.i32_and).i32(insn.value).op(W.i32_eq).open(W.if, VOID);
      if (scanner) a.i32(insn.immediates!).call(scanner.immediates).open(W.if, VOID);
      for (const t of insn.needs ?? []) {
        a.i32(0)
          .memory(W.i32_load, traitAt(isa, t, layout))
          .open(W.if, VOID);
      }
      if (insn.where) condition(a, isa, insn.where, insn, callables, locals, layout, word);
      if (insn.where) a.open(W.if, VOID);
      a.get(record).get(pc).get(word).call(decoders[n]!).op(W.return);
      if (insn.where) a.end();
      for (const _ of insn.needs ?? []) a.end();
      if (scanner) a.end();
      a.end();
    }
  };
  /** Code for node `n`; falls through when nothing matches. */
  const walk = (n: number): void => {
    const node: DecodeNode = isa.decode[n]!;
    if (node.kind === 'leaf') return leaf(node.insns);
    // One block for each different successor, innermost first.
    const targets = [...new Set(node.next.filter((t) => t >= 0))];
    a.open(W.block, VOID);
    for (const _ of targets) a.open(W.block, VOID);
    a.get(node.kind === 'mode' ? pc : word)
      .i32(node.at)
      .op(W.i32_shr_u)
      .i32(2 ** node.width - 1)
      .op(W.i32_and);
    a.op(W.br_table);
    a.code.u32(node.next.length);
    for (const t of node.next) a.code.u32(t < 0 ? targets.length : targets.indexOf(t));
    a.code.u32(targets.length);
    targets.forEach((t, k) => {
      a.end();
      walk(t);
      a.br(targets.length - 1 - k);
    });
    a.end();
  };
  walk(0);
  a.get(record).i32(FixedHandler.illegal).memory(W.i32_store16, 0);
  module.define(index, { locals: [Type.i32, ...locals.types], code: a.code });
  return index;
}

/** Pushes a word of the instruction: the first is in a local. */
const wordOf =
  (e: Emitter, layout: EngineLayout, local: number) =>
  (n: number): void => {
    if (n === 0) e.getLocal(local);
    else pushVectorWord(e, layout, n);
  };

/** Leaves the instruction word in local `word`: with 2-byte units, the first unit in the low half. */
function fetch(a: Assembler, isa: CompiledIsa, layout: EngineLayout, pc: number, word: number): void {
  const start = (): void => {
    a.get(pc);
    if (isa.modeMask) a.i32(~isa.modeMask).op(W.i32_and);
  };
  const at = (displacement: number, bytes: number): void => {
    if (layout.reversed) {
      a.i32(-bytes - displacement);
      start();
      a.op(W.i32_sub);
    } else {
      start();
      a.i32(displacement).op(W.i32_add);
    }
    a.memory(bytes === 2 ? W.i32_load16_u : W.i32_load, 0);
  };
  if (isa.unit === 4) {
    at(0, 4);
    a.set(word);
    return;
  }
  at(0, 2);
  a.set(word);
  // The second unit may lie on a page that must not be executed: it reads as 0 then.
  start();
  a.i32(2).op(W.i32_add).i32(12).op(W.i32_shr_u).memory(W.i32_load8_u, layout.permBase);
  a.i32(4).op(W.i32_and).open(W.if, VOID);
  a.get(word);
  at(2, 2);
  a.i32(16).op(W.i32_shl, W.i32_or).set(word);
  a.end();
}

/** Pushes the value of a `where` body. */
function condition(
  a: Assembler,
  isa: CompiledIsa,
  where: Body,
  insn: Insn,
  callables: Callables,
  locals: Locals,
  layout: EngineLayout,
  word: number,
): void {
  // `return` leaves a block with the value.
  a.open(W.block, Type.i32);
  new Emitter(
    where,
    {
      ...functionTarget(callables),
      param: (e, k) => {
        const field = insn.fields[k]!;
        if (field.trait !== undefined) pushTrait(e, isa, field.trait, layout);
        else pushField(e, field, wordOf(e, layout, word));
      },
      cheapParams: false,
      return: (e, values) => {
        e.push(values[0]!);
        e.branch(W.br, 0);
      },
    },
    a.code,
    locals,
  ).run();
  a.end();
}
