// The benchmark suites by name.
import { decodeSuite } from './decode.js';
import { interpretSuite } from './interpret.js';
import { loadSuite } from './load.js';
import { specSuite } from './spec.js';
import { translateSuite } from './translate.js';

const suites: Readonly<Record<string, () => Promise<void>>> = {
  spec: specSuite,
  load: loadSuite,
  decode: decodeSuite,
  translate: translateSuite,
  interpret: interpretSuite,
};

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (suites[name]) continue;
  console.error(`there is no suite ${name}; there are ${Object.keys(suites).join(', ')}`);
  process.exit(1);
}
for (const [name, run] of Object.entries(suites))
  if (wanted.length === 0 || wanted.includes(name)) await run();
