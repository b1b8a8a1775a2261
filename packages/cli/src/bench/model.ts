// What a benchmark run gives. In: nothing. Out: types. Must not know: how anything is measured or shown.

/** Of several measurements. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Seconds of one start of a program: processor time of all its threads, and time on the clock. */
export interface Times {
  readonly user: Spread;
  readonly wall: Spread;
}

export type Group = 'execution' | 'start-up';

/** One program, run by Mimic and, where there is something to compare with, by the other. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly group: Group;
  readonly architecture: string;
  /** What the program was told to repeat, or how often it was started for one measurement. */
  readonly repeats: number;
  readonly mimic?: Times;
  readonly other?: Times;
  /** The other's command. */
  readonly rival?: string;
  /** The other's time divided by Mimic's, by pairs of neighbouring runs: above 1 Mimic is faster. */
  readonly ratio?: Times;
  /** Why it was not run. */
  readonly skipped?: string;
  /** What went wrong: no times then. */
  readonly error?: string;
}

/** Stages of translation, in their order. */
export const STAGES = ['decode', 'lift', 'optimise', 'emit', 'compile'] as const;
export type Stage = (typeof STAGES)[number];

/** Translating one program's hot code, in this process. */
export interface TranslationRow {
  readonly program: string;
  /** Guest instructions translated, and bytes of WebAssembly made of them. */
  readonly instructions: number;
  readonly bytes: number;
  /** Instructions lifted and optimised: what several regions share is done once. */
  readonly lifted: number;
  readonly seconds: Readonly<Record<Stage, number>>;
}

/** A rate that a suite of the repository measured. */
export interface SuiteRow {
  readonly suite: string;
  readonly name: string;
  readonly rate: number;
  readonly unit: string;
  /** Percent. */
  readonly margin: number;
}

export interface Report {
  readonly date: string;
  readonly host: {
    readonly cpu: string;
    readonly cores: number;
    readonly system: string;
    readonly node: string;
  };
  /** What Mimic was compared with, as it was asked for. */
  readonly versus?: string;
  readonly rounds: number;
  /** Runs were short: starting dominates. */
  readonly quick: boolean;
  readonly rows: readonly Row[];
  readonly translation: readonly TranslationRow[];
  readonly suites: readonly SuiteRow[];
}
