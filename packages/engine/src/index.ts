export { buildInterpreter, type InterpreterModule } from './build.js';
export { CodeCache } from './code-cache.js';
export { type Arena, type CompareResult, compareTiers } from './compare.js';
export * from './cpu.js';
export { createGuest, type Guest } from './guest.js';
export { type HostValues, Interpreter, type InterpreterOptions } from './interpreter.js';
export { type EngineLayout, layoutOf } from './layout.js';
export { StateMachine } from './state-machine.js';
