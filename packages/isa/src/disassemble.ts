// Decoded instructions -> assembly text, from the spec's own text.
// In: a CompiledIsa, a word, its address. Out: text. Must not know: symbols; listings put them in through `address`.
import { type Body, evaluate, noMachine } from '@mimic/ir';
import type { AsmForm, AsmPiece, InsnAssembly, StaticRef } from './assembly.js';
import { type Decoded, decode } from './decode.js';
import type { CompiledIsa } from './model.js';

/** How a listing wants things. */
export interface TextStyle {
  /** An address operand; `0x` and hexadecimal digits unless given. */
  readonly address?: (address: number) => string;
  /** Keep the blanks behind commas. */
  readonly spaced?: boolean;
}

export interface Assembly {
  readonly mnemonic: string;
  /** Comma-separated without spaces; may be empty. */
  readonly operands: string;
}

/** The assembly of an unsigned word of 32 bits at `pc`; undefined when it does not decode. `context`: see CompiledIsa. */
export function disassemble(
  isa: CompiledIsa,
  word: number,
  pc: number,
  style: TextStyle = {},
  context = 0,
): Assembly | undefined {
  const d = decode(isa, word, pc, context);
  return d && assembly(isa, d, pc, style);
}

/** The assembly of a decoded instruction at `pc`. */
export function assembly(isa: CompiledIsa, d: Decoded, pc: number, style: TextStyle = {}): Assembly {
  const text = (isa.assembly as readonly InsnAssembly[])[d.number]!;
  const value = (ref: StaticRef): number =>
    'field' in ref ? d.fields[ref.field]! : Number(run(isa, ref.body, d.fields, pc));
  const form: AsmForm = text.aliases.find((a) => !a.when || value(a.when) === 1) ?? text.own;
  const print = (p: AsmPiece): string => {
    switch (p.t) {
      case 'text':
        return p.text;
      case 'flag':
        return value(p.value) ? p.text : '';
      case 'names':
        return p.names[value(p.value)] ?? String(value(p.value));
      case 'set': {
        const set = value(p.value);
        return p.names.filter((_, i) => (set >>> i) & 1).join(', ');
      }
      case 'number':
        return 'field' in p.value
          ? number(p, BigInt(value(p.value)), style)
          : number(p, run(isa, p.value.body, d.fields, pc), style);
      case 'rows': {
        const row = p.rows.find((r) => !r.when || value(r.when) === 1);
        return row ? row.pieces.map(print).join('') : '';
      }
    }
  };
  const operands = form.operands.map(print).join('');
  return {
    mnemonic: form.mnemonic.map(print).join(''),
    operands: style.spaced ? operands : operands.replace(/,\s+/g, ','),
  };
}

function number(p: Extract<AsmPiece, { t: 'number' }>, v: bigint, style: TextStyle): string {
  if (p.format === 'a') return style.address ? style.address(Number(v)) : `0x${v.toString(16)}`;
  if (p.format === 'x') return v.toString(16);
  if (p.format === 'e') return scientific(double(v));
  if (p.format === 'g') return String(Number(double(v).toPrecision(7)));
  return String(p.signed === undefined ? v : BigInt.asIntN(p.signed, v));
}

const double = (bits: bigint): number => new Float64Array(BigUint64Array.of(bits).buffer)[0]!;

/** As C's `%.18e` prints it. */
function scientific(number: number): string {
  return number.toExponential(18).replace(/e([+-])(\d)$/, 'e$10$2');
}

function run(isa: CompiledIsa, body: Body, fields: readonly number[], pc: number): bigint {
  const r = evaluate(isa.program, body, fields.map(BigInt), BigInt(pc), noMachine);
  return r.kind === 'return' ? r.values[0]! : 0n;
}
