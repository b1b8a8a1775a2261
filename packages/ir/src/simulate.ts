// A Machine over plain arrays, for tests: cells by limb in a byte block, memory as bytes in either byte order.
// In: a Program and a byte order. Out: a Machine whose state can be compared. Must not know: engines.
import { cellStride, type Program } from './body.js';
import type { AccessFault, Machine } from './evaluate.js';

export class SimulatedMachine implements Machine {
  readonly state: Uint8Array;
  /** Guest addresses [0, memory.length) may be accessed. */
  readonly memory: Uint8Array;

  constructor(
    readonly program: Program,
    readonly bigEndian: boolean,
    memoryBytes = 2048,
  ) {
    this.state = new Uint8Array(
      Math.max(8, ...program.cells.map((c) => c.offset + (c.count - 1) * c.stride + cellStride(c.width))),
    );
    this.memory = new Uint8Array(memoryBytes);
  }

  getCell(cell: number, index: number): bigint {
    const c = this.program.cells[cell]!;
    const bytes = this.state.subarray(c.offset + index * c.stride).subarray(0, cellStride(c.width));
    let v = 0n;
    for (let k = bytes.length - 1; k >= 0; k--) v = (v << 8n) | BigInt(bytes[k]!);
    return BigInt.asUintN(c.width, v);
  }

  setCell(cell: number, index: number, value: bigint): void {
    const c = this.program.cells[cell]!;
    for (let k = 0; k < cellStride(c.width); k++)
      this.state[c.offset + index * c.stride + k] = Number((value >> BigInt(8 * k)) & 0xffn);
  }

  load(address: bigint, width: number): bigint | AccessFault {
    const n = width / 8;
    const fault = this.check(address, n, 'read');
    if (fault) return fault;
    let v = 0n;
    for (let k = 0; k < n; k++)
      v = (v << 8n) | BigInt(this.memory[Number(address) + (this.bigEndian ? k : n - 1 - k)]!);
    return v;
  }

  store(address: bigint, width: number, value: bigint): AccessFault | undefined {
    const n = width / 8;
    const fault = this.check(address, n, 'write');
    if (fault) return fault;
    for (let k = 0; k < n; k++) {
      this.memory[Number(address) + (this.bigEndian ? n - 1 - k : k)] = Number(
        (value >> BigInt(8 * k)) & 0xffn,
      );
    }
    return undefined;
  }

  host(number: number): bigint {
    return BigInt(number) * 0x0123456789abcdefn;
  }

  private check(address: bigint, n: number, access: 'read' | 'write'): AccessFault | undefined {
    const end = BigInt(this.memory.length);
    if (address + BigInt(n) <= end) return undefined;
    return { address: address < end ? end : address, access };
  }
}
