// The evaluator's Machine over a guest: cells in the state block, memory with permissions.
// In: a Guest and the ISA's cells. Out: a Machine. Must not know: which body runs on it.
import { Perm } from '@mimic/bus';
import { type AccessFault, cellStride, type Machine, type Program } from '@mimic/ir';
import type { Guest } from './guest.js';

export class StateMachine implements Machine {
  private readonly view: DataView;
  /** The cell that stands for the engine's own pc, where the spec declares the register. */
  private readonly pcCell: number;

  constructor(
    private readonly guest: Guest,
    private readonly program: Program,
    private readonly hosts: (n: number) => bigint,
    private readonly codeWrite: (page: number) => void,
    /** CompiledIsa.ignored */
    private readonly ignored = 0,
  ) {
    this.view = new DataView(guest.store.buffer);
    this.pcCell = program.cells.findIndex((c) => c.name === 'PC');
  }

  private pcField(): number {
    return this.guest.layout.stateBase + this.guest.layout.fields.pc;
  }

  getCell(cell: number, index: number): bigint {
    const c = this.program.cells[cell]!;
    if (cell === this.pcCell) return BigInt.asUintN(c.width, this.view.getBigUint64(this.pcField(), true));
    const at = this.guest.layout.stateBase + c.offset + index * c.stride;
    if (c.width <= 32) return BigInt(this.view.getUint32(at, true));
    let v = 0n;
    for (let k = cellStride(c.width) - 8; k >= 0; k -= 8)
      v = (v << 64n) | this.view.getBigUint64(at + k, true);
    return v;
  }

  setCell(cell: number, index: number, value: bigint): void {
    const c = this.program.cells[cell]!;
    if (cell === this.pcCell) {
      this.view.setBigUint64(this.pcField(), value, true);
      return;
    }
    const at = this.guest.layout.stateBase + c.offset + index * c.stride;
    if (c.width <= 32) this.view.setUint32(at, Number(value), true);
    else
      for (let k = 0; k < cellStride(c.width); k += 8)
        this.view.setBigUint64(at + k, BigInt.asUintN(64, value >> BigInt(8 * k)), true);
  }

  load(whole: bigint, width: number): bigint | AccessFault {
    const address = this.effective(whole);
    const n = width / 8;
    const fault = this.check(address, n, Perm.R);
    if (fault) return fault;
    let v = 0n;
    const a = Number(address);
    for (let k = 0; k < n; k++)
      v =
        (v << 8n) |
        BigInt(this.view.getUint8(this.hostByte(this.guest.layout.reversed ? a + k : a + n - 1 - k)));
    return v;
  }

  store(whole: bigint, width: number, value: bigint): AccessFault | undefined {
    const address = this.effective(whole);
    const n = width / 8;
    const fault = this.check(address, n, Perm.W);
    if (fault) return fault;
    const a = Number(address);
    for (const page of new Set([a >>> 12, (a + n - 1) >>> 12]))
      if (this.guest.memory.perm(page) & Perm.CODE) this.codeWrite(page);
    for (let k = 0; k < n; k++) {
      this.view.setUint8(
        this.hostByte(this.guest.layout.reversed ? a + n - 1 - k : a + k),
        Number((value >> BigInt(8 * k)) & 0xffn),
      );
    }
    return undefined;
  }

  host(n: number): bigint {
    return this.hosts(n);
  }

  /** An address without the bits that do not count. */
  private effective(address: bigint): bigint {
    if (this.ignored === 0) return address;
    return BigInt.asUintN(64, BigInt.asIntN(64 - this.ignored, address));
  }

  private hostByte(address: number): number {
    return this.guest.layout.reversed ? 0xffffffff - address : address;
  }

  private check(address: bigint, n: number, need: number): AccessFault | undefined {
    const access = need === Perm.R ? 'read' : 'write';
    if (address > 0xffffffffn) return { address, access };
    const a = Number(address);
    const { memory } = this.guest;
    if (!(memory.perm(a >>> 12) & need)) return { address, access };
    const last = (a + n - 1) % 2 ** 32;
    if (!(memory.perm(last >>> 12) & need)) return { address: BigInt(last - (last % 4096)), access };
    return undefined;
  }
}
