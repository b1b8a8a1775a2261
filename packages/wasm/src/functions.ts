// The functions of a program as WebAssembly functions: limbs in, limbs out, nothing else.
// In: a split Program and a ModuleBuilder. Out: function indices. Must not know: state, memory.
import { optimize, type Program, softwareFma, splitProgram } from '@mimic/ir';
import { Code } from './code.js';
import { Emitter, Locals, typeOf } from './emit.js';
import type { ModuleBuilder } from './module.js';
import { W } from './opcodes.js';
import type { Target } from './target.js';

/** Indices by function number, and what targets need of them. */
export interface Callables {
  index(n: number): number;
  results(n: number): readonly number[];
  /** See Target.fma. */
  fma(): number | 'host';
}

/** A target for pure bodies: params are the function's own, everything else throws. */
export function functionTarget(callables: Callables): Target {
  const refuse = (what: string) => (): never => {
    throw new Error(`emit: a function may not use ${what}`);
  };
  return {
    param: (e, k) => e.getLocal(k),
    cheapParams: true,
    pc: refuse('pc'),
    get: refuse('get'),
    set: refuse('set'),
    load: refuse('load'),
    store: refuse('store'),
    host: refuse('host'),
    jump: refuse('jump'),
    trap: refuse('trap'),
    return: (e, values) => {
      for (const v of values) e.push(v);
      e.op(W.return);
    },
    finish: (e) => e.op(W.unreachable),
    call: (n) => callables.index(n),
    results: (n) => callables.results(n),
    fma: () => callables.fma(),
  };
}

/**
 * Functions of `program`, declared when first asked for. `define` gives bodies to all that were, and to those that
 * they call: unused ones never reach the module.
 */
export function defineFunctions(
  module: ModuleBuilder,
  program: Program,
): Callables & { define(): void; declared(): Iterable<readonly [number, number]> } {
  const indices = new Map<number, number>();
  const queue: number[] = [];
  let fma: number | undefined;
  const callables: Callables = {
    index(n) {
      let at = indices.get(n);
      if (at === undefined) {
        const f = program.funcs[n]!;
        at = module.func({ params: f.params.map(typeOf), results: f.results.map(typeOf) });
        indices.set(n, at);
        queue.push(n);
      }
      return at;
    },
    results: (n) => program.funcs[n]!.results,
    fma: () => (fma ??= defineFma(module)),
  };
  return {
    ...callables,
    declared: () => indices,
    define() {
      for (let n = queue.shift(); n !== undefined; n = queue.shift()) {
        const f = program.funcs[n]!;
        const code = new Code();
        const locals = new Locals(f.params.length);
        new Emitter(optimize(f.body, program), functionTarget(callables), code, locals).run();
        module.define(indices.get(n)!, { locals: locals.types, code });
      }
    },
  };
}

/** Adds a function (i64, i64, i64) -> i64 for the op `fma`, by other ops. */
export function defineFma(module: ModuleBuilder): number {
  const source: Program = { cells: [], funcs: [softwareFma()], traps: [], hosts: [], word: 32 };
  const program = splitProgram(source, { bigEndian: false });
  const { params, results, body } = program.funcs[0]!;
  const at = module.func({ params: params.map(typeOf), results: results.map(typeOf) });
  const code = new Code();
  const locals = new Locals(params.length);
  const nothing = (): never => {
    throw new Error('emit: fma calls nothing');
  };
  const callables: Callables = { index: nothing, results: nothing, fma: nothing };
  new Emitter(optimize(body, program), functionTarget(callables), code, locals).run();
  module.define(at, { locals: locals.types, code });
  return at;
}
