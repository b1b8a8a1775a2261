// A processor that runs on the generated interpreter.
// In: a CompiledIsa, its interpreter module, a Guest, host callbacks. Out: a Cpu.
// Must not know: Linux, a particular architecture.
import { Perm } from '@mimic/bus';
import { type Body, evaluate, type Outcome, removeDead } from '@mimic/ir';
import type { CompiledIsa, HookName, LinuxAbi, Register } from '@mimic/isa';
import { decode, decodeBytes, type Fetched } from '@mimic/isa/decode';
import { compileModule, instantiateModule, type WasmFunction, type WasmModule } from '@mimic/wasm';
import { CodeCache } from './code-cache.js';
import { type Cpu, type Exit, type GuestAddress, guestAddress, type RegisterInfo } from './cpu.js';
import type { Guest } from './guest.js';
import { ExitCode, STACK_UNIT } from './layout.js';
import { StateMachine } from './state-machine.js';
import { Stress } from './stress.js';
import { Translator, type TranslatorOptions } from './translate/translator.js';

/** Instructions between two entries of the loop: small enough for interrupts and for the host to replace its code. */
const QUANTUM = 16384;
/** An address at which no caller waits. */
const NOWHERE = -1;
/** Bytes of the host's stack for translated code: the host's is bounded (984 KB in Node), the guest's recursion is not. */
const STACK = 512 * 1024;

/** Values of the ISA's `host` names, unsigned. */
export type HostValues = Readonly<Record<string, () => bigint>>;

export interface InterpreterOptions {
  readonly hosts?: HostValues;
  /** How hot code is translated; false: never. */
  readonly translate?: TranslatorOptions | false;
  /** Instructions between two looks at where the guest is: 16,384 unless given. */
  readonly quantum?: number;
  /** A seed: takes rare paths often, translates everything. For finding bugs: results are the same, only later. */
  readonly stress?: number;
}

export class Interpreter implements Cpu {
  readonly memory: Guest['memory'];
  readonly registers: readonly RegisterInfo[];
  readonly code: CodeCache;
  /** For evaluating bodies on this processor's state: hooks, registers, tests. */
  readonly machine: StateMachine;
  private readonly view: DataView;
  private readonly enter: WasmFunction;
  private readonly byName: ReadonlyMap<string, Register>;
  /** Bodies of hooks that were called, without what they do not need. */
  private readonly hooks = new Map<HookName, Body>();
  private interrupted = false;
  private translatorMade: Translator | undefined;
  private readonly makeTranslator: (() => Translator) | undefined;
  private readonly quantum: number;
  /** Instructions until the next look. */
  private interval: number;
  private executed = 0;
  private readonly stress: Stress | undefined;

  /** `module` is what buildInterpreter made of `isa`, as bytes or compiled. */
  constructor(
    readonly isa: CompiledIsa,
    module: Uint8Array | WasmModule,
    readonly guest: Guest,
    options: InterpreterOptions = {},
    /** Shared by the processors of one guest. */
    code?: CodeCache,
  ) {
    this.memory = guest.memory;
    this.view = new DataView(guest.store.buffer);
    this.quantum = options.quantum ?? QUANTUM;
    this.interval = this.quantum;
    this.stress = options.stress === undefined ? undefined : new Stress(options.stress);
    const host = (n: number): bigint => {
      const { name, width } = isa.program.hosts[n]!;
      return BigInt.asUintN(width, options.hosts?.[name]?.() ?? 0n);
    };
    const compiled = module instanceof Uint8Array ? compileModule(module) : module;
    const exports = instantiateModule(compiled, {
      env: { memory: guest.store, regions: guest.regions, host: (n: number) => BigInt.asIntN(64, host(n)) },
    });
    this.enter = exports['run']!;
    this.code = code ?? new CodeCache(guest, isa.unit < 4);
    // Made when something first proves hot: a short run does not pay for it.
    if (options.translate !== false) {
      const { stress } = this;
      const settings = { ...options.translate, ...(stress ? { stress, threshold: 1 } : {}) };
      this.makeTranslator = () => new Translator(isa, guest, this.code, exports, host, settings);
    }
    this.machine = new StateMachine(
      guest,
      isa.program,
      host,
      (page) => this.memory.invalidate(page * 4096, 4096),
      isa.ignored,
    );
    this.setTraits();
    this.registers = isa.registers.map(({ name, width }) => ({ name, width }));
    this.byName = new Map(isa.registers.map((r) => [r.name, r]));
  }

  /** Throws Error for an ISA without an ABI. */
  get abi(): LinuxAbi {
    if (!this.isa.abi) throw new Error(`${this.isa.name} has no Linux ABI`);
    return this.isa.abi;
  }

