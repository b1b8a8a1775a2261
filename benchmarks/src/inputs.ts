// What several suites work on: the PowerPC spec, its texts, a program's words.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CompiledIsa, type CompiledSpec, compileSpec } from '@mimic/isa';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const specs = `${root}isa-specs/`;

const read = (name: string): string | undefined => {
  try {
    return readFileSync(specs + name, 'utf8');
  } catch {
    return undefined;
  }
};

export function compilePpc(): CompiledSpec {
  return compileSpec('ppc/ppc.isa', read);
}

let compiled: CompiledIsa | undefined;
export function ppc(): CompiledIsa {
  compiled ??= compilePpc().isa!;
  return compiled;
}

/** Lines in the files of the spec. */
export function specLines(): number {
  let n = 0;
  for (const text of compilePpc().files.values()) n += text.split('\n').length;
  return n;
}

/** Instruction words of the test programs, with their addresses: what a translator meets. */
export function words(): { readonly word: number; readonly pc: number }[] {
  const out: { word: number; pc: number }[] = [];
  const dir = `${root}test-roms/ppc/`;
  for (const f of (readdirSync(dir, { recursive: true }) as string[]).sort()) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(dir + f);
    } catch {
      continue;
    }
    if (bytes.length < 52 || bytes.readUInt32BE(0) !== 0x7f454c46) continue;
    // The executable segment: close enough to code for a rate.
    const phoff = bytes.readUInt32BE(28);
    for (let i = 0; i < bytes.readUInt16BE(44); i++) {
      const at = phoff + 32 * i;
      if (bytes.readUInt32BE(at) !== 1 || !(bytes.readUInt32BE(at + 24) & 1)) continue;
      const [offset, address, size] = [
        bytes.readUInt32BE(at + 4),
        bytes.readUInt32BE(at + 8),
        bytes.readUInt32BE(at + 16),
      ];
      for (let k = 0; k + 4 <= size; k += 4)
        out.push({ word: bytes.readUInt32BE(offset + k), pc: address + k });
    }
  }
  return out;
}
