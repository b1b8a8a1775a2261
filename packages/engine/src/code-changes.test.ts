// Code that changes under every tier: whoever writes it, what runs next is what was written last.
// ROUNDS=n in the environment for a longer random run.
import { Perm } from '@mimic/bus';
import { Random } from '@mimic/ir';
import { describe, expect, it } from 'vitest';
import { buildInterpreter, createGuest, Interpreter, type InterpreterOptions } from './index.js';
import { assemble, toyIsa } from './toy-isa.js';

const CODE = 0x10000;
const OTHER = CODE + 4096;
const DATA = 0x20000;
const RWX = Perm.R | Perm.W | Perm.X;
const ROUNDS = Number(process.env['ROUNDS'] ?? 200);
type Source = readonly [name: string, fields: Record<string, number>];

/** Options of each tier; the evaluator steps. */
const TIERS: Readonly<Record<string, InterpreterOptions>> = {
  evaluator: { translate: false },
  interpreter: { translate: false },
  translator: { translate: { threshold: 1 }, quantum: 7 },
  'translator under stress': { stress: 1 },
};
const modules = {
  big: buildInterpreter(toyIsa('big')).bytes,
  little: buildInterpreter(toyIsa('little')).bytes,
};

class Bench {
  readonly cpu: Interpreter;
  readonly memory: Interpreter['memory'];
  constructor(
    readonly endian: 'big' | 'little',
    readonly tier: string,
  ) {
    const isa = toyIsa(endian);
    this.cpu = new Interpreter(isa, modules[endian], createGuest(isa), TIERS[tier]);
    this.memory = this.cpu.memory;
    this.memory.map(CODE, 4 * 4096, RWX);
    this.memory.map(DATA, 2 * 4096, Perm.R | Perm.W);
  }
  word([name, fields]: Source): number {
    return assemble(this.cpu.isa, name, fields);
  }
  put(at: number, ...program: Source[]): void {
    program.forEach((x, k) => void this.memory.pokeU32(at + 4 * k, this.word(x)));
  }
  set(n: number, v: number): void {
    this.cpu.machine.setCell(0, n, BigInt(v >>> 0));
  }
  get(n: number): number {
    return Number(this.cpu.machine.getCell(0, n));
  }
  /** Runs from the start of the code until something stops it; gives what. */
  run(): string {
    this.cpu.pc = CODE;
    if (this.tier !== 'evaluator') {
      const exit = this.cpu.run(1e6);
      return exit.kind === 'fault' ? `fault ${exit.access}` : exit.kind;
    }
    for (let k = 0; k < 1e6; k++) {
      const exit = this.cpu.step();
      if (exit) return exit.kind === 'fault' ? `fault ${exit.access}` : exit.kind;
    }
    return 'budget';
  }
}

const jal = (from: number, to: number): Source => ['jal', { rd: 31, imm: (to - from) / 4 }];
const nothing: Source = ['addi', { rd: 9, ra: 9, imm: 1 }];
const LOOPS = 60;

/** The loop: r1 becomes the next word, is stored at r20; r5 sums what the changed instruction leaves in r4. */
const STORES: Readonly<Record<string, { at: number; program: Source[] }>> = {
  'its next instruction': { at: CODE + 8, program: [nothing] },
  'a later instruction of its region': { at: CODE + 16, program: [nothing, nothing, nothing, nothing] },
  'an instruction of a called function on its page': {
    at: CODE + 256,
    program: [jal(CODE + 8, CODE + 256)],
  },
  'an instruction of another page': { at: OTHER + 64, program: [jal(CODE + 8, OTHER + 64)] },
  'the first instruction of another page': { at: OTHER, program: [jal(CODE + 8, OTHER)] },
};

