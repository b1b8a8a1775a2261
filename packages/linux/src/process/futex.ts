// Who waits on which word of memory: the queues behind futex(2). In: addresses, threads. Out: who is woken.
// Must not know: time, the values of the words.
import type { Thread } from './thread.js';

export interface Waiter {
  readonly thread: Thread;
  /** Only a wake whose bits meet these wakes it. */
  readonly bits: number;
  address: number;
  woken: boolean;
}

export const ALL_BITS = 0xffff_ffff;

/** Queues by guest address, first come first served. */
export class Futexes {
  private readonly queues = new Map<number, Waiter[]>();

  wait(thread: Thread, address: number, bits: number): Waiter {
    const waiter: Waiter = { thread, bits, address, woken: false };
    this.queue(address).push(waiter);
    return waiter;
  }

  /** Takes a waiter out: its time is over, or a signal came. */
  cancel(waiter: Waiter): void {
    this.remove(waiter);
  }

  /** Wakes at most `count` waiters that share a bit; gives how many. */
  wake(address: number, count: number, bits = ALL_BITS): number {
    let done = 0;
    for (const waiter of [...(this.queues.get(address) ?? [])]) {
      if (done >= count) break;
      if (!(waiter.bits & bits)) continue;
      this.remove(waiter);
      waiter.woken = true;
      done++;
    }
    return done;
  }

  /** Moves at most `count` waiters to another word without waking them. */
  requeue(from: number, to: number, count: number): number {
    const moved = [...(this.queues.get(from) ?? [])].slice(0, count);
    for (const waiter of moved) {
      this.remove(waiter);
      waiter.address = to;
      this.queue(to).push(waiter);
    }
    return moved.length;
  }

  private queue(address: number): Waiter[] {
    let queue = this.queues.get(address);
    if (!queue) this.queues.set(address, (queue = []));
    return queue;
  }

  private remove(waiter: Waiter): void {
    const queue = this.queues.get(waiter.address);
    const at = queue?.indexOf(waiter) ?? -1;
    if (at < 0) return;
    queue!.splice(at, 1);
    if (queue!.length === 0) this.queues.delete(waiter.address);
  }
}
