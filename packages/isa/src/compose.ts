// Makes up code for an instruction: random where its encoding leaves a choice. For tests.
// In: an instruction, random bits. Out: bytes in memory order. Must not know: semantics.
import type { CompiledIsa, Insn } from './model.js';
import type { Scan } from './scan.js';

/** Bytes behind the opcode that are made up: more than any operands take. */
const TAIL = 13;

/** Code whose first bytes are `insn`, unless a narrower one takes them; for instructions of bytes. */
export function composeBytes(isa: CompiledIsa, insn: Insn, random: (bits: number) => number): number[] {
  const scan = isa.scan!;
  // What the encoding leaves open is mostly 0: prefixes are the exception.
  let key = insn.value >>> 0;
  const open = ~insn.mask >>> 0;
  const operands = (0xff << scan.operandsAt) >>> 0;
  const prefixes = ~((2 ** (scan.operandsAt + 8) - 1) | 0) >>> 0;
  key = (key | (random(32) & open & operands)) >>> 0;
  key = (key | (random(32) & open & 0xff)) >>> 0;
  if (random(2) === 0) key = (key | (random(32) & random(32) & random(32) & open & prefixes)) >>> 0;
  const out = prefixBytes(scan, key);
  const map = (key >>> scan.map.at) & ((1 << scan.map.width) - 1);
  out.push(...(scan.maps.find((m) => m.value >>> scan.map.at === map)?.bytes ?? []));
  const opcode = key & 0xff;
  out.push(opcode);
  const index = 256 * map + opcode;
  if ((scan.hasOperands[index >>> 5]! >>> (index & 31)) & 1) out.push((key >>> scan.operandsAt) & 0xff);
  for (let k = 0; k < TAIL; k++) out.push(random(3) === 0 ? [0, 0xff, 0x80, 0x7f][random(2)]! : random(8));
  return out;
}

/** One prefix of each kind whose bits the key has; those that only count before the opcode come last. */
function prefixBytes(scan: Scan, key: number): number[] {
  const out: number[] = [];
  for (const last of [false, true]) {
    const done = new Set<number>();
    for (const p of scan.prefixes) {
      if (p.last !== last || done.has(p.mask) || (key & p.mask) >>> 0 !== p.value) continue;
      done.add(p.mask);
      out.push(p.byte);
    }
  }
  return out;
}