describe.each(['big', 'little'] as const)('code that changes, %s-endian', (endian) => {
  describe.each(Object.keys(TIERS))('on the %s', (tier) => {
    it.each(Object.keys(STORES))('may be %s', (name) => {
      const { at, program } = STORES[name]!;
      const b = new Bench(endian, tier);
      b.put(CODE, ['addi', { rd: 1, ra: 1, imm: 1 }], ['sw', { rd: 1, ra: 20 }], ...program);
      const end = CODE + 8 + 4 * program.length;
      b.put(end, ['add', { rd: 5, ra: 5, rb: 4 }], ['addi', { rd: 2, ra: 2, imm: 1 }]);
      b.put(end + 8, ['bne', { rd: 2, ra: 8, imm: (CODE - end - 8) / 4 }], ['trap', {}]);
      b.put(at, ['addi', { rd: 4, ra: 0, imm: 0 }]);
      if (at > end) b.put(at + 4, ['jr', { ra: 31 }]);
      b.set(1, b.word(['addi', { rd: 4, ra: 0, imm: 0 }]));
      b.set(20, at);
      b.set(8, LOOPS);
      expect(b.run()).toBe('trap');
      expect(b.get(5)).toBe((LOOPS * (LOOPS + 1)) / 2);
    });

    it('may be two instructions on two pages, by one store across the edge', () => {
      const b = new Bench(endian, tier);
      b.put(
        CODE,
        ['add', { rd: 1, ra: 1, rb: 21 }],
        ['sw', { rd: 1, ra: 20 }],
        jal(CODE + 8, OTHER - 4),
        ['add', { rd: 5, ra: 5, rb: 4 }],
        ['add', { rd: 5, ra: 5, rb: 7 }],
        ['addi', { rd: 2, ra: 2, imm: 1 }],
        ['bne', { rd: 2, ra: 8, imm: -6 }],
        ['trap', {}],
      );
      const words: Source[] = [
        ['addi', { rd: 4, ra: 0, imm: 0 }],
        ['addi', { rd: 7, ra: 0, imm: 0 }],
      ];
      b.put(OTHER - 4, ...words, ['jr', { ra: 31 }]);
      // One half of the stored word is an immediate, the other the first half of an instruction.
      b.set(1, b.word(words[endian === 'big' ? 1 : 0]!) >>> 16);
      b.set(21, 0x10000);
      b.set(20, OTHER - 2);
      b.set(8, LOOPS);
      expect(b.run()).toBe('trap');
      expect(b.get(5)).toBe((LOOPS * (LOOPS + 1)) / 2);
    });

    it.each(Object.keys(WRITES))('may be written by %s', (name) => {
      const b = new Bench(endian, tier);
      caller(b, [OTHER]);
      b.put(OTHER, ['addi', { rd: 4, ra: 0, imm: 0 }], ['jr', { ra: 31 }]);
      for (let k = 1; k < 12; k++) {
        expect(b.run()).toBe('trap');
        WRITES[name]!(b, OTHER, b.word(['addi', { rd: 4, ra: 0, imm: k }]));
        expect(b.run()).toBe('trap');
        expect(b.get(4)).toBe(k);
      }
    });

    it('cannot run once its page is gone or not executable', () => {
      const b = new Bench(endian, tier);
      caller(b, [OTHER]);
      for (let k = 1; k < 6; k++) {
        b.put(OTHER, ['addi', { rd: 4, ra: 0, imm: k }], ['jr', { ra: 31 }]);
        expect([b.run(), b.get(4)]).toEqual(['trap', k]);
        if (k & 1) b.memory.unmap(OTHER, 4096);
        else b.memory.protect(OTHER, 4096, Perm.R | Perm.W);
        expect([b.run(), b.cpu.pc]).toEqual(['fault execute', OTHER]);
        if (k & 1) b.memory.map(OTHER, 4096, RWX);
        else b.memory.protect(OTHER, 4096, RWX);
      }
    });
  });

  it.each(['interpreter', 'translator', 'translator under stress'])(
    `is never stale on the %s, ${ROUNDS} random changes`,
    (tier) => {
      const b = new Bench(endian, tier);
      const r = new Random(ROUNDS);
      const functions = Array.from({ length: 12 }, (_, k) => OTHER + 1020 * k + 4 * r.below(200));
      const values = functions.map(() => 0);
      caller(b, functions);
      for (const f of functions) b.put(f, ['addi', { rd: 4, ra: 0, imm: 0 }], ['jr', { ra: 31 }]);
      const writes = Object.values(WRITES).filter((w) => w !== remap);
      for (let k = 0; k < ROUNDS; k++) {
        for (let n = r.below(3); n >= 0; n--) {
          const f = r.below(functions.length);
          values[f] = 1 + r.below(0x7fff);
          r.pick(writes)(b, functions[f]!, b.word(['addi', { rd: 4, ra: 0, imm: values[f]! }]));
        }
        b.set(5, 0);
        if (b.run() !== 'trap' || b.get(5) !== LOOPS * values.reduce((x, y) => x + y))
          expect([k, b.get(5)]).toEqual([k, LOOPS * values.reduce((x, y) => x + y)]);
      }
    },
    600_000,
  );
});

