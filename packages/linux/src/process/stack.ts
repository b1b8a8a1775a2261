// The initial stack of a program: argc, argv, the environment, the auxiliary vector, the strings.
// In: names, where the program stands. Out: the stack pointer. Must not know: registers, files.
import { PAGE_SIZE, Perm } from '@mimic/bus';
import type { LoadedElf } from '../elf/load.js';
import type { ElfImage } from '../elf/read.js';
import { pageDown, pageUp } from '../memory/address-space.js';
import type { Process } from './process.js';

/** Clock ticks a second, as programs see it (AT_CLKTCK). */
export const TICKS = 100;

const encode = (text: string): Uint8Array => Uint8Array.from(`${text}\0`, (c) => c.charCodeAt(0));

export interface StackRequest {
  /** Byte strings. */
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  readonly program: LoadedElf;
  readonly image: ElfImage;
  /** Where the dynamic linker was loaded; 0 without one. */
  readonly interpreterBase: number;
  /** Bytes. */
  readonly size: number;
  readonly executable: boolean;
}

/** Maps the stack, fills it, and gives the stack pointer: a multiple of 16. */
export function buildStack(process: Process, request: StackRequest): number {
  const { space, memory, user, kernel } = process;
  // A page stays unused above, so that the fast checks, which look one page ahead, hold on the whole stack.
  const top = pageDown(memory.limit) - PAGE_SIZE;
  const size = pageUp(Math.max(request.size, 16 * PAGE_SIZE));
  const access = Perm.R | Perm.W | (request.executable ? Perm.X : 0);
  space.map({ address: top - size, length: size + PAGE_SIZE, fixed: true, access, name: '[stack]' });
  space.mapTop = top - size - (1 << 20);

  let at = top - 2 * user.wordSize;
  const put = (bytes: Uint8Array): number => {
    at -= bytes.length;
    memory.pokeBytes(at, bytes);
    return at;
  };
  const putText = (text: string): number => put(encode(text));
  const executableName = putText(process.executable);
  const environEnd = at;
  const environment = request.environment.toReversed().map(putText).reverse();
  const argvEnd = at;
  const argv = request.argv.toReversed().map(putText).reverse();
  process.argvRange = [at, argvEnd];
  process.environRange = [argvEnd, environEnd];
  const random = new Uint8Array(16);
  kernel.host.random(random);
  const randomAt = put(random);
  const entries = auxiliary(process, request, executableName, randomAt, putText);
  const words = [argv.length, ...argv, 0, ...environment, 0, ...entries.flat()];
  const sp = Math.floor((at - words.length * user.wordSize) / 16) * 16;
  words.forEach((word, i) => void user.putWord(sp + i * user.wordSize, word));
  const auxvBytes = entries.length * 2 * user.wordSize;
  process.auxv = new Uint8Array(auxvBytes);
  memory.peekBytes(sp + (words.length - entries.length * 2) * user.wordSize, process.auxv);
  return sp;
}

/** The auxiliary vector: pairs of an AT_ number and a value, AT_NULL last. */
function auxiliary(
  process: Process,
  { program, image, interpreterBase }: StackRequest,
  executableName: number,
  random: number,
  putText: (text: string) => number,
): [number, number][] {
  const { kernel, credentials } = process;
  const entries: Record<string, number> = {
    PAGESZ: kernel.abi.types.page,
    PHDR: program.headers,
    PHENT: image.headerSize,
    PHNUM: image.headerCount,
    BASE: interpreterBase,
    FLAGS: 0,
    ENTRY: program.entry,
    UID: credentials.uid,
    EUID: credentials.euid,
    GID: credentials.gid,
    EGID: credentials.egid,
    SECURE: 0,
    CLKTCK: TICKS,
    RANDOM: random,
    EXECFN: executableName,
  };
  for (const [name, value] of Object.entries(kernel.abi.auxv)) {
    entries[name] = typeof value === 'string' ? putText(value) : Number(value);
  }
  const out: [number, number][] = [];
  for (const [name, value] of Object.entries(entries)) {
    const number = kernel.values.get('auxv', `AT_${name}`);
    if (number >= 0) out.push([number, value]);
  }
  return [...out, [0, 0]];
}
