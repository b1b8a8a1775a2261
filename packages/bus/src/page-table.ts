// The permission byte of every guest page, with the derived fast bits kept right.
// In: the permission bytes of a MemoryLayout, changes by page. Out: the bits, and a call before code goes away.
// Must not know: what stands on the pages, who keeps translations.

/** Bytes in a page of permissions. */
export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;
/** Guest pages in a 4 GiB window. */
export const PAGE_COUNT = 1 << 20;

/** Bits of a page's permission byte. R, W, X are the guest's; the others are kept by GuestMemory alone. */
export const Perm = {
  R: 1,
  W: 2,
  X: 4,
  /** Decoded or translated code stands on this page: a store must invalidate first. */
  CODE: 8,
  /** A read of up to a page that starts on this page succeeds: R here and on the next page. */
  READ_FAST: 16,
  /** A read or write that starts on this page succeeds and invalidates nothing: R, W, not CODE, here and on the next. */
  WRITE_FAST: 32,
  /** The page was mapped once, so its bytes may differ from zero. */
  USED: 64,
  /** The page is mapped, even if nothing may be done with it (PROT_NONE). */
  MAPPED: 128,
} as const;

const ACCESS = Perm.R | Perm.W | Perm.X;

/** Told before bytes of a CODE page change or the page goes away: whoever keeps translations drops them. */
export type CodeListener = (page: number) => void;

/** Pages are numbered by guest address >> PAGE_SHIFT; ranges are `[first, end)`. */
export class PageTable {
  private readonly listeners = new Set<CodeListener>();

  /** `bytes` gives the current permission bytes: the buffer behind them may be replaced when it grows. */
  constructor(private readonly bytes: () => Uint8Array) {}

  /** Registers a listener; the result removes it. */
  onCodeChange(listener: CodeListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** All bits of a page; 0 for a page outside the window. */
  get(page: number): number {
    return this.bytes()[page] ?? 0;
  }

  /** Replaces the R, W, X of mapped or fresh pages. Code on them is dropped first. */
  set(first: number, end: number, access: number): void {
    this.dropCode(first, end);
    const bytes = this.bytes();
    const value = (access & ACCESS) | Perm.MAPPED | Perm.USED;
    bytes.fill(value, first, end);
    this.refresh(first, end);
  }

  /** Takes the pages away. Code on them is dropped first. */
  clear(first: number, end: number): void {
    this.dropCode(first, end);
    const bytes = this.bytes();
    for (let page = first; page < end; page++) bytes[page] = bytes[page]! & Perm.USED;
    this.refresh(first, end);
  }

  /** Notes that decoded code stands on a page. */
  markCode(page: number): void {
    const bytes = this.bytes();
    if (bytes[page]! & Perm.CODE) return;
    bytes[page] = bytes[page]! | Perm.CODE;
    this.refresh(page, page + 1);
  }

  /** Notes that nobody keeps code of the page any more. Tells nobody. */
  clearCode(page: number): void {
    const bytes = this.bytes();
    if (!(bytes[page]! & Perm.CODE)) return;
    bytes[page] = bytes[page]! & ~Perm.CODE;
    this.refresh(page, page + 1);
  }

  /** Tells the listeners of every CODE page in the range, then clears the bit. Cheap when there is none. */
  dropCode(first: number, end: number): void {
    const bytes = this.bytes();
    for (let page = first; page < end; page++) {
      if (!(bytes[page]! & Perm.CODE)) continue;
      for (const listener of this.listeners) listener(page);
      this.clearCode(page);
    }
  }

  /** The first page of the range that lacks one of the bits `need`, or -1. */
  firstWithout(first: number, end: number, need: number): number {
    const bytes = this.bytes();
    for (let page = first; page < end; page++) if ((bytes[page]! & need) !== need) return page;
    return -1;
  }

  /** The fast bits look at the next page too, so the page before a change is affected by it. */
  private refresh(first: number, end: number): void {
    const bytes = this.bytes();
    const start = Math.max(first - 1, 0);
    let next = end < PAGE_COUNT ? bytes[end]! : 0;
    for (let page = end - 1; page >= start; page--) {
      const own = bytes[page]! & ~(Perm.READ_FAST | Perm.WRITE_FAST);
      const read = own & next & Perm.R ? Perm.READ_FAST : 0;
      const write = read && own & next & Perm.W && !((own | next) & Perm.CODE) ? Perm.WRITE_FAST : 0;
      bytes[page] = next = own | read | write;
    }
  }
}
