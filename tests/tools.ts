// What tests across packages share: the command, running things, what this machine has.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const mimic = `${root}packages/cli/bin/mimic.js`;

/** Runs a program to its end, without a terminal; at most a minute unless told otherwise. */
export function run(
  command: string,
  args: readonly string[],
  options: { input?: string | Uint8Array; cwd?: string; timeout?: number; env?: NodeJS.ProcessEnv } = {},
): SpawnSyncReturns<Buffer> {
  return spawnSync(command, [...args], { timeout: 60_000, maxBuffer: 1 << 29, input: '', ...options });
}

/** Runs `mimic` with arguments. */
export function runMimic(
  args: readonly string[],
  options: Parameters<typeof run>[2] = {},
): SpawnSyncReturns<Buffer> {
  return run(process.execPath, [mimic, ...args], options);
}

/** Whether a command is on the path. */
export function has(command: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((d) => d !== '' && existsSync(`${d}/${command}`));
}
