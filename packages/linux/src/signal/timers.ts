// Interval timers of a process: setitimer, alarm, timer_create. In: times, the kernel's clocks. Out: signals when due.
// Must not know: how a signal is delivered.
import type { Kernel } from '../process/kernel.js';
import type { SignalInfo } from './info.js';

export interface Timer {
  /** Nanoseconds between expirations; 0 for one only. */
  interval: bigint;
  /** When it fires next by its clock; undefined: not armed. */
  due: bigint | undefined;
  /** Expirations beyond the first that the last signal stands for. */
  overrun: number;
  readonly clock: 'monotonic' | 'realtime' | 'cpu';
  readonly signal: (overrun: number) => SignalInfo | undefined;
}

export class Timers {
  private readonly armed = new Set<Timer>();

  constructor(private readonly kernel: Kernel) {}

  now(clock: Timer['clock']): bigint {
    if (clock === 'monotonic') return this.kernel.monotonic();
    if (clock === 'realtime') return this.kernel.realtime();
    const { user, system } = this.kernel.host.clock.cpuTime();
    return user + system;
  }

  /** Arms a timer, or takes it off where `due` is undefined. */
  set(timer: Timer, due: bigint | undefined, interval: bigint): void {
    timer.due = due;
    timer.interval = interval;
    if (due === undefined) this.armed.delete(timer);
    else this.armed.add(timer);
  }

  /** Time left, and the interval. */
  get(timer: Timer): { readonly left: bigint; readonly interval: bigint } {
    if (timer.due === undefined) return { left: 0n, interval: timer.interval };
    const left = timer.due - this.now(timer.clock);
    return { left: left > 0n ? left : 1n, interval: timer.interval };
  }

  get any(): boolean {
    return this.armed.size > 0;
  }

  /** When the first timer fires, by the monotonic clock. */
  nextDue(): bigint | undefined {
    let first: bigint | undefined;
    for (const timer of this.armed) {
      const at = this.kernel.monotonic() + (timer.due! - this.now(timer.clock));
      if (first === undefined || at < first) first = at;
    }
    return first;
  }

  /** The signals of all timers that are due, which go on or go off. */
  expire(): SignalInfo[] {
    const out: SignalInfo[] = [];
    for (const timer of this.armed) {
      const late = this.now(timer.clock) - timer.due!;
      if (late < 0n) continue;
      const missed = timer.interval > 0n ? late / timer.interval : 0n;
      timer.overrun = Number(missed);
      if (timer.interval > 0n) timer.due = timer.due! + timer.interval * (missed + 1n);
      else this.set(timer, undefined, 0n);
      const info = timer.signal(timer.overrun);
      if (info) out.push(info);
    }
    return out;
  }
}
