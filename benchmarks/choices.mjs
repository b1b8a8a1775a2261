// What each design choice of the translator is worth: Mimic against itself with the choice changed, in turns.
// In: `mimic bench`. Out: a table, on standard output and in docs/performance.md between its markers.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../scripts/run.mjs';

const PROGRAMS = ['integer', 'bytes', 'calls', 'nbody', 'lua'];
const mimic = 'packages/cli/bin/mimic.js';
const CHOICES = [
  ['translating at all', 'mimic --cache-size 0'],
  ['waiting until code is hot', 'mimic --threshold 1'],
  ['a cache that holds everything', 'mimic --cache-size 256K'],
  ["V8's optimising compiler", `node --liftoff-only ${mimic}`],
  ['folding (`fold`)', 'mimic --no-pass fold'],
  ['equal values shared (`share`)', 'mimic --no-pass share'],
  ['registers and variables forwarded (`forward`)', 'mimic --no-pass forward'],
  ['dead values and stores dropped (`dead`)', 'mimic --no-pass dead'],
  ['one permission check for several accesses (`groups`)', 'mimic --no-pass groups'],
  ['no check twice (`checks`)', 'mimic --no-pass checks'],
  ['values computed at their use (`move`)', 'mimic --no-pass move'],
  ['flags stored late (`lazy`)', 'mimic --no-pass lazy'],
  ['turns of small loops (`unroll`)', 'mimic --no-pass unroll'],
];

const folder = mkdtempSync(join(tmpdir(), 'mimic-choices-'));
const lines = [
  `| choice | changed by | ${PROGRAMS.join(' | ')} |`,
  `|---|---|${PROGRAMS.map(() => '--:|').join('')}`,
];
try {
  for (const [title, command] of CHOICES) {
    const json = join(folder, 'choice.json');
    const options = ['--only', PROGRAMS.join(','), '--rounds', '3', '--seconds', '1', '--json', json];
    run(process.execPath, [mimic, 'bench', '--vs', command, ...options]);
    const { rows } = JSON.parse(readFileSync(json, 'utf8'));
    const cells = PROGRAMS.map((id) => {
      const row = rows.find((r) => r.id === id);
      return row?.ratio ? row.ratio.user.median.toFixed(2) : (row?.error ?? row?.skipped ?? '');
    });
    lines.push(`| ${title} | \`${command}\` | ${cells.join(' | ')} |`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const table = lines.join('\n');
console.log(table);
const doc = new URL('../docs/performance.md', import.meta.url);
const text = readFileSync(doc, 'utf8');
const section = /(<!-- choices:begin -->).*(<!-- choices:end -->)/s;
if (!section.test(text)) throw new Error('docs/performance.md has no markers for the table of choices');
writeFileSync(
  doc,
  text.replace(section, (_, begin, end) => `${begin}\n\n${table}\n\n${end}`),
);
