// What the translator has done, for `-d jit`, benchmarks and tests.
// In: counts. Out: the same. Must not know: what is counted.

export interface TranslatorStatistics {
  /** Modules made, regions and guest instructions in them. */
  modules: number;
  regions: number;
  instructions: number;
  /** Bytes of WebAssembly made. */
  bytes: number;
  evictions: number;
  /** Regions dropped because their code changed or better ones are made. */
  invalidations: number;
  /** Permission checks that failed in translated code. */
  refusals: number;
  /** Guest instructions lifted: those of blocks that other regions had before are remembered. */
  lifted: number;
  /**
   * Milliseconds, where a clock was given: decoding and finding blocks; making code, and of that putting templates
   * together and simplifying them; the host's compiler.
   */
  discoverTime: number;
  emitTime: number;
  liftTime: number;
  optimizeTime: number;
  compileTime: number;
}

export function noStatistics(): TranslatorStatistics {
  return {
    modules: 0, regions: 0, instructions: 0, bytes: 0, evictions: 0, invalidations: 0, refusals: 0,
    lifted: 0, discoverTime: 0, emitTime: 0, liftTime: 0, optimizeTime: 0, compileTime: 0,
  }; // biome-ignore format: one table
}
