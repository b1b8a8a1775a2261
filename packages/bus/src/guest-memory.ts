// The memory of one guest: a 4 GiB window in one linear memory, with permissions by page.
// In: a buffer and a layout. Out: mapped, checked, byte-order-aware access for the host side; the layout for emitters.
// Must not know: instructions, Linux, WebAssembly.
import { type CodeListener, PAGE_COUNT, PAGE_SHIFT, PAGE_SIZE, PageTable, Perm } from './page-table.js';

/** Where things are in the linear memory. Byte offsets from its start. */
export interface MemoryLayout {
  /**
   * Reversed: byte A of the guest is host byte 2^32 - 1 - A, so an access of n bytes at A is a plain little-endian
   * host access at (-A - n) mod 2^32 and reads big-endian. Otherwise host byte A, little-endian.
   */
  readonly reversed: boolean;
  /** Guest addresses from here up are ours: never mapped for the guest. */
  readonly guestLimit: number;
  /** The 2^20 permission bytes, by guest page number. */
  readonly permBase: number;
  /** The processor state block. */
  readonly stateBase: number;
  /** Free space for the engine: [arenaBase, arenaEnd). */
  readonly arenaBase: number;
  readonly arenaEnd: number;
}

/** The buffer may be replaced when it grows, so it is read anew at every use. */
export interface MemoryStore {
  readonly buffer: ArrayBufferLike;
}

/** A byte range `[address, address + length)` that the guest may not access as asked; address is the first bad byte. */
export interface MemoryFault {
  readonly address: number;
  readonly mapped: boolean;
}

const TOP = 2 ** 32;

/**
 * See the file's head. All addresses are guest addresses in [0, 2^32); lengths are bytes.
 *
 * `read...` and `write...` check the guest's permissions and give a fault as a value. `peek...` and `poke...` are
 * the host's own: they look at mapped pages whatever their permissions, and throw RangeError outside the window.
 * Every write tells the listeners of `onCodeChange` first.
 */
export class GuestMemory {
  private buffer: ArrayBufferLike | undefined;
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private perms: Uint8Array = new Uint8Array(0);
  private readonly pages: PageTable;

  constructor(
    readonly store: MemoryStore,
    readonly layout: MemoryLayout,
  ) {
    this.pages = new PageTable(() => {
      this.refresh();
      return this.perms;
    });
  }

  /** The lowest address that can be mapped: the NULL page never can, nor what lies past a reversed buffer's end. */
  get lowest(): number {
    return this.layout.reversed ? Math.max(TOP - this.store.buffer.byteLength, PAGE_SIZE) : PAGE_SIZE;
  }

  /** One more than the highest address that can be mapped. */
  get limit(): number {
    return this.layout.guestLimit;
  }

  /** All permission bits of a page, by page number: see Perm. */
  perm(page: number): number {
    return this.pages.get(page);
  }

  /** Maps zeroed pages, in place of what was there. Address and length are multiples of PAGE_SIZE. */
  map(address: number, length: number, access: number): void {
    const [first, end] = this.pageRange(address, length);
    this.pages.dropCode(first, end);
    this.zeroUsed(first, end);
    this.pages.set(first, end, access);
  }

  /** Takes pages away. Address and length are multiples of PAGE_SIZE. */
  unmap(address: number, length: number): void {
    const [first, end] = this.pageRange(address, length);
    this.pages.clear(first, end);
  }

  /** Changes the permissions of mapped pages; the caller knows that all are mapped. */
  protect(address: number, length: number, access: number): void {
    const [first, end] = this.pageRange(address, length);
    this.pages.set(first, end, access);
  }

  /** Notes that decoded code stands on a page, so that stores to it invalidate first. */
  markCode(page: number): void {
    this.pages.markCode(page);
  }

  /** Notes that nobody keeps code of the page any more. */
  clearCode(page: number): void {
    this.pages.clearCode(page);
  }

