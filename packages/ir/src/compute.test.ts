import { describe, expect, it } from 'vitest';
import { compute, compute32, computes32 } from './compute.js';
import { OPS, Op } from './op.js';
import { Random } from './random.js';

describe('compute32', () => {
  it('agrees with compute on every op that it takes', () => {
    const rng = new Random(3);
    let taken = 0;
    for (let op = Op.add; op < OPS.length; op++) {
      const { kind, shape, result } = OPS[op]!;
      if (kind !== 'pure' || !computes32(op)) continue;
      for (let k = 0; k < 400; k++) {
        const wa = op === Op.select ? 1 : 1 + rng.below(32);
        const wb = result === 'same' || (result === 'bit' && op !== Op.carry) ? wa : 1 + rng.below(32);
        const at = shape[1] === 'i' ? rng.below(wa) : 0;
        let width = wa;
        if (result === 'bit') width = 1;
        else if (op === Op.select) width = wb;
        else if (op === Op.zx || op === Op.sx) width = wa + rng.below(33 - wa);
        else if (op === Op.slice) width = 1 + rng.below(wa - at);
        else if (op === Op.cat) width = wa + wb;
        if (width > 32) continue;
        const [a, b, c] = [rng.bits(wa), shape[1] === 'i' ? BigInt(at) : rng.bits(wb), rng.bits(wb)];
        const [x, y, z] = [a, b, c].map((v) => Number(BigInt.asIntN(32, v))) as [number, number, number];
        const got = compute32(op, width, wa, shape[1] === 'i' ? 0 : wb, x, y, z);
        expect(got).toBe(width === 32 ? got | 0 : got & (2 ** width - 1));
        taken++;
        expect(BigInt(got >>> 0), `${OPS[op]!.name}.${width} ${wa} ${wb}: ${a} ${b} ${c}`).toBe(
          compute(op, width, wa, shape[1] === 'i' ? 0 : wb, a, b, c),
        );
      }
    }
    expect(taken).toBeGreaterThan(5000);
  });
});
