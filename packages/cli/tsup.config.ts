import { basename } from 'node:path';
import { defineConfig, type Options } from 'tsup';

/** What is imported on demand is a bundle of its own, beside the others. */
const onDemand: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'on-demand',
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path)}`, external: true } : undefined,
    );
  },
};

// Bundles without shared chunks: esbuild splits by file, so that a shared chunk would bring the spec compiler into
// every run; alone, each bundle holds only what it uses.
export default defineConfig({
  entry: {
    mimic: 'src/mimic.ts',
    run: 'src/run/run.ts',
    isa: 'src/commands/isa.ts',
    disasm: 'src/commands/disasm.ts',
    bench: 'src/bench/bench.ts',
    help: 'src/help.ts',
    'spec-compiler': 'src/spec-compiler.ts',
  },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  splitting: false,
  clean: false,
  sourcemap: true,
  outDir: 'dist',
  noExternal: [/.*/],
  esbuildPlugins: [onDemand],
  esbuildOptions(options) {
    options.conditions = ['source'];
    options.legalComments = 'none';
  },
});
