// The text form of a body: one op a line, nested control indented. parse.ts reads it back.
// In: a Body, and the Program for names. Out: text. Must not know: files.
import type { Body, Program } from './body.js';
import { JumpHint, OPS, Op } from './op.js';

/** `@name` where the name is plain and unique, else `@number`. */
export function reference(items: readonly { readonly name: string }[] | undefined, n: number): string {
  const name = items?.[n]?.name;
  const plain =
    name !== undefined && /^[A-Za-z_][\w.]*$/.test(name) && items!.findIndex((x) => x.name === name) === n;
  return plain ? `@${name}` : `@${n}`;
}

/** One op as text, without indentation. */
export function printOp(body: Body, i: number, program?: Program): string {
  const op = body.op[i]!;
  const def = OPS[op];
  if (!def) return `op ${op}?`;
  const [a, b, c] = [body.a[i]!, body.b[i]!, body.c[i]!];
  const width = body.width[i]!;
  const head = width > 0 || op === Op.call ? `%${i} = ` : '';
  const name = width > 0 ? `${def.name}.${width}` : def.name;
  const list = (): string =>
    `(${body.extra
      .slice(a, a + b)
      .map((v) => `%${v}`)
      .join(' ')})`;
  switch (op) {
    case Op.const:
      return `${head}${name} 0x${body.constantValue(i).toString(16)}`;
    case Op.get:
      return `${head}${name} ${reference(program?.cells, a)} %${b}`;
    case Op.set:
      return `${name} ${reference(program?.cells, a)} %${b} %${c}`;
    case Op.host:
      return `${head}${name} ${reference(program?.hosts, a)}`;
    case Op.call:
      return `${head}${name} ${reference(program?.funcs, c)} ${list()}`;
    case Op.trap:
      return `${name} ${reference(program?.traps, c)} ${list()}`;
    case Op.return:
      return `${name} ${list()}`;
    case Op.jump:
      return `${name} %${a}${b ? ` ${JumpHint[b] ?? b}` : ''}`;
    default: {
      const slots = [a, b, c];
      const operands = def.shape.map((s, k) =>
        s === 'v' ? ` %${slots[k]}` : s === 'i' ? ` ${slots[k]}` : '',
      );
      return head + name + operands.join('');
    }
  }
}

/** The whole body, each line ended by a newline. */
export function print(body: Body, program?: Program): string {
  let text = body.vars.length ? `vars ${body.vars.join(' ')}\n` : '';
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    const op = body.op[i];
    if (op === Op.end || op === Op.else) depth--;
    text += `${'  '.repeat(Math.max(depth, 0))}${printOp(body, i, program)}\n`;
    if (op === Op.if || op === Op.loop || op === Op.else) depth++;
  }
  return text;
}
