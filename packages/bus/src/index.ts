export * from './guest-memory.js';
export * from './page-table.js';
export * from './plain-memory.js';
