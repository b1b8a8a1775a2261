// Finds the parts of an instruction of bytes, as WebAssembly: the generated reading of a Scan (packages/isa/src/scan.ts).
// In: a Scan. Out: functions in a module; the vector lies in the engine's fields. Must not know: instructions.
import { Perm } from '@mimic/bus';
import type { Scan } from '@mimic/isa';
import { VECTOR } from '@mimic/isa/decode';
import {
  type Callables,
  Emitter,
  functionTarget,
  Locals,
  type ModuleBuilder,
  Type,
  VOID,
  W,
} from '@mimic/wasm';
import { Assembler } from './assembler.js';
import { pushField } from './handler-target.js';
import type { EngineLayout } from './layout.js';

/** Bytes that are looked at. */
const WINDOW = 16;

export interface ScannerFunctions {
  /** (pc) -> key. Leaves the vector, the head's length and how many bytes there are in the engine's fields. */
  readonly head: number;
  /** (bytes of immediates) -> 1 when they are there: puts them and the length into the vector. */
  readonly immediates: number;
}

export function defineScanner(
  module: ModuleBuilder,
  scan: Scan,
  layout: EngineLayout,
  callables: Callables,
): ScannerFunctions {
  return {
    head: defineHead(module, scan, layout, callables),
    immediates: defineImmediates(module, scan, layout),
  };
}

/** Pushes word `w` of the vector. */
export function pushVectorWord(
  e: { i32(v: number): void; memory(op: number, at: number): void },
  layout: EngineLayout,
  w: number,
): void {
  e.i32(0);
  e.memory(W.i32_load, layout.stateBase + layout.fields.vector + 4 * w);
}

function defineHead(module: ModuleBuilder, scan: Scan, layout: EngineLayout, callables: Callables): number {
  const at = (name: 'vector' | 'window' | 'head' | 'available'): number =>
    layout.stateBase + layout.fields[name];
  const index = module.func({ params: [Type.i32], results: [Type.i32] });
  const [pc, offset, key, byte, displacement] = [0, 1, 2, 3, 4];
  const locals = new Locals(5);
  const a = new Assembler();
  copyWindow(a, layout, pc, offset);

  a.i32(0).set(offset).i32(0).set(key);
  a.i32(0)
    .i64(0n)
    .memory(W.i64_store, at('vector') + 4 * VECTOR.more);
  const next = (): void => {
    a.get(offset).memory(W.i32_load8_u, at('window')).set(byte);
    a.get(offset).i32(1).op(W.i32_add).set(offset);
  };
  // Prefixes: each byte of 256 has a case; the last case goes on.
  const cases = scan.prefixes;
  a.open(W.loop, VOID);
  next();
  // An instruction of prefixes alone is too long: what is in the window ends it.
  a.get(offset).i32(WINDOW).op(W.i32_lt_u).open(W.if, VOID);
  a.open(W.block, VOID);
  for (const _ of cases) a.open(W.block, VOID);
  a.get(byte).op(W.br_table);
  a.code.u32(256);
  for (let b = 0; b < 256; b++) {
    const k = cases.findIndex((p) => p.byte === b);
    a.code.u32(k < 0 ? cases.length : k);
  }
  a.code.u32(cases.length);
  cases.forEach((p, k) => {
    a.end();
    a.get(key)
      .i32(~(p.mask | scan.lastMask))
      .op(W.i32_and)
      .i32(p.value | 0)
      .op(W.i32_or)
      .set(key);
    a.br(cases.length - 1 - k + 2);
  });
  a.end().end().end();

  // Maps of opcodes: bytes that lead from one to the next.
  const map = displacement;
  a.i32(0).set(map);
  const maps = (path: readonly number[]): void => {
    const further = scan.maps.filter(
      (m) => m.bytes.length === path.length + 1 && path.every((b, k) => m.bytes[k] === b),
    );
    further.forEach((m, k) => {
      if (k > 0) a.op(W.else);
      a.get(byte).i32(m.bytes.at(-1)!).op(W.i32_eq).open(W.if, VOID);
      a.i32(m.value).set(map);
      next();
      maps(m.bytes);
    });
    for (const _ of further) a.end();
  };
  maps([]);
  a.get(key).get(map).op(W.i32_or).get(byte).op(W.i32_or).set(key);

  // The operand byte and what follows it.
  const { hasOperands } = scan;
  for (const _ of hasOperands) a.open(W.block, VOID);
  a.open(W.block, VOID);
  a.get(map).i32(scan.map.at).op(W.i32_shr_u).i32(3).op(W.i32_shl).get(byte).i32(5).op(W.i32_shr_u, W.i32_or);
  a.op(W.br_table);
  a.code.u32(hasOperands.length);
  for (let k = 0; k < hasOperands.length; k++) a.code.u32(k);
  a.code.u32(0);
  a.end();
  hasOperands.forEach((bits, k) => {
    a.i32(bits | 0).set(map);
    a.br(hasOperands.length - 1 - k);
    a.end();
  });
  a.get(map).get(byte).op(W.i32_shr_u).i32(1).op(W.i32_and).open(W.if, VOID);
  next();
  a.get(key).get(byte).i32(scan.operandsAt).op(W.i32_shl, W.i32_or).set(key);
  a.i32(0).get(key).memory(W.i32_store, at('vector'));
  for (const m of scan.more) {
    if (m.when) {
      const { fields, body } = m.when;
      a.open(W.block, Type.i32);
      new Emitter(
        body,
        {
          ...functionTarget(callables),
          param: (e, k) => pushField(e, fields[k]!, (w) => pushVectorWord(e, layout, w)),
          cheapParams: false,
          return: (e, values) => {
            e.push(values[0]!);
            e.branch(W.br, 0);
          },
        },
        a.code,
        locals,
      ).run();
      a.end().open(W.if, VOID);
    }
    if (!m.displacement) {
      next();
      a.i32(0)
        .get(byte)
        .memory(W.i32_store, at('vector') + 4 * VECTOR.more);
    } else {
      a.i32(0);
      const unused = 32 - 8 * m.bytes;
      a.get(offset).memory(W.i32_load, at('window'));
      if (unused) a.i32(unused).op(W.i32_shl).i32(unused).op(W.i32_shr_s);
      a.memory(W.i32_store, at('vector') + 4 * VECTOR.displacement);
      a.get(offset).i32(m.bytes).op(W.i32_add).set(offset);
    }
    if (m.when) a.end();
  }
  a.end();
  a.i32(0).get(key).memory(W.i32_store, at('vector'));
  a.i32(0).get(offset).memory(W.i32_store, at('head'));
  a.get(key);
  module.define(index, { locals: [Type.i32, Type.i32, Type.i32, Type.i32, ...locals.types], code: a.code });
  return index;
}

