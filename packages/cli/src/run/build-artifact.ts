// Compiles a spec folder into an artifact on disk. In: a name, the specs' root. Out: files beside the bundle.
// Must not know: when it is needed.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { buildInterpreter } from '@mimic/engine';
import { compileSpec, formatDiagnostic, isaSections, pack } from '@mimic/isa';
import { type ArtifactNote, NOTE_VERSION } from './isa-store.js';

/** A spec with errors: the compiler's messages, ready to print. */
export class SpecErrors extends Error {}

/** The main file, and the folder's Linux ABI where the main file does not use it itself. */
export function specReader(
  name: string,
  root: string,
): { readonly entry: string; readonly read: (file: string) => string | undefined } {
  const entry = `${name}/+all.isa`;
  const abi = fs.existsSync(path.join(root, name, 'linux.abi')) ? 'use "linux.abi"\n' : '';
  const read = (file: string): string | undefined => {
    if (file === entry) return `use "${name}.isa"\n${abi}`;
    const full = path.join(root, file);
    return fs.existsSync(full) ? fs.readFileSync(full, 'utf8') : undefined;
  };
  return { entry, read };
}

/** Throws SpecErrors where the spec does not compile. A cache that cannot be written is an error of the machine. */
export function buildArtifact(name: string, root: string, target: string): ArtifactNote {
  const { entry, read } = specReader(name, root);
  const { isa, diagnostics, files } = compileSpec(entry, read);
  if (!isa) throw new SpecErrors(diagnostics.map(formatDiagnostic).join('\n'));
  const stamps = Object.fromEntries(
    [...files.keys()]
      .filter((file) => file !== entry)
      .map((file) => {
        const { mtimeMs, size } = fs.statSync(path.join(root, file));
        return [file, [mtimeMs, size] as const];
      }),
  );
  const elf = isa.abi?.elf;
  const note: ArtifactNote = {
    version: NOTE_VERSION,
    files: stamps,
    ...(elf ? { elf: { class: elf.class, data: elf.data, machine: elf.machine } } : {}),
  };
  fs.mkdirSync(target, { recursive: true });
  const bytes = pack({ ...isaSections(isa), interpreter: buildInterpreter(isa).bytes });
  replace(path.join(target, `${name}.artifact`), bytes);
  replace(path.join(target, `${name}.json`), JSON.stringify(note));
  return note;
}

/** Several runs may build at once: each writes its own file and renames it. */
function replace(file: string, contents: string | Uint8Array): void {
  const temporary = `${file}.${process.pid}`;
  fs.writeFileSync(temporary, contents);
  fs.renameSync(temporary, file);
}
