// A program's memory as system calls use it: strings, structures, words; bad pointers give EFAULT.
// In: guest addresses. Out: values or errors. Must not know: what the calls mean.
import { type GuestMemory, Perm } from '@mimic/bus';
import type { Structs, StructValue } from '../abi/structs.js';
import { E, Errno } from '../errno.js';

const PATH_MAX = 4096;

export class UserMemory {
  /** Bytes of a long and a pointer. */
  readonly wordSize: 4 | 8;

  constructor(
    readonly memory: GuestMemory,
    readonly structs: Structs,
    long: 32 | 64,
  ) {
    this.wordSize = long === 64 ? 8 : 4;
  }

  /** A path of at most PATH_MAX - 1 bytes, one character a byte. */
  path(address: number): string | Errno {
    const text = this.memory.readString(address, PATH_MAX);
    return typeof text === 'string' ? text : text === undefined ? E.ENAMETOOLONG : E.EFAULT;
  }

  bytes(address: number, length: number): Uint8Array | Errno {
    if (this.memory.check(address, length, Perm.R)) return E.EFAULT;
    const bytes = new Uint8Array(length);
    this.memory.peekBytes(address, bytes);
    return bytes;
  }

  /** Gives 0 or EFAULT, as all writers here. */
  putBytes(address: number, bytes: Uint8Array): number | Errno {
    return this.memory.writeBytes(address, bytes) ? E.EFAULT : 0;
  }

  struct(name: string, address: number): StructValue | Errno {
    const bytes = this.bytes(address, this.structs.size(name));
    return bytes instanceof Errno ? bytes : this.structs.decode(name, bytes);
  }

  putStruct(name: string, address: number, value: StructValue): number | Errno {
    return this.putBytes(address, this.structs.encode(name, value));
  }

  u32(address: number): number | Errno {
    return this.memory.readU32(address) ?? E.EFAULT;
  }
  s32(address: number): number | Errno {
    const value = this.memory.readU32(address);
    return value === undefined ? E.EFAULT : value | 0;
  }
  putU32(address: number, value: number): number | Errno {
    return this.memory.writeU32(address, value >>> 0) ? 0 : E.EFAULT;
  }
  u64(address: number): bigint | Errno {
    return this.memory.readU64(address) ?? E.EFAULT;
  }
  putU64(address: number, value: bigint): number | Errno {
    return this.memory.writeU64(address, value) ? 0 : E.EFAULT;
  }

  /** A long or a pointer. Above 2^53 it loses its low bits; no valid address is there. */
  word(address: number): number | Errno {
    if (this.wordSize === 4) return this.u32(address);
    const wide = this.u64(address);
    return wide instanceof Errno ? wide : Number(wide);
  }
  putWord(address: number, value: number): number | Errno {
    return this.wordSize === 4 ? this.putU32(address, value) : this.putU64(address, BigInt(value));
  }

  /** An array of pointers up to a NULL. */
  words(address: number, limit: number): number[] | Errno {
    const out: number[] = [];
    for (let i = 0; i < limit; i++) {
      const word = this.word(address + i * this.wordSize);
      if (word instanceof Errno) return word;
      if (word === 0) return out;
      out.push(word);
    }
    return E.E2BIG;
  }

  /** A signal set: bit n - 1 is signal n. Words of a long, the low signals first. */
  signalSet(address: number): bigint | Errno {
    const count = 8 / this.wordSize;
    let set = 0n;
    for (let i = 0; i < count; i++) {
      const word = this.wordSize === 4 ? this.u32(address + i * 4) : this.u64(address);
      if (word instanceof Errno) return word;
      set |= BigInt(word) << BigInt(32 * i);
    }
    return set;
  }
  putSignalSet(address: number, set: bigint): number | Errno {
    if (this.wordSize === 8) return this.putU64(address, set);
    const low = this.putU32(address, Number(set & 0xffff_ffffn));
    return low instanceof Errno ? low : this.putU32(address + 4, Number(set >> 32n));
  }
}

/** A signal set as the value of a `sigset` structure's field. */
export function signalSetValue(structs: Structs, set: bigint): StructValue {
  const { size, count } = structs.layout('sigset').fields[0]!;
  const bits = BigInt(size * 8);
  const words = Array.from({ length: count }, (_, i) => BigInt.asUintN(size * 8, set >> (BigInt(i) * bits)));
  return { bits: count === 1 ? words[0]! : words };
}
