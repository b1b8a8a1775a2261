// The checked Linux ABI of a processor: data, and hooks as IR functions.
// In: nothing. Out: types. Filled by abi/compile.ts from .abi files; read by packages/linux.

/** A scalar or array in a guest structure. Offsets and sizes in bytes, by the C rules of the ABI. */
export interface StructField {
  readonly name: string;
  readonly offset: number;
  /** Size of one element. */
  readonly size: number;
  readonly signed: boolean;
  /** Elements; 1 for a scalar. */
  readonly count: number;
  /** Set where the field is itself a structure. */
  readonly struct?: string;
  /** Initial value, where the .abi gives one. */
  readonly init?: bigint;
}

export interface StructLayout {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly fields: readonly StructField[];
}

/** One system call number of the ABI. */
export interface SyscallNumber {
  readonly number: number;
  /** The library's name of the call (`read`, `clone`, ...). */
  readonly name: string;
  /** Name that traces print; differs where the row says `= other`. */
  readonly printed: string;
  /** Where given: the library's parameter name for each register in order; `_` for a hole. */
  readonly params?: readonly string[];
}

export interface ElfIdent {
  readonly class: 32 | 64;
  readonly data: 'lsb' | 'msb';
  readonly machine: number;
  readonly interpreter?: string;
  /** Symbols that say how what follows is to be read: the mode bits of its addresses; -1: it is no code. */
  readonly marks?: Readonly<Record<string, number>>;
  /** What binutils call the file format: `elf32-NAME`. */
  readonly format?: string;
}

export interface AbiTypes {
  /** Bits in a long and a pointer. */
  readonly long: 32 | 64;
  /** Alignment of 64-bit integers, bytes. */
  readonly align64: number;
  /** How many bits of an address count; those above must be equal to the highest of them. */
  readonly canonical?: number;
  readonly page: number;
  /** 64-bit system-call arguments: in an even register pair or any; which half comes first. */
  readonly pairs: 'none' | 'even' | 'any';
  readonly pairOrder: 'high-first' | 'low-first';
}

/** Names of the hooks; each takes and gives words of the processor. See docs/spec-language.md, "The ABI". */
export type HookName =
  /** () -> the system-call number */
  | 'syscall.nr'
  /** () -> six arguments */
  | 'syscall.args'
  /** (v : signed result, -4095..-1 an error) */
  | 'syscall.return'
  /** (original first argument): makes the interrupted call run again; pc is still at the call */
  | 'restart'
  /** (code, value) -> 0 or an error, negative: what the call of that name does */
  | 'arch_prctl'
  /** (sp) in a new thread or process: its result of clone or fork, its stack pointer */
  | 'clone'
  /** (sp, entry, bias): state at the first instruction; `bias` is what was added to the addresses of the file that it is in */
  | 'start'
  /** (v): sets the thread pointer */
  | 'tls'
  /** () -> the stack pointer */
  | 'sp'
  /** (frame, sig, handler, restorer, flags): fills registers for a handler; the frame's plain fields are there already */
  | 'signal'
  /** () -> address of the signal frame, at sigreturn */
  | 'sigreturn'
  /** (sp) -> address for a signal frame below sp */
  | 'signal.at'
  /** (frame): stores the registers into the frame's machine context, by `map` */
  | 'context.save'
  /** (frame): loads them back */
  | 'context.load'
  /** The same for handlers without SA_SIGINFO, where the ABI has a frame of its own for them (`signal old`). */
  | 'signal.old'
  | 'signal.at.old'
  | 'sigreturn.old'
  | 'context.save.old'
  | 'context.load.old'
  /** () : does what is behind the entry point at that address, pc included. */
  | `gate.${number}`;

export interface LinuxAbi {
  readonly name: string;
  readonly elf: ElfIdent;
  readonly types: AbiTypes;
  /** Trap name that is a system call. */
  readonly syscallTrap: string;
  readonly numbers: readonly SyscallNumber[];
  /** Constants that differ between ABIs: values.open.O_DIRECTORY, values.errno.ENOSYS, values.signal.SIGBUS, ... */
  readonly values: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly structs: Readonly<Record<string, StructLayout>>;
  /** Auxiliary vector entries that the processor gives, by AT_ name without the prefix. */
  readonly auxv: Readonly<Record<string, bigint | string>>;
  /** Trap name -> how Linux reports it: signal and si_code by name (`SIGILL`, `ILL_ILLOPC`), si_addr is the pc. */
  readonly faults: Readonly<
    Record<
      string,
      {
        readonly signal: string;
        readonly code: string;
        /** The pc is behind the instruction then. */
        readonly after?: boolean;
      }
    >
  >;
  /** Guest code by name, as bytes in memory order: `sigtramp`, `sigtramp_old`. */
  readonly code: Readonly<Record<string, Uint8Array>>;
  /** The structure of a signal frame, a key of `structs`. */
  readonly signalFrame: string;
  /** That of a handler without SA_SIGINFO, where it differs. */
  readonly oldSignalFrame?: string;
  /** Addresses that the kernel makes entry points: running into one calls its hook. */
  readonly gates: readonly number[];
  /** Bits of a code address that are modes: no part of an address that is reported. */
  readonly modeMask: number;
  /** What uname() gives as machine. */
  readonly machineName: string;
}
