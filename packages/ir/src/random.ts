// Random well-formed bodies and programs, for property tests of everything that reads IR.
// In: a seeded generator. Out: bodies that verify. Must not know: what is tested with them.
import { Body, cellStride, type Program } from './body.js';
import { OPS, Op } from './op.js';

/** A small seeded generator: the same seed gives the same sequence everywhere. */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = (seed * 2654435761 + 0x9e3779b9) >>> 0;
  }
  /** An integer in [0, n). */
  below(n: number): number {
    // xorshift32 with a multiply: enough for tests.
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (((Math.imul(this.state, 0x2545f491) >>> 0) / 2 ** 32) * n) >>> 0;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
  /** `width` bits, with a liking for the ends of the range. */
  bits(width: number): bigint {
    let v = 0n;
    for (let at = 0; at < width; at += 16) v = (v << 16n) | BigInt(this.below(65536));
    v = BigInt.asUintN(width, v);
    switch (this.below(8)) {
      case 0:
        return BigInt.asUintN(width, BigInt(this.below(5)) - 2n);
      case 1:
        return BigInt.asUintN(width, (1n << BigInt(width - 1)) + BigInt(this.below(3)) - 1n);
      case 2:
        return v & ((1n << BigInt(this.below(width) + 1)) - 1n);
      case 3:
        return 1n << BigInt(this.below(width));
      default:
        return v;
    }
  }
}

export interface RandomBodyOptions {
  readonly ops: number;
  /** Widths that values may have. */
  readonly widths: readonly number[];
  readonly params: readonly number[];
  readonly results: readonly number[];
  readonly program: Program;
  /** Use state, and memory at small addresses. */
  readonly effects?: boolean;
  readonly floats?: boolean;
}

const BINARY = [
  Op.add,
  Op.sub,
  Op.mul,
  Op.udiv,
  Op.sdiv,
  Op.urem,
  Op.srem,
  Op.and,
  Op.or,
  Op.xor,
  Op.shl,
  Op.shr,
  Op.sar,
  Op.rotl,
  Op.rotr,
];
const UNARY = [Op.not, Op.neg, Op.clz, Op.ctz, Op.popcnt, Op.undef];
const COMPARE = [Op.eq, Op.ne, Op.ult, Op.ule, Op.slt, Op.sle];

