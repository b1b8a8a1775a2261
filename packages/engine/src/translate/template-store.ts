// The translator's templates as bytes, made when a spec is built: a run then neither parses nor optimises them.
// In: Templates, or bytes. Out: bytes, or a TemplateSource that reads one template when it is wanted.
// Must not know: what templates say.
import { Body, type Func, type Program } from '@mimic/ir';
import type { CompiledIsa } from '@mimic/isa';
import { type Template, Templates } from './templates.js';

/** Where templates come from. */
export interface TemplateSource {
  /** Split; its functions may lack bodies. */
  readonly program: Program;
  get(insn: number): Template;
}

interface Header {
  readonly program: Omit<Program, 'funcs'>;
  readonly funcs: readonly Pick<Func, 'name' | 'params' | 'results'>[];
  /** By instruction: where its words are, and its flags. */
  readonly templates: readonly (readonly [
    start: number,
    end: number,
    jumps: boolean,
    traps: boolean,
    loops: boolean,
    rare: boolean,
    calls: number[],
  ])[];
}

/** Header as JSON, a newline, padding to 4 bytes, then 32-bit words in the byte order of the host that built it. */
export function encodeTemplates(isa: CompiledIsa): Uint8Array {
  const source = new Templates(isa);
  const words: number[] = [];
  const templates = isa.insns.map((_, n): Header['templates'][number] => {
    const { body, jumps, traps, loops, rare, calls } = source.get(n);
    const at = words.length;
    for (const v of body) words.push(v);
    return [at, words.length, jumps, traps, loops, rare, [...calls]];
  });
  const { cells, traps, hosts, word, funcs } = source.program;
  const header: Header = {
    program: { cells, traps, hosts, word },
    funcs: funcs.map(({ name, params, results }) => ({ name, params, results })),
    templates,
  };
  let text = JSON.stringify(header);
  while ((text.length + 1) % 4) text += ' ';
  const out = new Uint8Array(text.length + 1 + 4 * words.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  out[text.length] = 10;
  out.set(new Uint8Array(Int32Array.from(words).buffer), text.length + 1);
  return out;
}

/** Throws SyntaxError on bytes that encodeTemplates did not make. */
export function decodeTemplates(bytes: Uint8Array): TemplateSource {
  const end = bytes.indexOf(10);
  let text = '';
  for (let i = 0; i < end; i += 8192)
    text += String.fromCharCode.apply(
      undefined,
      bytes.subarray(i, Math.min(end, i + 8192)) as unknown as number[],
    );
  const header = JSON.parse(text) as Header;
  const words = new Int32Array(bytes.slice(end + 1).buffer);
  const made: (Template | undefined)[] = [];
  const read = (n: number): Template => {
    const [start, end, jumps, traps, loops, rare, calls] = header.templates[n]!;
    return { body: words.subarray(start, end), jumps, traps, loops, rare, calls };
  };
  return {
    program: { ...header.program, funcs: header.funcs.map((f) => ({ ...f, body: new Body() })) },
    get: (n) => (made[n] ??= read(n)),
  };
}
