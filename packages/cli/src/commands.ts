// The subcommands, each loaded when it is asked for. In: the command line. Out: a loader and its arguments.
// Must not know: what a subcommand needs.

/** Runs with the arguments after its name; gives the exit status. */
export type Command = (args: readonly string[]) => number | Promise<number>;

type Loader = () => Promise<Command>;

/** Add a line to add a subcommand. */
const COMMANDS: Readonly<Record<string, Loader>> = {
  run: async () => (await import('./run/run.js')).run,
  isa: async () => (await import('./commands/isa.js')).isa,
  disasm: async () => (await import('./commands/disasm.js')).disasm,
  bench: async () => (await import('./bench/bench.js')).bench,
  help: async () => (await import('./help.js')).help,
  '--help': async () => (await import('./help.js')).help,
  '-h': async () => (await import('./help.js')).help,
};

/** Anything that is no subcommand is a program to run, as with qemu-user. */
export function commandOf(argv: readonly string[]): {
  readonly load: Loader;
  readonly args: readonly string[];
} {
  const [first] = argv;
  if (first === undefined) return { load: COMMANDS['help']!, args: [] };
  const load = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  return load ? { load, args: argv.slice(1) } : { load: COMMANDS['run']!, args: argv };
}
