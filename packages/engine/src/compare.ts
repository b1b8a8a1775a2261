// Runs one instruction on the reference evaluator and on the interpreter, from the same random state.
// In: an Interpreter, an instruction, a seeded generator. Out: where the two differ.
// Must not know: how either works.
import { evaluate, type Random } from '@mimic/ir';
import { type CompiledIsa, composeBytes, decodeBytes, type Insn } from '@mimic/isa';
import { decode } from '@mimic/isa/decode';
import type { Exit } from './cpu.js';
import type { Interpreter } from './interpreter.js';

export interface CompareResult {
  /** Bits of the instruction that was run. */
  readonly word: number;
  /** Empty when both agree. */
  readonly differences: readonly string[];
}

/** Where the trial's code and data lie: guest page numbers that the caller has mapped, code RX, data RW. */
export interface Arena {
  readonly code: number;
  readonly data: number;
  /** Pages of data from `data` on. */
  readonly pages: number;
}

/**
 * One trial of `insn`: random fields (of those that `where` allows), random cells, half of them addresses of the data.
 * The code page's records are dropped first. A masked-out bit of the encoding stays 0.
 */
export function compareTiers(cpu: Interpreter, insn: Insn, rng: Random, arena: Arena): CompareResult {
  const { isa, guest, machine } = cpu;
  const { layout, store } = guest;
  const bytes = new Uint8Array(store.buffer);
  const dataBytes = arena.pages * 4096;
  const dataAt = layout.reversed ? 2 ** 32 - (arena.data * 4096 + dataBytes) : arena.data * 4096;

  const start = arena.code * 4096 + rng.below(4096 / isa.unit - 2) * isa.unit;
  const made = isa.scan ? madeOfBytes(cpu, insn, rng, start) : madeOfWord(cpu, insn, rng, start);
  if (!made.decoded) return { word: made.word, differences: [] };
  const { word, code } = made;
  const { fields, length, pc, context } = made.decoded;
  code.forEach((byte, k) => {
    bytes[layout.reversed ? 2 ** 32 - 1 - start - k : start + k] = byte;
  });
  const random = (v: Uint8Array): void => void v.set(v.map(() => rng.below(256)));
  random(bytes.subarray(dataAt, dataAt + dataBytes));
  isa.program.cells.forEach((cell, n) => {
    for (let k = 0; k < cell.count - (cell.zero ? 1 : 0); k++) {
      const near = cell.width >= 32 && rng.below(2);
      machine.setCell(n, k, near ? BigInt(arena.data * 4096 + rng.below(dataBytes)) : rng.bits(cell.width));
    }
  });
  if (isa.context) machine.setCell(isa.context.cell, 0, BigInt(context));
  cpu.setTraits();
  cpu.pc = pc;
  const state = cpu.saveState();
  const memory = bytes.slice(dataAt, dataAt + dataBytes);

  const expected = evaluate(isa.program, insn.template, fields.map(BigInt), BigInt(pc), machine);
  const differences: string[] = [];
  const wanted: string[] = [];
  // The program counter is compared by where the processor stands.
  const cells = isa.program.cells
    .map((cell, number) => ({ ...cell, number }))
    .filter((cell) => cell.name !== 'PC');
  for (const cell of cells) {
    for (let k = 0; k < cell.count; k++)
      wanted.push(`${cell.name}[${k}] ${machine.getCell(cell.number, k).toString(16)}`);
  }
  const wantedMemory = bytes.slice(dataAt, dataAt + dataBytes);

  cpu.loadState(state);
  bytes.set(memory, dataAt);
  cpu.code.invalidate(arena.code);
  cpu.code.stopAt(pc + length);
  // A jump may lead to other code.
  const target = expected.kind === 'jump' ? Number(expected.target) : pc;
  if (target < 2 ** 32) cpu.code.stopAt(target === pc ? pc + length : target);
  const exit: Exit = cpu.run(1);
  cpu.code.invalidate(target >>> 12);
  let text: string;
  switch (expected.kind) {
    case 'trap':
      text = `trap ${isa.program.traps[expected.trap]!.name} ${expected.args}`;
      break;
    case 'fault':
      text = `fault ${expected.access} ${expected.address.toString(16)}`;
      break;
    case 'jump':
      text = `at ${Number(expected.target).toString(16)}`;
      break;
    default:
      text = `at ${(pc + length).toString(16)}`;
  }
  const got =
    exit.kind === 'trap'
      ? `trap ${exit.name} ${exit.args}`
      : exit.kind === 'fault' && exit.access !== 'execute'
        ? `fault ${exit.access} ${exit.address.toString(16)}`
        : exit.kind === 'illegal' && exit.pc === pc
          ? 'illegal'
          : `at ${cpu.pc.toString(16)}`;
  if (got !== text) differences.push(`${got}, not ${text}`);
  let n = 0;
  for (const cell of cells) {
    for (let k = 0; k < cell.count; k++) {
      const now = `${cell.name}[${k}] ${machine.getCell(cell.number, k).toString(16)}`;
      if (now !== wanted[n]) differences.push(`${now}, not ${wanted[n]!.split(' ')[1]}`);
      n++;
    }
  }
  const after = bytes.subarray(dataAt, dataAt + dataBytes);
  const byte = after.findIndex((b, k) => b !== wantedMemory[k]);
  if (byte >= 0) differences.push(`memory differs at host byte ${byte} of the data`);
  return { word, differences };
}

