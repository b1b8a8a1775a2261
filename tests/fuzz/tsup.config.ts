import { defineConfig } from 'tsup';

// One bundle from the sources, so that the fuzzer needs no build of the packages.
export default defineConfig({
  entry: { fuzz: 'src/fuzz.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  outDir: 'dist',
  noExternal: [/^@mimic\//, 'ohm-js'],
  esbuildOptions(options) {
    options.conditions = ['source'];
    options.legalComments = 'none';
  },
});
