// The memory of one guest: a 4 GiB window in one linear memory, with permissions by page.
// In: a buffer and a layout. Out: mapped, checked, byte-order-aware access for the host side; the layout for emitters.
// Must not know: instructions, Linux, WebAssembly.

/** Bytes in a page of permissions. */
export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;

/** Bits of a page's permission byte. R, W, X are the guest's; the others are kept by GuestMemory alone. */
export const Perm = {
  R: 1,
  W: 2,
  X: 4,
  /** Decoded or translated code stands on this page: a store must invalidate first. */
  CODE: 8,
  /** A read of up to a page that starts on this page succeeds: R here and on the next page. */
  READ_FAST: 16,
  /** A write that starts on this page succeeds and invalidates nothing: W, not CODE, here and on the next page. */
  WRITE_FAST: 32,
} as const;

/** Where things are in the linear memory. Byte offsets from its start. */
export interface MemoryLayout {
  /**
   * Reversed: byte A of the guest is host byte 2^32 - 1 - A, so an access of n bytes at A is a plain little-endian
   * host access at (-A - n) mod 2^32 and reads big-endian. Otherwise host byte A, little-endian.
   */
  readonly reversed: boolean;
  /** Guest addresses from here up are ours: never mapped for the guest. */
  readonly guestLimit: number;
  /** The 2^20 permission bytes, by guest page number. */
  readonly permBase: number;
  /** The processor state block. */
  readonly stateBase: number;
  /** Free space for the engine: [arenaBase, arenaEnd). */
  readonly arenaBase: number;
  readonly arenaEnd: number;
}

/** The buffer may be replaced when it grows, so it is read anew at every use. */
export interface MemoryStore {
  readonly buffer: ArrayBufferLike;
}

/** A byte range `[address, address + length)` that the guest may not access as asked; address is the first bad byte. */
export interface MemoryFault {
  readonly address: number;
  readonly mapped: boolean;
}

/** Told before bytes of a CODE page change or the page goes away: whoever keeps translations drops them. */
export type CodeListener = (page: number) => void;

/** See the file's head. All addresses are guest addresses in [0, 2^32); lengths are bytes. */
export class GuestMemory {
  constructor(
    readonly store: MemoryStore,
    readonly layout: MemoryLayout,
  ) {}
}
