// Builds the interpreter of an ISA: one WebAssembly module, from the templates.
// In: a CompiledIsa. Out: module bytes, a pure function of it. Must not know: guests, the host.
import { optimize, splitBody, splitProgram } from '@mimic/ir';
import type { CompiledIsa } from '@mimic/isa';
import { Code, defineFunctions, Emitter, Locals, ModuleBuilder, Type } from '@mimic/wasm';
import { beyondWindow, slowCheck } from './checks.js';
import { FixedHandler, insnDecoder, pageDecoder } from './decoder.js';
import { HandlerTarget, type Surroundings } from './handler-target.js';
import { layoutOf, MEMORY_PAGES, REGION_SLOTS } from './layout.js';
import { type Arm, defineLoop } from './loop.js';
import { type Handler, makeHandler } from './record.js';
import { defineScanner } from './scanner.js';
import { defineServices } from './services.js';
import { specialize, type VariantTree } from './specialize.js';

/** Variants of one instruction at most. */
const VARIANTS = 8;
/** Bytes of code up to which a handler is an arm of the loop: the loop must stay small for the host's compiler. */
const ARM_BYTES = 150;

export interface InterpreterModule {
  readonly bytes: Uint8Array;
  /** For reports: how many handlers there are, and how many of them in the loop. */
  readonly handlers: number;
  readonly arms: number;
}

/**
 * The same CompiledIsa gives the same bytes. Throws Error on a template that breaks the rules of Insn.template.
 * `pages` is the size of the memory that it runs on: see createGuest.
 */
export function buildInterpreter(isa: CompiledIsa, pages = MEMORY_PAGES): InterpreterModule {
  const layout = layoutOf(isa);
  const program = splitProgram(isa.program, { bigEndian: isa.endian === 'big' });
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', pages, pages);
  const host = module.importFunc('env', 'host', { params: [Type.i32], results: [Type.i64] });
  module.importTable('env', 'regions', REGION_SLOTS);
  const functions = defineFunctions(module, program);
  const scanner = isa.scan && defineScanner(module, isa.scan, layout, functions);
  const surroundings: Surroundings = {
    layout,
    program,
    traits: isa.traits,
    callables: functions,
    slowRead: slowCheck(module, layout, false),
    slowWrite: slowCheck(module, layout, true),
    beyond: beyondWindow(module, layout),
    ignored: isa.ignored ?? 0,
    host,
    ...(scanner ? { scanner } : {}),
  };

  // Variants of all instructions; equal handlers are shared.
  const trees: VariantTree[] = [];
  const byKey = new Map<string, Arm>();
  const leaves = new Map<VariantTree, Arm>();
  // A shared handler's operands are value ids of the first leaf's body: each leaf keeps its own.
  const own = new Map<VariantTree, Handler>();
  isa.insns.forEach((insn, n) => {
    try {
      const narrow = splitBody(optimize(insn.template, isa.program), program);
      const tree = specialize(narrow, program, VARIANTS);
      trees.push(tree);
      for (const leaf of leavesOf(tree)) {
        const handler = makeHandler(leaf.body, program, n, insn.length, layout);
        const key = `${insn.length} ${handler.key}`;
        let arm = byKey.get(key);
        if (!arm)
          byKey.set(
            key,
            (arm = {
              handler,
              fields: insn.fields,
              length: insn.length,
              immediates: insn.immediates,
              inLoop: false,
              number: 0,
            }),
          );
        leaves.set(leaf, arm);
        own.set(leaf, handler);
      }
    } catch (error) {
      throw new Error(`${insn.source}: ${insn.name}: ${(error as Error).message}`, { cause: error });
    }
  });

  const arms = [...byKey.values()];
  for (const arm of arms) arm.inLoop = fitsLoop(arm, surroundings);
  let number: number = FixedHandler.count;
  for (const arm of arms) if (arm.inLoop) arm.number = number++;
  for (const arm of arms) if (!arm.inLoop) arm.number = number++;

  const variants = new Map(
    [...leaves].map(([leaf, arm]) => [leaf, { number: arm.number, handler: own.get(leaf)! }]),
  );
  const decoders = isa.insns.map((insn, n) =>
    insnDecoder(module, isa, insn, trees[n]!, variants, program, functions, layout),
  );
  const decode = pageDecoder(module, isa, decoders, functions, layout, scanner);
  const loop = defineLoop(module, arms, surroundings, decode);
  module.exportFunc('run', loop);
  // What translated code calls.
  const services = defineServices(module, layout, loop);
  for (const [name, func] of Object.entries(services)) module.exportFunc(name, func);
  module.exportFunc('fma', functions.fma() as number);
  functions.define();
  for (const [n, func] of functions.declared()) module.exportFunc(`f${n}`, func);
  return { bytes: module.finish(), handlers: arms.length, arms: arms.filter((a) => a.inLoop).length };
}

function* leavesOf(tree: VariantTree): Generator<VariantTree> {
  if (tree.kind === 'variant') yield tree;
  else {
    yield* leavesOf(tree.yes);
    yield* leavesOf(tree.no);
  }
}

/** Whether the handler is small, as an arm, and calls nothing but the slow checks. */
function fitsLoop(arm: Arm, s: Surroundings): boolean {
  // To scan is a call.
  if (arm.handler.raw && s.scanner) return false;
  const code = new Code();
  const callables = {
    index: (): never => {
      throw new Calls();
    },
    results: s.callables.results,
    fma: (): never => {
      throw new Calls();
    },
  };
  const target = new HandlerTarget({ ...s, callables }, arm.handler, arm.fields, arm.length, {
    kind: 'arm',
    next: 0,
    far: 0,
    out: 0,
    leave: 0,
  });
  try {
    new Emitter(arm.handler.body, target, code, new Locals(0)).run();
  } catch (error) {
    if (error instanceof Calls) return false;
    throw error;
  }
  return code.length <= ARM_BYTES;
}

class Calls extends Error {}
