// The host's WebAssembly: the only place that names it.
// In: module bytes, imports. Out: memories, modules, exported functions. Must not know: what runs in them.

interface WasmApi {
  Memory: new (descriptor: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory;
  Module: new (bytes: Uint8Array) => object;
  Table: new (descriptor: { initial: number; maximum: number; element: string }) => WasmTable;
  Instance: new (
    module: object,
    imports: WasmImports,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** A linear memory. `buffer` is replaced when it grows. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** A table of functions; an entry is an exported function or null. */
export interface WasmTable {
  get(index: number): unknown;
  set(index: number, value: unknown): void;
  readonly length: number;
}

/** A compiled module: opaque, shareable between instances. */
export interface WasmModule {
  readonly module: object;
}

export type WasmFunction = (...args: (number | bigint)[]) => unknown;
export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const api = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;

/** A memory of exactly `pages` 64 KiB pages. Untouched pages cost nothing. Throws RangeError when the host refuses. */
export function createMemory(pages: number): WasmMemory {
  return new api.Memory({ initial: pages, maximum: pages });
}

/** Compiles `bytes`. Throws the host's CompileError when they are not valid: our bug. */
export function compileModule(bytes: Uint8Array): WasmModule {
  return { module: new api.Module(bytes) };
}

/** The functions that the module exports, by name. */
export function instantiateModule(
  module: WasmModule,
  imports: WasmImports,
): Readonly<Record<string, WasmFunction>> {
  return new api.Instance(module.module, imports).exports as Record<string, WasmFunction>;
}

/** A table of `size` empty entries. */
export function createTable(size: number): WasmTable {
  return new api.Table({ initial: size, maximum: size, element: 'anyfunc' });
}
