// Spec text with positions, and diagnostics that show them.
// In: file names and text. Out: Source, Diagnostic, formatDiagnostic. Must not know: the grammar.

/** One spec file. */
export class Source {
  private readonly starts: number[] = [0];
  constructor(
    /** Name as messages show it, relative to the specs' root: `NAME/branch.isa`. */
    readonly name: string,
    readonly text: string,
  ) {
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.starts.push(i + 1);
  }

  /** Line and column, both from 1, of a character offset. */
  position(offset: number): { line: number; column: number } {
    let lo = 0;
    let hi = this.starts.length - 1;
    while (lo < hi) {
      const mid = (lo + hi + 1) >> 1;
      if (this.starts[mid]! <= offset) lo = mid;
      else hi = mid - 1;
    }
    return { line: lo + 1, column: offset - this.starts[lo]! + 1 };
  }

  /** The text of a line, counted from 1, without its end. */
  line(n: number): string {
    const end = n < this.starts.length ? this.starts[n]! - 1 : this.text.length;
    return this.text.slice(this.starts[n - 1]!, end).replace(/\r$/, '');
  }
}

/** A stretch of a source: character offsets [at, end). */
export interface Span {
  readonly source: Source;
  readonly at: number;
  readonly end: number;
}

/** One finding about a spec: where, what, the value, the way out. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Short kebab-case kind, stable: `width`, `unknown-name`, `overlap`, ... */
  readonly code: string;
  readonly message: string;
  readonly span: Span;
  /** Under the caret. */
  readonly label?: string;
  /** Lines after the excerpt: other places, and what to do. */
  readonly notes?: readonly string[];
}

/** What the author of a spec did wrong, thrown inside the compiler and collected at the item. */
export class SpecError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly span: Span,
    readonly notes: readonly string[] = [],
    readonly label = '',
  ) {
    super(message);
  }
}

/** `file:line:column`. */
export function locate(span: Span): string {
  const { line, column } = span.source.position(span.at);
  return `${span.source.name}:${line}:${column}`;
}

/** The diagnostic as lines of text, with the source line and a caret. */
export function formatDiagnostic(d: Diagnostic): string {
  const { line, column } = d.span.source.position(d.span.at);
  const text = d.span.source.line(line);
  const gutter = String(line).padStart(4);
  const caret = '^'.repeat(Math.max(1, Math.min(d.span.end - d.span.at, text.length - column + 1)));
  const pad = text.slice(0, column - 1).replace(/[^\t]/g, ' ');
  const out = [
    `${d.span.source.name}:${line}:${column}: ${d.severity}[${d.code}]: ${d.message}`,
    `${gutter} | ${text}`,
    `${' '.repeat(gutter.length)} | ${pad}${caret}${d.label ? ` ${d.label}` : ''}`,
  ];
  for (const n of d.notes ?? []) out.push(`  note: ${n}`);
  return out.join('\n');
}