/** A loop that calls functions and sums what they leave in r4 in r5. */
function caller(b: Bench, functions: readonly number[]): void {
  let at = CODE;
  b.put(at, ['addi', { rd: 2, ra: 0, imm: 0 }]);
  at += 4;
  for (const f of functions) {
    b.put(at, jal(at, f), ['add', { rd: 5, ra: 5, rb: 4 }]);
    at += 8;
  }
  b.put(at, ['addi', { rd: 2, ra: 2, imm: 1 }], ['bne', { rd: 2, ra: 8, imm: (CODE - at) / 4 }]);
  b.put(at + 8, ['trap', {}]);
  b.set(8, LOOPS);
}

type Write = (b: Bench, at: number, word: number) => void;
const bytesOf = (b: Bench, word: number): Uint8Array => {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, word, b.endian === 'little');
  return out;
};
/** A store by the guest, run from a page of its own. */
const guestStore: Write = (b, at, word) => {
  b.put(CODE + 4000, ['sw', { rd: 1, ra: 20 }], ['trap', {}]);
  b.set(1, word);
  b.set(20, at);
  b.cpu.pc = CODE + 4000;
  if (b.tier !== 'evaluator') b.cpu.run(1000);
  else while (!b.cpu.step());
};
/** Fresh pages in place of the old, as mmap makes them. */
const remap: Write = (b, at, word) => {
  b.memory.map(at & ~4095, 4096, RWX);
  b.memory.pokeU32(at, word);
  b.put(at + 4, ['jr', { ra: 31 }]);
};
const WRITES: Readonly<Record<string, Write>> = {
  'a checked write of bytes, as read(2) does': (b, at, word) =>
    void b.memory.writeBytes(at, bytesOf(b, word)),
  'a checked write of a word': (b, at, word) => void b.memory.writeU32(at, word),
  'a write that ignores permissions, as a debugger does': (b, at, word) => {
    b.memory.protect(at & ~4095, 4096, Perm.R | Perm.X);
    b.memory.pokeU32(at, word);
    b.memory.protect(at & ~4095, 4096, RWX);
  },
  'single bytes': (b, at, word) => bytesOf(b, word).forEach((v, k) => void b.memory.pokeU8(at + k, v)),
  'a copy from data': (b, at, word) => {
    b.memory.pokeU32(DATA + 100, word);
    b.memory.copy(at, DATA + 100, 4);
  },
  'a fill and a write': (b, at, word) => {
    b.memory.fill(at, 4, 0xff);
    b.memory.pokeBytes(at, bytesOf(b, word));
  },
  'the guest itself': guestStore,
  'anyone, once there was no room for records and all were dropped': (b, at, word) => {
    b.cpu.code.clear();
    b.memory.pokeU32(at, word);
  },
  'new pages in its place': remap,
  'a page that is made writable and executable by turns': (b, at, word) => {
    b.memory.protect(at & ~4095, 4096, Perm.R | Perm.W);
    b.memory.writeU32(at, word);
    b.memory.protect(at & ~4095, 4096, Perm.R | Perm.X);
    b.memory.protect(at & ~4095, 4096, RWX);
  },
};
