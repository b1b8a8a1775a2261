// A minimal guest memory for tests: maps pages and keeps the fast bits right.
// In: a store and a layout. Out: the methods that the engine asks for. Must not know: ISAs.
import { GuestMemory, type MemoryLayout, type MemoryStore, Perm } from '@mimic/bus';
import type { CodePages } from './guest.js';

export class TestMemory extends GuestMemory implements CodePages {
  private readonly perms: Uint8Array;
  private readonly listeners: ((page: number) => void)[] = [];

  constructor(store: MemoryStore, layout: MemoryLayout) {
    super(store, layout);
    this.perms = new Uint8Array(store.buffer, layout.permBase, 1 << 20);
  }

  perm(page: number): number {
    return this.perms[page]!;
  }
  /** Gives `count` pages from `page` on the permissions `perm`. */
  protect(page: number, count: number, perm: number): void {
    this.perms.fill(perm, page, page + count);
    for (let p = page - 1; p < page + count; p++) this.refresh(p);
  }
  markCode(page: number): void {
    this.perms[page]! |= Perm.CODE;
    this.refresh(page - 1);
    this.refresh(page);
  }
  clearCode(page: number): void {
    this.perms[page]! &= ~Perm.CODE;
    this.refresh(page - 1);
    this.refresh(page);
  }
  onCodeChange(listener: (page: number) => void): void {
    this.listeners.push(listener);
  }
  word(address: number, value: number): void {
    const { reversed } = this.layout;
    new DataView(this.store.buffer).setUint32(reversed ? 2 ** 32 - address - 4 : address, value, true);
  }

  private refresh(page: number): void {
    if (page < 0) return;
    const [p, q] = [this.perms[page]!, this.perms[page + 1]!];
    const write = (v: number): boolean => (v & (Perm.W | Perm.CODE)) === Perm.W;
    const fast = (p & q & Perm.R ? Perm.READ_FAST : 0) | (write(p) && write(q) ? Perm.WRITE_FAST : 0);
    this.perms[page] = (p & 15) | fast;
  }
}
