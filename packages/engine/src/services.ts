// What translated code calls in the interpreter's module: the interpreter goes on for it.
// In: the loop. Out: functions in a module. Must not know: regions' insides.
import { type ModuleBuilder, Type, VOID, W } from '@mimic/wasm';
import { Assembler } from './assembler.js';
import { FixedHandler, REGION_SLOT } from './decoder.js';
import {
  type EngineLayout,
  ExitCode,
  JUMP_ENTRIES,
  JUMP_ENTRY_SIZE,
  LOOP_FRAME,
  MOST_FRAME,
  RECORD_SIZE,
  REFUSAL_COUNTERS,
  REGION_SLOTS,
} from './layout.js';
import { REGION_SIGNATURE } from './loop.js';

/** (pc, ret, depth, fuel, slot) -> (pc, fuel) */
export const ENTER_SIGNATURE = {
  params: [Type.i32, Type.i32, Type.i32, Type.i32, Type.i32],
  results: [Type.i32, Type.i32],
};

/** The site under which `absent` notes what it is asked for. */
export const NOBODY = 0;

/** table.fill, behind its prefix. */
const TABLE_FILL = 17;

const [PC, RET, DEPTH, FUEL] = [0, 1, 2, 3];

/**
 * resume: runs from pc until the guest reaches ret. step: the same, but pc's own instruction is not entered as a
 * region: it is the one that a region could not do. rare: step, and counts it. cold: resume, and counts that the region
 * does not hold the code. jump: resume, and notes where the jump or call at `site` goes. call: resume, and notes a callee
 * that has no region. absent: that, in the empty slots of the table of regions. enter: calls what is in a slot.
 * empty: () -> (), empties all slots.
 */
