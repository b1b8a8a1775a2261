// A report as tables, and tables as text or Markdown. In: a Report. Out: Table, text.
// Must not know: HTML, how anything was measured.
import { amount, digits, duration, range, ratio } from './format.js';
import { type Report, type Row, STAGES } from './model.js';
import { overall, rates } from './statistics.js';

export interface Table {
  readonly title: string;
  /** The first column is text, the others are numbers, to be set right. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Below the table. */
  readonly notes: readonly string[];
}

export function tablesOf(report: Report): Table[] {
  const out = [
    comparison('Execution', report, 'execution'),
    comparison('Start-up and cold code', report, 'start-up'),
    translation(report),
    suites(report),
  ];
  return out.filter((t) => t.rows.length > 0 || t.notes.length > 0);
}

/** What a row is called: with its architecture where there are several. */
export function titleOf(row: Row, { rows }: Pick<Report, 'rows'>): string {
  return rows.every((r) => r.architecture === row.architecture)
    ? row.title
    : `${row.architecture}: ${row.title}`;
}

/** What the other side is called in a heading. */
export function rivalName({ versus }: Pick<Report, 'versus'>): string {
  const [, name] = /([^/\s]+)(?:\s|$)/.exec(versus ?? '') ?? [];
  return name === undefined || name === 'mimic' || name.length > 12 ? 'other' : name;
}

function comparison(title: string, report: Report, group: Row['group']): Table {
  const all = report.rows.filter((r) => r.group === group);
  const rows = all.filter((r) => r.mimic);
  const other = rivalName(report);
  const paired = rows.some((r) => r.ratio);
  const columns = paired
    ? ['', ...['CPU', 'wall'].flatMap((t) => [`Mimic ${t}`, `${other} ${t}`, 'ratio', 'min–max'])]
    : ['', 'CPU', 'min–max, s', 'wall', 'min–max, s'];
  const cells = (r: Row): string[] => {
    const name = titleOf(r, report);
    const { mimic, ratio: by } = r;
    if (!paired) return [name, ...[mimic!.user, mimic!.wall].flatMap((t) => [duration(t.median), range(t)])];
    const side = (time: 'user' | 'wall'): string[] => [
      duration(mimic![time].median),
      r.other ? duration(r.other[time].median) : '',
      by ? ratio(by[time].median) : '',
      by ? range(by[time]) : '',
    ];
    return [name, ...side('user'), ...side('wall')];
  };
  const notes = all.flatMap((r) =>
    r.error !== undefined
      ? [`${titleOf(r, report)}: failed: ${r.error}`]
      : r.skipped !== undefined
        ? [`${titleOf(r, report)}: skipped: ${r.skipped}`]
        : [],
  );
  const means = (['user', 'wall'] as const).map((time) => overall(group === 'execution' ? rows : [], time));
  const body = rows.map(cells);
  if (means[0] !== undefined && rows.length > 1)
    body.push(['geometric mean', '', '', ratio(means[0]), '', '', '', ratio(means[1]!), '']);
  return { title, columns, rows: body, notes };
}

const STAGE_NAMES = {
  decode: 'decode',
  lift: 'lift',
  optimise: 'optimise',
  emit: 'emit',
  compile: 'V8 compile',
};
export const stageName = (stage: keyof typeof STAGE_NAMES): string => STAGE_NAMES[stage];

function translation({ translation: rows }: Report): Table {
  return {
    title: 'Translation, guest instructions a second',
    columns: ['', 'instructions', 'wasm bytes each', ...STAGES.map(stageName), 'all'],
    rows: rows.map((r) => {
      const by = rates(r);
      return [
        r.program,
        String(Math.round(r.instructions)),
        digits(r.bytes / r.instructions),
        ...STAGES.map((s) => amount(by[s])),
        amount(by.all),
      ];
    }),
    notes:
      rows.length > 0
        ? ['decode: with finding blocks; lift and optimise: of what was not lifted before for another region']
        : [],
  };
}

function suites({ suites: rows }: Report): Table {
  return {
    title: 'Parts',
    columns: ['', 'rate', 'margin'],
    rows: rows.map((r) => [`${r.suite}: ${r.name}`, amount(r.rate, r.unit), `±${digits(r.margin)} %`]),
    notes: [],
  };
}

/** For a terminal. */
export function textOf({ title, columns, rows, notes }: Table): string {
  const all = rows.length > 0 ? [columns, ...rows] : [];
  const widths = columns.map((_, k) => Math.max(...all.map((r) => r[k]!.length)));
  const line = (r: readonly string[]): string =>
    r
      .map((c, k) => (k === 0 ? c.padEnd(widths[k]!) : c.padStart(widths[k]!)))
      .join('  ')
      .trimEnd();
  return `${[title, ...all.map((r) => `  ${line(r)}`), ...notes.map((n) => `  ${n}`)].join('\n')}\n`;
}

export function markdownOf({ title, columns, rows, notes }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table =
    rows.length > 0 ? [line(columns), `|---|${'--:|'.repeat(columns.length - 1)}`, ...rows.map(line)] : [];
  return `${[`**${title}**`, '', ...table, ...(notes.length ? ['', ...notes.map((n) => `- ${n}`)] : [])].join('\n')}\n`;
}

/** Where, when and how it was measured, in parts. */
export function circumstances({ host, date, rounds, quick }: Report): string[] {
  const runs = `medians of ${rounds}${quick ? ', short runs: starting dominates' : ''}`;
  const when = `${date.slice(0, 16).replace('T', ' ')} UTC`;
  return [when, `${host.cpu}, ${host.cores} cores`, host.system, `Node ${host.node}`, runs];
}

const [BEGIN, END] = ['<!-- bench:begin -->', '<!-- bench:end -->'];

/** `text` with the report between its markers. Undefined where it has none. */
export function fill(text: string, report: Report): string | undefined {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) return undefined;
  const against = report.versus === undefined ? '' : `Against \`${report.versus}\`; `;
  const body = [`${against}${circumstances(report).join('; ')}.\n`, ...tablesOf(report).map(markdownOf)].join(
    '\n',
  );
  return `${text.slice(0, from + BEGIN.length)}\n\n${body}\n${text.slice(to)}`;
}
