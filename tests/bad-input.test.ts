// What is broken or hostile gets one clear line and the right status, never a trace of our own code.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compileSpec, formatDiagnostic, runTests } from '../packages/isa/src/index.js';
import { root, runMimic } from './tools.js';

const bin = join(root, 'test-roms/ppc/bin');
const hello = readFileSync(join(bin, 'hello'));
const work = mkdtempSync(join(tmpdir(), 'mimic-bad-'));
afterAll(() => rmSync(work, { recursive: true }));

const trace = /^\s+at |\b\w*Error\b|\.js:\d/m;
/** A small seeded generator: the same mutants everywhere. */
function random(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

function file(name: string, bytes: Uint8Array | string, mode = 0o755): string {
  const path = join(work, name);
  writeFileSync(path, bytes, { mode });
  return path;
}
/** The test program with some bytes changed. */
function changed(name: string, change: (b: Buffer) => Buffer | void): string {
  const copy = Buffer.from(hello);
  return file(name, change(copy) ?? copy);
}
const PHDR = 52;
const phdrs = (b: Buffer): number[] =>
  Array.from({ length: b.readUInt16BE(44) }, (_, k) => b.readUInt32BE(28) + 32 * k);

/** The header of what is not loaded becomes that of the interpreter's name. */
function withInterpreter(name: string): (b: Buffer) => Buffer {
  return (b) => {
    const spare = phdrs(b).find((at) => b.readUInt32BE(at) !== 1)!;
    b.writeUInt32BE(3, spare);
    b.writeUInt32BE(b.length, spare + 4);
    b.writeUInt32BE(name.length + 1, spare + 16);
    return Buffer.concat([b, Buffer.from(`${name}\0`)]);
  };
}

describe('a program that cannot be run', () => {
  mkdirSync(join(work, 'folder'));
  it.each<[string, string, number, RegExp]>([
    ['missing', join(work, 'none'), 127, /No such file/],
    ['a path through a file', join(file('plain', 'x'), 'more'), 126, /Not a directory/],
    ['a folder', join(work, 'folder'), 126, /Is a directory/],
    ['empty', file('empty', ''), 126, /not an ELF file/],
    ['text', file('text', 'hello, world\n'), 126, /not an ELF file/],
    ['a script', file('script', '#!/bin/sh\necho no\n'), 126, /not an ELF file/],
    ['cut in its header', changed('cut-1', (b) => b.subarray(0, 40)), 126, /truncated/],
    ['cut in its program headers', changed('cut-2', (b) => b.subarray(0, PHDR + 20)), 126, /truncated/],
    ['cut in its code', changed('cut-3', (b) => b.subarray(0, b.length >> 1)), 126, /truncated/],
    ['of another class', changed('class', (b) => void (b[4] = 2)), 126, /truncated|corrupt|ELF machine/],
    ['of no class', changed('class-0', (b) => void (b[4] = 9)), 126, /class 9/],
    ['of no byte order', changed('order', (b) => void (b[5] = 7)), 126, /byte order 7/],
    [
      'for another machine',
      changed('machine', (b) => void b.writeUInt16BE(0x7777, 18)),
      126,
      /machine 30583/,
    ],
    ['of another type', changed('type', (b) => void b.writeUInt16BE(4, 16)), 126, /ELF type 4/],
    ['without program headers', changed('phnum', (b) => void b.writeUInt16BE(0, 44)), 126, /program headers/],
    [
      'with odd program headers',
      changed('phsize', (b) => void b.writeUInt16BE(7, 42)),
      126,
      /program headers/,
    ],
    [
      'larger in the file',
      changed('filesz', (b) => void b.writeUInt32BE(1, PHDR + 20)),
      126,
      /larger in the file/,
    ],
    [
      'too large for memory',
      changed('memsz', (b) => void b.writeUInt32BE(0xffff0000, PHDR + 20)),
      126,
      /GiB|not available/,
    ],
    ['at address 0', changed('low', (b) => void b.writeUInt32BE(0, PHDR + 8)), 126, /not available/],
    ['without its interpreter', changed('interp', withInterpreter('/no/ld.so')), 127, /\/no\/ld\.so/],
    ['with a folder as interpreter', changed('interp-2', withInterpreter('/tmp')), 126, /\/tmp/],
  ])('that is %s', (_what, path, status, text) => {
    const { status: got, stderr, stdout } = runMimic([path]);
    expect(stderr.toString()).toMatch(/^mimic: [^\n]+\n$/);
    expect(stderr.toString()).toMatch(text);
    expect(stderr.toString()).not.toMatch(trace);
    expect(stdout.toString()).toBe('');
    expect(got).toBe(status);
  });

  it.each<[string, string[], number]>([
    ['a trace file that cannot be written', ['-D', '/no/trace', '-strace', join(bin, 'hello')], 1],
    ['a spec that is not there', ['--isa', '/none', join(bin, 'hello')], 126],
    ['a folder without a spec', ['--isa', work, join(bin, 'hello')], 126],
    ['an unknown option', ['-zzz', join(bin, 'hello')], 1],
  ])('because of %s', (_what, args, status) => {
    const r = runMimic(args);
    expect(r.stderr.toString()).toMatch(/^mimic: [^\n]+\n$/);
    expect(r.stderr.toString()).not.toMatch(trace);
    expect(r.status).toBe(status);
  });

  it.skipIf(process.getuid?.() === 0)('because it may not be read (skipped for root, who may)', () => {
    const path = file('secret', hello);
    chmodSync(path, 0);
    const { status, stderr } = runMimic([path]);
    expect(stderr.toString()).toMatch(/^mimic: [^\n]*Permission denied\n$/);
    expect(status).toBe(126);
  });
});

describe('a program that goes astray', () => {
  it.each([
    ['stores to nowhere', 'wild', 'SIGSEGV', 11],
    ['uses up its stack', 'overflow', 'SIGSEGV', 11],
    ['executes data', 'execute-data', 'SIGSEGV', 11],
  ] as const)('dies of its signal when it %s', (_what, name, signal, number) => {
    const r = runMimic([join(bin, name)]);
    expect(r.signal).toBe(signal);
    expect(r.stderr.toString()).toMatch(
      new RegExp(`^mimic: uncaught target signal ${number} \\([^\\n]*\\)\\n$`),
    );
  });
  it('is refused memory when there is no more, and goes on', () => {
    const r = runMimic([join(bin, 'exhaust')]);
    expect(r.stdout.toString()).toContain('refused: -12\n');
    expect(r.status).toBe(0);
  });
  it('dies of SIGSEGV at an entry point that is nowhere', () => {
    const r = runMimic([changed('entry', (b) => void b.writeUInt32BE(0x00fffffc, 24))]);
    expect(r.signal).toBe('SIGSEGV');
  });
});

describe('mutants', () => {
  const values = [0, 1, 0xff, 0x1000, 0x7fffffff, 0x80000000, 0xf0000000, 0xfffff000, 0xffffffff];
  function mutant(below: (n: number) => number, from: number, size: number): Buffer {
    const b = Buffer.from(hello);
    for (let n = 1 + below(3); n > 0; n--) {
      const at = from + below(size);
      const kind = below(3);
      if (kind === 0) b[at] = below(256);
      else if (kind === 1) b[at] = b[at]! ^ (1 << below(8));
      else b.writeUInt32BE(values[below(values.length)]!, Math.min(at & ~3, b.length - 4));
    }
    return below(8) === 0 ? b.subarray(0, below(b.length)) : b;
  }

  it('of ELF headers end with a status, a signal or one line', () => {
    const below = random(1);
    const end = phdrs(hello).at(-1)! + 32;
    for (let k = 0; k < 200; k++) {
      const path = file('mutant', mutant(below, 0, end));
      const r = runMimic([path], { timeout: 2000 });
      const text = r.stderr.toString();
      expect(text, `mutant ${k}`).not.toMatch(trace);
      if (r.status === 126 || r.status === 127) expect(text, `mutant ${k}`).toMatch(/^mimic: [^\n]+\n$/);
    }
  }, 300_000);

  it('of section headers are listed, or refused in one line', () => {
    const below = random(2);
    const from = hello.readUInt32BE(32);
    for (let k = 0; k < 60; k++) {
      const path = file(
        'mutant',
        below(3) ? mutant(below, from, hello.length - from) : mutant(below, 0, PHDR),
      );
      const r = runMimic(['disasm', path]);
      expect(r.stderr.toString(), `mutant ${k}`).not.toMatch(trace);
      if (r.status !== 0) expect(r.stderr.toString(), `mutant ${k}`).toMatch(/^mimic disasm: [^\n]+\n$/);
    }
  }, 120_000);

  it('of a spec compile, or get messages', () => {
    const below = random(3);
    const page = readFileSync(join(root, 'docs/spec-language.md'), 'utf8');
    const text = [...page.matchAll(/^```isa\n(.*?)^```/gms)].map((m) => m[1]).join('\n');
    const words = [
      'if',
      '{',
      '}',
      '(',
      ')',
      'insn ',
      'test ',
      '0x',
      '99999999999',
      '=>',
      '|',
      ':',
      "'",
      '"',
      'zx(',
      '++',
    ];
    for (let k = 0; k < 300; k++) {
      let spec = text;
      for (let n = 1 + below(2); n > 0; n--) {
        const at = below(spec.length);
        const middle = [words[below(words.length)]!, String(below(70)), ''][below(3)]!;
        spec = spec.slice(0, at) + middle + spec.slice(at + below(6));
      }
      const compiled = compileSpec('toy/toy.isa', (name) => (name === 'toy/toy.isa' ? spec : undefined));
      for (const d of compiled.diagnostics)
        expect(formatDiagnostic(d)).toMatch(/^\S+:\d+:\d+: (error|warning)\[/);
      if (compiled.isa) runTests(compiled);
      else expect(compiled.diagnostics.length, `mutant ${k}`).toBeGreaterThan(0);
    }
  }, 120_000);
});

describe('mimic isa check', () => {
  const folder = (name: string, text: string): string => {
    mkdirSync(join(work, name));
    writeFileSync(join(work, name, `${name}.isa`), text);
    return join(work, name);
  };
  const head = 'arch bad {\n  endian big\n  bits msb0\n  word 32\n  insn 4\n}\nreg PC : 32\n';
  it.each<[string, string, RegExp]>([
    ['is empty', '', /error\[/],
    ['is not text', '\0\xff\u{fffd}{{{{', /error\[/],
    ['uses a file that is not there', `${head}use "none.isa"\n`, /none\.isa/],
    ['uses itself', `${head}use "bad.isa"\n`, /error\[|warning|0 instructions/],
    ['names nothing', `${head}insn x = | 1:6 | 0:26 | { y = 1 }\n`, /error\[unknown-name\]/],
    ['has an encoding that is too short', `${head}insn x = | 1:6 | { }\n`, /error\[encoding\]/],
    ['has a width that cannot be', `${head}reg A : 99999999999\n`, /error\[/],
    [
      'calls a function that calls itself',
      `${head}fn f(a : 32) -> 32 = f(a)\ninsn x = | 1:6 | 0:26 | { PC = f(1) }\n`,
      /error\[/,
    ],
    [
      'nests deeply',
      `${head}insn x = | 1:6 | 0:26 | { PC = ${'('.repeat(3000)}1${')'.repeat(3000)} }\n`,
      /error\[|0 errors/,
    ],
  ])('has a message for a spec that %s', (_what, text, message) => {
    const name = `spec-${_what.replaceAll(/\W+/g, '-')}`;
    const r = runMimic(['isa', 'check', folder(name, text)]);
    const all = r.stdout.toString() + r.stderr.toString();
    expect(all).not.toMatch(/^\s+at |\.js:\d/m);
    expect(all).toMatch(message);
    expect(r.status === 0 || r.status === 1).toBe(true);
    expect(r.status === 0).toBe(/ 0 errors/.test(all));
  });

  it.each<[string, string[], number]>([
    ['a file that is not there', ['isa', 'check', '/none'], 1],
    ['a folder without a spec', ['isa', 'check', work], 1],
    ['no file', ['isa', 'check'], 2],
    ['an unknown subcommand', ['isa', 'frobnicate', work], 2],
  ])('has one line or its usage for %s', (_what, args, status) => {
    const r = runMimic(args);
    expect(r.stderr.toString()).toMatch(/^(mimic|usage)/);
    expect(r.stderr.toString()).not.toMatch(/^\s+at |\.js:\d/m);
    expect(r.status).toBe(status);
  });
});
