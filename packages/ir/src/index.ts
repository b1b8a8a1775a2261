export * from './body.js';
export * from './op.js';
