// What a line of the system-call tables is, and how registers become arguments. In: a format. Out: decoded arguments.
// Must not know: what the calls do.
import type { LinuxAbi, SyscallNumber } from '@mimic/isa';
import type { Result } from '../errno.js';
import type { Thread } from '../process/thread.js';

/** Arguments are numbers: what they stand for is said by the format. */
export type CallFunction = (thread: Thread, ...args: number[]) => Result;

/**
 * A call's parameters and its function. The format lists `name:kind`, where kind is
 *   d signed int        u unsigned word     x pointer or bits    s path or string    b buffer
 *   l signed word       q signed 64-bit, a register pair on 32-bit ABIs   p file position as low and high word
 *   o octal mode        f open flags        a descriptor or AT_FDCWD      g signal   t clock
 */
export type Call = readonly [format: string, run: CallFunction];
export type CallTable = Readonly<Record<string, Call>>;

export interface Param {
  readonly name: string;
  readonly kind: string;
}

/** One number of one ABI, ready to be called. */
export interface BoundCall {
  readonly name: string;
  readonly printed: string;
  readonly params: readonly Param[];
  /** Turns the six words into arguments. */
  readonly decode: (raw: readonly bigint[]) => number[];
  readonly run: CallFunction;
}

export const parseFormat = (format: string): Param[] =>
  format
    .split(' ')
    .filter(Boolean)
    .map((part) => ({ name: part.slice(0, -2), kind: part.slice(-1) }));

/** Binds a number to the library's call: finds the register or pair of each parameter. */
export function bind(abi: LinuxAbi, row: SyscallNumber, [format, run]: Call): BoundCall {
  const params = parseFormat(format);
  const narrow = abi.types.long === 32;
  const steps: ((raw: readonly bigint[]) => number)[] = [];
  if (row.params)
    for (const param of params) steps.push(reader(abi, param.kind, row.params.indexOf(param.name)));
  else {
    let at = 0;
    for (const { kind } of params) {
      const pair = narrow && (kind === 'q' || kind === 'p');
      if (pair && kind === 'q' && abi.types.pairs === 'even' && at % 2 === 1) at++;
      steps.push(reader(abi, kind, at));
      at += pair || kind === 'p' ? 2 : 1;
    }
  }
  const decode = (raw: readonly bigint[]) => steps.map((step) => step(raw));
  return { name: row.name, printed: row.printed, params, decode, run };
}

function reader(abi: LinuxAbi, kind: string, at: number): (raw: readonly bigint[]) => number {
  if (at < 0) return () => 0;
  const wide = abi.types.long === 64;
  const highFirst = abi.types.pairOrder === 'high-first';
  const pair = (raw: readonly bigint[], first: boolean) => {
    const [a, b] = [BigInt.asUintN(32, raw[at] ?? 0n), BigInt.asUintN(32, raw[at + 1] ?? 0n)];
    return Number(BigInt.asIntN(64, first ? (a << 32n) | b : (b << 32n) | a));
  };
  switch (kind) {
    case 'd':
    case 'a':
    case 'g':
    case 't':
      return (raw) => Number(BigInt.asIntN(32, raw[at] ?? 0n));
    case 'l':
      return (raw) => Number(BigInt.asIntN(wide ? 64 : 32, raw[at] ?? 0n));
    case 'o':
    case 'f':
      return (raw) => Number(BigInt.asUintN(32, raw[at] ?? 0n));
    case 'q':
      return wide ? (raw) => Number(BigInt.asIntN(64, raw[at] ?? 0n)) : (raw) => pair(raw, highFirst);
    case 'p':
      return wide ? (raw) => Number(BigInt.asIntN(64, raw[at] ?? 0n)) : (raw) => pair(raw, false);
    default:
      return (raw) => Number(BigInt.asUintN(wide ? 64 : 32, raw[at] ?? 0n));
  }
}
