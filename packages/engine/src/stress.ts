// Makes the engine take its rare paths often: short stays, few frames, small batches, dropped code, whole instructions.
// In: a seed. Out: what to do next; the same seed decides the same. Must not know: how any of it is done.
import { Random } from '@mimic/ir';
import { MOST_FRAME } from './layout.js';

export class Stress {
  private readonly random: Random;
  private looks = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** Instructions until the host looks again: short at first, so that a long run ends too. */
  quantum(): number {
    const most = 11 + Math.min(this.looks++ >>> 14, 9);
    return 1 + this.random.below(1 << this.random.below(most));
  }

  /** Units of the host's stack that translated code may use. */
  stack(): number {
    return MOST_FRAME + this.random.below(1 << this.random.below(11));
  }

  /** Regions of the next module. */
  batch(): number {
    return 1 + this.random.below(1 << this.random.below(6));
  }

  /** What to drop now: a module, all modules, all decoded code. */
  drops(): 'module' | 'modules' | 'records' | undefined {
    const n = this.random.below(20_000);
    return n < 100 ? 'module' : n < 103 ? 'modules' : n < 105 ? 'records' : undefined;
  }

  /** Whether an instruction is translated with what is rare in it. */
  whole(): boolean {
    return this.random.below(4) === 0;
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items.length ? this.random.pick(items) : undefined;
  }
}
