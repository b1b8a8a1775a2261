import { defineConfig } from 'tsup';

// One bundle with split chunks: what compiles specs or lists code is loaded only where it is used.
export default defineConfig({
  entry: { mimic: 'src/mimic.ts' },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  splitting: true,
  clean: false,
  noExternal: [/.*/],
  esbuildOptions(options) {
    options.conditions = ['source'];
    options.legalComments = 'none';
  },
});
