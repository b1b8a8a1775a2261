// Finds the compiled spec for a program, or compiles and caches it.
// In: folders of specs, an ELF identification. Out: sections of an artifact. The only file that knows where specs lie.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CompiledSpec, Sections } from '@mimic/isa';
import { unpack } from '@mimic/isa/artifact';

/** What identifies a program's processor. */
export interface Ident {
  readonly class: 32 | 64;
  readonly data: 'lsb' | 'msb';
  readonly machine: number;
}

/** A line of the index of built specs. */
interface IndexEntry extends Ident {
  readonly name: string;
  /** Spec files, relative to the root of the specs, and a hash of their contents. */
  readonly files: readonly string[];
  readonly hash: string;
}

const here = dirname(fileURLToPath(import.meta.url));
/** The bundle's folder: built specs lie in it. */
const built = join(here, 'isa');
/** Shipped specs: four folders up from the bundle. */
export const shippedSpecs = resolve(here, '../../../isa-specs');

/** Reads spec files below `root`, and shared ones below the shipped specs. */
export function reader(root: string): (name: string) => string | undefined {
  return (name) => {
    for (const base of root === shippedSpecs ? [root] : [root, shippedSpecs]) {
      try {
        return readFileSync(join(base, name), 'utf8');
      } catch {}
    }
    return undefined;
  };
}

/** The main file of a spec folder: the one with the folder's name. */
export function mainFile(dir: string): string | undefined {
  const name = basename(resolve(dir));
  return existsSync(join(dir, `${name}.isa`)) ? `${name}/${name}.isa` : undefined;
}

/** A folder that holds no spec. */
export class NoSpec extends Error {}

/** Compiles the spec in a folder or file. Throws NoSpec. */
export async function compileAt(path: string): Promise<{ spec: CompiledSpec; entry: string }> {
  const full = resolve(path);
  const file = full.endsWith('.isa');
  const dir = file ? dirname(full) : full;
  const entry = file ? `${basename(dir)}/${basename(full)}` : mainFile(full);
  if (entry === undefined)
    throw new NoSpec(`${path}: the folder has no ${basename(full)}.isa: the main file has the folder's name`);
  const { compileSpec } = await import('./spec-compiler.js');
  return { spec: compileSpec(entry, reader(dirname(dir))), entry };
}

/** A hash of the texts of spec files. */
function hashFiles(texts: Iterable<readonly [string, string]>): string {
  const h = createHash('sha256');
  for (const [name, text] of texts) h.update(name).update('\0').update(text).update('\0');
  return h.digest('hex').slice(0, 24);
}

/** The artifact of a spec that compiled: the ISA and its interpreter. */
async function artifact(spec: CompiledSpec): Promise<Uint8Array> {
  const { buildInterpreter, encodeTemplates, isaSections, pack } = await import('./spec-compiler.js');
  const isa = spec.isa!;
  return pack({
    ...isaSections(isa),
    interpreter: buildInterpreter(isa).bytes,
    templates: encodeTemplates(isa),
  });
}

/** Builds the shipped specs beside the bundle. Gives the names built, or diagnostics as text. */
export async function buildShipped(): Promise<{ names: string[]; errors: string[] }> {
  const { formatDiagnostic } = await import('./spec-compiler.js');
  const index: IndexEntry[] = [];
  const errors: string[] = [];
  mkdirSync(built, { recursive: true });
  for (const name of specFolders(shippedSpecs)) {
    const { spec } = await compileAt(join(shippedSpecs, name));
    if (!spec.isa) {
      errors.push(...spec.diagnostics.filter((d) => d.severity === 'error').map(formatDiagnostic));
      continue;
    }
    write(join(built, `${name}.bin`), await artifact(spec));
    const elf = spec.isa.abi?.elf;
    if (elf)
      index.push({
        name,
        class: elf.class,
        data: elf.data,
        machine: elf.machine,
        files: [...spec.files.keys()],
        hash: hashFiles(spec.files),
      });
  }
  write(join(built, 'index.json'), JSON.stringify(index));
  return { names: index.map((i) => i.name), errors };
}

/** Folders that hold a spec: those with a main file. */
export function specFolders(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((e) => e.isDirectory() && mainFile(join(root, e.name)) !== undefined)
    .map((e) => e.name)
    .sort();
}

