// Cuts a spec file into top-level items, so that each is parsed alone: faster, and an error stays in its item.
// In: text. Out: character ranges. Must not know: the grammar.

const starts = /^[a-z]/;

/** A stretch of text that should be one item. */
export interface Piece {
  readonly at: number;
  readonly text: string;
}

/**
 * An item starts at a line with a letter in its first column, and goes on to the next such line. What stands before the first one must be comments and blank lines; otherwise it is a piece of its own.
 */
export function splitItems(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let from = 0;
  const push = (end: number): void => {
    const piece = text.slice(from, end);
    if (/^(?:\s|\/\/[^\n]*(?:\n|$))*$/.test(piece)) return;
    pieces.push({ at: from, text: piece });
  };
  while (at < text.length) {
    const nl = text.indexOf('\n', at);
    const end = nl < 0 ? text.length : nl + 1;
    if (at > from && starts.test(text.charAt(at))) {
      push(at);
      from = at;
    }
    at = end;
  }
  push(text.length);
  return pieces;
}
