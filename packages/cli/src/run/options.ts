// The options of `mimic run`, as qemu-user's users know them. In: arguments. Out: options, or what is wrong with them.
// Must not know: files, what the options do.

import { BLOCK_PASSES, type BlockPass } from '@mimic/engine';

export interface RunOptions {
  readonly sysroot?: string;
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly unset: readonly string[];
  readonly argv0?: string;
  readonly strace: boolean;
  /** Items of -d. */
  readonly log: readonly string[];
  readonly logFile?: string;
  readonly debugPort?: number;
  readonly cpu?: string;
  /** A spec folder that counts before the shipped ones. */
  readonly isa?: string;
  /** Bytes. */
  readonly stackSize?: number;
  /** Bytes of translated code kept; 0: nothing is translated. */
  readonly cacheSize?: number;
  /** Samples of an address before it is translated. */
  readonly threshold?: number;
  /** Seed of a run that takes the engine's rare paths often. */
  readonly stress?: number;
  /** Names of the translator's passes that are switched off. */
  readonly noPasses: readonly BlockPass[];
  readonly program: string;
  readonly args: readonly string[];
}

/** What -cpu takes to list the models that there are. */
export const HELP = 'help';

/** A mistake in the command line, as one line for the user. */
export class UsageError {
  constructor(readonly message: string) {}
}

type Mutable = { -readonly [K in keyof RunOptions]: RunOptions[K] } & {
  set: [string, string][];
  unset: string[];
  log: string[];
  noPasses: BlockPass[];
};

interface Option {
  readonly value?: string;
  /** Gives a UsageError where the value is bad; anything else is success. */
  readonly apply: (options: Mutable, value: string) => unknown;
}

const flag = (apply: (options: Mutable) => void): Option => ({ apply });
const takes = (value: string, apply: Option['apply']): Option => ({ value, apply });

/** Bytes of `8M`, `64K`, `1000000`. */
function sizeOf(text: string): number | undefined {
  const match = /^(\d+)([kKmMgG]?)$/.exec(text);
  return match
    ? Number(match[1]) *
        { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[match[2]!.toLowerCase() as '' | 'k' | 'm' | 'g']
    : undefined;
}

const OPTIONS: Readonly<Record<string, Option>> = {
  L: takes('a path', (o, v) => void (o.sysroot = v)),
  E: takes('var=value', (o, v) => {
    const at = v.indexOf('=');
    if (at <= 0) return new UsageError(`-E takes var=value, not ${v}`);
    o.set.push([v.slice(0, at), v.slice(at + 1)]);
    return undefined;
  }),
  U: takes('a name', (o, v) => void o.unset.push(v)),
  '0': takes('a name', (o, v) => void (o.argv0 = v)),
  s: takes('a size', (o, v) => {
    const size = sizeOf(v);
    if (size === undefined || size < 65536 || size > 2 ** 30)
      return new UsageError(`-s takes a size from 64K to 1G, not ${v}`);
    o.stackSize = size;
    return undefined;
  }),
  d: takes('items', (o, v) => void o.log.push(...v.split(',').filter(Boolean))),
  D: takes('a file', (o, v) => void (o.logFile = v)),
  g: takes('a port', (o, v) => {
    const port = Number(v);
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      return new UsageError(`-g takes a port, not ${v}`);
    o.debugPort = port;
    return undefined;
  }),
  'cache-size': takes('a size', (o, v) => {
    const size = sizeOf(v);
    if (size === undefined) return new UsageError(`--cache-size takes a size, not ${v}`);
    o.cacheSize = size;
    return undefined;
  }),
  threshold: takes('a number', (o, v) => {
    if (!/^[1-9]\d*$/.test(v)) return new UsageError(`--threshold takes a number from 1, not ${v}`);
    o.threshold = Number(v);
    return undefined;
  }),
  stress: takes('a seed', (o, v) => {
    if (!/^\d{1,9}$/.test(v)) return new UsageError(`--stress takes a number, not ${v}`);
    o.stress = Number(v);
    return undefined;
  }),
  'no-pass': takes('a name', (o, v) => {
    const pass = BLOCK_PASSES.find((name) => name === v);
    if (!pass) return new UsageError(`--no-pass takes one of ${BLOCK_PASSES.join(', ')}, not ${v}`);
    o.noPasses.push(pass);
    return undefined;
  }),
  cpu: takes('a name', (o, v) => void (o.cpu = v)),
  isa: takes('a folder', (o, v) => void (o.isa = v)),
  strace: flag((o) => void (o.strace = true)),
};

/** Options end at the first argument without a dash, or at `--`. Both `-x` and `--x` are understood. */
export function parseRunOptions(args: readonly string[]): RunOptions | UsageError {
  const options: Mutable = {
    set: [],
    unset: [],
    log: [],
    noPasses: [],
    strace: false,
    program: '',
    args: [],
  };
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--') {
      at++;
      break;
    }
    if (!arg.startsWith('-') || arg === '-') break;
    const name = arg.replace(/^--?/, '');
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (!option) return new UsageError(`unknown option ${arg} (see mimic help)`);
    const value = option.value === undefined ? '' : args[++at];
    if (value === undefined) return new UsageError(`${arg} takes ${option.value}`);
    const wrong = option.apply(options, value);
    if (wrong instanceof UsageError) return wrong;
  }
  const [program, ...rest] = args.slice(at);
  if (program === undefined && options.cpu === HELP) return options;
  if (program === undefined) return new UsageError('no program given (see mimic help)');
  return { ...options, program, args: rest };
}
