import { describe, expect, it } from 'vitest';
import { ratioChart, stackChart } from './chart.js';
import { amount, digits, duration } from './format.js';
import type { Report, Times } from './model.js';
import { parseBenchOptions } from './options.js';
import { pageOf } from './page.js';
import { Progress } from './progress.js';
import { fill, markdownOf, tablesOf, textOf } from './tables.js';

const times = (median: number): Times => {
  const spread = { median, min: median / 2, max: median * 2 };
  return { user: spread, wall: spread };
};
const common = { group: 'execution', architecture: 'toy', repeats: 3 } as const;
const report: Report = {
  date: '2024-02-03T04:05:06.000Z',
  host: { cpu: 'A <fast> one', cores: 2, system: 'Linux 6', node: '20.20.0' },
  versus: 'qemu',
  rounds: 5,
  quick: false,
  rows: [
    { ...common, id: 'a', title: 'A & B', mimic: times(1), other: times(2), ratio: times(2), rival: 'q' },
    { ...common, id: 'b', title: 'slow', mimic: times(4), other: times(2), ratio: times(0.5), rival: 'q' },
    { ...common, id: 'c', title: 'gone', skipped: 'not built' },
    { ...common, id: 'd', title: 'bad', error: 'the outputs differ' },
  ],
  translation: [
    {
      program: 'flat',
      instructions: 1000,
      bytes: 40000,
      lifted: 900,
      seconds: { decode: 0.001, lift: 0.001, optimise: 0.002, emit: 0.004, compile: 0.002 },
    },
  ],
  suites: [{ suite: 'decode', name: 'decode', rate: 3e6, unit: 'instructions/s', margin: 1 }],
};

describe('numbers', () => {
  it('have three digits and a unit', () => {
    expect([123.4, 12.34, 1.234, 0.1234, 0.01234, 0].map(digits)).toEqual(
      ['123', '12.3', '1.23', '0.12', '0.012', '0.00'], // biome-ignore format: one line
    );
    expect([2, 0.0456, 7.89e-6].map(duration)).toEqual(['2.00 s', '45.6 ms', '7.89 µs']);
    expect([5.1e9, 3e6, 4500, 7].map((v) => amount(v))).toEqual(['5.10 G', '3.00 M', '4.50 k', '7.00']);
    expect([3e6, 7].map((v) => amount(v, 'lines/s'))).toEqual(['3.00 M lines/s', '7.00 lines/s']);
  });
});

describe('tables', () => {
  const tables = tablesOf(report);

  it('hold what was measured; what was not is said below', () => {
    expect(tables.map((t) => t.title)).toEqual([
      'Execution',
      'Translation, guest instructions a second',
      'Parts',
    ]);
    const [execution] = tables;
    expect(execution!.columns.slice(0, 3)).toEqual(['', 'Mimic CPU', 'qemu CPU']);
    expect(execution!.rows.map((r) => [r[0], r[3]])).toEqual([
      ['A & B', '2.00×'],
      ['slow', '0.50×'],
      ['geometric mean', '1.00×'],
    ]);
    expect(execution!.notes).toEqual(['gone: skipped: not built', 'bad: failed: the outputs differ']);
  });

  it('are as wide as their cells', () => {
    const lines = textOf(tables[0]!).split('\n').slice(1, 4);
    expect(new Set(lines.map((l) => l.length)).size).toBe(1);
    expect(textOf(tables[0]!)).toContain('1.00 s');
  });

  it('are Markdown too, between the markers of a document and nowhere else', () => {
    expect(markdownOf(tables[2]!)).toBe(
      '**Parts**\n\n|  | rate | margin |\n|---|--:|--:|\n| decode: decode | 3.00 M instructions/s | ±1.00 % |\n',
    );
    const text = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n';
    const once = fill(text, report)!;
    expect(once).toMatch(/^before\n<!-- bench:begin -->\n\nAgainst `qemu`; 2024-02-03 /);
    expect(once).not.toContain('old');
    expect(once.endsWith('<!-- bench:end -->\nafter\n')).toBe(true);
    expect(fill(once, report)).toBe(once);
    expect(fill('no markers', report)).toBeUndefined();
  });
});