/** Code of one instruction. Without `decoded` it turned out to be another one's. */
interface Made {
  /** The instruction word, or the key. */
  readonly word: number;
  /** Bytes in memory order. */
  readonly code: readonly number[];
  readonly decoded?: {
    readonly fields: readonly number[];
    readonly length: number;
    readonly pc: number;
    readonly context: number;
  };
}

function madeOfWord({ isa, machine }: Interpreter, insn: Insn, rng: Random, start: number): Made {
  const fields: number[] = [];
  let word = 0;
  for (let tries = 0; ; tries++) {
    word = insn.value;
    insn.fields.forEach((field, k) => {
      fields[k] = field.trait === undefined ? Number(rng.bits(field.width)) : isa.model.values[field.trait]!;
      let low = field.width;
      for (const piece of field.pieces) {
        low -= piece.width;
        word = (word | (((fields[k]! >>> low) & (2 ** piece.width - 1)) << piece.at)) >>> 0;
      }
    });
    if (!insn.where) break;
    const out = evaluate(isa.program, insn.where, fields.map(BigInt), 0n, machine);
    if (out.kind === 'return' && out.values[0]) break;
    if (tries > 200) return { word, code: [] };
  }
  const { length } = insn;
  const code = Array.from(
    { length },
    (_, k) => (word >>> (8 * (isa.endian === 'big' ? length - 1 - k : k))) & 0xff,
  );
  // In a mode that reads it as this instruction.
  const context = fields[insn.fields.findIndex((f) => f.pieces.length === 0 && f.trait === undefined)] ?? 0;
  const pc = codeAddresses(isa, start).find((at) => decode(isa, word, at, context)?.insn === insn);
  return pc === undefined ? { word, code } : { word, code, decoded: { fields, length, pc, context } };
}

function madeOfBytes({ isa }: Interpreter, insn: Insn, rng: Random, pc: number): Made {
  for (let tries = 0; tries < 50; tries++) {
    const code = composeBytes(isa, insn, (bits) => Number(rng.bits(bits)));
    const found = decodeBytes(isa, (offset) => code[offset]);
    if (found.kind !== 'insn' || found.decoded.insn !== insn) continue;
    const { fields, length } = found.decoded;
    return { word: insn.value, code: code.slice(0, length), decoded: { fields, length, pc, context: 0 } };
  }
  return { word: insn.value, code: [] };
}

/** The code addresses of an instruction at `start`, one a mode. */
function codeAddresses(isa: CompiledIsa, start: number): number[] {
  const out: number[] = [];
  for (let m = 0; ; m = (m - isa.modeMask) & isa.modeMask) {
    out.push(start | m);
    if (m === isa.modeMask) return out;
  }
}
