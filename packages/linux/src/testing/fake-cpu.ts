// A processor for tests: what it does is a script in TypeScript, its registers are a few fields.
// In: an ABI, a memory. Out: a Cpu. Must not know: any real processor.
import type { GuestMemory } from '@mimic/bus';
import type { Cpu, Exit } from '@mimic/engine';
import type { HookName, LinuxAbi } from '@mimic/isa';

/** Makes a system call by the library's name and gives its result: negative for an error. */
export type CallSyscall = (name: string, ...args: (number | bigint)[]) => number;

/** A program: a generator that yields exits; the value of a yield is the last system call's result. */
export type Script = (cpu: FakeCpu) => Generator<Exit, void, number>;

export class FakeCpu implements Cpu {
  pc = 0x1000;
  sp = 0;
  retired = 0;
  result = 0;
  readonly registers = [];
  /** What handlers were entered with: signal, handler, frame. */
  readonly entered: { readonly signal: number; readonly handler: number; readonly frame: number }[] = [];
  private number = 0;
  private args: bigint[] = [];
  private readonly running: Generator<Exit, void, number>;
  private readonly saved: { sp: number; result: number }[] = [];

  constructor(
    readonly memory: GuestMemory,
    readonly abi: LinuxAbi,
    script: Script,
  ) {
    this.running = script(this);
  }

  /** The exit of a system call: `const n = yield cpu.call('getpid')`. */
  call(name: string, ...args: (number | bigint)[]): Exit {
    const row = this.abi.numbers.find((r) => r.printed === name);
    if (!row) throw new RangeError(`no call ${name}`);
    this.number = row.number;
    this.args = Array.from({ length: 6 }, (_, i) => BigInt.asUintN(32, BigInt(args[i] ?? 0)));
    return { kind: 'trap', name: this.abi.syscallTrap, args: [], pc: this.pc };
  }

  run(): Exit {
    const step = this.running.next(this.result);
    if (step.done) return this.call('exit_group', 0);
    return step.value;
  }
  interrupt(): void {}
  advance(): void {
    this.pc += 4;
  }

  hook(name: HookName, ...args: (bigint | number)[]): bigint[] | undefined {
    switch (name) {
      case 'start':
        this.sp = Number(args[0]);
        return [];
      case 'sp':
        return [BigInt(this.sp)];
      case 'syscall.nr':
        return [BigInt(this.number)];
      case 'syscall.args':
        return this.args;
      case 'syscall.return':
        this.result = Number(args[0]);
        return [];
      case 'signal.at':
      case 'signal.at.old':
        return [BigInt(Number(args[0]) - 4096)];
      case 'signal':
      case 'signal.old':
        this.saved.push({ sp: this.sp, result: this.result });
        this.entered.push({ frame: Number(args[0]), signal: Number(args[1]), handler: Number(args[2]) });
        this.sp = Number(args[0]);
        return [];
      case 'sigreturn':
      case 'sigreturn.old':
        return [BigInt(this.sp)];
      case 'context.load':
      case 'context.load.old':
        Object.assign(this, this.saved.pop());
        return [];
      default:
        return [];
    }
  }
  readRegister(): bigint {
    return 0n;
  }
  writeRegister(): void {}
  saveState(): Uint8Array {
    return new Uint8Array(0);
  }
  loadState(): void {}
}
