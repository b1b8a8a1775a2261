// The options of `mimic bench`. In: arguments. Out: options, or what is wrong with them.
// Must not know: what is measured.
import { UsageError } from '../run/options.js';

export interface BenchOptions {
  /** What to compare with: `qemu`, `mimic` and its options, or any emulator's command. */
  readonly versus?: string;
  readonly rounds: number;
  /** That the faster side of a pair runs for. */
  readonly seconds?: number;
  /** Ids of rows; empty: all. */
  readonly only: readonly string[];
  readonly architecture?: string;
  readonly json?: string;
  readonly html?: string;
  /** A Markdown file with a section to fill. */
  readonly doc?: string;
  /** A folder with results of the repository's suites, to show with the others. */
  readonly suites?: string;
  readonly quick: boolean;
  readonly list: boolean;
}

type Mutable = { -readonly [K in keyof BenchOptions]: BenchOptions[K] };

const VALUES: Readonly<Record<string, (options: Mutable, value: string) => unknown>> = {
  vs: (o, v) => void (o.versus = v),
  rounds: (o, v) =>
    /^[1-9]\d{0,2}$/.test(v)
      ? void (o.rounds = Number(v))
      : new UsageError(`--rounds takes a number from 1, not ${v}`),
  seconds: (o, v) =>
    Number(v) >= 0.1 && Number(v) <= 600
      ? void (o.seconds = Number(v))
      : new UsageError(`--seconds takes a number from 0.1 to 600, not ${v}`),
  only: (o, v) => void (o.only = [...o.only, ...v.split(',').filter(Boolean)]),
  arch: (o, v) => void (o.architecture = v),
  json: (o, v) => void (o.json = v),
  html: (o, v) => void (o.html = v),
  doc: (o, v) => void (o.doc = v),
  suites: (o, v) => void (o.suites = v),
};

/** Both `--x value` and `--x=value` are understood. */
export function parseBenchOptions(args: readonly string[]): BenchOptions | UsageError {
  const options: Mutable = { rounds: 0, only: [], quick: false, list: false };
  for (let i = 0; i < args.length; i++) {
    const [, name, inline] = /^--?([a-z]+)(?:=(.*))?$/s.exec(args[i]!) ?? [];
    if (name === 'quick') options.quick = true;
    else if (name === 'list') options.list = true;
    else if (name !== undefined && Object.hasOwn(VALUES, name)) {
      const value = inline ?? args[++i];
      if (value === undefined) return new UsageError(`--${name} takes a value`);
      const wrong = VALUES[name]!(options, value);
      if (wrong instanceof UsageError) return wrong;
    } else return new UsageError(`bench: unknown option ${args[i]} (see mimic help)`);
  }
  if (options.rounds === 0) options.rounds = options.quick ? 1 : 5;
  return options;
}
