// Which permission checks a region can leave out: what was checked before and has not changed since.
// In: the blocks' accesses and writes, edges, loops. Out: by node, groups that need no check; by loop, checks that are
// made once, where it is entered. Must not know: WebAssembly, permissions.
//
// A page's permissions change only while the region is left, be it for a call: so what is known of a register holds until
// it is written or something is called.
import { PAGE_SIZE } from '@mimic/bus';
import { type Body, Op } from '@mimic/ir';
import { type AccessGroup, type PlannedAccess, split } from './checks.js';
import { cellOf, indexOf, keyOf } from './flow.js';
import type { Shape } from './order.js';

/** What a block checks and writes, in terms of the registers at its start. */
export interface BlockChecks {
  readonly groups: readonly GroupBase[];
  readonly writes: readonly RegisterWrite[];
}
interface GroupBase {
  readonly group: AccessGroup;
  /** Register whose value at the block's start the base is; -1 for none. */
  readonly key: number;
}
interface RegisterWrite {
  readonly key: number;
  /** The value written is this register's at the block's start, or this value of the body, and `displacement`. */
  readonly fromKey: number;
  readonly fromValue: number;
  readonly displacement: number;
}

/** Addresses from a register's value, [low, high), that may be accessed. */
interface Range {
  readonly low: number;
  readonly high: number;
}
/** By register key: twice the key for reads, one more for writes. What may be written may be read. */
type Known = Map<number, Range>;

/** A check to be made where a loop is entered. */
export interface LoopCheck {
  readonly cell: number;
  readonly index: number;
  /** From the register's value; at most a page. */
  readonly low: number;
  readonly length: number;
  readonly writes: boolean;
}

export interface CheckPlan {
  /** By node: groups whose check has been made already. */
  readonly known: readonly (ReadonlySet<AccessGroup> | undefined)[];
  /** By header: what is checked on the edges that enter its loop. */
  readonly atLoop: ReadonlyMap<number, readonly LoopCheck[]>;
}

export interface CheckNode {
  readonly checks: BlockChecks | undefined;
  /** Nodes that follow with nothing called between, and those that follow a call. */
  readonly next: readonly number[];
  readonly after: readonly number[];
  /** Whether checks may be made for it where its loop is entered. */
  readonly hoists: boolean;
}

/** Checks that a loop's entry makes at most. */
const MOST_CHECKS = 4;

export function blockChecks(body: Body, accesses: ReadonlyMap<number, PlannedAccess>): BlockChecks {
  const groups: GroupBase[] = [];
  const writes = new Map<number, RegisterWrite>();
  // By value: the register that it is at the block's start.
  const entry = new Map<number, number>();
  const written = new Set<number>();
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    const op = body.op[i]!;
    if (op === Op.if || op === Op.loop) depth++;
    else if (op === Op.end) depth--;
    else if (op === Op.get || op === Op.set) {
      const key = keyOf(body.a[i]!, body.a[body.b[i]!]!);
      if (op === Op.get) {
        if (!written.has(key)) entry.set(i, key);
      } else {
        written.add(key);
        const { base, displacement } = depth === 0 ? split(body, body.c[i]!) : { base: -1, displacement: 0 };
        writes.set(key, { key, fromKey: entry.get(base) ?? -1, fromValue: base, displacement });
      }
    } else if (op === Op.load || op === Op.store) {
      const { group } = accesses.get(i)!;
      if (group.head === i && group.base >= 0) groups.push({ group, key: entry.get(group.base) ?? -1 });
    }
  }
  return { groups, writes: [...writes.values()] };
}

export const NO_CHECKS: CheckPlan = { known: [], atLoop: new Map() };