/** A body over `params` that ends in `return` of `results`. */
export function randomBody(rng: Random, options: RandomBodyOptions): Body {
  const { program } = options;
  const body = new Body();
  const scopes: number[][] = [[]];
  const vars: number[] = [];
  let loops = 0;
  const add = (id: number): number => {
    if (body.width[id]!) scopes.at(-1)!.push(id);
    return id;
  };
  const all = (): number[] => scopes.flat();
  /** A visible value of `width` bits, made from another where none is at hand. */
  const value = (width: number): number => {
    const fitting = all().filter((v) => body.width[v] === width);
    if (fitting.length && rng.below(8)) return rng.pick(fitting);
    const others = all();
    if (!others.length || rng.below(3) === 0) return add(body.constant(width, rng.bits(width)));
    const v = rng.pick(others);
    const w = body.width[v]!;
    if (w > width) return add(body.emit(Op.slice, width, v, rng.below(w - width + 1)));
    return w === width ? v : add(body.emit(rng.pick([Op.zx, Op.sx]), width, v));
  };
  const step = (depth: number): void => {
    const width = rng.pick(options.widths);
    switch (rng.below(options.effects ? 18 : 12)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const op = rng.pick(BINARY);
        const free = OPS[op]!.result === 'first';
        add(body.emit(op, width, value(width), value(free ? rng.pick(options.widths) : width)));
        break;
      }
      case 4:
        add(body.emit(rng.pick(UNARY), width, value(width)));
        break;
      case 5:
        add(body.emit(rng.pick(COMPARE), 1, value(width), value(width)));
        break;
      case 6: {
        const [x, y] = [value(width), value(rng.pick(options.widths))];
        if (width + body.width[y]! <= Math.max(...options.widths))
          add(body.emit(Op.cat, width + body.width[y]!, x, y));
        else if (width % 8 === 0) add(body.emit(Op.bswap, width, x));
        break;
      }
      case 7:
        if (rng.below(6) === 0) add(body.emit(Op.rare, 1, value(1)));
        else add(body.emit(Op.select, width, value(1), value(width), value(width)));
        break;
      case 8:
        add(body.emit(Op.carry, 1, value(width), value(width), value(1)));
        break;
      case 9:
        if (vars.length < 4) vars.push(body.variable(width));
        {
          const v = rng.pick(vars);
          if (rng.below(2)) body.emit(Op.vset, 0, v, value(body.vars[v]!));
          else add(body.emit(Op.vget, body.vars[v]!, v));
        }
        break;
      case 10: {
        if (depth > 3) return;
        body.emit(Op.if, 0, value(1));
        block(depth + 1, 1 + rng.below(5));
        if (rng.below(2)) {
          body.emit(Op.else, 0);
          block(depth + 1, 1 + rng.below(5));
        }
        body.emit(Op.end, 0);
        break;
      }
      case 11: {
        if (depth > 2 || loops > 1) return;
        // A counted loop, so that every body ends.
        loops++;
        const counter = body.variable(8);
        body.emit(Op.vset, 0, counter, value(8));
        body.emit(Op.loop, 0);
        scopes.push([]);
        const n = body.emit(Op.slice, 2, body.emit(Op.vget, 8, counter), 0);
        body.emit(
          Op.vset,
          0,
          counter,
          body.emit(Op.shr, 8, body.emit(Op.vget, 8, counter), body.constant(4, 1)),
        );
        body.emit(Op.if, 0, body.emit(Op.eq, 1, n, body.constant(2, 0)));
        body.emit(Op.break, 0, 0);
        body.emit(Op.end, 0);
        block(depth + 1, 1 + rng.below(6));
        scopes.pop();
        body.emit(Op.end, 0);
        break;
      }
      case 12:
      case 13:
      case 14: {
        const cell = rng.below(program.cells.length);
        const { count, width: w } = program.cells[cell]!;
        const index = body.constant(8, rng.below(count));
        if (rng.below(2)) add(body.emit(Op.get, w, cell, index));
        else body.emit(Op.set, 0, cell, index, value(w));
        break;
      }
      case 15:
      case 16: {
        const w = rng.pick([8, 16, 32, 64, ...(Math.max(...options.widths) >= 128 ? [128] : [])]);
        const address = add(body.emit(Op.zx, program.word, value(10)));
        if (rng.below(2)) add(body.emit(Op.load, w, address));
        else body.emit(Op.store, 0, address, value(w));
        break;
      }
      default: {
        if (!program.funcs.length) return;
        const c = rng.below(program.funcs.length);
        const args = program.funcs[c]!.params.map(value);
        const call = body.emit(Op.call, 0, body.list(args), args.length, c);
        program.funcs[c]!.results.forEach((w, k) => void add(body.emit(Op.result, w, call, k)));
      }
    }
  };
  const block = (depth: number, ops: number): void => {
    scopes.push([]);
    for (let k = 0; k < ops; k++) step(depth);
    scopes.pop();
  };
  options.params.forEach((w, k) => void add(body.emit(Op.param, w, k)));
  for (let k = 0; k < options.ops; k++) step(0);
  const results = options.results.map(value);
  body.emit(Op.return, 0, body.list(results), results.length);
  return body;
}

/** A program with a few cells of `widths`, one trap and `funcs` random functions. */
export function randomProgram(rng: Random, widths: readonly number[], funcs: number): Program {
  let offset = 0;
  const cells = widths.map((width, n) => {
    const stride = cellStride(width);
    offset = Math.ceil(offset / 8) * 8;
    const cell = { name: `C${n}`, width, count: 1 + rng.below(4), offset, stride };
    offset += cell.count * stride;
    return cell;
  });
  const list: Program['funcs'][number][] = [];
  const program: Program = { cells, funcs: list, traps: [{ name: 'T', params: [] }], hosts: [], word: 32 };
  for (let k = 0; k < funcs; k++) {
    const params = [rng.pick(widths), rng.pick(widths)];
    const results = [rng.pick(widths), rng.pick(widths)];
    const body = randomBody(rng, { ops: 8, widths, params, results, program: { ...program, funcs: [] } });
    list.push({ name: `f${k}`, params, results, body });
  }
  return program;
}