  /** Calls `listener` before a CODE page changes by a host write, map, unmap or protect. The result removes it. */
  onCodeChange(listener: CodeListener): () => void {
    return this.pages.onCodeChange(listener);
  }

  /** Tells the listeners that the pages of a range change: for stores that the guest itself is about to make. */
  invalidate(address: number, length: number): void {
    if (length > 0) this.pages.dropCode(address >>> PAGE_SHIFT, ((address + length - 1) >>> PAGE_SHIFT) + 1);
  }

  /** The first byte of the range that lacks one of the Perm bits `need`, if any. */
  check(address: number, length: number, need: number): MemoryFault | undefined {
    if (length <= 0) return undefined;
    if (address >= TOP) return { address, mapped: false };
    const last = address + length - 1;
    const end = Math.min(last >>> 0 === last ? (last >>> PAGE_SHIFT) + 1 : PAGE_COUNT, PAGE_COUNT);
    const bad = this.pages.firstWithout(address >>> PAGE_SHIFT, end, need);
    if (bad >= 0) {
      const at = Math.max(bad * PAGE_SIZE, address);
      return { address: at, mapped: (this.perm(bad) & Perm.MAPPED) !== 0 };
    }
    return last < TOP ? undefined : { address: 0, mapped: false };
  }

  /** Bytes from `address` on, at most `length`, that have all the Perm bits `need`. */
  accessible(address: number, length: number, need: number): number {
    const fault = this.check(address, length, need);
    if (!fault) return Math.max(length, 0);
    return fault.address >= address ? fault.address - address : TOP - address;
  }

  readU8(address: number): number | undefined {
    return this.check(address, 1, Perm.R) ? undefined : this.peekU8(address);
  }
  readU16(address: number): number | undefined {
    return this.check(address, 2, Perm.R) ? undefined : this.peekU16(address);
  }
  readU32(address: number): number | undefined {
    return this.check(address, 4, Perm.R) ? undefined : this.peekU32(address);
  }
  readU64(address: number): bigint | undefined {
    return this.check(address, 8, Perm.R) ? undefined : this.peekU64(address);
  }

  /** These give false where the guest may not write. Values are taken modulo their width. */
  writeU8(address: number, value: number): boolean {
    if (this.check(address, 1, Perm.W)) return false;
    this.pokeU8(address, value);
    return true;
  }
  writeU16(address: number, value: number): boolean {
    if (this.check(address, 2, Perm.W)) return false;
    this.pokeU16(address, value);
    return true;
  }
  writeU32(address: number, value: number): boolean {
    if (this.check(address, 4, Perm.W)) return false;
    this.pokeU32(address, value);
    return true;
  }
  writeU64(address: number, value: bigint): boolean {
    if (this.check(address, 8, Perm.W)) return false;
    this.pokeU64(address, value);
    return true;
  }

  peekU8(address: number): number {
    return this.current().getUint8(this.host(address, 1));
  }
  peekU16(address: number): number {
    return this.current().getUint16(this.host(address, 2), true);
  }
  peekU32(address: number): number {
    return this.current().getUint32(this.host(address, 4), true);
  }
  peekU64(address: number): bigint {
    return this.current().getBigUint64(this.host(address, 8), true);
  }

  pokeU8(address: number, value: number): void {
    this.invalidate(address, 1);
    this.current().setUint8(this.host(address, 1), value);
  }
  pokeU16(address: number, value: number): void {
    this.invalidate(address, 2);
    this.current().setUint16(this.host(address, 2), value, true);
  }
  pokeU32(address: number, value: number): void {
    this.invalidate(address, 4);
    this.current().setUint32(this.host(address, 4), value, true);
  }
  pokeU64(address: number, value: bigint): void {
    this.invalidate(address, 8);
    this.current().setBigUint64(this.host(address, 8), BigInt.asUintN(64, value), true);
  }

