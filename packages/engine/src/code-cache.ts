// The record pages of a guest: allocated when code is first reached, dropped when it changes.
// In: a Guest. Out: entries of the code table. Must not know: what records mean.
import { Perm } from '@mimic/bus';
import { FixedHandler } from './decoder.js';
import type { Guest } from './guest.js';
import { RECORD_SIZE } from './layout.js';

export class CodeCache {
  private readonly table: Uint32Array;
  private next: number;
  private readonly free: number[] = [];
  /** Pages that have records. */
  private readonly pages = new Set<number>();
  private opened: (page: number) => void = () => {};
  private cleared: () => void = () => {};

  constructor(
    private readonly guest: Guest,
    /** An instruction may reach into the next page: units are smaller than instructions may be. */
    private readonly crossing: boolean,
  ) {
    const { store, layout } = guest;
    this.table = new Uint32Array(store.buffer, layout.codeTable, 1 << 20);
    this.next = layout.arenaBase;
    guest.memory.onCodeChange((page) => this.invalidate(page));
  }

  /** Makes records for `page`, all undecoded. False when the page may not be executed. */
  open(page: number): boolean {
    const { memory, layout, store } = this.guest;
    if (!(memory.perm(page) & Perm.X)) return false;
    if (this.table[page]) return true;
    const size = layout.recordPage;
    let at = this.free.pop();
    if (at === undefined) {
      if (this.next + size > layout.arenaEnd) {
        this.clear();
        return this.open(page);
      }
      at = this.next;
      this.next += size;
    } else new Uint8Array(store.buffer, at, size).fill(0);
    const { sentinels } = layout;
    const handlers = new Uint16Array(store.buffer, at + size - sentinels * RECORD_SIZE);
    for (let k = 0; k < sentinels; k++) handlers[(k * RECORD_SIZE) / 2] = FixedHandler.nextPage;
    this.table[page] = at;
    this.pages.add(page);
    memory.markCode(page);
    if (this.crossing && page + 1 < 1 << 20 && memory.perm(page + 1) & Perm.X) memory.markCode(page + 1);
    this.opened(page);
    return true;
  }

  /** Tells whoever keeps more about code: a page has new records; everything is forgotten. */
  onOpen(opened: (page: number) => void, cleared: () => void): void {
    this.opened = opened;
    this.cleared = cleared;
  }

  /** Host address of the record of the instruction at `pc`; undefined where its page has none. */
  recordAt(pc: number): number | undefined {
    const at = this.table[pc >>> 12]!;
    return at ? at + ((pc & 4095) << this.guest.layout.shift) : undefined;
  }

  /** Forgets what was decoded on `page`. */
  invalidate(page: number): void {
    this.drop(page);
    if (this.crossing && page > 0) this.drop(page - 1);
  }

  /** Forgets the instruction at `pc`. */
  forget(pc: number): void {
    const at = this.recordAt(pc);
    if (at !== undefined) new DataView(this.guest.store.buffer).setUint16(at, FixedHandler.undecoded, true);
  }

  /** Makes the instruction at `pc` stop as illegal until its page is decoded anew: ends a single step. */
  stopAt(pc: number): void {
    const { layout, store } = this.guest;
    if (!this.open(pc >>> 12)) return;
    new DataView(store.buffer).setUint16(
      this.table[pc >>> 12]! + ((pc & 4095) << layout.shift),
      FixedHandler.illegal,
      true,
    );
  }

  /** Forgets everything. */
  clear(): void {
    this.cleared();
    for (const page of [...this.pages]) {
      this.drop(page);
      this.guest.memory.clearCode(page);
    }
  }

  private drop(page: number): void {
    const at = this.table[page]!;
    if (!at) return;
    this.table[page] = 0;
    this.free.push(at);
    this.pages.delete(page);
  }
}
