// Creates the memory of a guest: one linear memory with the guest's 4 GiB window and our zone in it.
// In: a CompiledIsa. Out: a Guest. Must not know: what will run in it.
import { GuestMemory } from '@mimic/bus';
import type { CompiledIsa } from '@mimic/isa';
import { createMemory, createTable, type WasmMemory, type WasmTable } from '@mimic/wasm';
import { type EngineLayout, layoutOf, MEMORY_PAGES, REGION_SLOTS } from './layout.js';

/** One guest's memory. Several processors may share it. */
export interface Guest {
  readonly store: WasmMemory;
  readonly memory: GuestMemory;
  readonly layout: EngineLayout;
  /** Translated regions by slot. */
  readonly regions: WasmTable;
}

/**
 * A guest with nothing mapped. Throws RangeError where the host has no room to reserve 4 GiB of addresses.
 * `pages` is MEMORY_PAGES, or one more, which opens the first 64 KiB of a guest with reversed addresses: for tests.
 */
export function createGuest(isa: CompiledIsa, pages = MEMORY_PAGES): Guest {
  const layout = layoutOf(isa);
  const store = createMemory(pages);
  return { store, layout, memory: new GuestMemory(store, layout), regions: createTable(REGION_SLOTS) };
}
