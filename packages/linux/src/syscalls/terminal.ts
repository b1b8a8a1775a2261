// ioctl: terminals' settings and sizes, and the few requests that all files know. In: requests by the ABI's names.
// Out: structures. Must not know: the real terminal.
import { E, Errno, type Result } from '../errno.js';
import type { OpenFile } from '../fs/open-file.js';
import type { TerminalMode } from '../host.js';
import type { Thread } from '../process/thread.js';
import type { CallTable } from './table.js';

interface Settings {
  iflag: number;
  oflag: number;
  cflag: number;
  lflag: number;
  line: number;
  cc: number[];
}

const INITIAL = {
  iflag: ['ICRNL', 'IXON'],
  oflag: ['OPOST', 'ONLCR'],
  cflag: ['CS8', 'CREAD', 'B38400'],
  lflag: ['ISIG', 'ICANON', 'ECHO', 'ECHOE', 'ECHOK', 'ECHOCTL', 'ECHOKE', 'IEXTEN'],
};
const CONTROL: Readonly<Record<string, number>> = {
  VINTR: 3, VQUIT: 28, VERASE: 127, VKILL: 21, VEOF: 4, VMIN: 1, VSTART: 17, VSTOP: 19, VSUSP: 26, VREPRINT: 18,
  VDISCARD: 15, VWERASE: 23, VLNEXT: 22,
}; // biome-ignore format: a table

/** One terminal for all descriptors that lead to it. */
const settings = new WeakMap<object, Settings>();

function settingsOf(t: Thread, terminal: object): Settings {
  let found = settings.get(terminal);
  if (!found) {
    const sum = (names: readonly string[]) =>
      names.reduce((bits, name) => (bits | (t.values.group('termios')[name] ?? 0)) >>> 0, 0);
    const cc = new Array<number>(19).fill(0);
    for (const [name, value] of Object.entries(CONTROL)) {
      const at = t.values.group('termios')[name];
      if (at !== undefined && at < cc.length) cc[at] = value;
    }
    found = {
      iflag: sum(INITIAL.iflag),
      oflag: sum(INITIAL.oflag),
      cflag: sum(INITIAL.cflag),
      lflag: sum(INITIAL.lflag),
      line: 0,
      cc,
    };
    settings.set(terminal, found);
  }
  return found;
}

function modeOf(t: Thread, s: Settings): TerminalMode {
  const has = (bits: number, name: string) => t.values.has(bits, 'termios', name);
  return {
    canonical: has(s.lflag, 'ICANON'),
    echo: has(s.lflag, 'ECHO'),
    signals: has(s.lflag, 'ISIG'),
    outputNewline: has(s.oflag, 'OPOST'),
    inputNewline: has(s.iflag, 'ICRNL'),
  };
}

function onTerminal(t: Thread, file: OpenFile, request: string, address: number): Result {
  const { terminal } = file;
  if (!terminal) return E.ENOTTY;
  const speed = t.values.group('termios')['B38400'] ?? 15;
  switch (request) {
    case 'TCGETS':
      return t.user.putStruct('termios', address, {
        ...settingsOf(t, terminal),
        ispeed: speed,
        ospeed: speed,
      });
    case 'TCSETS':
    case 'TCSETSW':
    case 'TCSETSF': {
      const value = t.user.struct('termios', address);
      if (value instanceof Errno) return value;
      const { iflag, oflag, cflag, lflag, line, cc } = value as unknown as Settings;
      const next = { iflag, oflag, cflag, lflag, line, cc };
      settings.set(terminal, next);
      terminal.setMode(modeOf(t, next));
      return 0;
    }
    case 'TIOCGWINSZ': {
      const { rows, columns } = terminal.size();
      return t.user.putStruct('winsize', address, { row: rows, col: columns });
    }
    case 'TIOCGPGRP':
    case 'TIOCGSID':
      return t.user.putU32(address, t.process.pid);
    case 'TIOCSPGRP':
    case 'TIOCSWINSZ':
    case 'TIOCSCTTY':
    case 'TCSBRK':
    case 'TCSBRKP':
    case 'TCXONC':
    case 'TCFLSH':
      return 0;
    case 'TIOCOUTQ':
    case 'TIOCGETD':
      return t.user.putU32(address, 0);
    default:
      return E.ENOTTY;
  }
}

function ioctl(t: Thread, fd: number, request: number, address: number): Result {
  const slot = t.process.descriptors.slot(fd);
  if (!slot) return E.EBADF;
  const { file } = slot;
  const name = t.values.nameOf('ioctl', request) ?? t.values.nameOf('ioctl', request | 0);
  switch (name) {
    case 'FIOCLEX':
      slot.closeOnExec = true;
      return 0;
    case 'FIONCLEX':
      slot.closeOnExec = false;
      return 0;
    case 'FIONBIO': {
      const on = t.user.u32(address);
      if (on instanceof Errno) return on;
      file.nonBlocking = on !== 0;
      return 0;
    }
    case 'FIOASYNC':
      return 0;
    case 'FIONREAD': {
      const count = file.available();
      return count instanceof Errno ? count : t.user.putU32(address, count);
    }
    case undefined:
      t.kernel.unimplemented(`ioctl 0x${request.toString(16)} on ${file.name}`);
      return E.ENOTTY;
    default:
      return onTerminal(t, file, name, address);
  }
}

export const terminalCalls: CallTable = {
  ioctl: ['fd:d request:x arg:x', ioctl],
};