  get pc(): number {
    const at = this.field('pc');
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 2 ** 32;
  }

  set pc(value: number) {
    this.view.setBigUint64(this.field('pc'), BigInt.asUintN(this.isa.word, BigInt(value)), true);
  }

  get retired(): number {
    return this.executed;
  }

  /** What has been translated; undefined while nothing was hot. */
  get translator(): Translator | undefined {
    return this.translatorMade;
  }

  run(budget: number): Exit {
    let left = budget;
    const { step } = this.guest.layout;
    while (left > 0) {
      if (this.interrupted) break;
      const now = Math.min(Math.ceil(left), this.stress?.quantum() ?? this.interval);
      const code = this.enter(now * step, NOWHERE, this.stress?.stack() ?? STACK / STACK_UNIT) as number;
      const done = now - this.view.getInt32(this.field('fuel'), true) / step;
      left -= done;
      this.executed += done;
      if (code === ExitCode.fuel) {
        this.sample();
        continue;
      }
      const exit = this.leave(code);
      if (exit) return exit;
      // It was done here.
      if (code === ExitCode.codeWrite) left--;
    }
    this.interrupted = false;
    return { kind: 'budget' };
  }

  /** Looks at where the guest is. While nothing new is hot it looks less and less often. */
  private sample(): void {
    if (!this.makeTranslator) return;
    this.translatorMade ??= this.makeTranslator();
    const interpreted = this.view.getUint32(this.field('interpreted'), true) !== 0;
    this.view.setUint32(this.field('interpreted'), 0, true);
    // Translated code begins where decoding looks at nothing besides.
    if (this.context() !== 0) return;
    const news = this.translatorMade.sample(this.pc, this.executed, interpreted);
    this.interval = news ? this.quantum : Math.min(Math.ceil(this.interval * 1.25), this.quantum * 64);
  }

  interrupt(): void {
    this.interrupted = true;
  }

  advance(): void {
    this.pc += this.view.getUint32(this.field('length'), true);
  }

  hook(name: HookName, ...args: (bigint | number)[]): bigint[] | undefined {
    const hook = this.isa.hooks[name];
    if (!hook) throw new Error(`${this.isa.name} has no hook ${name}`);
    const params = hook.params.map((w, k) => BigInt.asUintN(w, BigInt(args[k] ?? 0)));
    let body = this.hooks.get(name);
    if (!body) this.hooks.set(name, (body = removeDead(hook.body)));
    const out = this.evaluate(body, params);
    return out.kind === 'return' ? [...out.values] : out.kind === 'next' ? [] : undefined;
  }

  readRegister(name: string): bigint {
    const out = this.evaluate(this.register(name).read, []);
    return out.kind === 'return' ? out.values[0]! : 0n;
  }

  writeRegister(name: string, value: bigint): void {
    const { write, width } = this.register(name);
    if (write) this.evaluate(write, [BigInt.asUintN(width, value)]);
  }

  saveState(): Uint8Array {
    return this.state().slice();
  }

  loadState(state: Uint8Array): void {
    this.state().set(state);
  }

  /**
   * Runs one instruction on the reference evaluator. Undefined when it went on or jumped; pc is then moved.
   * Slow, exact, and leaves nothing decoded.
   */
  step(): Exit | undefined {
    const { pc, isa } = this;
    const fetched = this.fetch(pc);
    if (fetched.kind !== 'insn') return this.notAnInstruction(fetched, pc);
    const { decoded } = fetched;
    const { insn, length } = decoded;
    this.view.setUint32(this.field('length'), length, true);
    const out = evaluate(isa.program, insn.template, decoded.fields.map(BigInt), BigInt(pc), this.machine);
    switch (out.kind) {
      case 'trap':
        return { kind: 'trap', name: isa.program.traps[out.trap]!.name, args: out.args, pc };
      case 'fault': {
        const address = guestAddress(out.address);
        return { kind: 'fault', address, access: out.access, mapped: this.mapped(address), pc };
      }
      case 'jump':
        this.pc = Number(out.target);
        break;
      default:
        this.pc = pc + length;
    }
    this.executed++;
    return undefined;
  }

  /** Puts what the model of the processor decides into the state. */
  setTraits(): void {
    const { traits, model } = this.isa;
    traits.forEach((t, k) => {
      this.machine.setCell(t.cell, 0, BigInt(model.values[k]!));
    });
  }

  /** Runs a body of a hook or register. */
  private evaluate(body: Body, params: readonly bigint[]): Outcome {
    return evaluate(this.isa.program, body, params, BigInt(this.pc), this.machine);
  }