describe('the page', () => {
  const page = pageOf(report);

  it('needs nothing from elsewhere', () => {
    expect(page).not.toMatch(/<script|<link|src=|href=|url\(|https?:/);
  });

  it('shows text as text', () => {
    expect(page).toContain('A &amp; B');
    expect(page).toContain('A &lt;fast&gt; one');
    expect(page).not.toContain('<fast>');
  });

  it('closes what it opens', () => {
    for (const tag of ['section', 'table', 'tr', 'td', 'svg', 'g', 'text', 'p'])
      expect(page.split(`<${tag}>`).length + page.split(`<${tag} `).length - 1).toBe(
        page.split(`</${tag}>`).length,
      );
  });

  it('has no plot of ratios where nothing was compared', () => {
    const { versus: _, ...alone } = report;
    const rows = report.rows.slice(0, 1).map(({ other: _o, ratio: _r, rival: _v, ...row }) => row);
    expect(pageOf({ ...alone, rows, translation: [] })).not.toContain('<svg');
  });
});

describe('the plots', () => {
  const bar = { label: 'x', value: 4, min: 2, max: 8, mark: 4, hint: '' };

  it('have slower bars left of 1 and faster ones right of it, on a logarithmic axis', () => {
    const svg = ratioChart('r', [{ title: 'g', bars: [bar, { ...bar, value: 0.25, min: 0.125, max: 0.5 }] }]);
    const rects = [...svg.matchAll(/<rect class="(\w+)" x="([\d.]+)" y="\d+" width="([\d.]+)"/g)];
    const [, one] = /class="one" x1="([\d.]+)"/.exec(svg)!;
    expect(rects.map((r) => r[1])).toEqual(['faster', 'slower']);
    expect(Number(rects[0]![2])).toBeCloseTo(Number(one));
    expect(Number(rects[1]![2]) + Number(rects[1]![3])).toBeCloseTo(Number(one), 0);
    expect(rects[0]![3]).toBe(rects[1]![3]);
  });

  it('stack stages so that the widest bar fills the space', () => {
    const svg = stackChart('s', ['a', 'b'], [{ label: 'x', parts: [1, 3] }], (v) => `${v} s`);
    const widths = [...svg.matchAll(/x="[\d.]+" y="\d+" width="([\d.]+)" height="18"/g)].map((m) =>
      Number(m[1]),
    );
    expect(widths[1]! / widths[0]!).toBeCloseTo(3, 1);
    expect(svg).toContain('>4 s</text>');
  });
});

describe('progress', () => {
  const shown = (isTTY: boolean): string => {
    let text = '';
    const progress = new Progress(4, { isTTY, columns: 60, write: (t: string) => (text += t) });
    progress.show('first');
    progress.advance(2);
    progress.line('a result');
    progress.end();
    return text;
  };

  it('is a bar on a terminal', () => {
    expect(shown(true)).toContain('████████████············  50 %');
    expect(shown(true).endsWith('\r\x1b[K')).toBe(true);
  });

  it('is plain lines elsewhere', () => {
    expect(shown(false)).toBe('a result\n');
  });
});

describe('the options of a benchmark', () => {
  it('take values with and without an equals sign', () => {
    expect(
      parseBenchOptions(['--vs', 'qemu', '--only=integer,lua', '--only', 'fft', '--rounds', '3']),
    ).toEqual(
      { versus: 'qemu', only: ['integer', 'lua', 'fft'], rounds: 3, quick: false, list: false }, // biome-ignore format: one line
    );
  });

  it('run as long as they are told', () => {
    expect(parseBenchOptions(['--seconds', '1.5'])).toMatchObject({ seconds: 1.5 });
    expect(parseBenchOptions(['--seconds', 'soon'])).toMatchObject({
      message: expect.stringContaining('0.1 to 600'),
    });
  });

  it('run once when quick, five times else', () => {
    expect(parseBenchOptions(['--quick'])).toMatchObject({ rounds: 1 });
    expect(parseBenchOptions([])).toMatchObject({ rounds: 5 });
  });

  it.each([[['--rounds', '0']], [['--vs']], [['integer']], [['--nonsense']]])('refuse %j', (args) => {
    expect(parseBenchOptions(args)).toHaveProperty('message');
  });
});
