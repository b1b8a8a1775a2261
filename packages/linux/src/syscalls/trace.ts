// Prints system calls as qemu-user's -strace does: `PID name(args) = result`.
// In: decoded calls. Out: lines. Must not know: what the calls do.
import { Errno, type Result } from '../errno.js';
import type { Thread } from '../process/thread.js';
import { signalName } from '../signal/info.js';
import { errorText } from './error-text.js';
import type { BoundCall, Param } from './table.js';

const HEX_RESULTS = new Set(['brk', 'mmap', 'mmap2', 'mremap', 'shmat']);
const CLOCKS = [
  'CLOCK_REALTIME', 'CLOCK_MONOTONIC', 'CLOCK_PROCESS_CPUTIME_ID', 'CLOCK_THREAD_CPUTIME_ID', 'CLOCK_MONOTONIC_RAW',
  'CLOCK_REALTIME_COARSE', 'CLOCK_MONOTONIC_COARSE', 'CLOCK_BOOTTIME',
]; // biome-ignore format: a table
const MAX_TEXT = 100;

/** The line up to the result. Calls that do not come back are printed at once. */
export function traceCall(thread: Thread, call: BoundCall, args: readonly number[]): string {
  const list = call.params.map((param, i) => argument(thread, call, param, args[i]!, args));
  return `${thread.tid} ${call.printed}(${list.join(',')})`;
}

export function traceResult(
  thread: Thread,
  call: BoundCall,
  line: string,
  result: Exclude<Result, { until: unknown }>,
): void {
  let text = '';
  if (result instanceof Errno) {
    text = ` = -1 errno=${thread.values.get('errno', result.name)} (${errorText(result.name)})`;
  } else if (typeof result === 'number') {
    text = ` = ${HEX_RESULTS.has(call.name) ? hex(result) : result}`;
  }
  thread.kernel.tracing.calls?.(line + text);
}

const hex = (value: number): string => (value === 0 ? 'NULL' : `0x${value.toString(16).padStart(8, '0')}`);

function argument(
  thread: Thread,
  call: BoundCall,
  param: Param,
  value: number,
  args: readonly number[],
): string {
  switch (param.kind) {
    case 'x':
      return hex(value);
    case 's':
      return text(thread, value);
    case 'b':
      return call.name === 'write'
        ? bytes(thread, value, args[call.params.indexOf(param) + 1] ?? 0)
        : hex(value);
    case 'o':
      return `0${value.toString(8)}`;
    case 'f': {
      const mode = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_RDWR'][value & 3]!;
      const rest = thread.values.flags('open', value & ~3);
      return rest === '0' ? mode : `${mode}|${rest}`;
    }
    case 'a':
      return value === -100 ? 'AT_FDCWD' : `${value}`;
    case 'g':
      return value === 0 ? '0' : signalName(thread.values, value);
    case 't':
      return CLOCKS[value] ?? `${value}`;
    default:
      return `${value}`;
  }
}

function text(thread: Thread, address: number): string {
  const found = address === 0 ? 'NULL' : thread.user.path(address);
  return typeof found !== 'string' || address === 0 ? hex(address) : quote(found);
}

function bytes(thread: Thread, address: number, length: number): string {
  const found = thread.user.bytes(address, Math.min(length, MAX_TEXT));
  if (found instanceof Errno) return hex(address);
  return quote(String.fromCharCode(...found)) + (length > MAX_TEXT ? '...' : '');
}

const ESCAPES: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '"': '\\"', '\\': '\\\\' };

function quote(found: string): string {
  const body = Array.from(found, (c) => {
    const code = c.charCodeAt(0);
    return ESCAPES[c] ?? (code < 32 || code > 126 ? `\\${code.toString(8)}` : c);
  });
  return `"${body.join('')}"`;
}
