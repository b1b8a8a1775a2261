// The entry of the `mimic` command: finds the subcommand and runs it.
// In: process.argv. Out: an exit status. Must not know: what the subcommands do.
import { setFlagsFromString } from 'node:v8';
import { commandOf } from './commands.js';

// Bytes of bytecode that a function runs before V8 optimises it; V8's default is 67,584. Most of the translator's functions
// run for some milliseconds altogether: optimising them took twice the time of all translating. (docs/performance.md)
setFlagsFromString('--interrupt-budget=1000000');

const { load, args } = commandOf(process.argv.slice(2));
const command = await load();
process.exitCode = await command(args);
