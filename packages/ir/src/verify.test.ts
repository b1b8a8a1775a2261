import { describe, expect, it } from 'vitest';
import { type Program, parse, verify } from './index.js';

const program: Program = {
  cells: [{ name: 'R', width: 32, count: 4, offset: 0, stride: 4 }],
  funcs: [],
  traps: [],
  hosts: [],
  word: 32,
};
const errors = (text: string): string[] => verify(parse(text, program), program);

describe('verify', () => {
  it('accepts a sound body', () => {
    expect(errors('%0 = const.2 0x1\n%1 = get.32 @R %0\nset @R %0 %1')).toEqual([]);
  });

  it('says which widths differ, with the text of the op', () => {
    expect(errors('%0 = param.32 0\n%1 = param.16 1\n%2 = add.32 %0 %1')).toEqual([
      'op 2: %2 = add.32 %0 %1: operand widths 32 and 16 differ',
    ]);
  });

  it('refuses a value from inside an arm', () => {
    const text = '%0 = param.1 0\nif %0\n  %2 = const.32 0x1\nelse\n  %4 = const.32 0x2\nend\nreturn (%2)';
    expect(errors(text)).toEqual(['op 6: return (%2): %2 is not defined here']);
  });

  it('refuses a cell that does not exist, a wrong width of one, and a missing end', () => {
    expect(errors('%0 = const.2 0x1\n%1 = get.16 @R %0')[0]).toContain('cell R has 32 bits');
    expect(errors('%0 = const.2 0x1\n%1 = get.16 @7 %0')[0]).toContain('no cell 7');
    expect(errors('loop\nbreak 0')).toEqual(['op 0: loop: has no end']);
  });
});
