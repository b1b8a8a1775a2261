// Textual cases of what is decided about a block beside its body: `cases/*.ir`. BLESS=1 writes what is decided.
// A file is: a `pass <name>` line, perhaps `off`, then cases `case <title>`, bodies, `=>`, a line for each thing decided.
// For `lazy`, `checks` and `unroll` a body begins with `block: <numbers of the blocks behind it>`, and a loop's block says so.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Body, cellStride, Op, type Program, parse } from '@mimic/ir';
import { schedule } from '@mimic/wasm';
import { describe, expect, it } from 'vitest';
import { planAccesses } from './checks.js';
import { analyse, type Bits, members, registerUses } from './flow.js';
import { blockChecks, NO_CHECKS, planChecks } from './known-checks.js';
import { innerLoops, shape } from './order.js';
import { follow, unroll } from './unroll.js';

const folder = fileURLToPath(new URL('./cases/', import.meta.url));
const bless = process.env['BLESS'] !== undefined;

const program: Program = {
  cells: [
    { name: 'R', width: 32, count: 8, offset: 0, stride: cellStride(32) },
    { name: 'F', width: 1, count: 4, offset: 32, stride: cellStride(1) },
  ],
  funcs: [],
  traps: [],
  hosts: [],
  word: 32,
};

function groups(body: Body, on: boolean): string[] {
  return [...planAccesses(body, on)].map(([op, { group, from }]) => {
    const does = [group.reads ? 'reads' : '', group.writes ? 'writes' : ''].filter(Boolean).join(', ');
    const base = group.base < 0 ? '' : `%${group.base} + `;
    return `op ${op}: byte ${from} of ${base}${group.low}, length ${group.length}, ${does}, checked at op ${group.head}`;
  });
}

function move(body: Body, on: boolean): string[] {
  const { lazy, uses } = schedule(body, true, [], on);
  const locals: string[] = [];
  for (let i = 0; i < body.length; i++)
    if (body.width[i]! > 0 && uses[i]! > 0 && lazy[i] === 0) locals.push(`%${i}`);
  return [`in locals: ${locals.join(' ') || 'none'}`];
}

interface BlockCase {
  readonly body: Body;
  readonly next: readonly number[];
  readonly after: readonly number[];
  readonly loop: number;
}

function blocksOf(text: string): BlockCase[] {
  return text
    .split(/^block:/m)
    .slice(1)
    .map((part) => {
      const at = part.indexOf('\n');
      const [next, loop] = part.slice(0, at).split(' in loop ');
      return {
        body: parse(part.slice(at + 1), program),
        next: (next!.match(/\d+/g) ?? []).map(Number),
        after: [],
        loop: loop === undefined ? -1 : Number(loop),
      };
    });
}

function checks(text: string, on: boolean): string[] {
  const blocks = blocksOf(text);
  const accesses = blocks.map(({ body }) => planAccesses(body));
  const nodes = blocks.map(({ body, next, after }, n) => ({
    checks: blockChecks(body, accesses[n]!),
    next,
    after,
    hoists: true,
  }));
  const { known, atLoop } = on ? planChecks(nodes, shape(blocks.map((b) => b.next))) : NO_CHECKS;
  const out: string[] = [];
  accesses.forEach((of, n) => {
    for (const [op, { group }] of of)
      if (group.head === op) out.push(`block ${n}, op ${op}: ${known[n]?.has(group) ? 'known' : 'checked'}`);
  });
  for (const [n, all] of atLoop)
    for (const c of all)
      out.push(`entry of loop ${n}: R${c.index} + ${c.low}, length ${c.length}${c.writes ? ', writes' : ''}`);
  return out;
}

function lazy(text: string, on: boolean): string[] {
  const nodes = blocksOf(text).map((b) => ({ ...b, uses: registerUses(b.body) }));
  const { registers, blocks } = analyse(nodes, () => false, on);
  const names = (s: Bits): string =>
    members(s)
      .map((n) => `${program.cells[registers[n]!.cell]!.name}${registers[n]!.index}`)
      .join(' ') || 'none';
  return blocks.map(
    (b, n) => `block ${n}: stored late ${names(b.lazy)}; dirty ${names(b.dirtyIn)}; live ${names(b.liveIn)}`,
  );
}

/** A block has as many instructions as marks. Blocks beyond the given ones are further turns. */
function turnsOf(text: string, on: boolean): string[] {
  const blocks = blocksOf(text);
  const size = (n: number): number => blocks[n]!.body.parts().op.filter((op) => op === Op.mark).length;
  const like = blocks.map((_, n) => n);
  const loops = innerLoops(shape(blocks.map((b) => b.next)), blocks.length);
  const turns = on ? unroll(loops, size, (n) => like.push(n) - 1) : new Map<number, never>();
  return like.map((n, k) => {
    const turn = turns.get(k);
    const next = blocks[n]!.next.map((to) => (turn ? follow(turn, to) : to));
    return `${k}${k === n ? '' : ` as ${n}`}: ${next.join(' ') || 'leaves'}`;
  });
}

const one = (decide: (body: Body, on: boolean) => string[]) => (text: string, on: boolean) =>
  decide(parse(text, program), on);
const PASSES: Readonly<Record<string, (text: string, on: boolean) => string[]>> = {
  groups: one(groups),
  move: one(move),
  lazy,
  checks,
  unroll: turnsOf,
};

for (const file of readdirSync(folder)) {
  const text = readFileSync(folder + file, 'utf8');
  const [head, ...cases] = text.split(/^case /m);
  const pass = PASSES[/^pass (\w+)$/m.exec(head!)![1]!]!;
  const on = !/^off$/m.test(head!);
  describe(file, () => {
    const out: string[] = [head!];
    it('has cases', () => {
      expect(cases.length).toBeGreaterThan(0);
    });
    for (const text of cases) {
      const [first, expected = ''] = text.split(/^=>\n/m);
      const at = first!.indexOf('\n');
      const [title, source] = [first!.slice(0, at), first!.slice(at + 1)];
      it(title, () => {
        const got = pass(source, on).join('\n');
        out.push(`case ${title}\n${source}=>\n${got}\n\n`);
        if (!bless) expect(got).toBe(expected.trim());
      });
    }
    if (bless) it('is blessed', () => writeFileSync(folder + file, `${out.join('').trimEnd()}\n`));
  });
}