  /** What decoding looks at besides the word and its address. */
  private context(): number {
    const { context } = this.isa;
    return context ? Number(this.machine.getCell(context.cell, 0)) : 0;
  }

  /** What stands at code address `pc`. */
  private fetch(pc: number): Fetched {
    const { isa } = this;
    const start = (pc & ~isa.modeMask) >>> 0;
    const executable = (address: number): boolean =>
      address < 2 ** 32 && (this.memory.perm(address >>> 12) & Perm.X) !== 0;
    if (pc >= 2 ** 32 || !executable(start)) return { kind: 'missing', offset: 0 };
    if (isa.scan)
      return decodeBytes(isa, (offset) =>
        executable(pc + offset) ? this.view.getUint8(pc + offset) : undefined,
      );
    const { reversed } = this.guest.layout;
    const unit = (address: number, bytes: 2 | 4): number => {
      const at = reversed ? 2 ** 32 - address - bytes : address;
      return bytes === 2 ? this.view.getUint16(at, true) : this.view.getUint32(at, true);
    };
    const second = isa.unit === 2 && executable(start + 2) ? unit(start + 2, 2) : 0;
    const word = isa.unit === 4 ? unit(start, 4) : (unit(start, 2) | (second << 16)) >>> 0;
    const decoded = decode(isa, word, pc, this.context());
    return decoded ? { kind: 'insn', decoded } : { kind: 'illegal' };
  }

  private notAnInstruction(fetched: Fetched, pc: number): Exit {
    if (fetched.kind === 'illegal') return { ...fetched, pc };
    if (fetched.kind === 'insn') return { kind: 'illegal', pc };
    if (fetched.offset === 0) return this.noCode();
    const address = pc + fetched.offset;
    return { kind: 'fault', address, access: 'execute', mapped: this.mapped(address), pc };
  }

  /** What to do about an exit code; undefined to go on. */
  private leave(code: number): Exit | undefined {
    const { view } = this;
    const pc = this.pc;
    switch (code) {
      // The address at which no caller waits is one like any other.
      case ExitCode.stop:
      case ExitCode.miss:
        if (pc < 2 ** 32 && this.code.open(pc >>> 12)) return undefined;
        return this.noCode();
      case ExitCode.trap: {
        const trap = this.isa.program.traps[view.getUint32(this.field('trap'), true)]!;
        return { kind: 'trap', name: trap.name, args: this.trapArgs(trap.params), pc };
      }
      case ExitCode.fault: {
        const address = guestAddress(view.getBigUint64(this.field('faultAddress'), true));
        const write = view.getUint32(this.field('faultWrite'), true) !== 0;
        return { kind: 'fault', address, access: write ? 'write' : 'read', mapped: this.mapped(address), pc };
      }
      case ExitCode.codeWrite:
        // Stepped by the evaluator, whose stores drop code: the page may be the one that is running.
        return this.step();
      case ExitCode.illegal: {
        if (!this.isa.scan) return { kind: 'illegal', pc };
        const fetched = this.fetch(pc);
        if (fetched.kind !== 'missing') return this.notAnInstruction(fetched, pc);
        // Nobody tells when the rest of it becomes executable.
        this.code.forget(pc);
        return this.notAnInstruction(fetched, pc);
      }
      default:
        throw new Error(`interpreter: exit code ${code} at ${pc.toString(16)}`);
    }
  }

  /** The fault of a pc where nothing can be executed. */
  private noCode(): Exit {
    const address = guestAddress(this.view.getBigUint64(this.field('pc'), true));
    return { kind: 'fault', address, access: 'execute', mapped: this.mapped(address), pc: Number(address) };
  }

  private trapArgs(widths: readonly number[]): bigint[] {
    let at = this.field('trapArgs');
    return widths.map((w) => {
      let v = 0n;
      for (let k = 0; k < w; k += 64, at += 8) v |= this.view.getBigUint64(at, true) << BigInt(k);
      return v;
    });
  }

  private mapped(address: GuestAddress): boolean {
    return typeof address === 'number' && (this.memory.perm(Math.floor(address / 4096)) & Perm.MAPPED) !== 0;
  }

  private register(name: string): Register {
    const r = this.byName.get(name);
    if (!r) throw new Error(`${this.isa.name} has no register ${name}`);
    return r;
  }

  private field(name: keyof Guest['layout']['fields']): number {
    return this.guest.layout.stateBase + this.guest.layout.fields[name];
  }

  private state(): Uint8Array {
    const { layout, store } = this.guest;
    return new Uint8Array(store.buffer, layout.stateBase, layout.fields.end);
  }
}
