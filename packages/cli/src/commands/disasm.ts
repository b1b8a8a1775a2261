// `mimic disasm FILE`: what `objdump -d` prints, in its format.
// In: arguments. Out: the listing on standard output; exit status.
import { readFileSync, writeSync } from 'node:fs';
import { isaFrom } from '@mimic/isa/artifact';
import { readSections } from '../listing/elf-sections.js';
import { listing } from '../listing/listing.js';
import { findSpec } from '../specs.js';

export async function disasm(args: readonly string[]): Promise<number> {
  const files = args.filter((a) => !a.startsWith('-'));
  if (files.length === 0) {
    console.error('usage: mimic disasm FILE...');
    return 2;
  }
  let status = 0;
  for (const file of files) {
    try {
      await one(file);
    } catch (e) {
      const error = e as NodeJS.ErrnoException;
      if (error.code === 'EPIPE') return 0;
      console.error(`mimic disasm: ${file}: ${problem(error)}`);
      status = 1;
    }
  }
  return status;
}

function problem(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'no such file';
  if (error.code === 'EISDIR') return 'is a directory';
  // The reader looks where the headers say: beyond the end when they are wrong.
  return error instanceof RangeError ? 'corrupt ELF file' : error.message;
}

async function one(file: string): Promise<void> {
  const elf = readSections(new Uint8Array(readFileSync(file)));
  const sections = await findSpec(elf);
  if (!sections)
    throw new Error(
      `no spec for ELF machine ${elf.machine} (${elf.class} bits, ${elf.data}); isa-specs/ has none`,
    );

  const isa = isaFrom(sections);
  let out: string[] = [];
  let length = 0;
  const flush = (): void => {
    writeAll(out.join(''));
    out = [];
    length = 0;
  };
  for (const line of listing(isa, elf, file, isa.abi?.elf.format ?? `elf${elf.class}-${isa.name}`)) {
    out.push(line, '\n');
    length += line.length;
    if (length > 60_000) flush();
  }
  flush();
}

function writeAll(text: string): void {
  const bytes = new Uint8Array(Buffer.from(text));
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EAGAIN') throw e;
    }
  }
}
