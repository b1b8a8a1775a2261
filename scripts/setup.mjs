// Dependencies and build; does nothing, quickly, when there is nothing to do. Installs nothing globally.
import { run } from './run.mjs';
import { filesBelow, hashOf, once } from './stamp.mjs';

const PNPM = 'pnpm@10.34.8';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  console.error(`Mimic needs Node 20.20 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

const manifests = [
  'package.json',
  'pnpm-workspace.yaml',
  'pnpm-lock.yaml',
  ...filesBelow('packages', (f) => f.endsWith('/package.json')),
  'benchmarks/package.json',
  'tests/fuzz/package.json',
];
await once('install', hashOf(manifests), () => {
  console.error('Installing dependencies ...');
  run('npx', ['--yes', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
});

const sources = [
  ...manifests,
  ...filesBelow('packages', (f) => /\.(ts|ohm)$/.test(f) && !f.endsWith('.test.ts')),
  ...filesBelow('isa-specs'),
  ...filesBelow('scripts'),
];
await once('build', hashOf(sources), async () => {
  console.error('Building ...');
  await import('./build.mjs');
});
