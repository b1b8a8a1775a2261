// Creates the memory of a guest: one linear memory with the guest's 4 GiB window and our zone in it.
// In: a CompiledIsa. Out: a Guest. Must not know: what will run in it.
import { GuestMemory } from '@mimic/bus';
import type { CompiledIsa } from '@mimic/isa';
import { createMemory, type WasmMemory } from '@mimic/wasm';
import { type EngineLayout, layoutOf, MEMORY_PAGES } from './layout.js';

/** What the engine asks of a memory beside its bytes. Pages are guest page numbers. */
export interface CodePages {
  /** The permission byte. */
  perm(page: number): number;
  /** Notes that decoded code stands on the page, so that stores to it are seen. */
  markCode(page: number): void;
  clearCode(page: number): void;
  /** Called before bytes of a CODE page change or the page goes away. */
  onCodeChange(listener: (page: number) => void): void;
}

/** One guest's memory. Several processors may share it. */
export interface Guest {
  readonly store: WasmMemory;
  readonly memory: GuestMemory & CodePages;
  readonly layout: EngineLayout;
}

/**
 * A guest with nothing mapped. `wrap` makes the GuestMemory; tests give their own.
 * Throws RangeError where the host has no room to reserve 4 GiB of addresses.
 */
export function createGuest(
  isa: CompiledIsa,
  wrap: (store: WasmMemory, layout: EngineLayout) => GuestMemory & CodePages = (store, layout) =>
    new GuestMemory(store, layout) as GuestMemory & CodePages,
): Guest {
  const layout = layoutOf(isa);
  const store = createMemory(MEMORY_PAGES);
  return { store, layout, memory: wrap(store, layout) };
}
