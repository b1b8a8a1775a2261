// A small ISA for tests: 32-bit words, 32 registers, one wide register, one of each thing that templates do.
// In: a byte order. Out: a CompiledIsa, and an assembler for it. Must not know: any real architecture.
import { cellStride, type Program, parse } from '@mimic/ir';
import type { CompiledIsa, EncodedField, Insn } from '@mimic/isa';

const FIELDS: Readonly<Record<string, EncodedField>> = Object.fromEntries(
  (
    [
      ['rd', 5, 21],
      ['ra', 5, 16],
      ['rb', 5, 11],
      ['imm', 16, 0],
    ] as const
  ).map(([name, width, at]) => [name, { name, width, pieces: [{ at, width }] }]),
);

const SOURCES: readonly (readonly [string, readonly string[], string])[] = [
  [
    'add',
    ['rd', 'ra', 'rb'],
    `%d = param.5 0\n%a = param.5 1\n%b = param.5 2\n%x = get.32 @R %a\n%y = get.32 @R %b\n%s = add.32 %x %y\nset @R %d %s`,
  ],
  // Register 0 reads as zero here: a static choice.
  [
    'addi',
    ['rd', 'ra', 'imm'],
    `%d = param.5 0\n%a = param.5 1\n%i = param.16 2\n%n = sx.32 %i\n%z = const.5 0\n%e = eq.1 %a %z\n%x = get.32 @R %a\n%k = const.32 0\n%v = select.32 %e %k %x\n%s = add.32 %v %n\nset @R %d %s`,
  ],
  [
    'lw',
    ['rd', 'ra', 'imm'],
    `%d = param.5 0\n%a = param.5 1\n%i = param.16 2\n%n = sx.32 %i\n%x = get.32 @R %a\n%p = add.32 %x %n\n%v = load.32 %p\nset @R %d %v`,
  ],
  [
    'sw',
    ['rd', 'ra', 'imm'],
    `%d = param.5 0\n%a = param.5 1\n%i = param.16 2\n%n = sx.32 %i\n%x = get.32 @R %a\n%p = add.32 %x %n\n%v = get.32 @R %d\nstore %p %v`,
  ],
  [
    'lb',
    ['rd', 'ra', 'imm'],
    `%d = param.5 0\n%a = param.5 1\n%i = param.16 2\n%n = sx.32 %i\n%x = get.32 @R %a\n%p = add.32 %x %n\n%v = load.8 %p\n%w = zx.32 %v\nset @R %d %w`,
  ],
  [
    'sb',
    ['rd', 'ra', 'imm'],
    `%d = param.5 0\n%a = param.5 1\n%i = param.16 2\n%n = sx.32 %i\n%x = get.32 @R %a\n%p = add.32 %x %n\n%v = get.32 @R %d\n%w = slice.8 %v 0\nstore %p %w`,
  ],
  [
    'bne',
    ['rd', 'ra', 'imm'],
    `%d = param.5 0\n%a = param.5 1\n%i = param.16 2\n%n = sx.32 %i\n%two = const.8 2\n%o = shl.32 %n %two\n%pc = pc.32\n%t = add.32 %pc %o\n%x = get.32 @R %a\n%y = get.32 @R %d\n%c = ne.1 %x %y\nif %c\n  jump %t\nend`,
  ],
  [
    'jal',
    ['rd', 'imm'],
    `%d = param.5 0\n%i = param.16 1\n%n = sx.32 %i\n%two = const.8 2\n%o = shl.32 %n %two\n%pc = pc.32\n%t = add.32 %pc %o\n%four = const.32 4\n%l = add.32 %pc %four\nset @R %d %l\njump %t call`,
  ],
  [
    'jr',
    ['ra'],
    `%a = param.5 0\n%x = get.32 @R %a\n%f = const.32 4\n%m = neg.32 %f\n%t = and.32 %x %m\njump %t return`,
  ],
  [
    'trap',
    ['imm'],
    `%i = param.16 0\n%w = get.128 @V %i0\ntrap @Call (%i %w)`.replace(
      '%w = get',
      '%i0 = const.8 0\n%w = get',
    ),
  ],
  // Wide: V[rd & 1] = V[0] * V[1] + load.128
  [
    'wide',
    ['rd', 'ra'],
    `%d = param.5 0\n%a = param.5 1\n%k = slice.1 %d 0\n%z = const.1 0\n%o = const.1 1\n%u = get.128 @V %z\n%v = get.128 @V %o\n%p = get.32 @R %a\n%m = load.128 %p\n%q = mul.128 %u %v\n%r = add.128 %q %m\nset @V %k %r\nstore %p %u`,
  ],
  // Many static conditions: more than variants.
  ['lmw', ['rd', 'ra'], many()],
  ['clock', ['rd'], `%d = param.5 0\n%h = host.64 @ticks\n%s = slice.32 %h 0\nset @R %d %s`],
  [
    'div',
    ['rd', 'ra', 'rb'],
    `%d = param.5 0\n%a = param.5 1\n%b = param.5 2\n%x = get.32 @R %a\n%y = get.32 @R %b\n%c = call @halves (%x %y)\n%q = result.32 %c 0\n%r = result.32 %c 1\nset @R %d %q\nset @R %a %r`,
  ],
];