function bytesOf(path: string): Uint8Array {
  const { buffer, byteOffset, length } = readFileSync(path);
  return new Uint8Array(buffer, byteOffset, length);
}

function write(path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, path);
}

function cacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mimic', 'isa');
}

const matches = (a: Ident, b: Ident): boolean =>
  a.class === b.class && a.data === b.data && a.machine === b.machine;

/** A spec that a program needs but that has mistakes. */
export class SpecErrors extends Error {}

/**
 * The artifact for a program, by its identification; `extra` is a spec folder that counts first (--isa DIR).
 * Undefined where no spec fits. Throws SpecErrors when the one that would fit has mistakes.
 */
export async function findSpec(ident: Ident, extra?: string): Promise<Sections | undefined> {
  const index = extra === undefined ? readIndex() : [];
  const hit = index.find((i) => matches(i, ident));
  if (hit && fresh(hit)) {
    const sections = unpack(bytesOf(join(built, `${hit.name}.bin`)));
    if (sections) return sections;
  }
  const known = new Set(index.filter((i) => i !== hit && fresh(i)).map((i) => i.name));
  // Not built, or changed since: compile, with the user's cache before it.
  const shipped = (): string[] => specFolders(shippedSpecs).filter((name) => !known.has(name));
  const folders = extra !== undefined ? [extra] : shipped().map((name) => join(shippedSpecs, name));
  for (const dir of folders) {
    const found = await cached(dir, ident, extra !== undefined);
    if (found) return found;
  }
  return undefined;
}

function readIndex(): IndexEntry[] {
  try {
    return JSON.parse(readFileSync(join(built, 'index.json'), 'utf8')) as IndexEntry[];
  } catch {
    return [];
  }
}

function fresh(entry: IndexEntry): boolean {
  // An installation without the sources runs what was built.
  if (!existsSync(shippedSpecs)) return true;
  const read = reader(shippedSpecs);
  return hashFiles(entry.files.map((f) => [f, read(f) ?? ''] as const)) === entry.hash;
}

/** Tells this build from others: an interpreter that another one made may not fit. */
function thisBuild(): readonly [string, string] {
  const { mtimeMs, size } = statSync(fileURLToPath(import.meta.url));
  return ['', `${mtimeMs} ${size}`];
}

/** A spec that is not shipped as built: from the user's cache while its files are as they were, else compiled. */
async function cached(dir: string, ident: Ident, must: boolean): Promise<Sections | undefined> {
  const base = join(cacheDir(), `${basename(dir)}-${hashFiles([[resolve(dir), '']])}`);
  const read = reader(dirname(resolve(dir)));
  try {
    const old = JSON.parse(readFileSync(`${base}.json`, 'utf8')) as IndexEntry;
    if (hashFiles([...old.files.map((f) => [f, read(f) ?? ''] as const), thisBuild()]) === old.hash) {
      if (!matches(old, ident)) return undefined;
      const sections = unpack(bytesOf(`${base}.bin`));
      if (sections) return sections;
    }
  } catch {}
  const { spec } = await compileAt(dir);
  if (!spec.isa) {
    if (!must) return undefined;
    const { formatDiagnostic } = await import('./spec-compiler.js');
    throw new SpecErrors(
      spec.diagnostics
        .filter((d) => d.severity === 'error')
        .map(formatDiagnostic)
        .join('\n'),
    );
  }
  // A folder without an ABI runs nothing: noted too, so that it is not compiled again.
  const elf = spec.isa.abi?.elf ?? { class: 32, data: 'lsb', machine: 0 };
  const bytes = spec.isa.abi ? await artifact(spec) : new Uint8Array(0);
  const entry: IndexEntry = {
    name: basename(dir),
    class: elf.class,
    data: elf.data,
    machine: elf.machine,
    files: [...spec.files.keys()],
    hash: hashFiles([...spec.files, thisBuild()]),
  };
  try {
    write(`${base}.bin`, bytes);
    write(`${base}.json`, JSON.stringify(entry));
  } catch {
    // A read-only home: it is built again next time.
  }
  return matches(elf, ident) ? unpack(bytes) : undefined;
}
