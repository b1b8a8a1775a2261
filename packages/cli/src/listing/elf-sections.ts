// Sections and symbols of an ELF file, for listings. (System V ABI, chapter 4; running a program needs neither.)
// In: bytes. Out: ElfSections. Throws Error with one clear line for a file that is not what it says.

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly bytes: Uint8Array;
}
export interface ElfSymbol {
  readonly name: string;
  readonly value: number;
  readonly size: number;
  readonly section: number;
  /** STT_: 0 none, 1 object, 2 function, 3 section, 4 file. */
  readonly type: number;
  /** STB_: 0 local, 1 global, 2 weak. */
  readonly binding: number;
}
export interface ElfSections {
  readonly class: 32 | 64;
  readonly data: 'lsb' | 'msb';
  readonly machine: number;
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
}

const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;

export function readSections(bytes: Uint8Array): ElfSections {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 52 || view.getUint32(0) !== 0x7f454c46) throw new Error('not an ELF file');
  const wide = bytes[4] === 2;
  const little = bytes[5] === 1;
  const u16 = (at: number): number => view.getUint16(at, little);
  const u32 = (at: number): number => view.getUint32(at, little);
  const word = (at: number): number => (wide ? Number(view.getBigUint64(at, little)) : u32(at));
  const shoff = word(wide ? 40 : 32);
  const shentsize = u16(wide ? 58 : 46);
  const shnum = u16(wide ? 60 : 48);
  const shstrndx = u16(wide ? 62 : 50);
  if (shnum === 0) throw new Error('no sections: the file is stripped of its section table');
  if (shoff + shnum * shentsize > bytes.length) throw new Error('the section table is truncated');
  const header = (i: number) => {
    const at = shoff + i * shentsize;
    return wide
      ? {
          name: u32(at),
          type: u32(at + 4),
          flags: word(at + 8),
          address: word(at + 16),
          offset: word(at + 24),
          size: word(at + 32),
          link: u32(at + 40),
          entsize: word(at + 56),
        }
      : {
          name: u32(at),
          type: u32(at + 4),
          flags: word(at + 8),
          address: word(at + 12),
          offset: word(at + 16),
          size: word(at + 20),
          link: u32(at + 24),
          entsize: word(at + 36),
        };
  };
  const headers = Array.from({ length: shnum }, (_, i) => header(i));
  const contents = headers.map((h) => {
    if (h.type === SHT_NOBITS) return new Uint8Array(0);
    if (h.offset + h.size > bytes.length) throw new Error('a section is truncated');
    return bytes.subarray(h.offset, h.offset + h.size);
  });
  const text = (table: Uint8Array | undefined, at: number): string => {
    if (!table) return '';
    let end = at;
    while (end < table.length && table[end] !== 0) end++;
    return String.fromCharCode(...table.subarray(at, end));
  };
  const sections = headers.map((h, i) => ({
    name: text(contents[shstrndx], h.name),
    type: h.type,
    flags: h.flags,
    address: h.address,
    bytes: contents[i]!,
  }));
  const symbols: ElfSymbol[] = [];
  headers.forEach((h) => {
    if (h.type !== SHT_SYMTAB) return;
    const step = wide ? 24 : 16;
    for (let at = h.offset; at + step <= h.offset + h.size; at += step) {
      const info = bytes[at + (wide ? 4 : 12)]!;
      symbols.push({
        name: text(contents[h.link], u32(at)),
        value: word(at + (wide ? 8 : 4)),
        size: word(at + (wide ? 16 : 8)),
        section: u16(at + (wide ? 6 : 14)),
        type: info & 15,
        binding: info >> 4,
      });
    }
  });
  return { class: wide ? 64 : 32, data: little ? 'lsb' : 'msb', machine: u16(18), sections, symbols };
}
