// Reads the text form of a body, as print.ts writes it. For tests and tools.
// In: text, and the Program for names. Out: a Body, not verified. Must not know: files.
import { Body, type Program } from './body.js';
import { JumpHint, OP_BY_NAME, OPS, Op } from './op.js';

/** Throws SyntaxError with the line's number and text. `#` starts a comment. */
export function parse(text: string, program?: Program): Body {
  const body = new Body();
  const names = new Map<string, number>();
  text.split('\n').forEach((raw, n) => {
    const line = raw.replace(/#.*/, '').trim();
    if (!line) return;
    const fail = (why: string): never => {
      throw new SyntaxError(`line ${n + 1}: ${why}: ${line}`);
    };
    const words = line.replace(/[()]/g, ' ').split(/\s+/).filter(Boolean);
    if (words[0] === 'vars') {
      body.vars.push(...words.slice(1).map(Number));
      return;
    }
    let result: string | undefined;
    if (words[1] === '=') result = words.splice(0, 2)[0];
    const [opName, widthText] = words.shift()!.split('.');
    const op = OP_BY_NAME.get(opName!) ?? fail(`no op ${opName}`);
    const width = widthText ? Number(widthText) : 0;
    const value = (w: string | undefined): number =>
      names.get(w ?? '') ?? fail(`${w ?? 'operand'} is not defined`);
    const named = (items: readonly { readonly name: string }[] | undefined): number => {
      const w = words.shift() ?? '';
      if (!w.startsWith('@')) fail(`expected @name, not ${w}`);
      if (/^@\d+$/.test(w)) return Number(w.slice(1));
      const at = items?.findIndex((x) => `@${x.name}` === w) ?? -1;
      return at < 0 ? fail(`no ${w}`) : at;
    };
    const operand = (shape: string): number => {
      if (shape === '-') return 0;
      const w = words.shift();
      return shape === 'v' ? value(w) : Number(w ?? fail('missing operand'));
    };
    let id: number;
    if (op === Op.const) id = body.constant(width, BigInt(words.shift() ?? fail('missing value')));
    else if (op === Op.get || op === Op.set) {
      const cell = named(program?.cells);
      id = body.emit(op, width, cell, operand('v'), op === Op.set ? operand('v') : 0);
    } else if (op === Op.host) id = body.emit(op, width, named(program?.hosts));
    else if (op === Op.call || op === Op.trap || op === Op.return) {
      const c = op === Op.return ? 0 : named(op === Op.call ? program?.funcs : program?.traps);
      const args = words.splice(0).map(value);
      id = body.emit(op, width, body.list(args), args.length, c);
    } else if (op === Op.jump) {
      const target = operand('v');
      const hint = words.shift();
      id = body.emit(
        op,
        0,
        target,
        hint ? (JumpHint[hint as keyof typeof JumpHint] ?? fail(`no hint ${hint}`)) : 0,
      );
    } else {
      const [a, b, c] = OPS[op]!.shape.map(operand);
      id = body.emit(op, width, a, b, c);
    }
    if (words.length) fail(`unexpected ${words[0]}`);
    if (result) names.set(result, id);
  });
  return body;
}
