// Small values by guest address, forgotten by page when code changes, and all together when there are too many.
// In: addresses, values. Out: the same. Must not know: what they say.

export class ByAddress<V> {
  private readonly pages = new Map<number, Map<number, V>>();
  private count = 0;

  /** Addresses at most. */
  constructor(private readonly most: number) {}

  get(pc: number): V | undefined {
    return this.pages.get(pc >>> 12)?.get(pc);
  }

  has(pc: number): boolean {
    return this.get(pc) !== undefined;
  }

  set(pc: number, value: V): void {
    let on = this.pages.get(pc >>> 12);
    if (!on?.has(pc) && ++this.count > this.most) {
      this.pages.clear();
      this.count = 1;
      on = undefined;
    }
    if (!on) this.pages.set(pc >>> 12, (on = new Map()));
    on.set(pc, value);
  }

  delete(pc: number): void {
    if (this.pages.get(pc >>> 12)?.delete(pc)) this.count--;
  }

  forgetPage(page: number): void {
    this.count -= this.pages.get(page)?.size ?? 0;
    this.pages.delete(page);
  }

  get size(): number {
    return this.count;
  }
}