function many(): string {
  let text = `%d = param.5 0\n%a = param.5 1\n%p0 = get.32 @R %a\n%four = const.32 4\n`;
  for (let k = 24; k < 32; k++) {
    const p = `%p${k - 24}`;
    text += `%k${k} = const.5 ${k}\n%c${k} = ule.1 %d %k${k}\nif %c${k}\n  %v${k} = load.32 ${p}\n  set @R %k${k} %v${k}\nend\n%p${k - 23} = add.32 ${p} %four\n`;
  }
  return text;
}

/** With `word` 64 registers and addresses have 64 bits; instructions stay as they are. */
export function toyIsa(endian: 'big' | 'little', word: 32 | 64 = 32): CompiledIsa {
  const sized = (text: string): string => (word === 32 ? text : text.replaceAll(/\.32\b/g, '.64'));
  const cells = [
    { name: 'R', width: word, count: 32, offset: 0, stride: cellStride(word) },
    { name: 'V', width: 128, count: 2, offset: 256, stride: cellStride(128) },
  ];
  const base: Program = {
    cells,
    funcs: [],
    traps: [{ name: 'Call', params: [16, 128] }],
    hosts: [{ name: 'ticks', width: 64 }],
    word,
  };
  const halves = parse(
    sized('%a = param.32 0\n%b = param.32 1\n%q = udiv.32 %a %b\n%r = urem.32 %a %b\nreturn (%q %r)'),
  );
  const program: Program = {
    ...base,
    funcs: [{ name: 'halves', params: [word, word], results: [word, word], body: halves }],
  };
  const insns: Insn[] = SOURCES.map(([name, fields, text], n) => ({
    name,
    length: 4,
    mask: 0xfc000000,
    value: ((n + 1) << 26) >>> 0,
    fields: fields.map((f) => FIELDS[f]!),
    template: parse(sized(text), program),
    source: `toy.isa:${n + 1}`,
  }));
  const model = { names: ['toy'], values: [] };
  const next: number[] = new Array<number>(64).fill(-1);
  for (let n = 1; n <= insns.length; n++) next[n] = n;
  const read = parse(sized('%k = const.5 3\n%v = get.32 @R %k\nreturn (%v)'), program);
  const write = parse(sized('%p = param.32 0\n%k = const.5 3\nset @R %k %p'), program);
  return {
    name: 'toy',
    title: 'Toy',
    endian,
    word,
    unit: 4,
    traits: [],
    models: [model],
    model,
    modeMask: 0,
    program,
    stateSize: 288,
    insns,
    decode: [
      { kind: 'switch', at: 26, width: 6, next },
      ...insns.map((_, n) => ({ kind: 'leaf' as const, insns: [n] })),
    ],
    registers: [{ name: 'r3', width: word, read, write }],
    hooks: {},
    assembly: undefined,
  };
}

/** The word of an instruction, fields by name. */
export function assemble(isa: CompiledIsa, name: string, fields: Readonly<Record<string, number>>): number {
  const insn = isa.insns.find((i) => i.name === name)!;
  let word = insn.value;
  for (const f of insn.fields) {
    const v = fields[f.name] ?? 0;
    word = (word | ((v & (2 ** f.width - 1)) << f.pieces[0]!.at)) >>> 0;
  }
  return word;
}