/** Copies the bytes from pc on that may be executed into the window; the rest reads as 0. */
function copyWindow(a: Assembler, layout: EngineLayout, pc: number, k: number): void {
  const window = layout.stateBase + layout.fields.window;
  const available = layout.stateBase + layout.fields.available;
  a.i32(0)
    .i64(0n)
    .memory(W.i64_store, window + 16);
  a.get(pc)
    .i32(4095)
    .op(W.i32_and)
    .i32(4096 - WINDOW)
    .op(W.i32_le_u)
    .open(W.if, VOID);
  for (const half of [0, 8])
    a.i32(0)
      .get(pc)
      .memory(W.i64_load, half)
      .memory(W.i64_store, window + half);
  a.i32(0).i32(WINDOW).memory(W.i32_store, available);
  a.op(W.else);
  for (const half of [0, 8])
    a.i32(0)
      .i64(0n)
      .memory(W.i64_store, window + half);
  a.i32(0).set(k);
  a.open(W.block, VOID).open(W.loop, VOID);
  a.get(pc).get(k).op(W.i32_add).i32(12).op(W.i32_shr_u).memory(W.i32_load8_u, layout.permBase);
  a.i32(Perm.X).op(W.i32_and, W.i32_eqz).br(1, W.br_if);
  a.get(k).get(pc).get(k).op(W.i32_add).memory(W.i32_load8_u, 0).memory(W.i32_store8, window);
  a.get(k).i32(1).op(W.i32_add).tee(k).i32(WINDOW).op(W.i32_lt_u).br(0, W.br_if);
  a.end().end();
  a.i32(0).get(k).memory(W.i32_store, available);
  a.end();
}

function defineImmediates(module: ModuleBuilder, scan: Scan, layout: EngineLayout): number {
  const at = (name: 'vector' | 'window' | 'head' | 'available'): number =>
    layout.stateBase + layout.fields[name];
  const index = module.func({ params: [Type.i32], results: [Type.i32] });
  const [bytes, head, length] = [0, 1, 2];
  const a = new Assembler();
  a.i32(0).memory(W.i32_load, at('head')).tee(head).get(bytes).op(W.i32_add).set(length);
  a.get(length).i32(0).memory(W.i32_load, at('available')).op(W.i32_gt_u);
  a.get(length).i32(scan.longest).op(W.i32_gt_u, W.i32_or).open(W.if, VOID).i32(0).op(W.return).end();
  a.i32(0)
    .get(head)
    .memory(W.i64_load, at('window'))
    .memory(W.i64_store, at('vector') + 4 * VECTOR.immediates);
  a.i32(0);
  a.i32(0).memory(W.i32_load8_u, at('vector') + 4 * VECTOR.more);
  a.get(length)
    .i32(16)
    .op(W.i32_shl, W.i32_or)
    .memory(W.i32_store, at('vector') + 4 * VECTOR.more);
  a.i32(1);
  module.define(index, { locals: [Type.i32, Type.i32], code: a.code });
  return index;
}
