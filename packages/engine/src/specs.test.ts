// Every instruction of every shipped spec, on the evaluator and on the interpreter, from random states.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Perm } from '@mimic/bus';
import { Random } from '@mimic/ir';
import { compileSpec } from '@mimic/isa';
import { describe, expect, it } from 'vitest';
import { buildInterpreter, compareTiers, createGuest, Interpreter } from './index.js';

const root = fileURLToPath(new URL('../../../isa-specs/', import.meta.url));
const TRIALS = Number(process.env['TRIALS'] ?? 20);

function read(name: string): string | undefined {
  return existsSync(root + name) ? readFileSync(root + name, 'utf8') : undefined;
}

/** Main files: those with an `arch` item. */
const entries = readdirSync(root).flatMap((folder) =>
  readdirSync(root + folder)
    .filter((file) => file.endsWith('.isa') && /^arch /m.test(read(`${folder}/${file}`)!))
    .map((file) => `${folder}/${file}`),
);
for (const name of entries) {
  describe(`the spec ${name}`, () => {
    it('means the same on the evaluator and on the interpreter', () => {
      const { isa } = compileSpec(name, read);
      const { bytes } = buildInterpreter(isa!);
      expect(buildInterpreter(isa!).bytes).toEqual(bytes);
      const guest = createGuest(isa!);
      guest.memory.map(0x10000, 8192, Perm.R | Perm.X);
      guest.memory.map(0x20000, 16384, Perm.R | Perm.W);
      const cpu = new Interpreter(isa!, bytes, guest, { translate: false });
      const rng = new Random(TRIALS);
      // Large specs have several templates of one instruction.
      const trials = Math.max(3, Math.min(TRIALS, Math.round((TRIALS * 1000) / isa!.insns.length)));
      for (const insn of isa!.insns) {
        for (let k = 0; k < trials; k++) {
          const { word, differences } = compareTiers(cpu, insn, rng, { code: 0x10, data: 0x20, pages: 4 });
          expect(differences, `${insn.name} ${word.toString(16)}`).toEqual([]);
        }
      }
    }, 600_000);
  });
}
