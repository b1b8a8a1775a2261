// What `mimic help` prints. In: nothing. Out: the usage text.
import { writeSync } from 'node:fs';

const TEXT = `mimic [run] [options] program [arguments...]

Runs a Linux program that was built for another processor.

  -L path          look for files under path first, then on this machine
  -E var=value     set a variable of the program's environment
  -U var           unset one
  -0 name          give the program this argv[0]
  -s size          stack size in bytes, or with the suffix K, M or G (default 8M)
  -cpu name        processor model; help lists those there are
  -isa folder      a spec folder that counts before the built-in ones
  -strace          print every system call
  --cache-size n   bytes of translated code kept (default 64M; 0: interpret only)
  --threshold n    samples of an address before it is translated (default 3)
  --stress seed    translate everything, drop it at random: slow, finds bugs
  --no-pass name   leave out one of the translator's passes: fold, share, forward, dead,
                   groups, move, lazy, checks, unroll
  -d items         print to stderr, by commas: unimp, strace, exits; of translated
                   code in_asm, op, op_opt, out_asm; at the end jit: figures
  -D file          write what -strace and -d print to a file
  -g port          wait for a debugger on a port (not there yet)

mimic disasm file...      list a program, as objdump -d does
mimic isa check|test ...  tools for whoever writes a spec
mimic bench [options]     measure programs, translation and start-up (in a checkout of the repository)
  --vs qemu|command         run the same with qemu-user or any other command, in turns ('mimic --cache-size 0' too)
  --rounds n                runs of each (default 5)
  --seconds s               that the faster side of a pair runs for (default 4)
  --only ids                some of them, by commas; --list names all
  --quick                   short runs, once
  --arch name               one processor's programs
  --json, --html, --doc f   write the results: all, a page with plots, a section of a Markdown file

The exit status is the program's. A program killed by a signal ends mimic by the same signal.
`;

export function help(): number {
  writeSync(1, TEXT);
  return 0;
}
