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

/** The main files of a spec folder: the one with the folder's name, and each NAME.isa that says `arch NAME`. */
function mainFiles(dir: string): string[] {
  const folder = basename(resolve(dir));
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((file) => {
      if (!file.endsWith('.isa')) return false;
      const name = basename(file, '.isa');
      return name === folder || /^arch\s+(\w+)/m.exec(readFileSync(join(dir, file), 'utf8'))?.[1] === name;
    })
    .sort()
    .map((file) => join(dir, file));
}

/** A folder that holds no spec. */
export class NoSpec extends Error {}

/** The main files that a path names: itself, or those in a folder. Throws NoSpec. */
export function specsAt(path: string): string[] {
  if (path.endsWith('.isa')) return [path];
  const files = mainFiles(path);
  if (files.length === 0)
    throw new NoSpec(
      `${path}: the folder has no ${basename(resolve(path))}.isa and no other NAME.isa that says arch NAME`,
    );
  return files;
}

/** Compiles the spec whose main file is `path`. */
export async function compileAt(path: string): Promise<CompiledSpec> {
  const full = resolve(path);
  const dir = dirname(full);
  const { compileSpec } = await import('./spec-compiler.js');
  return compileSpec(`${basename(dir)}/${basename(full)}`, reader(dirname(dir)));
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
  for (const path of allSpecs(shippedSpecs)) {
    const name = basename(path, '.isa');
    const spec = await compileAt(path);
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

/** The main files in the folders below `root`. */
function allSpecs(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .flatMap((e) => mainFiles(join(root, e.name)))
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
  const paths =
    extra !== undefined
      ? specsAt(extra)
      : allSpecs(shippedSpecs).filter((path) => !known.has(basename(path, '.isa')));
  for (const path of paths) {
    const found = await cached(path, ident, extra !== undefined);
    if (found) return found;
  }
  return undefined;
}

/** The artifacts that lie beside the bundle. */
export function* builtSpecs(): Generator<Sections> {
  for (const { name } of readIndex()) {
    const sections = unpack(bytesOf(join(built, `${name}.bin`)));
    if (sections) yield sections;
  }
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
async function cached(path: string, ident: Ident, must: boolean): Promise<Sections | undefined> {
  const name = basename(path, '.isa');
  const base = join(cacheDir(), `${name}-${hashFiles([[resolve(path), '']])}`);
  const read = reader(dirname(dirname(resolve(path))));
  try {
    const old = JSON.parse(readFileSync(`${base}.json`, 'utf8')) as IndexEntry;
    if (hashFiles([...old.files.map((f) => [f, read(f) ?? ''] as const), thisBuild()]) === old.hash) {
      if (!matches(old, ident)) return undefined;
      const sections = unpack(bytesOf(`${base}.bin`));
      if (sections) return sections;
    }
  } catch {}
  const spec = await compileAt(path);
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
    name,
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
