// A listing of the code in an ELF file, as `objdump -d` lays it out.
// In: sections, an ISA. Out: lines. Must not know: files.
import { assembly, type CompiledIsa, contextAfter, decode, decodeBytes, disassemble } from '@mimic/isa';
import type { ElfSection, ElfSections, ElfSymbol } from './elf-sections.js';

const SHF_EXECINSTR = 4;
const SHT_PROGBITS = 1;

/** Which of two symbols at one address names it, as objdump chooses: functions, global ones, larger ones, then by name. */
function precedes(a: ElfSymbol, b: ElfSymbol): boolean {
  const rank = (s: ElfSymbol): number =>
    (s.type === 2 ? 0 : 4) + (s.binding === 1 ? 0 : s.binding === 2 ? 1 : 2);
  if (rank(a) !== rank(b)) return rank(a) < rank(b);
  if (a.size !== b.size) return a.size > b.size;
  return a.name < b.name;
}

/** Symbols of one section by address, the one that names an address first. */
class Labels {
  private readonly sorted: ElfSymbol[];
  private readonly named = new Map<number, ElfSymbol>();

  constructor(symbols: readonly ElfSymbol[]) {
    for (const s of symbols) {
      const old = this.named.get(s.value);
      if (!old || precedes(s, old)) this.named.set(s.value, s);
    }
    this.sorted = [...this.named.values()].sort((a, b) => a.value - b.value);
  }

  at(address: number): string | undefined {
    return this.named.get(address)?.name;
  }

  /** `name` or `name+0x10`: the last label at or before the address; before all of them `first-0x10`. */
  near(address: number): string | undefined {
    let lo = 0;
    let hi = this.sorted.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.sorted[mid]!.value <= address) lo = mid + 1;
      else hi = mid;
    }
    const s = this.sorted[lo - 1];
    if (!s) {
      const next = this.sorted[0];
      return next && `${next.name}-0x${(next.value - address).toString(16)}`;
    }
    return s.value === address ? s.name : `${s.name}+0x${(address - s.value).toString(16)}`;
  }
}

/** The lines of a listing of all sections with code. `format` is the name that objdump gives the file format. */
export function* listing(
  isa: CompiledIsa,
  elf: ElfSections,
  file: string,
  format: string,
): Generator<string> {
  yield '';
  yield `${file}:     file format ${format}`;
  yield '';
  const marks = isa.abi?.elf.marks ?? {};
  const markOf = (s: ElfSymbol): number | undefined => marks[s.name.split('.')[0]!];
  const wanted = elf.symbols
    .filter(
      (s) =>
        s.name !== '' &&
        s.type <= 2 &&
        s.section > 0 &&
        s.section < elf.sections.length &&
        markOf(s) === undefined,
    )
    .map((s) =>
      s.type === 2 && s.value & isa.modeMask ? { ...s, value: s.value - (s.value & isa.modeMask) } : s,
    );
  const all = new Labels(wanted);
  for (const [i, section] of elf.sections.entries()) {
    if (section.type !== SHT_PROGBITS || !(section.flags & SHF_EXECINSTR) || section.bytes.length === 0)
      continue;
    yield '';
    yield `Disassembly of section ${section.name}:`;
    yield* sectionLines(
      isa,
      section,
      new Labels(wanted.filter((s) => s.section === i)),
      all,
      elf.data === 'lsb',
      elf.class / 4,
      elf.symbols
        .filter((s) => s.section === i && markOf(s) !== undefined)
        .map((s): Mark => ({ address: s.value, mode: markOf(s)! }))
        .sort((a, b) => a.address - b.address),
    );
  }
}

/** From an address on: the mode bits of code addresses, or -1 where there is no code. */
interface Mark {
  readonly address: number;
  readonly mode: number;
}

