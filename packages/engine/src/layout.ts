// Where everything is in a guest's linear memory: permissions, code table, state block, engine fields, records.
// In: a CompiledIsa. Out: byte offsets, constant for an ISA, so that built modules can be stored.
// Must not know: instructions, WebAssembly.
import type { MemoryLayout } from '@mimic/bus';
import type { CompiledIsa } from '@mimic/isa';

const MIB = 1 << 20;
/** Guest addresses from here up are ours. */
export const GUEST_LIMIT = 0xf0000000;
/** One page short of 4 GiB: with reversed addresses the guest's first 64 KiB are out of bounds. */
export const MEMORY_PAGES = 65535;

/** Bytes of an instruction's record: handler number (16 bits), then operands. */
export const RECORD_SIZE = 16;

/** Where the engine keeps what it says about a guest, after the cells in the state block. */
export interface EngineFields {
  /** Address of the next instruction, 64 bits. */
  readonly pc: number;
  /** Why the interpreter left: Exit code. */
  readonly exit: number;
  /** Bytes of the instruction that trapped. */
  readonly length: number;
  /** Fuel left, in bytes of records. */
  readonly fuel: number;
  /** Target of a jump out of an out-of-line handler, 64 bits. */
  readonly target: number;
  /** First byte that may not be accessed, 64 bits. */
  readonly faultAddress: number;
  /** 1 for a write. */
  readonly faultWrite: number;
  readonly trap: number;
  /** Set when `step` took a region's record away for a moment. */
  readonly displaced: number;
  /** What translated code was left for and counted: failed checks, code that it does not hold, computed jumps. */
  readonly refusals: number;
  /** Address of the computed jump that is being made. */
  readonly site: number;
  /** Set when the fuel was used up by interpreting. */
  readonly interpreted: number;
  /** Arguments of the trap, 64 bits each. */
  readonly trapArgs: number;
  /** Where instructions are scanned: the bytes looked at, with room behind for reading 8 at once. */
  readonly window: number;
  /** The vector of the instruction that was scanned last. */
  readonly vector: number;
  /** Its bytes before the immediates. */
  readonly head: number;
  /** How many bytes of the window may be executed. */
  readonly available: number;
  /** End of the state block. */
  readonly end: number;
}

export interface EngineLayout extends MemoryLayout {
  /** By guest page: host address of its records, or 0. */
  readonly codeTable: number;
  /** Offsets within the state block. */
  readonly fields: EngineFields;
  /** log2 of record bytes a byte of code: pc = (record >>> shift) + bias. */
  readonly shift: number;
  /** By region slot: the record that the region's entry displaced. */
  readonly displacedRecords: number;
  /** 32-bit counters. */
  readonly refusalCounters: number;
  readonly jumpTable: number;
  /** Records behind those of a page: an instruction that starts at its end may end so far behind it. */
  readonly sentinels: number;
  /** Bytes of the records of a page, sentinels included. */
  readonly recordPage: number;
  /** Bytes of records of the smallest instruction: what it counts for in fuel. */
  readonly step: number;
}

const MAX_TRAP_ARGS = 16;

/** The layout of a guest of `isa`. */
export function layoutOf(isa: CompiledIsa): EngineLayout {
  const reversed = isa.endian === 'big';
  const zone = reversed ? 0 : GUEST_LIMIT;
  // Code addresses that differ in a mode have records of their own.
  const grain = isa.modeMask ? 1 : isa.unit;
  const shift = Math.log2(RECORD_SIZE / grain);
  const base = Math.ceil(isa.stateSize / 16) * 16;
  // An instruction may begin with the last byte of a page.
  const sentinels = isa.scan ? isa.scan.longest - 1 : 4;
  const scan = base + 64 + 8 * MAX_TRAP_ARGS;
  const fields: EngineFields = {
    pc: base,
    exit: base + 8,
    length: base + 12,
    fuel: base + 16,
    faultWrite: base + 20,
    target: base + 24,
    faultAddress: base + 32,
    trap: base + 40,
    displaced: base + 44,
    refusals: base + 48,
    site: base + 52,
    interpreted: base + 56,
    trapArgs: base + 64,
    window: scan,
    vector: scan + 24,
    head: scan + 48,
    available: scan + 52,
    end: scan + 56,
  };
  return {
    reversed,
    guestLimit: GUEST_LIMIT,
    permBase: zone,
    codeTable: zone + MIB,
    stateBase: zone + 5 * MIB,
    displacedRecords: zone + 6 * MIB,
    refusalCounters: zone + 6 * MIB + REGION_SLOTS * RECORD_SIZE,
    jumpTable: zone + 6 * MIB + REGION_SLOTS * RECORD_SIZE + 4 * REFUSAL_COUNTERS,
    arenaBase: zone + 7 * MIB,
    arenaEnd: reversed ? 256 * MIB : MEMORY_PAGES * 65536,
    fields,
    shift,
    step: isa.unit << shift,
    sentinels,
    recordPage: (4096 << shift) + sentinels * RECORD_SIZE,
  };
}

/** Where a record holds the length of its instruction, where that varies. */
export const LENGTH_AT = 2;

/** Codes in the `exit` field. */
export const ExitCode = { fuel: 0, miss: 1, trap: 2, fault: 3, illegal: 4, codeWrite: 5, stop: 6 } as const;

/**
 * Translated code counts the host's stack in units of so many bytes. What a frame of the interpreter counts for; what one
 * of a region counts for at most: with more than that left, whoever enters a region gets on.
 */
export const STACK_UNIT = 256;
export const LOOP_FRAME = 8;
export const MOST_FRAME = 64;

/** Slots of the shared table of translated regions. */
export const REGION_SLOTS = 8192;
/** Counters of failed permission checks, by instruction address. */
export const REFUSAL_COUNTERS = 4096;
/** Entries of the table of computed jumps: site, target, count, 4 bytes each. */
export const JUMP_ENTRIES = 1024;
export const JUMP_ENTRY_SIZE = 12;
