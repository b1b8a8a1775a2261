// Which memory accesses of a block share a permission check and an address.
// In: a block's body. Out: by access: its group, which is checked once. Must not know: WebAssembly.
import { PAGE_SIZE } from '@mimic/bus';
import { type Body, Op } from '@mimic/ir';

/** One byte of a page's permissions speaks for a range of a page's length: so one check covers all accesses in it. */
export interface AccessGroup {
  /** The access before which the check is made. */
  readonly head: number;
  /** The value that the addresses have in common, or -1 for constant addresses. */
  readonly base: number;
  /** First byte, from the base. */
  readonly low: number;
  /** Length in bytes, at most a page. */
  readonly length: number;
  readonly reads: boolean;
  readonly writes: boolean;
  /** Every run of the block makes the check. */
  readonly always: boolean;
  /** Number of the instruction that makes it. */
  readonly insn: number;
}

/** How an access finds its address: its group, and its place in it. */
export interface PlannedAccess {
  readonly group: AccessGroup;
  /** From the start of the group's range. */
  readonly from: number;
}

interface Access {
  readonly op: number;
  readonly base: number;
  readonly displacement: number;
  readonly bytes: number;
  readonly write: boolean;
  /** Ends and starts of arms before it. */
  readonly depth: number;
  readonly insn: number;
}

/** The accesses of a body by op. Without `share` each checks for itself. */
export function planAccesses(body: Body, share = true): ReadonlyMap<number, PlannedAccess> {
  const accesses: Access[] = [];
  let depth = 0;
  let insn = 0;
  for (let i = 0; i < body.length; i++) {
    const op = body.op[i]!;
    if (op === Op.mark) insn = body.a[i]!;
    // What is behind one that leaves is reached or not with all that follows: a check may come before it.
    if (op === Op.if && body.op[i + 1] === Op.leave) i += 2;
    else if (op === Op.if || op === Op.loop || op === Op.else) depth++;
    if (op === Op.end) depth++;
    if (op !== Op.load && op !== Op.store) continue;
    const address = body.a[i]!;
    const { base, displacement } = split(body, address);
    const width = op === Op.load ? body.width[i]! : body.width[body.b[i]!]!;
    accesses.push({ op: i, base, displacement, bytes: width / 8, write: op === Op.store, depth, insn });
  }
  if (accesses.length === 0) return NONE;
  const out = new Map<number, PlannedAccess>();
  for (let k = 0; k < accesses.length; k++) {
    const a = accesses[k]!;
    if (out.has(a.op)) continue;
    const together = [a];
    let low = a.displacement;
    let high = a.displacement + a.bytes;
    let reads = !a.write;
    let writes = a.write;
    for (let j = k + 1; share && j < accesses.length; j++) {
      const b = accesses[j]!;
      // What may not run, or runs after something may not have run, checks for itself.
      if (b.base !== a.base || b.depth !== a.depth || out.has(b.op)) continue;
      const l = Math.min(low, b.displacement);
      const h = Math.max(high, b.displacement + b.bytes);
      if (h - l > PAGE_SIZE) continue;
      low = l;
      high = h;
      if (b.write) writes = true;
      else reads = true;
      together.push(b);
    }
    const { op: head, base, insn } = a;
    const group = { head, base, low, length: high - low, reads, writes, always: a.depth === 0, insn };
    for (let i = 0; i < together.length; i++) {
      const x = together[i]!;
      out.set(x.op, { group, from: x.displacement - low });
    }
  }
  return out;
}

const NONE: ReadonlyMap<number, PlannedAccess> = new Map();

/** A value as base + constant. */
export function split(body: Body, id: number): { base: number; displacement: number } {
  const op = body.op[id]!;
  /** A constant as a signed number of 32 bits, where it is one. */
  const constant = (v: number): number | undefined => {
    if (body.op[v] !== Op.const) return undefined;
    if (body.width[v]! <= 32) return body.a[v]!;
    const k = BigInt.asIntN(64, body.constantValue(v));
    return k === BigInt.asIntN(32, k) ? Number(k) : undefined;
  };
  if (op === Op.const) {
    const k = body.constantValue(id);
    return k < 0x1_0000_0000n ? { base: -1, displacement: Number(k) } : { base: id, displacement: 0 };
  }
  if (op === Op.add) {
    const b = constant(body.b[id]!);
    if (b !== undefined) return { base: body.a[id]!, displacement: b };
    const a = constant(body.a[id]!);
    if (a !== undefined) return { base: body.b[id]!, displacement: a };
  }
  return { base: id, displacement: 0 };
}
