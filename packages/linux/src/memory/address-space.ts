// The address space of one process: its areas, the break, and the permissions that follow from them.
// In: a GuestMemory, mmap-like requests. Out: addresses or errors. Must not know: system-call numbers, file tables.
import { type GuestMemory, PAGE_SIZE, Perm } from '@mimic/bus';
import { E, Errno } from '../errno.js';
import { type Area, AreaList, type MappedFile } from './area.js';

export interface MapRequest {
  /** Bytes; rounded up to pages. */
  readonly length: number;
  readonly access: number;
  /** Where it should be, or must be if `fixed`. */
  readonly address?: number;
  readonly fixed?: boolean;
  /** With `fixed`: fail with EEXIST rather than replace. */
  readonly noReplace?: boolean;
  readonly shared?: boolean;
  readonly file?: MappedFile;
  readonly offset?: number;
  readonly name?: string;
}

const CHUNK = 1 << 20;
const GAP = 1 << 20;

export const pageUp = (n: number): number => Math.ceil(n / PAGE_SIZE) * PAGE_SIZE;
export const pageDown = (n: number): number => Math.floor(n / PAGE_SIZE) * PAGE_SIZE;

/** Addresses are guest addresses; lengths in bytes. */
export class AddressSpace {
  private readonly areas = new AreaList();
  /** Readable pages are executable too: programs that do not say that their stack is not. */
  readImpliesExecute = false;
  /** Mappings without an address go below. */
  mapTop: number;
  /** [start, end) of the heap of brk. */
  heapStart = 0;
  heapEnd = 0;

  constructor(readonly memory: GuestMemory) {
    this.mapTop = memory.limit - GAP;
  }

  get list(): readonly Area[] {
    return this.areas.all;
  }

  find(address: number): Area | undefined {
    return this.areas.at(address);
  }

  /** True if every byte of the range is mapped. */
  covers(start: number, length: number): boolean {
    return this.areas.covers(start, start + pageUp(length));
  }

  /** Maps a range and gives its address. */
  map(request: MapRequest): number | Errno {
    const length = pageUp(request.length);
    const place = this.place(request, length);
    if (place instanceof Errno) return place;
    this.drop(place, place + length);
    this.memory.map(place, length, this.effective(request.access));
    const { file, offset = 0, shared = false, name = '' } = request;
    if (file) {
      this.fillFrom(file, place, length, offset);
      file.retain();
    }
    const area = { start: place, end: place + length, access: request.access, shared, offset, name };
    this.areas.add(file ? { ...area, file } : area);
    return place;
  }

  unmap(address: number, length: number): Errno | undefined {
    const size = pageUp(length);
    if (address % PAGE_SIZE || size === 0 || address + size > 2 ** 32) return E.EINVAL;
    this.drop(address, address + size);
    return undefined;
  }

  protect(address: number, length: number, access: number): Errno | undefined {
    const end = address + pageUp(length);
    if (address % PAGE_SIZE) return E.EINVAL;
    if (end === address) return undefined;
    if (!this.areas.covers(address, end)) return E.ENOMEM;
    for (const piece of this.areas.carve(address, end)) this.areas.add({ ...piece, access });
    this.memory.protect(address, end - address, this.effective(access));
    return undefined;
  }

  /** mremap: shrinks in place, grows in place where free, else moves if `mayMove`; `to` is a fixed new place. */
  remap(
    address: number,
    oldLength: number,
    newLength: number,
    mayMove: boolean,
    to?: number,
  ): number | Errno {
    const oldSize = pageUp(oldLength);
    const newSize = pageUp(newLength);
    if (address % PAGE_SIZE || newSize === 0) return E.EINVAL;
    const area = this.areas.at(address);
    if (!area || area.end < address + oldSize) return E.EFAULT;
    if (to === undefined && newSize <= oldSize) {
      if (newSize < oldSize) this.drop(address + newSize, address + oldSize);
      return address;
    }
    const { access, shared, file, name } = area;
    const offset = area.offset + (address - area.start);
    const extra = newSize - oldSize;
    const grown = address + oldSize;
    if (
      to === undefined &&
      area.end === grown &&
      this.areas.isFree(grown, grown + extra) &&
      grown + extra <= this.memory.limit
    ) {
      const more = { address: grown, fixed: true, length: extra, access, shared, name };
      return this.map(file ? { ...more, file, offset: offset + oldSize } : more) instanceof Errno
        ? E.ENOMEM
        : address;
    }
    if (to === undefined && !mayMove) return E.ENOMEM;
    if (to !== undefined && to < address + oldSize && address < to + newSize) return E.EINVAL;
    const request = {
      length: newSize,
      access,
      shared,
      name,
      ...(to === undefined ? {} : { address: to, fixed: true }),
    };
    const place = this.map(file ? { ...request, file, offset } : request);
    if (place instanceof Errno) return place;
    this.memory.copy(place, address, Math.min(oldSize, newSize));
    this.drop(address, address + oldSize);
    return place;
  }

