// Decoders: which code each reads, what it knows about modes, what it puts around its instructions.
// In: names, decoder items. Out: by name, what encoding and lowering an instruction needs. Must not know: instructions.
import { type Encoded, encode } from '../encode.js';
import type * as ast from '../syntax/ast.js';
import { type Span, SpecError } from '../syntax/source.js';
import { Builder } from './builder.js';
import { Lowerer, type SpecContext } from './lowerer.js';
import type { ModeDef, Names } from './names.js';
import { bits, int, type Value } from './values.js';

export interface Decoder {
  /** Values of the mode bits of an address that select it. */
  readonly selected: readonly boolean[];
  /** The bits of an address in its modes: the least of them. */
  readonly modes: number;
  /** Modes that have only one value in it. */
  readonly known: ReadonlyMap<string, Value>;
  /** The first 16-bit unit stands left in encodings. */
  readonly leftmost: boolean;
  readonly mask: number;
  readonly value: number;
  readonly body: ast.Block | undefined;
  encode(encoding: ast.Encoding, numbers: ReadonlyMap<string, bigint>, span: Span): Encoded;
}

type AddressMode = ModeDef & { readonly name: string; readonly at: number };

/** The decoders of a spec. One that has none has an unnamed one, for all code. */
export class DecoderSet {
  private readonly made = new Map<string, Decoder>();

  constructor(private readonly spec: SpecContext) {}

  private get names(): Names {
    return this.spec.names;
  }

  /** Throws SpecError. */
  add(name: string, item: ast.DecoderItem): void {
    const { names } = this;
    const leftmost = item.unit !== undefined;
    if (leftmost && (item.unit !== 16 || names.unit !== 2))
      throw new SpecError('decoder', 'units are of 16 bits, in an architecture with `insn 2`', item.span);
    const box = item.box ? encode(names, item.box, new Map(), item.span, leftmost) : undefined;
    const selected = this.selected(item.when);
    const first = selected.indexOf(true);
    if (first < 0) throw new SpecError('decoder', `no mode selects ${name}`, item.span);
    const shift = Math.log2(names.modeMask & -names.modeMask) || 0;
    const known = new Map<string, Value>();
    for (const m of this.addressModes()) {
      const of = (v: number): number => (v >>> (m.at - shift)) % 2 ** m.width;
      if (selected.every((s, v) => !s || of(v) === of(first))) known.set(m.name, int(of(first)));
    }
    const context = names.context;
    const wanted = context && item.body && mentions(item.body, context.name) ? context : undefined;
    this.made.set(name, {
      selected,
      modes: first * 2 ** shift,
      known,
      leftmost,
      mask: box?.mask ?? 0,
      value: box?.value ?? 0,
      body: item.body,
      encode: (encoding, numbers, span) => {
        const e = encode(names, encoding, numbers, span, leftmost);
        if (!wanted) return e;
        const { width } = wanted;
        const field = { name: wanted.name, width, pieces: [], type: { t: 'plain', width } } as const;
        return { ...e, fields: [...e.fields, field] };
      },
    });
  }

  get(name: string): Decoder | undefined {
    return this.made.get(name);
  }

  /** The decoder of an item behind `decoder NAME`. Throws SpecError. */
  of(name: string | undefined, span: Span): Decoder {
    const d = this.made.get(name ?? '');
    if (d) return d;
    if (name !== undefined)
      throw new SpecError('unknown-name', `there is no decoder ${name}`, span, [
        'declare it: decoder NAME when MODE',
      ]);
    this.add('', { t: 'decoder', names: [''], span });
    return this.made.get('')!;
  }

  /** What decides which words and modes are a decoder's. */
  group(name: string | undefined): { modes: readonly boolean[]; mask: number; value: number } {
    const d = this.made.get(name ?? '')!;
    return { modes: d.selected, mask: d.mask, value: d.value };
  }

  private addressModes(): AddressMode[] {
    const out: AddressMode[] = [];
    for (const [name, def] of this.names.defs)
      if (def.kind === 'mode' && def.at !== undefined) out.push({ ...def, name, at: def.at });
    return out;
  }

  /** By value of the mode bits of an address: whether `when` holds. */
  private selected(when: ast.Expr | undefined): boolean[] {
    const mask = this.names.modeMask;
    const shift = Math.log2(mask & -mask) || 0;
    const count = mask ? (mask >>> shift) + 1 : 1;
    return Array.from({ length: count }, (_, v) => {
      if (!when) return true;
      const b = new Builder(true);
      const l = new Lowerer(this.spec, b, 'function');
      for (const m of this.addressModes())
        l.global(m.name, bits(b.constant(m.width, (v >>> (m.at - shift)) % 2 ** m.width)));
      const k = b.constantOf(l.condition(when));
      if (k === undefined)
        throw new SpecError('static', 'a decoder is chosen by modes of the address', when.span);
      return k === 1n;
    });
  }
}

/** Whether a name stands anywhere in a piece of syntax. */
function mentions(node: unknown, name: string): boolean {
  if (node === null || typeof node !== 'object') return false;
  if (Array.isArray(node)) return node.some((x) => mentions(x, name));
  const { t, name: own } = node as { t?: unknown; name?: unknown };
  if (t === 'name' && own === name) return true;
  return Object.entries(node).some(([key, x]) => key !== 'span' && mentions(x, name));
}
