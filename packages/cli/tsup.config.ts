import { defineConfig } from 'tsup';

// One bundle from the sources, split so that running a program does not load the spec compiler.
export default defineConfig({
  entry: { mimic: 'src/mimic.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  splitting: true,
  clean: false,
  sourcemap: true,
  outDir: 'dist',
  noExternal: [/.*/],
  esbuildOptions(options) {
    options.conditions = ['source'];
    options.legalComments = 'none';
  },
});
