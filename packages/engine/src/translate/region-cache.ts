// The translated modules of a guest, the least recently wanted ones dropped when they take too much room.
// In: modules with their size. Out: the same by number, until dropped. The only file that imports lru-cache.
import { LRUCache } from 'lru-cache';

/** A module of regions: what was compiled together and goes together. */
export interface CachedModule {
  readonly id: number;
  /** Bytes of WebAssembly. */
  readonly bytes: number;
}

/** `drop` is told of every module that leaves, whatever the cause, and unlinks it. */
export class RegionCache<M extends CachedModule> {
  private readonly cache: LRUCache<number, M>;
  evictions = 0;

  /** Bounds: bytes of all modules together, and how many of them. */
  constructor(maxBytes: number, maxModules: number, drop: (module: M) => void) {
    this.cache = new LRUCache<number, M>({
      max: maxModules,
      maxSize: maxBytes,
      sizeCalculation: (m) => m.bytes,
      dispose: (m, _id, reason) => {
        if (reason === 'evict') this.evictions++;
        drop(m);
      },
    });
  }

  /** False where the module alone is larger than the cache: it does not get in, and nobody is told. */
  add(module: M): boolean {
    this.cache.set(module.id, module);
    return this.cache.has(module.id);
  }
  /** Marks a module as wanted. */
  touch(id: number): void {
    this.cache.get(id);
  }
  delete(id: number): void {
    this.cache.delete(id);
  }
  clear(): void {
    this.cache.clear();
  }
  get count(): number {
    return this.cache.size;
  }
  get bytes(): number {
    return this.cache.calculatedSize;
  }
}
