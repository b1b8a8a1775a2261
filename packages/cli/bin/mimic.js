#!/usr/bin/env node
// The `mimic` command: loads the built bundle, which does everything else.
import { existsSync } from 'node:fs';

const bundle = new URL('../dist/mimic.js', import.meta.url);
if (existsSync(bundle)) await import(bundle.href);
else {
  process.stderr.write('mimic: not built yet: run `npm run build` in the repository\n');
  process.exitCode = 1;
}
