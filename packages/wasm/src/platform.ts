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

/** A module whose function `f` is the host's multiply-add of the first lanes of its operands. */
const MULTIPLY_ADD = [
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  // f64, f64, f64 -> f64
  0x01, 0x08, 0x01, 0x60, 0x03, 0x7c, 0x7c, 0x7c, 0x01, 0x7c, 0x03, 0x02, 0x01, 0x00, 0x07, 0x05, 0x01, 0x01,
  0x66, 0x00, 0x00, 0x0a, 0x16, 0x01, 0x14, 0x00, 0x20, 0x00, 0xfd, 0x14, 0x20, 0x01, 0xfd, 0x14, 0x20, 0x02,
  0xfd, 0x14, 0xfd, 0x87, 0x02, 0xfd, 0x21, 0x00, 0x0b,
];

/** Operands whose product, rounded, gives another sum, and that sum rounded once. */
const FUSED: readonly (readonly [x: number, y: number, z: number, fused: number])[] = [
  [1 + 2 ** -52, 1 + 2 ** -52, -(1 + 2 ** -51), 2 ** -104],
  [1 + 2 ** -30, 1 - 2 ** -30, -1, -(2 ** -60)],
  [2 ** 600, 2 ** 600, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  [2 ** 512, 2 ** 512, -1.5 * 2 ** 1023, 2 ** 1022],
  [2 ** -538, 2 ** -537, 2 ** -1074, 2 ** -1073],
  [3, 5, 7, 22],
];

let fused: boolean | undefined;

/**
 * Whether the host multiplies and adds with one rounding. `enable` is called once when it does not know the instruction
 * at first: where it is to be switched on.
 */
export function hasFusedMultiplyAdd(enable?: () => void): boolean {
  if (fused === undefined) {
    fused = probe();
    if (!fused && enable) {
      enable();
      fused = probe();
    }
  }
  return fused;
}

function probe(): boolean {
  try {
    const { f } = instantiateModule(compileModule(Uint8Array.from(MULTIPLY_ADD)), {});
    // Each operand is also tried negated: the instruction may not be the one that it is taken for.
    return FUSED.every(([x, y, z, v]) => f!(x, y, z) === v && f!(-x, y, -z) === -v);
  } catch {
    return false;
  }
}

/** A table of `size` empty entries. */
export function createTable(size: number): WasmTable {
  return new api.Table({ initial: size, maximum: size, element: 'anyfunc' });
}
