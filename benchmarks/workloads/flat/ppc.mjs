// Writes a *flat* PowerPC program: many instructions, each executed equally often, so that translating dominates.
// In: a file name, instructions (70000), passes over them (1600: 100 million executed). Out: a static Linux executable,
// the same for the same numbers. It prints a checksum of its registers as four bytes.
import { chmodSync, writeFileSync } from 'node:fs';

const [out, total = '70000', passes = '1600'] = process.argv.slice(2);
if (!out) {
  console.error('usage: node ppc.mjs FILE [INSTRUCTIONS [PASSES]]');
  process.exit(1);
}

// Encodings by form, as the manual names them.
const d = (op, t, a, imm) => ((op << 26) | (t << 21) | (a << 16) | (imm & 0xffff)) >>> 0;
const x = (t, a, b, xo) => ((31 << 26) | (t << 21) | (a << 16) | (b << 11) | (xo << 1)) >>> 0;
const rlwinm = (s, a, sh, mb, me) =>
  ((21 << 26) | (s << 21) | (a << 16) | (sh << 11) | (mb << 6) | (me << 1)) >>> 0;
const bc = (bo, bi, words) => ((16 << 26) | (bo << 21) | (bi << 16) | ((words * 4) & 0xfffc)) >>> 0;
const bl = (words) => ((18 << 26) | ((words * 4) & 0x3fffffc) | 1) >>> 0;
const blr = 0x4e800020;
const sc = 0x44000002;

let seed = 1;
const random = (n) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * n);
};
/** Registers 14 to 31 are worked on; r3 points at a page of data, r4 counts passes. */
const reg = () => 14 + random(18);
const [DATA, COUNT] = [3, 4];

const operations = [
  () => x(reg(), reg(), reg(), 266), // add
  () => x(reg(), reg(), reg(), 40), // subf
  () => x(reg(), reg(), reg(), 316), // xor
  () => x(reg(), reg(), reg(), 444), // or
  () => x(reg(), reg(), reg(), 235), // mullw
  () => d(14, reg(), reg(), random(65536)), // addi
  () => d(26, reg(), reg(), random(65536)), // xori
  () => rlwinm(reg(), reg(), 1 + random(31), random(8), 24 + random(8)),
  () => d(32, reg(), DATA, random(1024) * 4), // lwz
  () => d(36, reg(), DATA, random(1024) * 4), // stw
];

/** A function: straight code with a forward branch now and then. */
const LENGTH = 68;
function body() {
  const words = [];
  let until = 6;
  while (words.length < LENGTH - 1) {
    if (words.length === until && until < LENGTH - 5) {
      words.push(d(11, 0, reg(), random(65536)), bc(random(2) ? 12 : 4, random(2), 3)); // cmpwi; b?? over two
      until += 5 + random(8);
    } else words.push(operations[random(operations.length)]());
  }
  return [...words, blr];
}

const functions = Math.max(1, Math.round(Number(total) / (LENGTH + 1)));
const BASE = 0x10000000;
const HEADERS = 52 + 2 * 32;
const main = [
  d(15, DATA, 0, 0x1010), // lis: the data page, 0x10100000 and up
  d(15, COUNT, 0, Number(passes) >>> 16),
  d(24, COUNT, COUNT, Number(passes)), // ori
  ...Array.from({ length: 18 }, (_, i) => d(14, 14 + i, 0, 0x1234 * (i + 1))),
];
const loop = main.length;
const start = loop + functions + 2 + 18 + 8;
for (let i = 0; i < functions; i++) main.push(bl(start + i * LENGTH - main.length));
main.push(d(13, COUNT, COUNT, -1), bc(4, 2, loop - main.length - 1)); // addic.; bne
for (let i = 15; i < 32; i++) main.push(x(14, 14, i, 266), ...(i === 31 ? [d(36, 14, DATA, 0)] : []));
main.push(d(14, 4, DATA, 0), d(14, 3, 0, 1), d(14, 5, 0, 4), d(14, 0, 0, 4), sc); // write(1, data, 4)
main.push(d(14, 3, 0, 0), d(14, 0, 0, 1), sc); // exit(0)
if (main.length !== start) throw new Error(`main has ${main.length} words, not ${start}`);

const words = [...main, ...Array.from({ length: functions }, body).flat()];
const file = Buffer.alloc(HEADERS + words.length * 4);
file.set([0x7f, 0x45, 0x4c, 0x46, 1, 2, 1]);
const half = (at, ...values) => values.forEach((v, i) => void file.writeUInt16BE(v, at + 2 * i));
const word = (at, ...values) => values.forEach((v, i) => void file.writeUInt32BE(v >>> 0, at + 4 * i));
half(16, 2, 20);
word(20, 1, BASE + HEADERS, 52, 0, 0);
half(40, 52, 32, 2, 0, 0, 0);
word(52, 1, 0, BASE, BASE, file.length, file.length, 5, 0x10000);
word(84, 1, 0, 0x10100000, 0x10100000, 0, 0x1000, 6, 0x10000);
word(HEADERS, ...words);
writeFileSync(out, file);
chmodSync(out, 0o755);
