// A guest memory in an ordinary buffer: for tests and for tools that only look at a program.
// In: the byte order. Out: a GuestMemory. Must not know: the engine's own layout.
import { GuestMemory, type MemoryLayout } from './guest-memory.js';
import { PAGE_COUNT } from './page-table.js';

const OURS = 16 * 1024 * 1024;

/** A memory with nothing mapped. The buffer is 4 GiB less 64 KiB of address space; pages untouched cost nothing. */
export function plainMemory(options: { readonly reversed: boolean }): GuestMemory {
  const size = 2 ** 32 - 0x10000;
  const { reversed } = options;
  const base = reversed ? 0 : size - OURS;
  const layout: MemoryLayout = {
    reversed,
    guestLimit: reversed ? 2 ** 32 - OURS : size - OURS,
    permBase: base,
    stateBase: base + PAGE_COUNT,
    arenaBase: base + 2 * PAGE_COUNT,
    arenaEnd: base + OURS,
  };
  return new GuestMemory({ buffer: new ArrayBuffer(size) }, layout);
}
