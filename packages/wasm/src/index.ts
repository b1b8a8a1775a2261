export { Code } from './code.js';
export { Emitter, Locals, typeOf } from './emit.js';
export { type Callables, defineFunctions, functionTarget } from './functions.js';
export * from './module.js';
export { Type, VOID, W } from './opcodes.js';
export * from './platform.js';
export { type Schedule, schedule } from './schedule.js';
export type { Target } from './target.js';
export { moduleText } from './text.js';
