// The compiled spec as bytes: named sections, so that a run reads only what it needs.
// In: CompiledIsa, sections of others. Out: bytes and back. Must not know: what other packages put in their sections.
import { Body, type Func, type Program } from '@mimic/ir';
import type { InsnAssembly } from './assembly.js';
import type { CompiledIsa, DecodeNode, Hook, Insn, Register } from './model.js';

/** Raised when the format changes: older artifacts are then built anew. */
export const ARTIFACT_VERSION = 3;
const MAGIC = 'mimicisa';

export type Sections = Readonly<Record<string, Uint8Array>>;

// ---- text without the host's encoders: artifacts are ASCII

function toBytes(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

function toText(bytes: Uint8Array): string {
  let out = '';
  // Not by spreading, which would go through an iterator.
  for (let i = 0; i < bytes.length; i += 8192)
    out += String.fromCharCode.apply(undefined, bytes.subarray(i, i + 8192) as unknown as number[]);
  return out;
}

function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** JSON with bigints, byte arrays and bodies. */
function toJson(value: unknown): Uint8Array {
  return toBytes(
    ascii(
      JSON.stringify(value, (_key, v: unknown) => {
        if (typeof v === 'bigint') return { $n: v.toString() };
        if (v instanceof Uint8Array)
          return { $b: Array.from(v, (b) => b.toString(16).padStart(2, '0')).join('') };
        if (v instanceof Body) {
          const { op, width, a, b, c, extra, big, vars } = v.parts();
          return { $i: [op, width, a, b, c, extra, big.map(String), vars] };
        }
        return v;
      }),
    ),
  );
}

type Arrays = [number[], number[], number[], number[], number[], number[], string[], number[]];

function body(x: Arrays): Body {
  const [op, width, a, b, c, extra, big, vars] = x;
  return Body.from({ op, width, a, b, c, extra, big: big.map(BigInt), vars });
}

function fromJson<T>(bytes: Uint8Array): T {
  return revived(JSON.parse(toText(bytes))) as T;
}

/** `value` with what toJson wrote as objects put back in place: a walk of our own is faster than JSON.parse's. */
function revived(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (typeof value[i] === 'object') value[i] = revived(value[i]);
    return value;
  }
  const v = value as Record<string, unknown> & { $n?: string; $b?: string; $i?: Arrays };
  if (v.$n !== undefined) return BigInt(v.$n);
  if (v.$b !== undefined) return Uint8Array.from(v.$b.match(/../g) ?? [], (d) => Number.parseInt(d, 16));
  if (v.$i !== undefined) return body(v.$i);
  for (const k in v) if (typeof v[k] === 'object') v[k] = revived(v[k]);
  return v;
}

// ---- sections

/** Joins sections into one file. */
export function pack(sections: Sections): Uint8Array {
  const names = Object.keys(sections);
  const head = toBytes(
    `${MAGIC} ${ARTIFACT_VERSION} ${JSON.stringify(names.map((n) => [n, sections[n]!.length]))}\n`,
  );
  const out = new Uint8Array(head.length + names.reduce((n, k) => n + sections[k]!.length, 0));
  out.set(head);
  let at = head.length;
  for (const n of names) {
    out.set(sections[n]!, at);
    at += sections[n]!.length;
  }
  return out;
}

/** The sections of a file; undefined when it is not an artifact of this version. */
export function unpack(bytes: Uint8Array): Sections | undefined {
  const nl = bytes.indexOf(10);
  if (nl < 0 || nl > 4096) return undefined;
  const m = /^(\w+) (\d+) (\[.*\])$/.exec(toText(bytes.subarray(0, nl)));
  if (!m || m[1] !== MAGIC || Number(m[2]) !== ARTIFACT_VERSION) return undefined;
  let table: unknown;
  try {
    table = JSON.parse(m[3]!);
  } catch {
    return undefined;
  }
  const out: Record<string, Uint8Array> = {};
  let at = nl + 1;
  for (const [name, length] of table as [string, number][]) {
    if (at + length > bytes.length) return undefined;
    out[name] = bytes.subarray(at, at + length);
    at += length;
  }
  return out;
}

interface RunPart {
  readonly name: string;
  readonly title: string;
  readonly endian: 'big' | 'little';
  readonly word: 32 | 64;
  readonly unit: 1 | 2 | 4;
  readonly modeMask: number;
  readonly context?: CompiledIsa['context'];
  readonly scan?: CompiledIsa['scan'];
  readonly ignored?: number;
  readonly program: Omit<Program, 'funcs'>;
  readonly traits: CompiledIsa['traits'];
  readonly models: CompiledIsa['models'];
  readonly model: CompiledIsa['model'];
  readonly stateSize: number;
  readonly listing?: CompiledIsa['listing'];
  readonly registers: readonly Register[];
  readonly abi?: CompiledIsa['abi'];
  readonly hooks: Readonly<Partial<Record<string, Hook>>>;
}
/** What decoding needs: instructions without their semantics. */
interface DecodePart {
  readonly insns: readonly Omit<Insn, 'template'>[];
  readonly decode: readonly DecodeNode[];
}
interface LiftPart {
  readonly templates: readonly Body[];
  readonly funcs: readonly Func[];
}

/** Only a `where` needs revival: to look at all else costs as much as to decode the first thousand instructions. */
function decodePart(bytes: Uint8Array): DecodePart {
  const part = JSON.parse(toText(bytes)) as {
    insns: (Omit<Insn, 'template' | 'where'> & { where?: unknown })[];
    decode: DecodeNode[];
  };
  for (const insn of part.insns) if (insn.where !== undefined) insn.where = revived(insn.where);
  return part as DecodePart;
}

/** An ISA as sections `run`, `decode`, `lift` and `asm`. */
export function isaSections(isa: CompiledIsa): Sections {
  const { insns, decode, assembly, program, ...rest } = isa;
  const { funcs, ...shared } = program;
  return {
    run: toJson({ ...rest, program: shared } satisfies RunPart),
    decode: toJson({ insns: insns.map(({ template: _, ...head }) => head), decode } satisfies DecodePart),
    lift: toJson({ templates: insns.map((i) => i.template), funcs } satisfies LiftPart),
    asm: toJson(assembly),
  };
}

/** The ISA in `sections`. What only translation and listings need is read at first use. */
export function isaFrom(sections: Sections): CompiledIsa {
  const run = fromJson<RunPart>(sections['run']!);
  let lift: LiftPart | undefined;
  const lifted = (): LiftPart => (lift ??= fromJson<LiftPart>(sections['lift']!));
  let assembly: readonly InsnAssembly[] | undefined;
  let decoding: DecodePart | undefined;
  const decoded = (): DecodePart => (decoding ??= decodePart(sections['decode']!));
  let insns: readonly Insn[] | undefined;
  return {
    ...run,
    program: {
      ...run.program,
      get funcs() {
        return lifted().funcs;
      },
    },
    get insns() {
      return (insns ??= decoded().insns.map((head, n) => ({
        ...head,
        get template() {
          return lifted().templates[n]!;
        },
      })));
    },
    get decode() {
      return decoded().decode;
    },
    get assembly() {
      return (assembly ??= fromJson<readonly InsnAssembly[]>(sections['asm']!));
    },
  };
}
