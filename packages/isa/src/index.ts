export * from './abi/model.js';
