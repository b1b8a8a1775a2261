// The fields that an instruction uses: those of its encoding, and others as they are asked for.
// In: fields of the encoding, fields that every instruction may use, traits. Out: FieldUse by name, EncodedField by number.
// Must not know: what fields mean.
import type { FieldUse } from './lower/lowerer.js';
import { LENGTH_FIELD } from './lower/lowerer.js';
import type { FieldType } from './lower/names.js';
import type { EncodedField, Trait } from './model.js';
import { LENGTH_PIECE } from './scan.js';

type TypedField = EncodedField & { readonly type: FieldType };

const LENGTH: TypedField = {
  name: LENGTH_FIELD,
  width: LENGTH_PIECE.width,
  type: { t: 'plain', width: LENGTH_PIECE.width },
  pieces: [LENGTH_PIECE],
};

export class Fields extends Map<string, FieldUse> {
  /** By number of the param. Grows with what is asked for. */
  readonly encoded: EncodedField[] = [];

  constructor(
    own: readonly TypedField[],
    /** Absent where instructions are words: then there are no others, and no length. */
    private readonly common?: ReadonlyMap<string, TypedField>,
    private readonly traits: readonly Trait[] = [],
  ) {
    super();
    for (const f of own) this.add(f);
  }

  override get(name: string): FieldUse | undefined {
    const known = super.get(name);
    if (known) return known;
    const trait = this.traits.findIndex((t) => t.name === name);
    if (trait >= 0) {
      const { width } = this.traits[trait]!;
      return this.add({ name, width, type: { t: 'plain', width }, pieces: [], trait });
    }
    if (!this.common) return undefined;
    const f = name === LENGTH_FIELD ? LENGTH : this.common.get(name);
    return f && this.add(f);
  }

  private add({ name, width, type, pieces, trait }: TypedField): FieldUse {
    const use = { name, width, type, param: this.encoded.length };
    this.encoded.push({ name, width, pieces, ...(trait === undefined ? {} : { trait }) });
    this.set(name, use);
    return use;
  }
}
