// The interpreter's loop: one function that dispatches on the record's handler number, small handlers its arms.
// In: handlers. Out: functions in a module. Must not know: ISAs, the host.
import type { EncodedField } from '@mimic/isa';
import { Code, Emitter, Locals, type ModuleBuilder, Type, VOID, W } from '@mimic/wasm';
import { Assembler } from './assembler.js';
import { FixedHandler, REGION_SLOT } from './decoder.js';
import { HandlerTarget, LOOP, STATUS, type Surroundings, targetType } from './handler-target.js';
import { ExitCode, MOST_FRAME, RECORD_SIZE } from './layout.js';
import type { Handler } from './record.js';

/** A region's function: (pc, ret, depth, fuel) -> (pc, fuel). See translate/emit-region.ts. */
export const REGION_SIGNATURE = {
  params: [Type.i32, Type.i32, Type.i32, Type.i32],
  results: [Type.i32, Type.i32],
};

/** One handler, shared by all variants with the same code. */
export interface Arm {
  readonly handler: Handler;
  readonly fields: readonly EncodedField[];
  readonly length: number;
  readonly immediates?: number | undefined;
  inLoop: boolean;
  number: number;
}

/**
 * The function (fuel, stop, depth) -> exit code: runs from the pc in the state block until `fuel` bytes of records are
 * used up, a jump reaches `stop`, or something is for the host. `depth`: units of the host's stack left for translated code.
 * It returns often anyway: the host's compiler replaces a function only when it is entered.
 *
 * credit - rec is the fuel left: going straight on moves rec alone, a jump moves both and takes one record.
 */
