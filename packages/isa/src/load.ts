// Reads a spec's files and writes its families out.
// In: an entry name and a reader. Out: items in order, each with what its families give it.
import type * as ast from './syntax/ast.js';
import { parse } from './syntax/parse.js';
import { type Diagnostic, Source } from './syntax/source.js';

/** The text of a spec file by name (`NAME/NAME.isa`), or undefined where there is none. */
export type ReadSpec = (name: string) => string | undefined;

/** What a family gives a name: its text, and its number where it has one. */
export interface FamilyValue {
  readonly text: string;
  readonly value?: bigint;
}

/** An item with the family values that hold in it. */
export interface Placed<T extends ast.Item> {
  readonly item: T;
  readonly family: ReadonlyMap<string, FamilyValue>;
  /** The decoders that the item's file names before it; none is the one for all code. */
  readonly decoders: readonly string[];
  /** The traits that its file says are needed before it. */
  readonly needs: readonly string[];
  /** What its file says before it that tests start from. */
  readonly given: readonly ast.Bind[];
}

type Place = Pick<Placed<ast.Item>, 'decoders' | 'needs' | 'given'>;

export interface Loaded {
  readonly items: readonly Placed<ast.Item>[];
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: readonly Source[];
  readonly files: ReadonlyMap<string, string>;
}

/** Loads `entry` and what it uses: a name beside the using file, or one from the root of the specs. */
export function loadSpec(entry: string, read: ReadSpec): Loaded {
  const items: Placed<ast.Item>[] = [];
  const diagnostics: Diagnostic[] = [];
  const sources: Source[] = [];
  const files = new Map<string, string>();
  const load = (name: string, text: string): void => {
    files.set(name, text);
    const source = new Source(name, text);
    sources.push(source);
    const parsed = parse(source);
    diagnostics.push(...parsed.diagnostics);
    let place: Place = { decoders: [], needs: [], given: [] };
    for (const item of parsed.items) {
      if (item.t === 'use') use(name, item);
      else if (item.t === 'decoder' && !item.when && !item.box && !item.body)
        place = { ...place, decoders: item.names };
      else if (item.t === 'needs') place = { ...place, needs: item.names };
      else if (item.t === 'given') place = { ...place, given: item.binds };
      else expand(item, new Map(), place, items);
    }
  };
  const use = (from: string, item: Extract<ast.Item, { t: 'use' }>): void => {
    const beside = normalize([...from.split('/').slice(0, -1), ...item.path.split('/')]);
    const name = [beside, item.path].find((n) => files.has(n) || read(n) !== undefined);
    if (name === undefined) {
      diagnostics.push({
        severity: 'error',
        code: 'use',
        message: `there is no file ${beside} or ${item.path}`,
        span: item.span,
      });
      return;
    }
    if (!files.has(name)) load(name, read(name)!);
  };
  const text = read(entry);
  if (text === undefined) {
    const source = new Source(entry, '');
    diagnostics.push({
      severity: 'error',
      code: 'use',
      message: `there is no file ${entry}`,
      span: { source, at: 0, end: 0 },
    });
    return { items, diagnostics, sources: [source], files };
  }
  load(entry, text);
  return { items, diagnostics, sources, files };
}

function expand(
  item: ast.Item,
  family: ReadonlyMap<string, FamilyValue>,
  place: Place,
  out: Placed<ast.Item>[],
): void {
  if (item.t !== 'family') {
    out.push({ item, family, ...place });
    return;
  }
  for (const row of item.rows) {
    const inner = new Map(family);
    const own = /^\d+$/.test(row.name) ? BigInt(row.name) : undefined;
    item.names.forEach((name, i) => {
      const single = item.names.length === 1;
      const v = i === 0 ? ((single ? row.values[0] : undefined) ?? own) : row.values[i - 1];
      const text = i === 0 ? row.name : String(v ?? '');
      inner.set(
        name,
        typeof v === 'bigint' ? { text, value: v } : { text: i === 0 ? text : String(v ?? '') },
      );
    });
    for (const x of item.items) expand(x, inner, place, out);
  }
}

function normalize(parts: readonly string[]): string {
  const out: string[] = [];
  for (const p of parts) {
    if (p === '..' && out.length) out.pop();
    else if (p !== '.' && p !== '') out.push(p);
  }
  return out.join('/');
}