function* sectionLines(
  isa: CompiledIsa,
  section: ElfSection,
  labels: Labels,
  all: Labels,
  little: boolean,
  digits: number,
  marks: readonly Mark[],
): Generator<string> {
  let mark = -1;
  let context = 0;
  const view = new DataView(section.bytes.buffer, section.bytes.byteOffset, section.bytes.length);
  const size = section.bytes.length;
  const pad = (a: number): string => a.toString(16).padStart(digits, '0');
  // The column of addresses is narrower where all of them are small.
  let column = digits;
  while (column > 4 && section.address + size < 16 ** (column - 5)) column -= 4;
  const place = (a: number): string => a.toString(16).padStart(column);
  const { words = false, spaced = false } = isa.listing ?? {};
  const style = {
    spaced,
    address: (target: number): string => {
      const name = all.near(target);
      return name ? `${target.toString(16)} <${name}>` : `0x${target.toString(16)}`;
    },
  };
  /** Whether n bytes from `at` on are of one kind. */
  const end = (at: number, n: number): boolean => {
    const next = marks[mark + 1]?.address ?? section.address + size;
    return at + n <= size && section.address + at + n <= next;
  };
  let first = true;
  for (let at = 0; at < size; ) {
    const address = section.address + at;
    const label = labels.at(address);
    if (label !== undefined || first) {
      yield '';
      yield `${pad(address)} <${label ?? section.name}>:`;
      first = false;
    }
    while (marks[mark + 1] && marks[mark + 1]!.address <= address) mark++;
    const mode = marks[mark]?.mode ?? 0;
    if (label !== undefined || mode < 0) context = 0;
    // objdump leaves out runs of zeros: two words or more, up to the next label; and one or two bytes before it.
    let zeros = at;
    while (
      zeros < size &&
      section.bytes[zeros] === 0 &&
      (zeros === at || labels.at(section.address + zeros) === undefined)
    )
      zeros++;
    const last = zeros === size || labels.at(section.address + zeros) !== undefined;
    const run = last ? zeros - at : (zeros - at) & ~3;
    if (run >= 8 || (last && run > 0 && run < 3)) {
      yield '\t...';
      at += run;
      continue;
    }
    if (isa.scan) {
      const line = scannedLine(isa, section.bytes, at, address, all);
      yield `${place(address)}:\t${hexBytes(section.bytes, at, Math.min(line.length, BYTES)).padEnd(3 * BYTES)}\t${line.text}`.trimEnd();
      for (let k = BYTES; k < line.length; k += BYTES)
        yield `${place(address + k)}:\t${hexBytes(section.bytes, at + k, Math.min(line.length - k, BYTES))} `;
      at += line.length;
      continue;
    }
    if (mode < 0) {
      const n = address % 4 === 0 && end(at, 4) ? 4 : address % 2 === 0 && end(at, 2) ? 2 : 1;
      const v =
        n === 4 ? view.getUint32(at, little) : n === 2 ? view.getUint16(at, little) : view.getUint8(at);
      const hex = v.toString(16).padStart(2 * n, '0');
      yield `${place(address)}:\t${hex.padEnd(n === 4 ? 8 : n === 2 ? 9 : 11)} \t.${n === 4 ? 'word' : n === 2 ? 'short' : 'byte'}\t0x${hex}`;
      at += n;
      continue;
    }
    const half = isa.unit === 2 && mode > 0;
    if (half && size - at >= 2) {
      const units = [view.getUint16(at, little), size - at >= 4 ? view.getUint16(at + 2, little) : 0];
      const word = (units[0]! | (units[1]! << 16)) >>> 0;
      const d = decode(isa, word, address + mode, context);
      const a = d && disassemble(isa, word, address + mode, style, context);
      const n = d?.length ?? 2;
      const hex = units.slice(0, n / 2).map((u) => u.toString(16).padStart(4, '0'));
      const text = a ? `${a.mnemonic}${a.operands ? `\t${a.operands}` : ''}` : `.short\t0x${hex.join('')}`;
      yield `${place(address)}:\t${hex.join(' ').padEnd(9)} \t${text}`;
      context = d ? contextAfter(isa, d, address + mode, context) : 0;
      at += n;
      continue;
    }
    if (size - at < 4) {
      yield `${place(address)}:\t${hexBytes(section.bytes, at, size - at)}\t.byte`;
      return;
    }
    const word = view.getUint32(at, little);
    const a = disassemble(isa, word, address, style);
    if (words) {
      const text = a
        ? `${a.mnemonic}${a.operands ? `\t${a.operands}` : ''}`
        : `.inst\t0x${hexWord(word)} ; undefined`;
      yield `${place(address)}:\t${hexWord(word)} \t${text}`;
    } else {
      const text = a
        ? `${a.operands ? `${a.mnemonic.padEnd(7)} ${a.operands}` : a.mnemonic}`
        : `.long 0x${word.toString(16)}`;
      yield `${place(address)}:\t${hexBytes(section.bytes, at, 4)} \t${text}`;
    }
    at += 4;
  }
}

/** Bytes of an instruction on one line. */
const BYTES = 7;

/** An instruction of bytes, as objdump has it; what is none is one byte long. */
function scannedLine(
  isa: CompiledIsa,
  bytes: Uint8Array,
  at: number,
  address: number,
  all: Labels,
): { text: string; length: number } {
  const found = decodeBytes(isa, (k) => bytes[at + k]);
  if (found.kind !== 'insn') return { text: '(bad)', length: 1 };
  const { mnemonic, operands } = assembly(isa, found.decoded, address, {
    address: (target) => {
      const name = all.near(target);
      return name ? `${target.toString(16)} <${name}>` : `0x${target.toString(16)}`;
    },
  });
  return {
    text: operands ? `${mnemonic.padEnd(6)} ${operands}` : mnemonic,
    length: found.decoded.length,
  };
}

const hexWord = (word: number): string => word.toString(16).padStart(8, '0');

function hexBytes(bytes: Uint8Array, at: number, n: number): string {
  return Array.from(bytes.subarray(at, at + n), (b) => b.toString(16).padStart(2, '0')).join(' ');
}
