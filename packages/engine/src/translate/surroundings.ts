// What the functions of a region find in their module, and what the translator decides about them.
// In: nothing. Out: an interface. Must not know: any implementation.
import type { Program } from '@mimic/ir';
import type { Callables } from '@mimic/wasm';
import type { EngineLayout } from '../layout.js';
import type { CodeStore } from './code-store.js';

/** Function indices in the module that a region calls. */
export interface RegionSurroundings {
  readonly layout: EngineLayout;
  readonly program: Program;
  readonly store: CodeStore;
  readonly callables: Callables;
  /** (pc, ret, depth, fuel) -> (pc, fuel): the interpreter goes on until it reaches ret. */
  readonly resume: number;
  /** As resume, for an instruction that the region could not do: it is not entered again right there. */
  readonly step: number;
  /** As step, after something rare: counts it. */
  readonly rare: number;
  /** As resume, for code that the region does not hold: counts it. */
  readonly cold: number;
  /** As resume, for a computed jump or call: notes where it goes. */
  readonly jump: number;
  /** As resume, for a call: notes it if there is no region for it. */
  readonly call: number;
  /** (pc, ret, depth, fuel, slot) -> (pc, fuel): calls the region in a slot. */
  readonly enter: number;
  readonly host: number;
  /** How a call of a static target is made: a function of this module, or a slot of the shared table. */
  callee(target: number): { readonly func: number } | { readonly slot: number } | undefined;
  /** Instructions in which something rare happens often: they do all there is to do. */
  whole(pc: number): boolean;
  /** Whether the loop that starts here makes checks for all of its turns. */
  hoists(pc: number): boolean;
}
