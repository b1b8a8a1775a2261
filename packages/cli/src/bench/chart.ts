// Plots as SVG text, to stand in a page whose style sheet colours them by class. In: numbers with labels. Out: SVG.
// Must not know: benchmarks, files.

import { ratio } from './format.js';

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

const WIDTH = 860;
const LABEL = 290;
const VALUE = 120;
const ROW = 30;

const at = (value: number): string => value.toFixed(1);
const line = (x1: number, y1: number, x2: number, y2: number, style: string): string =>
  `<line class="${style}" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`;
const text = (x: number, y: number, style: string, content: string): string =>
  `<text class="${style}" x="${at(x)}" y="${at(y)}">${escapeHtml(content)}</text>`;

function svg(height: number, name: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(name)}">${parts.join('')}</svg>`;
}

export interface RatioBar {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** A second measure, shown as a mark. */
  readonly mark: number;
  /** Shown when pointed at. */
  readonly hint: string;
}

export interface RatioGroup {
  readonly title: string;
  readonly bars: readonly RatioBar[];
}

/** Bars to both sides of 1.0 on a logarithmic axis, with whiskers from min to max. */
export function ratioChart(name: string, groups: readonly RatioGroup[]): string {
  const bars = groups.flatMap((g) => g.bars);
  const low = 2 ** Math.floor(Math.log2(Math.min(0.5, ...bars.flatMap((b) => [b.min, b.mark]))));
  const high = 2 ** Math.ceil(Math.log2(Math.max(2, ...bars.flatMap((b) => [b.max, b.mark]))));
  const span = WIDTH - LABEL - VALUE;
  const x = (v: number): number => LABEL + (span * Math.log2(v / low)) / Math.log2(high / low);
  const top = 34;
  const height = top + bars.length * ROW + groups.length * 30 + 10;
  const parts: string[] = [];
  const steps = Math.log2(high / low) > 8 ? 4 : 2;
  for (let v = low; v <= high * 1.001; v *= 2) {
    if (v !== 1) parts.push(line(x(v), top, x(v), height - 8, 'grid'));
    if (steps === 2 || Math.log2(v) % 2 === 0)
      parts.push(text(x(v), top - 10, 'tick', v < 1 ? `1/${1 / v}` : `${v}×`));
  }
  let y = top;
  for (const group of groups) {
    parts.push(text(0, y + 21, 'group', group.title));
    y += 30;
    for (const b of group.bars) {
      const [from, to] = b.value < 1 ? [x(b.value), x(1)] : [x(1), x(b.value)];
      const middle = y + ROW / 2;
      const style = b.value < 1 ? 'slower' : 'faster';
      parts.push(
        `<g><title>${escapeHtml(b.hint)}</title>`,
        text(LABEL - 12, middle + 4, 'label', b.label),
        `<rect class="${style}" x="${at(from)}" y="${y + 6}" width="${at(Math.max(to - from, 1))}" height="${ROW - 12}" rx="2"/>`,
        line(x(b.min), middle, x(b.max), middle, 'whisker'),
        ...[b.min, b.max].map((v) => line(x(v), middle - 4, x(v), middle + 4, 'whisker')),
        `<path class="mark" d="M${at(x(b.mark))} ${middle - 5}l5 5l-5 5l-5 -5z"/>`,
        text(WIDTH - 8, middle + 4, `value ${style}-text`, ratio(b.value)),
        '</g>',
      );
      y += ROW;
    }
  }
  parts.push(line(x(1), top - 4, x(1), height - 8, 'one'));
  return svg(height, name, parts);
}

export interface StackBar {
  readonly label: string;
  readonly parts: readonly number[];
}

/** Stacked bars from zero, with a legend; `show` writes totals. */
export function stackChart(
  name: string,
  legend: readonly string[],
  bars: readonly StackBar[],
  show: (total: number) => string,
): string {
  const total = (b: StackBar): number => b.parts.reduce((sum, p) => sum + p, 0);
  const widest = Math.max(...bars.map(total));
  const span = WIDTH - LABEL - VALUE;
  const top = 34;
  const parts: string[] = [];
  legend.forEach((entry, k) => {
    const x = LABEL + k * 100;
    parts.push(`<rect class="stage${k}" x="${x}" y="6" width="12" height="12" rx="2"/>`);
    parts.push(text(x + 18, 16, 'legend', entry));
  });
  bars.forEach((b, n) => {
    const y = top + n * ROW;
    let x = LABEL;
    parts.push(text(LABEL - 12, y + ROW / 2 + 4, 'label', b.label));
    b.parts.forEach((p, k) => {
      const width = (span * p) / widest;
      parts.push(
        `<rect class="stage${k}" x="${at(x)}" y="${y + 6}" width="${at(width)}" height="${ROW - 12}">` +
          `<title>${escapeHtml(`${legend[k]}: ${show(p)}`)}</title></rect>`,
      );
      x += width;
    });
    parts.push(text(x + 10, y + ROW / 2 + 4, 'value left', show(total(b))));
  });
  return svg(top + bars.length * ROW + 8, name, parts);
}