  /** Fills `into` from the guest, in address order. On a fault nothing is read. */
  readBytes(address: number, into: Uint8Array): MemoryFault | undefined {
    const fault = this.check(address, into.length, Perm.R);
    if (!fault) this.peekBytes(address, into);
    return fault;
  }

  /** Stores `from` in the guest, in address order. On a fault nothing is written. */
  writeBytes(address: number, from: Uint8Array): MemoryFault | undefined {
    const fault = this.check(address, from.length, Perm.W);
    if (!fault) this.pokeBytes(address, from);
    return fault;
  }

  peekBytes(address: number, into: Uint8Array): void {
    if (into.length === 0) return;
    this.refresh();
    const at = this.host(address, into.length);
    into.set(this.bytes.subarray(at, at + into.length));
    if (this.layout.reversed) into.reverse();
  }

  pokeBytes(address: number, from: Uint8Array): void {
    if (from.length === 0) return;
    this.invalidate(address, from.length);
    this.refresh();
    const at = this.host(address, from.length);
    this.bytes.set(from, at);
    if (this.layout.reversed) this.bytes.subarray(at, at + from.length).reverse();
  }

  /** Sets bytes whatever the permissions. */
  fill(address: number, length: number, value: number): void {
    if (length <= 0) return;
    this.invalidate(address, length);
    this.refresh();
    const at = this.host(address, length);
    this.bytes.fill(value, at, at + length);
  }

  /** Copies bytes whatever the permissions; the ranges may overlap. */
  copy(to: number, from: number, length: number): void {
    if (length <= 0) return;
    this.invalidate(to, length);
    this.refresh();
    const source = this.host(from, length);
    this.bytes.copyWithin(this.host(to, length), source, source + length);
  }

  /**
   * Bytes up to a NUL as a string of one character a byte. A fault where the guest may not read; undefined where no
   * NUL stands among the first `limit` bytes.
   */
  readString(address: number, limit: number): string | MemoryFault | undefined {
    const pieces: string[] = [];
    let done = 0;
    while (done < limit) {
      const at = address + done;
      const fault = this.check(at, 1, Perm.R);
      if (fault) return fault;
      const chunk = new Uint8Array(Math.min(PAGE_SIZE - (at % PAGE_SIZE), limit - done, 512));
      this.peekBytes(at, chunk);
      const nul = chunk.indexOf(0);
      pieces.push(String.fromCharCode(...(nul < 0 ? chunk : chunk.subarray(0, nul))));
      if (nul >= 0) return pieces.join('');
      done += chunk.length;
    }
    return undefined;
  }

  /** Host offset of an access of `length` bytes. */
  private host(address: number, length: number): number {
    if (address < 0 || address + length > TOP) {
      throw new RangeError(`Invalid guest range 0x${address.toString(16)} + ${length}`);
    }
    return this.layout.reversed ? TOP - address - length : address;
  }

  private pageRange(address: number, length: number): [number, number] {
    if (address % PAGE_SIZE || length % PAGE_SIZE || address < this.lowest || address + length > this.limit) {
      throw new RangeError(`Invalid page range 0x${address.toString(16)} + 0x${length.toString(16)}`);
    }
    return [address / PAGE_SIZE, (address + length) / PAGE_SIZE];
  }

  private current(): DataView {
    this.refresh();
    return this.view;
  }

  private refresh(): void {
    const buffer = this.store.buffer;
    if (buffer === this.buffer) return;
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.perms = new Uint8Array(buffer, this.layout.permBase, PAGE_COUNT);
  }

  /** Untouched pages of the buffer are zero and cost no host memory: only those once mapped are filled. */
  private zeroUsed(first: number, end: number): void {
    for (let page = first; page < end; ) {
      let stop = page;
      while (stop < end && this.perms[stop]! & Perm.USED) stop++;
      if (stop > page) this.fill(page * PAGE_SIZE, (stop - page) * PAGE_SIZE, 0);
      page = Math.max(stop, page + 1);
    }
  }
}
