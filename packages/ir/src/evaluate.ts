// The reference evaluator: what a body does, one op at a time, on bigints. The oracle of every other reading.
// In: a Program, a Body, operands, a Machine. Out: an Outcome; effects go to the Machine.
// Must not know: how state and memory are kept, WebAssembly.
import type { Body, Program } from './body.js';
import { compute } from './compute.js';
import { OPS, Op } from './op.js';
import { structure } from './structure.js';

/** An access that memory refuses. `address` is the first byte that may not be accessed. */
export interface AccessFault {
  readonly address: bigint;
  readonly access: 'read' | 'write';
}

/** What an evaluation acts on. Values are unsigned; `width` in bits. */
export interface Machine {
  getCell(cell: number, index: number): bigint;
  setCell(cell: number, index: number, value: bigint): void;
  load(address: bigint, width: number): bigint | AccessFault;
  store(address: bigint, width: number, value: bigint): AccessFault | undefined;
  host(number: number): bigint;
}

/** How a body ended. */
export type Outcome =
  | { readonly kind: 'next' }
  | { readonly kind: 'jump'; readonly target: bigint; readonly hint: number }
  | { readonly kind: 'trap'; readonly trap: number; readonly args: readonly bigint[] }
  | { readonly kind: 'fault'; readonly address: bigint; readonly access: 'read' | 'write' }
  | { readonly kind: 'return'; readonly values: readonly bigint[] }
  | { readonly kind: 'leave' };

/** For bodies that touch neither state nor memory: every access throws. */
export const noMachine: Machine = {
  getCell: () => refuse('get'),
  setCell: () => refuse('set'),
  load: () => refuse('load'),
  store: () => refuse('store'),
  host: () => refuse('host'),
};

function refuse(what: string): never {
  throw new Error(`evaluate: this body may not use ${what}`);
}

/** Steps after which a body counts as endless. */
const STEP_LIMIT = 10_000_000;

/** A body that goes round without end. */
export class NoEnd extends Error {}

/**
 * Runs `body` to its end. `params` are unsigned values of the widths that the body's `param` ops give.
 * Throws NoEnd when it takes more than `limit` steps: bodies must end.
 */
export function evaluate(
  program: Program,
  body: Body,
  params: readonly bigint[],
  pc: bigint,
  machine: Machine,
  limit = STEP_LIMIT,
): Outcome {
  const { end, otherwise } = structure(body);
  const values: bigint[] = new Array<bigint>(body.length).fill(0n);
  const vars: bigint[] = body.vars.map(() => 0n);
  const results = new Map<number, readonly bigint[]>();
  const list = (i: number): bigint[] =>
    body.extra.slice(body.a[i]!, body.a[i]! + body.b[i]!).map((id) => values[id]!);
  let steps = 0;
  for (let i = 0; i < body.length; i++) {
    if (++steps > limit) throw new NoEnd(`evaluate: no end after ${limit} steps`);
    const op = body.op[i]!;
    const width = body.width[i]!;
    const a = body.a[i]!;
    const b = body.b[i]!;
    const c = body.c[i]!;
    switch (op) {
      case Op.const:
        values[i] = body.constantValue(i);
        break;
      case Op.param:
        values[i] = BigInt.asUintN(width, params[a]!);
        break;
      case Op.pc:
        values[i] = BigInt.asUintN(width, pc);
        break;
      case Op.get:
        values[i] = machine.getCell(a, Number(values[b]!));
        break;
      case Op.set:
        machine.setCell(a, Number(values[b]!), values[c]!);
        break;
      case Op.vget:
        values[i] = vars[a]!;
        break;
      case Op.vset:
        vars[a] = values[b]!;
        break;
      case Op.load: {
        const v = machine.load(values[a]!, width);
        if (typeof v !== 'bigint') return { kind: 'fault', ...v };
        values[i] = v;
        break;
      }
      case Op.store: {
        const fault = machine.store(values[a]!, body.width[b]!, values[b]!);
        if (fault) return { kind: 'fault', ...fault };
        break;
      }
      case Op.mark:
        break;
      case Op.host:
        values[i] = BigInt.asUintN(width, machine.host(a));
        break;
      case Op.call: {
        const callee = program.funcs[c]!;
        const out = evaluate(program, callee.body, list(i), 0n, noMachine, limit);
        if (out.kind !== 'return') throw new Error(`evaluate: ${callee.name} ends with ${out.kind}`);
        results.set(i, out.values);
        break;
      }
      case Op.result:
        values[i] = results.get(a)![b]!;
        break;
      case Op.if:
        if (!values[a]) i = otherwise[i]!;
        break;
      case Op.else:
      case Op.break:
        i = end[i]!;
        break;
      case Op.loop:
        break;
      case Op.end:
        if (body.op[end[i]!] === Op.loop) i = end[i]!;
        break;
      case Op.return:
        return { kind: 'return', values: list(i) };
      case Op.leave:
        return { kind: 'leave' };
      case Op.jump:
        return { kind: 'jump', target: values[a]!, hint: b };
      case Op.trap:
        return { kind: 'trap', trap: c, args: list(i) };
      default: {
        const immediate = OPS[op]!.shape[1] === 'i';
        values[i] = compute(
          op,
          width,
          body.width[a]!,
          immediate ? 0 : body.width[b]!,
          values[a]!,
          immediate ? BigInt(b) : values[b]!,
          values[c]!,
        );
      }
    }
  }
  return { kind: 'next' };
}
