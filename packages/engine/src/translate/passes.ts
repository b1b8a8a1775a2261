// The passes over a block, by name and in their order, and which of them are on.
// In: names. Out: BlockPasses. Must not know: what a pass does.
import { PASSES } from '@mimic/ir';

/**
 * After the passes over its body: `groups`, accesses that share a permission check (checks.ts); `move`, values that are computed
 * where they are used (schedule.ts of @mimic/wasm); `lazy`, registers that are stored only where the region is left (flow.ts);
 * `checks`, what was checked before is not checked again, loops check where they are entered (known-checks.ts); `unroll`, small
 * loops run several turns between two looks at the fuel (unroll.ts).
 */
export const BLOCK_PASSES = [...PASSES, 'groups', 'move', 'lazy', 'checks', 'unroll'] as const;

export type BlockPass = (typeof BLOCK_PASSES)[number];
export type BlockPasses = Readonly<Record<BlockPass, boolean>>;

/** All passes but these. */
export function passesWithout(names: readonly BlockPass[]): BlockPasses {
  return Object.fromEntries(BLOCK_PASSES.map((name) => [name, !names.includes(name)])) as BlockPasses;
}
