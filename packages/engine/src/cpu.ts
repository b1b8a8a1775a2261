// What a running processor looks like to those above: run it, see why it stopped, look at its state.
// In: nothing. Out: interfaces. Must not know: Linux, a particular architecture.
import type { GuestMemory } from '@mimic/bus';
import type { HookName, LinuxAbi } from '@mimic/isa';

export type Access = 'read' | 'write' | 'execute';

/** A guest address: a bigint where it is above the 32-bit window. */
export type GuestAddress = number | bigint;
export const guestAddress = (v: bigint): GuestAddress => (v < 0x1_0000_0000n ? Number(v) : v);

/** Why `run` came back. Addresses are guest addresses; `pc` is that of the instruction concerned. */
export type Exit =
  /** A trap of the spec, by name, with its arguments. State is as the trap left it; see Cpu.pc. */
  | { readonly kind: 'trap'; readonly name: string; readonly args: readonly bigint[]; readonly pc: number }
  /** A memory access that the page permissions forbid. State is that of the instruction's start. */
  | {
      readonly kind: 'fault';
      readonly address: GuestAddress;
      readonly access: Access;
      readonly mapped: boolean;
      readonly pc: number;
    }
  /** The instruction does not decode. */
  | { readonly kind: 'illegal'; readonly pc: number; readonly long?: true }
  /** The budget is used up, or `interrupt` was called. */
  | { readonly kind: 'budget' };

export interface RegisterInfo {
  readonly name: string;
  readonly width: number;
}

/** One guest processor on one memory. */
export interface Cpu {
  readonly memory: GuestMemory;
  readonly abi: LinuxAbi;
  /** Address of the next instruction. After a `trap` exit: of the one that trapped; the OS moves it on with `advance`. */
  pc: number;
  /** Instructions retired so far. May be counted coarsely, by taken branches. */
  readonly retired: number;
  /**
   * Runs until something is for the caller, at most about `budget` instructions.
   * Never throws for what a guest does.
   */
  run(budget: number): Exit;
  /** Makes a running `run` return at its next poll. May be called from another turn of the event loop only. */
  interrupt(): void;
  /** Moves pc past the instruction that trapped. */
  advance(): void;
  /** Calls a hook of the ABI. Memory faults inside it come back as `undefined`. */
  hook(name: HookName, ...args: (bigint | number)[]): bigint[] | undefined;
  /** Registers as the manual lists them, for traces and debuggers. */
  readonly registers: readonly RegisterInfo[];
  readRegister(name: string): bigint;
  writeRegister(name: string, value: bigint): void;
  /** The whole state block, to copy at fork, thread creation, snapshots. */
  saveState(): Uint8Array;
  loadState(state: Uint8Array): void;
}
