// Runs the same random cases on Mimic and on a reference emulator and compares them one by one.
// In: arguments (see usage). Out: what differs and is not explained; exit 1 when something does, 2 when it cannot run.
// Must not know: an architecture, but for the folder of its harness.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '@mimic/ir';
import { compileSpec } from '@mimic/isa';
import { compare } from './compare.js';
import { meddles, testLine, undefinedIn } from './describe.js';
import { Exceptions, parseExceptions } from './exceptions.js';
import { type Case, Generator, scratchPages } from './generate.js';
import { describe, Harness } from './harness.js';

const usage = `usage: node scripts/fuzz.mjs [options]
  --cases N            how many cases (20000)
  --seed N             another seed, other cases (1)
  --only A,B           these instructions only
  --arch NAME          the harness, by its folder in test-roms (ppc)
  --against COMMAND    the reference (what harness.json says)
  --mimic COMMAND      what is tested (this repository's mimic)
  --exceptions FILE    differences that are explained (tests/fuzz/exceptions-NAME.txt)
  --batch N            cases in one run of the emulators (5000)
  --show N             differing cases shown for each instruction (2)
  --lines              at the end a test line for each instruction that was run alone: the shortest that agrees`;

const root = process.cwd();
const { values: options } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    arch: { type: 'string', default: 'ppc' },
    against: { type: 'string' },
    mimic: { type: 'string', default: `${process.execPath} ${join(root, 'packages/cli/bin/mimic.js')}` },
    exceptions: { type: 'string' },
    batch: { type: 'string', default: '5000' },
    show: { type: 'string', default: '2' },
    lines: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}

function stop(message: string): never {
  console.error(`fuzz: ${message}`);
  process.exit(2);
}

const folder = join(root, 'test-roms', options.arch, 'fuzz-harness');
if (!existsSync(folder)) stop(`there is no ${folder}`);
const description = describe(folder);
const against = options.against ?? description.against ?? stop('harness.json names no reference');
const specs = join(root, 'isa-specs');
const entry = description.spec ?? `${options.arch}/${options.arch}.isa`;
const spec = compileSpec(entry, (name) => {
  try {
    return readFileSync(join(specs, name), 'utf8');
  } catch {
    return undefined;
  }
});
if (!spec.isa) stop(`${entry} has mistakes: see mimic isa check`);
const harness = new Harness(folder, spec.isa);
const exceptions = new Exceptions(
  parseExceptions(
    readFileSync(options.exceptions ?? join(root, `tests/fuzz/exceptions-${options.arch}.txt`), 'utf8'),
  ),
  harness,
);
const without = new Set(description.without);
const only = options.only
  ? new Set(options.only.split(','))
  : without.size
    ? new Set(spec.isa.insns.map((x) => x.name).filter((name) => !without.has(name)))
    : undefined;
for (const name of only ?? [])
  if (!spec.isa.insns.some((x) => x.name === name)) stop(`there is no instruction ${name}`);

const random = new Random(Number(options.seed));
const pages = scratchPages(random, harness);
const generator = new Generator(
  harness,
  random,
  pages,
  only,
  (x) => exceptions.mentions(x.name) || harness.never.has(x.name),
);

/** Runs a batch; the results up to where the emulator died, if it did. */
function results(command: string, input: Uint8Array) {
  const [program, ...args] = command.split(' ');
  const r = spawnSync(program!, [...args, harness.program], {
    input,
    maxBuffer: 1 << 30,
    timeout: 60_000,
    killSignal: 'SIGKILL',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { code } = (r.error ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOENT') stop(`${program} is not there`);
  if (code === 'ETIMEDOUT') {
    ended = false;
    console.log(`  // ${command} did not end: ${r.stdout.length} bytes of results in a minute`);
  }
  return harness.results(r.stdout);
}

/** Whether every run came to its end. */
let ended = true;
const total = Number(options.cases);
const run = new Map<string, number>();
const wrong = new Map<string, number>();
const seen = new Map<string, number>();
let excused = 0;
let elsewhere = 0;
let differing = 0;
const started = Date.now();

/** By instruction: the shortest line that the reference agrees with. */
const lines = new Map<string, string>();
function note(c: Case, theirs: ReturnType<typeof results>[number]): void {
  const line = testLine(harness, c, pages, theirs);
  const { name } = c.insns[0]!;
  const old = lines.get(name);
  if (/=> .*=/.test(line) && (old === undefined || line.length < old.length)) lines.set(name, line);
}

function check(
  c: Case,
  k: number,
  ours: ReturnType<typeof results>,
  theirs: ReturnType<typeof results>,
): void {
  const name = c.insns.map((x) => x.name).join(' ');
  for (const x of c.insns) run.set(x.name, (run.get(x.name) ?? 0) + 1);
  let differences = compare(harness, ours[k], theirs[k]);
  if (differences.length > 0) {
    const open = undefinedIn(harness, c, pages);
    if (open.size) differences = differences.filter((d) => !open.has(d.what));
  }
  if (differences.length === 0) {
    if (options.lines && c.insns.length === 1 && theirs[k]?.signal === 0) note(c, theirs[k]);
    return;
  }
  if (harness.elsewhere(ours[k], theirs[k]) || meddles(harness, c)) {
    elsewhere++;
    return;
  }
  if (exceptions.excuse(c, differences, ours[k], theirs[k])) {
    excused++;
    return;
  }
  differing++;
  for (const x of c.insns) wrong.set(x.name, (wrong.get(x.name) ?? 0) + 1);
  const kind = `${name} ${differences.map((d) => d.what.replace(/^([a-z])\d+$/, '$1')).join(' ')}`;
  const times = (seen.get(kind) ?? 0) + 1;
  seen.set(kind, times);
  if (times > Number(options.show)) return;
  console.log(
    `${testLine(harness, c, pages, theirs[k])}\n  // mimic: ${differences.map((d) => d.text).join('; ')}`,
  );
}

for (let done = 0; done < total; ) {
  const count = Math.min(Number(options.batch), total - done);
  const cases = Array.from({ length: count }, () => generator.next());
  const input = Buffer.concat([pages, ...cases.map((c) => new Uint8Array(c.record.buffer))]);
  const theirs = results(against, input);
  const ours = results(options.mimic, input);
  const end = Math.min(count, Math.max(ours.length, theirs.length) + 1);
  for (let k = 0; k < end; k++) check(cases[k]!, k, ours, theirs);
  if (end < count) console.log(`  // the other ${count - end} cases of this batch did not run`);
  done += count;
  const rate = Math.round((done * 1000) / (Date.now() - started));
  console.error(`${done} of ${total} cases, ${differing} differ, ${excused} explained (${rate} a second)`);
}

for (const { name } of spec.isa.insns) if (lines.has(name)) console.log(lines.get(name));
const kinds = [...seen].sort((a, b) => b[1] - a[1]);
for (const [kind, n] of kinds) console.log(`${String(n).padStart(7)}  ${kind}`);
const counts = [...run.values()];
console.log(
  `${total} cases of ${run.size} instructions (${Math.min(...counts)} to ${Math.max(...counts)} each): ` +
    `${total - differing - excused - elsewhere} the same, ${excused} differ as explained, ` +
    `${elsewhere} met code or memory of the emulators themselves, ${differing} differ`,
);
const idle = exceptions.list.filter((e) => e.used === 0);
if (idle.length && !only)
  console.log(`exceptions that nothing needed: lines ${idle.map((e) => e.line).join(', ')}`);
process.exit(differing || !ended ? 1 : 0);
