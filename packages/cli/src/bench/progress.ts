// How far a long run is: a bar on a terminal, a line for each result elsewhere. In: steps. Out: standard error.
// Must not know: what the steps are.

/** Where progress is written. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const clock = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.ceil(seconds % 60)} s`;

export class Progress {
  private done = 0;
  private label = '';
  private readonly began = performance.now();
  private readonly live: boolean;

  /** `total`: steps that will come. */
  constructor(
    private total: number,
    private readonly screen: Screen = process.stderr,
  ) {
    this.live = screen.isTTY === true;
  }

  /** A step begins. */
  show(label: string): void {
    this.label = label;
    this.draw();
  }

  /** Steps are over. */
  advance(steps = 1): void {
    this.done = Math.min(this.done + steps, this.total);
    this.draw();
  }

  /** Steps that will not come after all. */
  drop(steps: number): void {
    this.total -= steps;
  }

  /** A result in one line, which stays. */
  line(text: string): void {
    this.clear();
    this.screen.write(`${text}\n`);
    this.draw();
  }

  /** Takes the bar away. */
  end(): void {
    this.clear();
  }

  private draw(): void {
    if (!this.live) return;
    const part = this.total > 0 ? this.done / this.total : 1;
    const spent = (performance.now() - this.began) / 1000;
    const left = this.done > 2 ? ` ${clock((spent / part) * (1 - part))} left` : '';
    const width = 24;
    const full = part * width;
    const filled = '█'.repeat(Math.floor(full)) + (full % 1 >= 0.5 ? '▌' : '');
    const text = `${filled.padEnd(width, '·')} ${String(Math.round(part * 100)).padStart(3)} %${left}  ${this.label}`;
    this.screen.write(`\r${text.slice(0, (this.screen.columns ?? 80) - 1)}\x1b[K`);
  }

  private clear(): void {
    if (this.live) this.screen.write('\r\x1b[K');
  }
}
