// A growable byte buffer with WebAssembly's number formats.
// In: bytes and numbers. Out: a Uint8Array. Must not know: instructions, sections.

export class Code {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
  }

  private reserve(n: number): void {
    if (this.length + n <= this.bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.bytes.length * 4, this.length + n));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
  }

  /** Appends one byte; only the low 8 bits of `b` count. */
  byte(b: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = b;
  }

  /** Appends an instruction with one unsigned immediate. */
  with(instruction: number, immediate: number): void {
    this.byte(instruction);
    this.u32(immediate);
  }

  /** Appends `value` as unsigned LEB128; value in [0, 2^32). (WebAssembly core 5.2.2) */
  u32(value: number): void {
    if (value >= 0 && value < 0x80) {
      this.byte(value);
      return;
    }
    this.reserve(5);
    value >>>= 0;
    while (value > 0x7f) {
      this.bytes[this.length++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.bytes[this.length++] = value;
  }

  /** Appends `value` as signed LEB128; the low 32 bits count. */
  s32(value: number): void {
    if (value >= -0x40 && value < 0x40) {
      this.byte(value & 0x7f);
      return;
    }
    this.reserve(5);
    value |= 0;
    for (;;) {
      const low = value & 0x7f;
      value >>= 7;
      if ((value === 0 && !(low & 0x40)) || (value === -1 && low & 0x40)) {
        this.bytes[this.length++] = low;
        return;
      }
      this.bytes[this.length++] = low | 0x80;
    }
  }

  /** Appends `value` as signed LEB128; the low 64 bits count. */
  s64(value: bigint): void {
    value = BigInt.asIntN(64, value);
    if (value >= -0x80000000n && value <= 0x7fffffffn) {
      this.s32(Number(value));
      return;
    }
    this.reserve(10);
    for (;;) {
      const low = Number(value & 0x7fn);
      value >>= 7n;
      if ((value === 0n && !(low & 0x40)) || (value === -1n && low & 0x40)) {
        this.bytes[this.length++] = low;
        return;
      }
      this.bytes[this.length++] = low | 0x80;
    }
  }

  /** Appends the bytes of another buffer. */
  append(other: Code): void {
    this.reserve(other.length);
    this.bytes.set(other.bytes.subarray(0, other.length), this.length);
    this.length += other.length;
  }

  /** Appends a name: its UTF-8 length and bytes. ASCII only. */
  name(text: string): void {
    this.u32(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** The bytes so far, as a copy. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
