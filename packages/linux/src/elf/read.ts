// Reads the headers of an ELF executable. In: its first bytes and a way to read more. Out: what to map, or what is wrong.
// Must not know: memory, processes, which machines are supported.

export interface ElfIdentity {
  readonly class: 32 | 64;
  readonly data: 'lsb' | 'msb';
  readonly machine: number;
  readonly flags: number;
}

/** A loadable segment. Sizes and offsets in bytes; `access` by R = 1, W = 2, X = 4. */
export interface ElfSegment {
  readonly address: number;
  readonly memorySize: number;
  readonly fileOffset: number;
  readonly fileSize: number;
  readonly access: number;
  readonly align: number;
}

export interface ElfImage extends ElfIdentity {
  /** True where the program may stand anywhere (ET_DYN). */
  readonly relocatable: boolean;
  readonly entry: number;
  readonly headerOffset: number;
  readonly headerSize: number;
  readonly headerCount: number;
  readonly segments: readonly ElfSegment[];
  readonly interpreter?: string;
  /** What PT_GNU_STACK says; undefined where the program has none. */
  readonly executableStack?: boolean;
}

/** Why a file is not a program that can run, in one line for the user. */
export class ElfProblem {
  constructor(readonly message: string) {}
}

/** Gives the bytes at a position: fewer at the end of the file. */
export type ReadAt = (position: number, length: number) => Uint8Array;

const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const PT_INTERP = 3;
const PT_GNU_STACK = 0x6474e551;

/** What machine a file is for: enough to choose an instruction set. */
export function identifyElf(read: ReadAt): ElfIdentity | ElfProblem {
  const bytes = read(0, 64);
  if (bytes.length < 4 || String.fromCharCode(...bytes.subarray(0, 4)) !== '\x7fELF')
    return new ElfProblem('not an ELF file');
  if (bytes.length < 20) return new ElfProblem('truncated ELF file: no header');
  const wide = bytes[4] === 2;
  if (bytes[4] !== 1 && !wide) return new ElfProblem(`corrupt ELF file: class ${bytes[4]}`);
  if (bytes[5] !== 1 && bytes[5] !== 2) return new ElfProblem(`corrupt ELF file: byte order ${bytes[5]}`);
  if (bytes.length < (wide ? 64 : 52)) return new ElfProblem('truncated ELF file: no header');
  const little = bytes[5] === 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    class: wide ? 64 : 32,
    data: little ? 'lsb' : 'msb',
    machine: view.getUint16(18, little),
    flags: view.getUint32(wide ? 48 : 36, little),
  };
}

/** All headers of an executable, checked against the file's size. */
export function readElf(read: ReadAt): ElfImage | ElfProblem {
  const identity = identifyElf(read);
  if (identity instanceof ElfProblem) return identity;
  const wide = identity.class === 64;
  const little = identity.data === 'lsb';
  const header = fields(read(0, 64), little, wide);
  const type = header.u16(16);
  if (type !== ET_EXEC && type !== ET_DYN) return new ElfProblem(`not an executable: ELF type ${type}`);
  const headerOffset = header.word(wide ? 32 : 28);
  const headerSize = header.u16(wide ? 54 : 42);
  const headerCount = header.u16(wide ? 56 : 44);
  if (headerSize !== (wide ? 56 : 32))
    return new ElfProblem(`corrupt ELF file: program headers of ${headerSize} bytes`);
  if (headerCount === 0) return new ElfProblem('corrupt ELF file: no program headers');
  const table = read(headerOffset, headerSize * headerCount);
  if (table.length < headerSize * headerCount)
    return new ElfProblem('truncated ELF file: program headers missing');
  const segments: ElfSegment[] = [];
  let interpreter: string | undefined;
  let executableStack: boolean | undefined;
  for (let i = 0; i < headerCount; i++) {
    const row = fields(table.subarray(i * headerSize, (i + 1) * headerSize), little, wide);
    const kind = row.u32(0);
    const flags = row.u32(wide ? 4 : 24);
    const access = ((flags & 4) >> 2) | (flags & 2) | ((flags & 1) << 2);
    const [fileOffset, address, fileSize, memorySize, align] = (wide ? [8, 16, 32, 40, 48] : [4, 8, 16, 20, 28]).map(row.word) as [
      number, number, number, number, number,
    ]; // biome-ignore format: one row
    if (kind === PT_LOAD && memorySize > 0) {
      if (fileSize > memorySize)
        return new ElfProblem(`corrupt ELF file: segment ${i} is larger in the file than in memory`);
      if (address + memorySize > 2 ** 32) return new ElfProblem(`segment ${i} lies above 4 GiB`);
      if (fileSize > 0 && read(fileOffset + fileSize - 1, 1).length === 0)
        return new ElfProblem(`truncated ELF file: segment ${i} is not all there`);
      segments.push({ address, memorySize, fileOffset, fileSize, access, align: Math.max(align, 1) });
    } else if (kind === PT_INTERP) {
      if (fileSize === 0 || fileSize > 4096) return new ElfProblem('corrupt ELF file: bad interpreter name');
      const text = read(fileOffset, fileSize);
      if (text.length < fileSize || text[fileSize - 1] !== 0)
        return new ElfProblem('corrupt ELF file: bad interpreter name');
      interpreter = String.fromCharCode(...text.subarray(0, text.indexOf(0)));
    } else if (kind === PT_GNU_STACK) executableStack = (flags & 1) !== 0;
  }
  if (segments.length === 0) return new ElfProblem('corrupt ELF file: nothing to load');
  return {
    ...identity,
    relocatable: type === ET_DYN,
    entry: header.word(24),
    headerOffset,
    headerSize,
    headerCount,
    segments,
    ...(interpreter === undefined ? {} : { interpreter }),
    ...(executableStack === undefined ? {} : { executableStack }),
  };
}

function fields(bytes: Uint8Array, little: boolean, wide: boolean) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    u16: (at: number) => view.getUint16(at, little),
    u32: (at: number) => view.getUint32(at, little),
    word: (at: number) => (wide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little)),
  };
}
