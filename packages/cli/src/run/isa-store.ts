// Finds the instruction set for a program: specs on disk, their compiled form beside the bundle.
// In: what an ELF header says. Out: a CompiledIsa and its interpreter. Must not know: how either is made or run.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CompiledIsa, isaFrom, type Sections, unpack } from '@mimic/isa';
import type { ElfIdentity } from '@mimic/linux';

export interface StoredIsa {
  readonly name: string;
  readonly isa: CompiledIsa;
  /** WebAssembly module of the interpreter. */
  readonly interpreter: Uint8Array;
}

/** Beside every artifact: what it was made from, and for which programs it is. */
export interface ArtifactNote {
  readonly version: number;
  /** By path under the specs' root: modification time in milliseconds and size. */
  readonly files: Readonly<Record<string, readonly [number, number]>>;
  readonly elf?: { readonly class: number; readonly data: string; readonly machine: number };
}

export const NOTE_VERSION = 1;

const here = path.dirname(fileURLToPath(import.meta.url));

/** The folder of specs: $MIMIC_SPECS, or isa-specs of the repository that the bundle stands in. */
export const specsRoot = (): string => process.env['MIMIC_SPECS'] ?? path.resolve(here, '../../../isa-specs');

/** Where artifacts are kept: $MIMIC_ARTIFACTS, or beside the bundle. */
export const artifactsRoot = (): string => process.env['MIMIC_ARTIFACTS'] ?? path.join(here, 'isa');

/** Names of all architectures: folders with a main file of the same name. */
export function isaNames(): string[] {
  const root = specsRoot();
  const entries = fs.existsSync(root) ? fs.readdirSync(root) : [];
  return entries.filter((name) => fs.existsSync(path.join(root, name, `${name}.isa`)));
}

/** The ISA for a program; undefined where no spec is for its machine. A spec that changed is compiled anew. */
export async function isaFor(elf: ElfIdentity): Promise<StoredIsa | undefined> {
  for (const name of isaNames()) {
    const note = freshNote(name) ?? (await build(name));
    const found = note.elf;
    if (found?.class !== elf.class || found.data !== elf.data || found.machine !== elf.machine) continue;
    return load(name);
  }
  return undefined;
}

async function build(name: string): Promise<ArtifactNote> {
  const { buildArtifact } = await import('./build-artifact.js');
  return buildArtifact(name, specsRoot(), artifactsRoot());
}

function load(name: string): StoredIsa {
  const sections = unpack(fs.readFileSync(path.join(artifactsRoot(), `${name}.artifact`)));
  const interpreter = (sections as Sections | undefined)?.['interpreter'];
  if (!sections || !interpreter) throw new Error(`${name}.artifact is damaged: remove it and run again`);
  return { name, isa: isaFrom(sections), interpreter };
}

/** The note of an artifact, if the artifact is of this version and none of its files changed. */
function freshNote(name: string): ArtifactNote | undefined {
  try {
    const note = JSON.parse(
      fs.readFileSync(path.join(artifactsRoot(), `${name}.json`), 'utf8'),
    ) as ArtifactNote;
    if (note.version !== NOTE_VERSION) return undefined;
    const root = specsRoot();
    for (const [file, [time, size]] of Object.entries(note.files)) {
      const stat = fs.statSync(path.join(root, file));
      if (stat.mtimeMs !== time || stat.size !== size) return undefined;
    }
    return note;
  } catch {
    return undefined;
  }
}