export function defineLoop(
  module: ModuleBuilder,
  arms: readonly Arm[],
  s: Surroundings,
  decode: number,
): number {
  const { layout } = s;
  const index = module.func({ params: [Type.i32, Type.i32, Type.i32], results: [Type.i32] });
  const regionType = module.type(REGION_SIGNATURE);
  const outlined = arms.filter((arm) => !arm.inLoop);
  const handlerType = { params: [Type.i32, Type.i32], results: [Type.i32] };
  const handlers = module.table(outlined.map((arm) => outOfLine(module, arm, s, handlerType)));
  const inLoop = arms.filter((arm) => arm.inLoop);
  const first = FixedHandler.count + inLoop.length;

  const wide = targetType(s.program) === Type.i64;
  const locals = new Locals(LOOP.params + LOOP.count);
  const a = new Assembler();
  const field = (name: keyof typeof layout.fields): number => layout.stateBase + layout.fields[name];
  const pushPc = (): Assembler =>
    a.get(LOOP.rec).i32(layout.shift).op(W.i32_shr_u).get(LOOP.bias).op(W.i32_add);
  const pushFuel = (): Assembler => a.get(LOOP.credit).get(LOOP.rec).op(W.i32_sub);
  const storeFuel = (): void => {
    a.i32(0);
    pushFuel().memory(W.i32_store, field('fuel'));
  };
  /** Writes pc and the fuel left, and returns the code that `code` pushes. */
  const leave = (code: () => void): void => {
    a.i32(0);
    pushPc().op(W.i64_extend_i32_u).memory(W.i64_store, field('pc'));
    storeFuel();
    code();
    a.op(W.return);
  };
  /** From the address in `target`: rec and bias; a page without records leaves with a miss. */
  const lookUp = (jump: boolean): void => {
    const low = (): Assembler => (wide ? a.get(LOOP.target).op(W.i32_wrap_i64) : a.get(LOOP.target));
    const miss = (): void => {
      a.i32(0).get(LOOP.target);
      if (!wide) a.op(W.i64_extend_i32_u);
      a.memory(W.i64_store, field('pc'));
      a.i32(0).get(LOOP.credit).get(LOOP.rec).op(W.i32_sub);
      if (jump) a.i32(RECORD_SIZE).op(W.i32_sub);
      a.memory(W.i32_store, field('fuel')).i32(ExitCode.miss).op(W.return);
    };
    if (wide) {
      a.get(LOOP.target).i64(0xffffffffn).op(W.i64_gt_u).open(W.if, VOID);
      miss();
      a.end();
    }
    low()
      .i32(12)
      .op(W.i32_shr_u)
      .i32(2)
      .op(W.i32_shl)
      .memory(W.i32_load, layout.codeTable)
      .tee(LOOP.step)
      .op(W.i32_eqz)
      .open(W.if, VOID);
    miss();
    a.end();
    // credit += new rec - rec, less the jump itself.
    low().i32(-4096).op(W.i32_and).get(LOOP.step).i32(layout.shift).op(W.i32_shr_u, W.i32_sub).set(LOOP.bias);
    low().i32(4095).op(W.i32_and).i32(layout.shift).op(W.i32_shl).get(LOOP.step).op(W.i32_add).tee(LOOP.step);
    a.get(LOOP.rec).op(W.i32_sub).get(LOOP.credit).op(W.i32_add);
    if (jump) a.i32(RECORD_SIZE).op(W.i32_sub);
    a.set(LOOP.credit).get(LOOP.step).set(LOOP.rec);
  };

  // Entry: rec is 0, credit the fuel.
  a.get(0).set(LOOP.credit);
  a.i32(0)
    .memory(wide ? W.i64_load : W.i32_load, field('pc'))
    .set(LOOP.target);
  lookUp(false);

  const count = first + 1;
  a.open(W.block, VOID); // leave
  a.open(W.block, VOID); // out
  a.open(W.loop, VOID); // next
  a.open(W.block, VOID); // far
  for (let k = 0; k < count; k++) a.open(W.block, VOID);
  a.get(LOOP.rec).memory(W.i32_load16_u, 0).op(W.br_table);
  a.code.u32(first);
  for (let k = 0; k <= first; k++) a.code.u32(k);
  /** Levels outside arm k. */
  const levels = (k: number): { next: number; far: number; out: number; leave: number } => {
    const far = count - 1 - k;
    return { far, next: far + 1, out: far + 2, leave: far + 3 };
  };
  for (let k = 0; k < count; k++) {
    a.end();
    const to = levels(k);
    if (k === FixedHandler.undecoded) {
      a.get(LOOP.rec);
      pushPc().call(decode).br(to.next);
    } else if (k === FixedHandler.nextPage) {
      pushPc();
      if (wide) a.op(W.i64_extend_i32_u);
      a.set(LOOP.target);
      lookUp(false);
      a.br(to.next);
    } else if (k === FixedHandler.illegal) {
      a.i32(0).i32(ExitCode.illegal).memory(W.i32_store, field('exit')).br(to.out);
    } else if (k === FixedHandler.region) {
      // Translated code: it says where the guest goes on. Without stack left whoever is below calls it.
      a.get(LOOP.depth).i32(MOST_FRAME).op(W.i32_lt_s).br(to.leave, W.br_if);
      pushPc().get(LOOP.stop).get(LOOP.depth).get(LOOP.credit).get(LOOP.rec).op(W.i32_sub);
      a.get(LOOP.rec).memory(W.i32_load, REGION_SLOT).op(W.call_indirect);
      a.code.u32(regionType);
      a.code.u32(0);
      a.get(LOOP.rec).op(W.i32_add).set(LOOP.credit);
      a.tee(LOOP.step).i32(-1).op(W.i32_eq).open(W.if, VOID);
      storeFuel();
      a.i32(0).memory(W.i32_load, field('exit')).op(W.return).end();
      // Without fuel it stopped there: that is not where the interpreter spends its time.
      pushFuel().i32(0).op(W.i32_le_s).open(W.if, VOID);
      a.i32(0).get(LOOP.step).op(W.i64_extend_i32_u).memory(W.i64_store, field('pc'));
      storeFuel();
      a.i32(ExitCode.fuel).op(W.return).end();
      a.get(LOOP.step);
      if (wide) a.op(W.i64_extend_i32_u);
      a.set(LOOP.target).br(to.far);
    } else if (k < first) {
      const arm = inLoop[k - FixedHandler.count]!;
      locals.reuse();
      new Emitter(
        arm.handler.body,
        new HandlerTarget(s, arm.handler, arm.fields, arm.length, { kind: 'arm', ...to }),
        a.code,
        locals,
      ).run();
    } else if (outlined.length) {
      // All out-of-line handlers: the table is in the order of their numbers.
      a.get(LOOP.rec);
      pushPc().get(LOOP.rec).memory(W.i32_load16_u, 0).i32(first).op(W.i32_sub, W.call_indirect);
      a.code.u32(module.type(handlerType));
      a.code.u32(handlers);
      a.tee(LOOP.step)
        .i32(RECORD_SIZE - 1)
        .op(W.i32_and)
        .open(W.if, VOID);
      a.get(LOOP.step)
        .i32(STATUS.out)
        .op(W.i32_eq)
        .br(to.out + 1, W.br_if);
      a.i32(0)
        .memory(wide ? W.i64_load : W.i32_load, field('target'))
        .set(LOOP.target)
        .br(to.far + 1)
        .end();
      a.get(LOOP.rec).get(LOOP.step).op(W.i32_add).set(LOOP.rec).br(to.next);
    } else a.op(W.unreachable);
  }
  a.end(); // far
  // Back where the caller waits.
  a.get(LOOP.target).get(LOOP.stop);
  if (wide) a.op(W.i64_extend_i32_u);
  a.op(wide ? W.i64_eq : W.i32_eq).open(W.if, VOID);
  a.i32(0).get(LOOP.target);
  if (!wide) a.op(W.i64_extend_i32_u);
  a.memory(W.i64_store, field('pc'));
  storeFuel();
  a.i32(ExitCode.stop).op(W.return).end();
  lookUp(true);
  pushFuel().i32(0).op(W.i32_le_s).br(2, W.br_if);
  a.br(0);
  a.end(); // next
  a.end(); // out
  leave(() => a.i32(0).memory(W.i32_load, field('exit')));
  a.end(); // leave
  a.i32(0);
  pushFuel().i32(0).op(W.i32_le_s).memory(W.i32_store, field('interpreted'));
  leave(() => a.i32(ExitCode.fuel));
  a.op(W.unreachable);
  module.define(index, {
    locals: [Type.i32, Type.i32, Type.i32, targetType(s.program), Type.i32, ...locals.types],
    code: a.code,
  });
  return index;
}

function outOfLine(
  module: ModuleBuilder,
  arm: Arm,
  s: Surroundings,
  type: { params: number[]; results: number[] },
): number {
  const index = module.func(type);
  const locals = new Locals(2);
  const code = new Code();
  if (arm.handler.raw && s.scanner) {
    // The operands did not fit into the record: they are found anew.
    const a = new Assembler();
    a.get(1).call(s.scanner.head).op(W.drop);
    a.i32(arm.immediates!).call(s.scanner.immediates).op(W.drop);
    code.append(a.code);
  }
  new Emitter(
    arm.handler.body,
    new HandlerTarget(s, arm.handler, arm.fields, arm.length, { kind: 'function' }),
    code,
    locals,
  ).run();
  module.define(index, { locals: locals.types, code });
  return index;
}
