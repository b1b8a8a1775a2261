import { defineConfig } from 'tsup';

// One bundle from the sources, so that the benchmarks need no build of the packages.
export default defineConfig({
  entry: { bench: 'src/bench.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  outDir: 'dist',
  noExternal: [/^@mimic\//, 'ohm-js', 'lru-cache'],
  external: ['benny'],
  esbuildOptions(options) {
    options.conditions = ['source'];
    options.legalComments = 'none';
  },
});
