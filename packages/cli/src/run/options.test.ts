import { describe, expect, it } from 'vitest';
import { parseRunOptions, UsageError } from './options.js';

describe('the options of a run', () => {
  it('end at the program, whose own options are left alone', () => {
    const options = parseRunOptions(['-strace', '-L', '/root', './prog', '-strace', '--x']);
    expect(options).toMatchObject({
      strace: true,
      sysroot: '/root',
      program: './prog',
      args: ['-strace', '--x'],
    });
  });

  it('collect settings of the environment, with values that hold an equals sign', () => {
    const options = parseRunOptions(['-E', 'A=b=c', '-U', 'HOME', '-0', 'name', '-d', 'unimp,strace', 'p']);
    expect(options).toMatchObject({
      set: [['A', 'b=c']],
      unset: ['HOME'],
      argv0: 'name',
      log: ['unimp', 'strace'],
    });
  });

  it('collect passes to leave out', () => {
    expect(parseRunOptions(['--no-pass', 'fold', '--no-pass', 'lazy', 'p'])).toMatchObject({
      noPasses: ['fold', 'lazy'],
    });
  });

  it('need no program to list the models of processors', () => {
    expect(parseRunOptions(['-cpu', 'help'])).toMatchObject({ cpu: 'help', program: '' });
  });

  it('understand sizes with a suffix', () => {
    expect(parseRunOptions(['-s', '16M', 'p'])).toMatchObject({ stackSize: 16 << 20 });
  });

  it.each([
    [['-s', 'x', 'p']],
    [['-g', '0', 'p']],
    [['-E', 'x', 'p']],
    [['-nonsense', 'p']],
    [['--no-pass', 'x', 'p']],
    [['-L']],
    [[]],
  ])('refuse %j in one line', (args) => {
    const wrong = parseRunOptions(args);
    expect(wrong).toBeInstanceOf(UsageError);
    expect((wrong as UsageError).message).not.toContain('\n');
  });
});
