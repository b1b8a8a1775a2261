// Maps an ELF executable into an address space. In: its headers, its file. Out: where it stands.
// Must not know: the initial stack, registers.
import { type GuestMemory, PAGE_SIZE, Perm } from '@mimic/bus';
import { Errno } from '../errno.js';
import { type AddressSpace, pageDown, pageUp } from '../memory/address-space.js';
import { type ElfImage, ElfProblem, type ElfSegment, type ReadAt } from './read.js';

export interface LoadedElf {
  /** What was added to the addresses of a relocatable program. */
  readonly bias: number;
  readonly entry: number;
  /** Address of the program headers in memory; 0 where no segment holds them. */
  readonly headers: number;
  /** [start, end) of everything mapped. */
  readonly start: number;
  readonly end: number;
}

/** Where relocatable programs go: low enough for a large heap above, high enough to leave what is linked low free. */
const RELOCATABLE_BASE = 0x5555_0000;
const CHUNK = 1 << 20;

/** Maps all segments. `name` is what /proc/self/maps shows. */
export function loadElf(
  space: AddressSpace,
  image: ElfImage,
  read: ReadAt,
  name: string,
  base = RELOCATABLE_BASE,
): LoadedElf | ElfProblem {
  const low = pageDown(Math.min(...image.segments.map((s) => s.address)));
  const high = pageUp(Math.max(...image.segments.map((s) => s.address + s.memorySize)));
  let bias = 0;
  if (image.relocatable) {
    const align = Math.max(PAGE_SIZE, ...image.segments.map((s) => s.align));
    const place = space.map({ address: Math.ceil(base / align) * align, length: high - low, access: 0 });
    if (place instanceof Errno) return new ElfProblem('no room for the program in the address space');
    bias = place - low;
  } else if (low < space.memory.lowest || high > space.memory.limit) {
    return new ElfProblem(
      `the program wants addresses 0x${low.toString(16)}..0x${high.toString(16)}, which are not available`,
    );
  }
  let headers = 0;
  let loadedEnd = 0;
  for (const segment of image.segments) {
    const problem = loadSegment(space, segment, bias, loadedEnd, read, name);
    if (problem) return problem;
    loadedEnd = pageUp(segment.address + bias + segment.memorySize);
    const inside = image.headerOffset - segment.fileOffset;
    if (inside >= 0 && inside < segment.fileSize) headers = segment.address + bias + inside;
  }
  return { bias, entry: image.entry + bias, headers, start: low + bias, end: high + bias };
}

function loadSegment(
  space: AddressSpace,
  segment: ElfSegment,
  bias: number,
  loadedEnd: number,
  read: ReadAt,
  name: string,
): ElfProblem | undefined {
  const address = segment.address + bias;
  const start = pageDown(address);
  const fileEnd = address + segment.fileSize;
  const end = pageUp(address + segment.memorySize);
  // A page that the previous segment ends on keeps what that one put there, and gets both permissions.
  const shared = start < loadedEnd ? PAGE_SIZE : 0;
  const access = segment.access;
  if (shared) space.protect(start, PAGE_SIZE, access | (space.find(start)?.access ?? 0));
  if (end > start + shared) {
    const request = { address: start + shared, length: end - start - shared, fixed: true, access, name };
    if (space.map(request) instanceof Errno)
      return new ElfProblem('no room for the program in the address space');
  }
  copyIn(space.memory, address, segment.fileOffset, segment.fileSize, read);
  // The rest of a file page shows the file, as a mapping would, unless zeroed memory begins there.
  const lead = address - start;
  if (lead > 0 && !shared && segment.fileOffset >= lead)
    copyIn(space.memory, start, segment.fileOffset - lead, lead, read);
  if (segment.memorySize === segment.fileSize && !(access & Perm.W)) {
    copyIn(space.memory, fileEnd, segment.fileOffset + segment.fileSize, pageUp(fileEnd) - fileEnd, read);
  }
  return undefined;
}

function copyIn(memory: GuestMemory, address: number, position: number, length: number, read: ReadAt): void {
  for (let done = 0; done < length; ) {
    const bytes = read(position + done, Math.min(CHUNK, length - done));
    if (bytes.length === 0) return;
    memory.pokeBytes(address + done, bytes);
    done += bytes.length;
  }
}