export function defineServices(
  module: ModuleBuilder,
  layout: EngineLayout,
  loop: number,
): Record<string, number> {
  const field = (name: keyof typeof layout.fields): number => layout.stateBase + layout.fields[name];

  const resume = module.func(REGION_SIGNATURE);
  {
    const code = 4;
    const record = 5;
    const a = new Assembler();
    a.get(DEPTH)
      .i32(MOST_FRAME + LOOP_FRAME + 1)
      .op(W.i32_lt_s)
      .open(W.if, VOID)
      .get(PC)
      .get(FUEL)
      .op(W.return)
      .end();
    // A region starts here: it is called right away.
    recordOf(a, layout, PC, record);
    a.get(record).memory(W.i32_load16_u, 0).i32(FixedHandler.region).op(W.i32_eq).open(W.if, VOID);
    a.get(PC)
      .get(RET)
      .get(DEPTH)
      .i32(1)
      .op(W.i32_sub)
      .get(FUEL)
      .get(record)
      .memory(W.i32_load, REGION_SLOT)
      .op(W.call_indirect);
    a.code.u32(module.type(REGION_SIGNATURE));
    a.code.u32(0);
    a.set(FUEL).tee(PC).get(RET).op(W.i32_eq).get(PC).i32(-1).op(W.i32_eq, W.i32_or).open(W.if, VOID);
    a.get(PC).get(FUEL).op(W.return).end();
    a.end().end();
    a.i32(0).get(PC).op(W.i64_extend_i32_u).memory(W.i64_store, field('pc'));
    a.get(FUEL).get(RET).get(DEPTH).i32(LOOP_FRAME).op(W.i32_sub).call(loop).set(code);
    a.get(code)
      .i32(ExitCode.stop)
      .op(W.i32_eq)
      .get(code)
      .i32(ExitCode.fuel)
      .op(W.i32_eq, W.i32_or)
      .open(W.if, VOID);
    a.i32(0).memory(W.i32_load, field('pc')).i32(0).memory(W.i32_load, field('fuel')).op(W.return).end();
    a.i32(0).get(code).memory(W.i32_store, field('exit'));
    a.i32(-1).i32(0).memory(W.i32_load, field('fuel'));
    module.define(resume, { locals: [Type.i32, Type.i32], code: a.code });
  }

  const step = module.func(REGION_SIGNATURE);
  {
    const page = 4;
    const from = 5;
    const a = new Assembler();
    recordOf(a, layout, PC, page);
    a.get(page).memory(W.i32_load16_u, 0).i32(FixedHandler.region).op(W.i32_eq).open(W.if, VOID);
    // The displaced record comes back until the host puts the region's there again.
    a.get(page).memory(W.i32_load, REGION_SLOT).i32(Math.log2(RECORD_SIZE)).op(W.i32_shl).set(from);
    for (let k = 0; k < RECORD_SIZE; k += 8)
      a.get(page)
        .get(from)
        .memory(W.i64_load, layout.displacedRecords + k)
        .memory(W.i64_store, k);
    a.i32(0).i32(1).memory(W.i32_store, field('displaced'));
    a.end().end();
    a.get(PC).get(RET).get(DEPTH).get(FUEL).call(resume);
    module.define(step, { locals: [Type.i32, Type.i32], code: a.code });
  }

  const countRefusal = (a: Assembler): void => {
    a.i32(0).i32(0).memory(W.i32_load, field('refusals'));
    a.i32(1).op(W.i32_add).memory(W.i32_store, field('refusals'));
  };

  const counted = (then: number): number => {
    const index = module.func(REGION_SIGNATURE);
    const at = 4;
    const a = new Assembler();
    a.get(PC)
      .i32(2)
      .op(W.i32_shr_u)
      .i32(REFUSAL_COUNTERS - 1)
      .op(W.i32_and)
      .i32(2)
      .op(W.i32_shl)
      .tee(at);
    a.get(at)
      .memory(W.i32_load, layout.refusalCounters)
      .i32(1)
      .op(W.i32_add)
      .memory(W.i32_store, layout.refusalCounters);
    countRefusal(a);
    a.get(PC).get(RET).get(DEPTH).get(FUEL).call(then);
    module.define(index, { locals: [Type.i32], code: a.code });
    return index;
  };
  const rare = counted(step);
  const cold = counted(resume);

  /** `push`: the address under which it is noted. */
  const noted = (push: (a: Assembler) => Assembler): number => {
    const index = module.func(REGION_SIGNATURE);
    const at = 4;
    const site = 5;
    const a = new Assembler();
    push(a).set(site);
    a.get(site).i32(2).op(W.i32_shr_u).get(PC).i32(2).op(W.i32_shr_u).i32(7).op(W.i32_mul, W.i32_add);
    a.i32(JUMP_ENTRIES - 1)
      .op(W.i32_and)
      .i32(JUMP_ENTRY_SIZE)
      .op(W.i32_mul)
      .set(at);
    const entry = (k: number): number => layout.jumpTable + 4 * k;
    a.get(at).memory(W.i32_load, entry(0)).get(site).op(W.i32_ne);
    a.get(at).memory(W.i32_load, entry(1)).get(PC).op(W.i32_ne, W.i32_or).open(W.if, VOID);
    a.get(at).get(site).memory(W.i32_store, entry(0)).get(at).get(PC).memory(W.i32_store, entry(1));
    a.get(at).i32(0).memory(W.i32_store, entry(2)).end();
    a.get(at).get(at).memory(W.i32_load, entry(2)).i32(1).op(W.i32_add).memory(W.i32_store, entry(2));
    countRefusal(a);
    a.get(PC).get(RET).get(DEPTH).get(FUEL).call(resume);
    module.define(index, { locals: [Type.i32, Type.i32], code: a.code });
    return index;
  };
  const jump = noted((a) => a.i32(0).memory(W.i32_load, field('site')));
  const absent = noted((a) => a.i32(NOBODY));

  const call = module.func(REGION_SIGNATURE);
  {
    const record = 4;
    const a = new Assembler();
    recordOf(a, layout, PC, record);
    a.get(record).memory(W.i32_load16_u, 0).i32(FixedHandler.region).op(W.i32_eq).open(W.if, VOID);
    a.get(PC).get(RET).get(DEPTH).get(FUEL).call(resume).op(W.return);
    a.end().end();
    a.get(PC).get(RET).get(DEPTH).get(FUEL).call(absent);
    module.define(call, { locals: [Type.i32], code: a.code });
  }

  // Only this module imports the table: the host keeps every instance that does as long as the table.
  const enter = module.func(ENTER_SIGNATURE);
  {
    const a = new Assembler();
    a.get(0).get(1).get(2).get(3).get(4).op(W.call_indirect);
    a.code.u32(module.type(REGION_SIGNATURE));
    a.code.u32(0);
    module.define(enter, { locals: [], code: a.code });
  }
  // At once: a slot set by the host costs microseconds.
  const empty = module.func({ params: [], results: [] });
  {
    const a = new Assembler();
    a.i32(0).op(W.ref_func);
    a.code.u32(absent);
    a.i32(REGION_SLOTS).op(W.prefix_fc);
    a.code.u32(TABLE_FILL);
    a.code.u32(0);
    module.define(empty, { locals: [], code: a.code });
  }
  return { resume, step, rare, cold, jump, call, absent, enter, empty };
}

/** Opens an `if` in which local `record` holds the address of the record of the instruction at local `pc`. */
function recordOf(a: Assembler, layout: EngineLayout, pc: number, record: number): void {
  a.get(pc)
    .i32(12)
    .op(W.i32_shr_u)
    .i32(2)
    .op(W.i32_shl)
    .memory(W.i32_load, layout.codeTable)
    .tee(record)
    .open(W.if, VOID);
  a.get(record).get(pc).i32(4095).op(W.i32_and).i32(layout.shift).op(W.i32_shl, W.i32_add).set(record);
}
