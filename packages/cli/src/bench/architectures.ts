// Aliases: what other projects call a processor. In: the identity of a program. Out: names.
// The only file of the benchmarks that names architectures; Mimic itself needs none of this.
import { closeSync, openSync, readSync } from 'node:fs';
import { type ElfIdentity, ElfProblem, identifyElf } from '@mimic/linux';

interface Alias {
  readonly machine: number;
  readonly class: 32 | 64;
  readonly data: 'lsb' | 'msb';
  /** The qemu-user command. */
  readonly qemu: readonly string[];
}

const alias = (machine: number, bits: 32 | 64, data: 'lsb' | 'msb', ...qemu: string[]): Alias => ({
  machine,
  class: bits,
  data,
  qemu,
});

const ALIASES: readonly Alias[] = [
  alias(20, 32, 'msb', 'qemu-ppc', '-cpu', '7448'),
  alias(21, 64, 'msb', 'qemu-ppc64'),
  alias(21, 64, 'lsb', 'qemu-ppc64le'),
  alias(40, 32, 'lsb', 'qemu-arm'),
  alias(40, 32, 'msb', 'qemu-armeb'),
  alias(183, 64, 'lsb', 'qemu-aarch64'),
  alias(3, 32, 'lsb', 'qemu-i386'),
  alias(62, 64, 'lsb', 'qemu-x86_64'),
  alias(243, 32, 'lsb', 'qemu-riscv32'),
  alias(243, 64, 'lsb', 'qemu-riscv64'),
  alias(8, 32, 'msb', 'qemu-mips'),
  alias(8, 32, 'lsb', 'qemu-mipsel'),
  alias(22, 64, 'msb', 'qemu-s390x'),
];

/** Folders of the outside suites, where they differ from those of this repository. */
const SUITE_FOLDERS: Readonly<Record<string, string>> = { ppc: 'ppc32', x86: 'i386' };

export const suiteFolder = (architecture: string): string => SUITE_FOLDERS[architecture] ?? architecture;

/** The qemu-user command for the program in a file; undefined where none is known. */
export function qemuFor(file: string): readonly string[] | undefined {
  const identity = identityOf(file);
  if (identity instanceof ElfProblem) return undefined;
  const { machine, class: bits, data } = identity;
  return ALIASES.find((a) => a.machine === machine && a.class === bits && a.data === data)?.qemu;
}

function identityOf(file: string): ElfIdentity | ElfProblem {
  const fd = openSync(file, 'r');
  try {
    return identifyElf((position, length) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, position));
    });
  } finally {
    closeSync(fd);
  }
}
