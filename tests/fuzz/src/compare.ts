// Where two results of one case differ. In: results, the harness. Out: differences.
// Must not know: which of them is right.
import type { Difference } from './exceptions.js';
import { type Harness, type Result, valueAt } from './harness.js';

const hex = (v: number | bigint): string => `0x${v.toString(16)}`;

/** Empty when both agree. A missing result is one that killed the program. */
export function compare(
  harness: Harness,
  ours: Result | undefined,
  theirs: Result | undefined,
): Difference[] {
  if (!ours || !theirs) return [{ what: 'end', bits: 1n, text: ours ? 'the reference died' : 'Mimic died' }];
  if (same(ours, theirs)) return [];
  const out: Difference[] = [];
  const say = (what: string, a: number | bigint, b: number | bigint): void => {
    if (a === b) return;
    const x = BigInt(a);
    const y = BigInt(b);
    out.push({
      what,
      bits: x ^ y,
      distance: x > y ? x - y : y - x,
      text: `${what} ${hex(a)}, not ${hex(b)}`,
    });
  };
  say('signal', ours.signal, theirs.signal);
  if (ours.signal && theirs.signal) {
    say('code', ours.code, theirs.code);
    say('address', ours.address, theirs.address);
    say('nip', ours.nip, theirs.nip);
  }
  for (const s of harness.slots) say(s.name, valueAt(ours.bytes, s), valueAt(theirs.bytes, s));
  const changes = (r: Result): Map<number, number> => {
    const m = new Map<number, number>();
    for (let k = 0; k < r.changes.length; k += 2) m.set(r.changes[k]!, r.changes[k + 1]!);
    return m;
  };
  const a = changes(ours);
  const b = changes(theirs);
  for (const at of new Set([...a.keys(), ...b.keys()])) {
    const x = a.get(at);
    const y = b.get(at);
    if (x === y) continue;
    const show = (v: number | undefined): string => (v === undefined ? 'unchanged' : hex(v));
    out.push({
      what: 'memory',
      bits: 1n,
      text: `mem32[${hex(harness.data + at)}] ${show(x)}, not ${show(y)}`,
    });
  }
  return out;
}

function same(a: Result, b: Result): boolean {
  const x = Buffer.from(a.bytes.buffer, a.bytes.byteOffset, a.bytes.byteLength);
  const y = Buffer.from(b.bytes.buffer, b.bytes.byteOffset, b.bytes.byteLength);
  return (
    x.equals(y) && a.changes.length === b.changes.length && a.changes.every((v, k) => v === b.changes[k])
  );
}
