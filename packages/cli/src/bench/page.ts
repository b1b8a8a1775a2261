// A report as one HTML page that needs nothing else. In: a Report. Out: HTML. Must not know: files.
import { escapeHtml, type RatioBar, ratioChart, type StackBar, stackChart } from './chart.js';
import { amount, digits, duration, ratio } from './format.js';
import { type Report, type Row, STAGES } from './model.js';
import { overall, rates } from './statistics.js';
import { circumstances, rivalName, stageName, type Table, tablesOf, titleOf } from './tables.js';

const STYLE = `
:root { color-scheme: light dark; --page: #fbfbf9; --card: #fff; --ink: #1d2329; --soft: #626c76; --edge: #e2e4e0;
  --grid: #eceeea; --fast: #1f8a70; --slow: #c96f2b; --one: #1d2329;
  --s0: #3b6ea8; --s1: #5aa2a0; --s2: #8fb85c; --s3: #d9a441; --s4: #b8604f; }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --card: #1b1f23; --ink: #e6e8ea; --soft: #97a1ab;
  --edge: #2d3339; --grid: #272c31; --fast: #3fb895; --slow: #e08c4a; --one: #e6e8ea;
  --s0: #6c9bd1; --s1: #6fbab7; --s2: #a3c972; --s3: #e0b45c; --s4: #d07d6c; } }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 28px; margin: 0 0 4px; letter-spacing: -.01em; } h2 { font-size: 18px; margin: 0 0 4px; }
p { margin: 0 0 12px; color: var(--soft); max-width: 78ch; }
code { font: 13px ui-monospace, monospace; }
section { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 22px 24px;
  margin-top: 20px; overflow-x: auto; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 14px; margin-top: 22px; }
.tile { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 14px 18px; }
.tile b { display: block; font-size: 26px; font-weight: 650; letter-spacing: -.02em; }
.tile span { color: var(--soft); font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; margin-top: 8px; }
th, td { text-align: right; padding: 6px 8px; border-bottom: 1px solid var(--grid); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td:first-child { white-space: normal; min-width: 150px; }
th { color: var(--soft); font-weight: 500; } tr:last-child td { border-bottom: 0; }
ul { color: var(--soft); font-size: 13.5px; padding-left: 18px; margin: 12px 0 0; overflow-wrap: anywhere; }
svg { width: 100%; min-width: 640px; height: auto; display: block; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); }
svg .label { text-anchor: end; } svg .tick { text-anchor: middle; fill: var(--soft); font-size: 12px; }
svg .group { font-weight: 600; fill: var(--soft); font-size: 12px; }
svg .value { text-anchor: end; font-weight: 600; font-variant-numeric: tabular-nums; } svg .left { text-anchor: start; }
svg .legend { fill: var(--soft); } svg .grid { stroke: var(--grid); } svg .one { stroke: var(--one); stroke-width: 1.5; }
svg .whisker { stroke: var(--ink); stroke-width: 1.3; opacity: .75; }
svg .mark { fill: var(--card); stroke: var(--ink); stroke-width: 1.3; }
svg .faster { fill: var(--fast); } svg .slower { fill: var(--slow); }
svg .faster-text { fill: var(--fast); } svg .slower-text { fill: var(--slow); }
${STAGES.map((_, k) => `svg .stage${k} { fill: var(--s${k}); }`).join(' ')}
`;

export function pageOf(report: Report): string {
  const { versus } = report;
  const title = versus === undefined ? 'Mimic, measured' : `Mimic against ${versus}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(circumstances(report).join(' · '))}</p>
${tiles(report)}${ratioPlot(report)}${stagePlot(report)}${tablesOf(report).map(tableHtml).join('\n')}
<section><h2>How it was measured</h2><p>Whole processes, from their start to their end, each side in turn, on the same
work; both must print the same. CPU is user time of all threads, compilers' included. A ratio is the other's time
divided by Mimic's in the run beside it: above 1 Mimic is faster. Translation is measured in one process, by stage;
V8's optimising compiler, which works in the background, is not in it.</p></section>
</main></body></html>
`;
}

function tiles(report: Report): string {
  const out: [string, string][] = [];
  const mean = overall(
    report.rows.filter((r) => r.group === 'execution'),
    'user',
  );
  if (mean !== undefined) out.push([ratio(mean), 'execution, CPU, geometric mean of ratios']);
  const hello = report.rows.find((r) => r.id === 'hello-node');
  if (hello?.mimic && hello.other)
    out.push([
      duration(hello.mimic.wall.median),
      `hello, wall; node -e 0 takes ${duration(hello.other.wall.median)}`,
    ]);
  const speed = report.suites.find((s) => s.suite === 'interpret');
  if (speed) out.push([amount(speed.rate), `instructions a second, ${speed.name}`]);
  const all = report.translation.find((r) => r.program === 'flat') ?? report.translation.at(-1);
  if (all) out.push([amount(rates(all).all), `instructions a second translated, ${all.program}`]);
  const tile = ([big, small]: [string, string]): string =>
    `<div class="tile"><b>${escapeHtml(big)}</b><span>${escapeHtml(small)}</span></div>`;
  return out.length > 0 ? `<div class="tiles">${out.map(tile).join('')}</div>` : '';
}

function ratioPlot(report: Report): string {
  const bars = (rows: readonly Row[]): RatioBar[] =>
    rows.flatMap((r) =>
      r.ratio && r.mimic && r.other
        ? [
            {
              label: titleOf(r, report),
              value: r.ratio.user.median,
              min: r.ratio.user.min,
              max: r.ratio.user.max,
              mark: r.ratio.wall.median,
              hint: `${r.title}: Mimic ${duration(r.mimic.user.median)}, ${r.rival ?? 'other'} ${duration(r.other.user.median)} CPU; wall ${digits(r.ratio.wall.median)}×`,
            },
          ]
        : [],
    );
  const groups = [
    { title: 'EXECUTION', bars: bars(report.rows.filter((r) => r.group === 'execution')) },
    { title: 'START-UP AND COLD CODE', bars: bars(report.rows.filter((r) => r.group === 'start-up')) },
  ].filter((g) => g.bars.length > 0);
  if (groups.length === 0) return '';
  const other = report.versus === undefined ? 'others' : rivalName(report);
  return `<section><h2>Speed relative to ${escapeHtml(other)}</h2><p>Right of the line Mimic is faster. Bars: CPU time, median of
pairs; whiskers: smallest and largest; diamonds: time on the clock. Logarithmic.</p>${ratioChart('Ratios', groups)}</section>`;
}

function stagePlot({ translation }: Report): string {
  if (translation.length === 0) return '';
  const bars = translation.map(
    (r): StackBar => ({
      label: r.program,
      parts: STAGES.map((s) => r.seconds[s] / r.instructions),
    }),
  );
  const show = (seconds: number): string => `${digits(seconds * 1e6)} µs`;
  return `<section><h2>What translating a guest instruction takes</h2><p>By stage. The first time the translator itself
is not yet compiled.</p>${stackChart('Translation by stage', STAGES.map(stageName), bars, show)}</section>`;
}

function tableHtml({ title, columns, rows, notes }: Table): string {
  const row = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((c) => `<${tag}>${escapeHtml(c)}</${tag}>`).join('')}</tr>`;
  const table =
    rows.length > 0 ? `<table>${row('th', columns)}${rows.map((r) => row('td', r)).join('')}</table>` : '';
  const list = notes.length > 0 ? `<ul>${notes.map((n) => `<li>${escapeHtml(n)}</li>`).join('')}</ul>` : '';
  return `<section><h2>${escapeHtml(title)}</h2>${table}${list}</section>`;
}
