export * from './abi/model.js';
export * from './model.js';
