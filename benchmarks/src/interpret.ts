// How fast a loop of integer instructions runs, interpreted and translated: guest instructions retired in a second.
import { Perm } from '@mimic/bus';
import { buildInterpreter, createGuest, Interpreter } from '@mimic/engine';
import { ppc } from './inputs.js';
import { type Case, suite } from './suite.js';

/** A checksum over a table: loads, shifts, rotates, compares, a branch; and a store for each turn. */
const program = [
  0x3c600002, // lis    r3,2           the table, 0x20000
  0x38800400, // li     r4,1024
  0x7c8903a6, // mtctr  r4
  0x38a00000, // li     r5,0
  0x80c30000, // lwz    r6,0(r3)       loop:
  0x7ca53278, // xor    r5,r5,r6
  0x54a5283e, // rotlwi r5,r5,5
  0x7ca53214, // add    r5,r5,r6
  0x54a7043e, // clrlwi r7,r5,16
  0x2c071000, // cmpwi  r7,4096
  0x41800008, // blt    +8
  0x38a50001, // addi   r5,r5,1
  0x90a30000, // stw    r5,0(r3)
  0x38630004, // addi   r3,r3,4
  0x4200ffd8, // bdnz   loop
  0x4bffffc4, // b      start
];

/** A processor at the start of the program. */
function start(translate: boolean): Interpreter {
  const isa = ppc();
  const guest = createGuest(isa);
  const cpu = new Interpreter(isa, buildInterpreter(isa).bytes, guest, translate ? {} : { translate: false });
  guest.memory.map(0x10000, 0x1000, Perm.R | Perm.W | Perm.X);
  guest.memory.map(0x20000, 0x2000, Perm.R | Perm.W);
  program.forEach((word, i) => {
    guest.memory.writeBytes(
      0x10000 + 4 * i,
      Uint8Array.of(word >>> 24, (word >> 16) & 255, (word >> 8) & 255, word & 255),
    );
  });
  guest.memory.protect(0x10000, 0x1000, Perm.R | Perm.X);
  cpu.pc = 0x10000;
  return cpu;
}

export async function interpretSuite(): Promise<void> {
  const budget = 20_000_000;
  const loop = (name: string, cpu: Interpreter): Case => ({
    name,
    unit: 'instructions',
    work: budget,
    run: () => {
      const exit = cpu.run(budget);
      if (exit.kind !== 'budget') throw new Error(`the loop left: ${JSON.stringify(exit)}`);
    },
  });
  await suite('interpret', [
    loop('integer loop, interpreted', start(false)),
    loop('integer loop, translated', start(true)),
  ]);
}
