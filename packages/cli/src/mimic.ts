// The entry of the `mimic` command: finds the subcommand and runs it.
// In: process.argv. Out: an exit status. Must not know: what the subcommands do.
import { commandOf } from './commands.js';

const { load, args } = commandOf(process.argv.slice(2));
const command = await load();
process.exitCode = await command(args);