  /** Sets the end of the heap and gives the new end: the old one where the request cannot be met. */
  setBreak(end: number): number {
    if (end < this.heapStart) return this.heapEnd;
    const from = pageUp(this.heapEnd);
    const to = pageUp(end);
    if (to > from) {
      if (to > this.memory.limit || !this.areas.isFree(from, to)) return this.heapEnd;
      this.map({ address: from, length: to - from, fixed: true, access: Perm.R | Perm.W, name: '[heap]' });
    } else if (to < from) this.drop(to, from);
    return (this.heapEnd = end);
  }

  /** Writes shared file mappings of the range back to their files. */
  sync(start: number, end: number): void {
    for (const area of this.areas.within(start, end))
      this.writeBack(area, Math.max(start, area.start), Math.min(end, area.end));
  }

  /** MADV_DONTNEED: private pages read as they did when they were mapped. The range is mapped. */
  reset(start: number, end: number): void {
    for (const area of this.areas.within(start, end)) {
      if (area.shared || area.name === '[stack]') continue;
      const from = Math.max(start, area.start);
      const length = Math.min(end, area.end) - from;
      this.memory.fill(from, length, 0);
      if (area.file) this.fillFrom(area.file, from, length, area.offset + (from - area.start));
    }
  }

  /** Unmaps everything, with the writing back that it implies. */
  clear(): void {
    this.drop(0, 2 ** 32);
  }

  private place(request: MapRequest, length: number): number | Errno {
    const { address = 0, fixed = false } = request;
    if (length === 0) return E.EINVAL;
    if (fixed) {
      if (address % PAGE_SIZE) return E.EINVAL;
      if (address < this.memory.lowest) return E.EPERM;
      if (address + length > this.memory.limit) return E.ENOMEM;
      return request.noReplace && !this.areas.isFree(address, address + length) ? E.EEXIST : address;
    }
    const hint = pageDown(address);
    if (
      hint >= this.memory.lowest &&
      hint + length <= this.memory.limit &&
      this.areas.isFree(hint, hint + length)
    )
      return hint;
    const found = this.areas.findFree(length, this.memory.lowest, this.mapTop, PAGE_SIZE);
    return found ?? this.areas.findFree(length, this.memory.lowest, this.memory.limit, PAGE_SIZE) ?? E.ENOMEM;
  }

  private drop(start: number, end: number): void {
    for (const piece of this.areas.carve(start, end)) {
      this.writeBack(piece, piece.start, piece.end);
      this.memory.unmap(piece.start, piece.end - piece.start);
      piece.file?.release();
    }
  }

  private writeBack(area: Area, from: number, to: number): void {
    if (!area.shared || !area.file || !(area.access & Perm.W)) return;
    for (let at = from; at < to; at += CHUNK) {
      const bytes = new Uint8Array(Math.min(CHUNK, to - at));
      this.memory.peekBytes(at, bytes);
      area.file.writeAt(bytes, area.offset + (at - area.start));
    }
  }

  private fillFrom(file: MappedFile, place: number, length: number, offset: number): void {
    const chunk = new Uint8Array(Math.min(CHUNK, length));
    for (let done = 0; done < length; ) {
      const got = file.readAt(chunk.subarray(0, Math.min(CHUNK, length - done)), offset + done);
      if (got <= 0) return;
      this.memory.pokeBytes(place + done, chunk.subarray(0, got));
      done += got;
    }
  }

  private effective(access: number): number {
    let out = access & (Perm.W | Perm.X) ? access | Perm.R : access;
    if (this.readImpliesExecute && out & Perm.R) out |= Perm.X;
    return out;
  }
}
