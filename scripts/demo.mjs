// `npm start`: a PowerPC program runs here. It greets, says what machine it believes to run on, computes a picture.
import { run } from './run.mjs';

const program = 'test-roms/ppc/bin/demo';
console.error(`$ mimic ${program}\n`);
run(process.execPath, ['packages/cli/bin/mimic.js', program]);
console.error(`
That was 32-bit PowerPC code, on ${process.platform}/${process.arch}. Try:
  packages/cli/bin/mimic.js -strace ${program}
  packages/cli/bin/mimic.js disasm ${program}
  packages/cli/bin/mimic.js help`);
