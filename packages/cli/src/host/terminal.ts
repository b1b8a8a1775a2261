// The real terminal: its size, and raw mode while the guest wants it. In: a descriptor. Out: HostTerminal.
// Must not know: the guest's termios.
import { spawnSync } from 'node:child_process';
import type { HostTerminal } from '@mimic/linux';

/** The terminal's settings are put back at exit. */
export function openTerminal(fd: number): HostTerminal {
  let changed = false;
  const stty = (...args: string[]): void => void spawnSync('stty', args, { stdio: [fd, 'ignore', 'ignore'] });
  const restore = (): void => {
    if (changed) stty('sane');
  };
  process.on('exit', restore);
  return {
    size() {
      const stream = process.stdout.isTTY ? process.stdout : process.stderr;
      const [columns, rows] = stream.isTTY ? stream.getWindowSize() : [80, 24];
      return { rows, columns };
    },
    setMode(mode) {
      changed = true;
      const on = (name: string, value: boolean): string => (value ? name : `-${name}`);
      stty(
        on('icanon', mode.canonical),
        on('echo', mode.echo),
        on('isig', mode.signals),
        on('opost', mode.outputNewline),
        on('icrnl', mode.inputNewline),
      );
    },
  };
}
