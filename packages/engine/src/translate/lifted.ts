// A block's body with what follows from it alone: worked out once, however many regions hold the block.
// In: a body. Out: Lifted. Must not know: regions.
import { Body, Op } from '@mimic/ir';
import { floatValues, type Schedule, schedule } from '@mimic/wasm';
import { type PlannedAccess, planAccesses } from './checks.js';
import { type RegisterUses, registerUses } from './flow.js';
import { type BlockChecks, blockChecks } from './known-checks.js';
import { type BlockPasses, passesWithout } from './passes.js';

/** A jump to an address that is known, be it only together with the instructions before. */
export interface StaticJump {
  readonly target: number;
  /** JumpHint. */
  readonly hint: number;
}

export interface Lifted {
  readonly body: Body;
  readonly uses: RegisterUses;
  readonly jumps: readonly StaticJump[];
  /** By op of the body. */
  readonly accesses: ReadonlyMap<number, PlannedAccess>;
  readonly checks: BlockChecks;
  readonly plan: Schedule;
  /** Registers that hold floats. */
  readonly floats: readonly { readonly cell: number; readonly index: number }[];
}

export function lifted(body: Body, on: BlockPasses): Lifted {
  const accesses = planAccesses(body, on.groups);
  // The bases of addresses are pushed by the check besides.
  const bases: number[] = [];
  for (const { group } of accesses.values()) if (group.base >= 0) bases.push(group.base);
  const plan = schedule(body, true, bases, on.move);
  const checks = blockChecks(body, accesses);
  const floats = floatRegisters(body);
  return { body, uses: registerUses(body), jumps: staticJumps(body), accesses, checks, plan, floats };
}

function floatRegisters(body: Body): Lifted['floats'] {
  const out: { cell: number; index: number }[] = [];
  const floats = floatValues(body, () => false);
  for (let i = 0; i < body.length; i++) {
    const op = body.op[i]!;
    if ((op === Op.get && floats[i]) || (op === Op.set && floats[body.c[i]!]))
      out.push({ cell: body.a[i]!, index: body.a[body.b[i]!]! });
  }
  return out;
}

function staticJumps(body: Body): StaticJump[] {
  const out: StaticJump[] = [];
  for (let i = 0; i < body.length; i++) {
    if (body.op[i] !== Op.jump || body.op[body.a[i]!] !== Op.const) continue;
    out.push({ target: Number(body.constantValue(body.a[i]!)), hint: body.b[i]! });
  }
  return out;
}

/** Of a node of a region that is no block. */
export const NOTHING = lifted(new Body(), passesWithout([]));
