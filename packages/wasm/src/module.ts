// Builds a module: types, imports, functions, exports, as bytes.
// In: signatures and function bodies. Out: a Uint8Array. Must not know: what the functions do.
import { Code } from './code.js';

/** A function's signature, in value type numbers. */
export interface Signature {
  readonly params: readonly number[];
  readonly results: readonly number[];
}

/** A function body: locals beside the params, and code without the final `end`. */
export interface FunctionBody {
  readonly locals: readonly number[];
  readonly code: Code;
}

const EXTERNAL = { func: 0, table: 1, memory: 2 } as const;

/** Function indices: imports come first, so all imports must be added before the first `func`. */
export class ModuleBuilder {
  private readonly types: Signature[] = [];
  private readonly typeKeys = new Map<string, number>();
  private readonly imports: { module: string; name: string; kind: number; write: (c: Code) => void }[] = [];
  private readonly funcs: { type: number; body?: FunctionBody }[] = [];
  private readonly exports: { name: string; kind: number; index: number }[] = [];
  private importedFuncs = 0;
  private elements: readonly number[] = [];
  private importedTables = 0;

  /** Index of the type, added once for equal signatures. */
  type(signature: Signature): number {
    const key = `${signature.params}:${signature.results}`;
    let n = this.typeKeys.get(key);
    if (n === undefined) {
      n = this.types.push(signature) - 1;
      this.typeKeys.set(key, n);
    }
    return n;
  }

  /** Imports the memory; sizes in pages of 64 KiB. */
  importMemory(module: string, name: string, minimum: number, maximum?: number): void {
    this.imports.push({
      module,
      name,
      kind: EXTERNAL.memory,
      write: (c) => {
        c.byte(maximum === undefined ? 0 : 1);
        c.u32(minimum);
        if (maximum !== undefined) c.u32(maximum);
      },
    });
  }

  /** Returns the function's index. Throws Error after the first `func`. */
  importFunc(module: string, name: string, signature: Signature): number {
    if (this.funcs.length) throw new Error('module: imports come before functions');
    const type = this.type(signature);
    this.imports.push({ module, name, kind: EXTERNAL.func, write: (c) => c.u32(type) });
    return this.importedFuncs++;
  }

  /** Imports a table of functions with at least `minimum` entries; returns its index. */
  importTable(module: string, name: string, minimum: number): number {
    this.imports.push({
      module,
      name,
      kind: EXTERNAL.table,
      write: (c) => {
        c.byte(0x70);
        c.byte(0);
        c.u32(minimum);
      },
    });
    return this.importedTables++;
  }

  /** Declares a function and returns its index; `define` gives it a body. */
  func(signature: Signature): number {
    this.funcs.push({ type: this.type(signature) });
    return this.importedFuncs + this.funcs.length - 1;
  }

  define(index: number, body: FunctionBody): void {
    this.funcs[index - this.importedFuncs]!.body = body;
  }

  /** A table with these functions, for call_indirect; returns its index. At most one, after all imports. */
  table(funcs: readonly number[]): number {
    this.elements = funcs;
    return this.importedTables;
  }

  exportFunc(name: string, index: number): void {
    this.exports.push({ name, kind: EXTERNAL.func, index });
  }

  /** The module. Throws Error where a declared function has no body. */
  finish(): Uint8Array {
    const out = new Code(4096);
    for (const b of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.byte(b);
    section(out, 1, this.types, (c, t) => {
      c.byte(0x60);
      vector(c, t.params);
      vector(c, t.results);
    });
    section(out, 2, this.imports, (c, i) => {
      c.name(i.module);
      c.name(i.name);
      c.byte(i.kind);
      i.write(c);
    });
    section(out, 3, this.funcs, (c, f) => c.u32(f.type));
    const tables = this.elements.length ? [this.elements] : [];
    section(out, 4, tables, (c, t) => {
      c.byte(0x70);
      c.byte(0);
      c.u32(t.length);
    });
    section(out, 7, this.exports, (c, e) => {
      c.name(e.name);
      c.byte(e.kind);
      c.u32(e.index);
    });
    section(out, 9, tables, (c, t) => {
      // Active, from offset 0.
      if (this.importedTables === 0) for (const b of [0, 0x41, 0, 0x0b]) c.byte(b);
      else for (const b of [2, this.importedTables, 0x41, 0, 0x0b, 0]) c.byte(b);
      c.u32(t.length);
      for (const f of t) c.u32(f);
    });
    section(out, 10, this.funcs, (c, f, n) => {
      if (!f.body) throw new Error(`module: function ${n + this.importedFuncs} has no body`);
      const head = new Code(16);
      locals(head, f.body.locals);
      c.u32(head.length + f.body.code.length + 1);
      c.append(head);
      c.append(f.body.code);
      c.byte(0x0b);
    });
    return out.take();
  }
}

function vector(c: Code, types: readonly number[]): void {
  c.u32(types.length);
  for (const t of types) c.byte(t);
}

/** Local declarations, runs of one type together. */
function locals(c: Code, types: readonly number[]): void {
  const runs: [number, number][] = [];
  for (const t of types) {
    const last = runs.at(-1);
    if (last && last[1] === t) last[0]++;
    else runs.push([1, t]);
  }
  c.u32(runs.length);
  for (const [n, t] of runs) {
    c.u32(n);
    c.byte(t);
  }
}

function section<T>(
  out: Code,
  id: number,
  items: readonly T[],
  write: (c: Code, item: T, n: number) => void,
): void {
  if (!items.length) return;
  const c = new Code(1024);
  c.u32(items.length);
  items.forEach((item, n) => void write(c, item, n));
  out.byte(id);
  out.u32(c.length);
  out.append(c);
}