export function planChecks(nodes: readonly CheckNode[], shape: Shape): CheckPlan {
  const preds = predecessors(nodes);
  const none: Known = new Map();
  const isHeader = (n: number): boolean => shape.isLoop[n] === 1 || shape.via[n]! >= 0;
  /** One pass in reverse postorder; `atHeader` says what holds where loops start. */
  const pass = (atHeader: (n: number) => Known, found: Set<AccessGroup>[]): Known[] => {
    const out: Known[] = [];
    for (let k = 0; k < shape.order.length; k++) {
      const n = shape.order[k]!;
      const node = nodes[n];
      if (!node) continue;
      const from = preds[n]!;
      let before = none;
      if (isHeader(n)) before = atHeader(n);
      else if (from.length === 1) before = from[0]! < 0 ? none : (out[from[0]!] ?? none);
      else if (!from.includes(-1)) before = meet(from.map((p) => out[p] ?? none));
      out[n] = node.checks ? after(before, node.checks, n, found) : before;
    }
    return out;
  };
  // First what a turn of each loop finds out by itself.
  const known: Set<AccessGroup>[] = [];
  const first = pass(() => none, known);
  const wanted = new Map<number, Known>();
  const atLoop = new Map<number, LoopCheck[]>();
  for (const h of shape.order) {
    const node = nodes[h];
    if (!node?.hoists || shape.isLoop[h] !== 1 || shape.via[h]! >= 0) continue;
    const back = preds[h]!.filter((p) => p >= 0 && shape.rank[p]! >= shape.rank[h]!);
    if (back.length === 0) continue;
    const holds = meet([node.checks ? atStart(node.checks) : none, ...back.map((p) => first[p] ?? none)]);
    const checks: LoopCheck[] = [];
    for (const [k, { low, high }] of holds) {
      const writes = (k & 1) === 1;
      const length = high - low;
      const also = holds.get(k + 1);
      if (!writes && also && covers(also, low, length)) continue;
      checks.push({ cell: cellOf(k >> 1), index: indexOf(k >> 1), low, length, writes });
    }
    if (checks.length === 0 || checks.length > MOST_CHECKS) continue;
    if (checks.some((c) => c.length > PAGE_SIZE)) continue;
    wanted.set(h, holds);
    atLoop.set(h, checks);
  }
  if (atLoop.size === 0) return { known, atLoop };
  const found: Set<AccessGroup>[] = [];
  pass((n) => wanted.get(n) ?? none, found);
  return { known: found, atLoop };
}

/** By node: those before it; -1 where nothing is known: the region is entered there, or a call comes back. */
function predecessors(nodes: readonly CheckNode[]): number[][] {
  const out: number[][] = nodes.map(() => []);
  out[0]!.push(-1);
  for (let n = 0; n < nodes.length; n++) {
    const { next, after } = nodes[n]!;
    for (let k = 0; k < next.length; k++) out[next[k]!]!.push(n);
    for (let k = 0; k < after.length; k++) out[after[k]!]!.push(-1);
  }
  return out;
}

/** What a block checks of the registers at its start, whatever becomes of them. */
function atStart({ groups }: BlockChecks): Known {
  const known: Known = new Map();
  for (const { group, key } of groups) {
    if (key < 0 || !group.always) continue;
    const range = { low: group.low, high: group.low + group.length };
    add(known, 2 * key, range);
    if (group.writes) add(known, 2 * key + 1, range);
  }
  return known;
}

/** What is known behind node n. `found` gets, by node, the groups whose check was made before. */
function after(before: Known, checks: BlockChecks, n: number, found: Set<AccessGroup>[]): Known {
  // Copied when something changes: most blocks check and write nothing that matters here.
  let known = before;
  let values: Map<number, Known> | undefined;
  const { groups, writes } = checks;
  for (let i = 0; i < groups.length; i++) {
    const { group, key } = groups[i]!;
    const own = key < 0 ? values?.get(group.base) : known;
    const k = key < 0 ? 0 : 2 * key;
    const has = own?.get(k + (group.writes ? 1 : 0));
    if (has && covers(has, group.low, group.length)) {
      (found[n] ??= new Set()).add(group);
      continue;
    }
    if (!group.always) continue;
    let at = own;
    if (key >= 0) {
      if (known === before) known = new Map(before);
      at = known;
    } else if (!at) {
      values ??= new Map();
      values.set(group.base, (at = new Map()));
    }
    const range = { low: group.low, high: group.low + group.length };
    add(at!, k, range);
    if (group.writes) add(at!, k + 1, range);
  }
  if (known.size === 0 && !values) return known;
  let out = known;
  for (let i = 0; i < writes.length; i++) {
    const { key, fromKey, fromValue, displacement } = writes[i]!;
    for (let kind = 0; kind < 2; kind++) {
      const r = fromKey >= 0 ? known.get(2 * fromKey + kind) : values?.get(fromValue)?.get(kind);
      if (!r && !out.has(2 * key + kind)) continue;
      if (out === known) out = new Map(known);
      if (r) out.set(2 * key + kind, { low: r.low - displacement, high: r.high - displacement });
      else out.delete(2 * key + kind);
    }
  }
  return out;
}

function add(known: Known, k: number, range: Range): void {
  const old = known.get(k);
  const joins = old && range.low <= old.high && old.low <= range.high;
  known.set(k, joins ? { low: Math.min(old.low, range.low), high: Math.max(old.high, range.high) } : range);
}

function covers(r: Range, low: number, length: number): boolean {
  return r.low <= low && low + length <= r.high;
}

/** What holds in all of them. */
function meet(all: readonly Known[]): Known {
  const [first, ...others] = all;
  if (!first || others.length === 0) return first ?? new Map();
  for (const known of all) if (known.size === 0) return known;
  const out: Known = new Map();
  for (const [k, r] of first) {
    let { low, high } = r;
    for (const o of others) {
      const s = o.get(k);
      if (!s) high = low;
      else {
        low = Math.max(low, s.low);
        high = Math.min(high, s.high);
      }
    }
    if (low < high) out.set(k, { low, high });
  }
  return out;
}
