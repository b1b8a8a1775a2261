export * from './cpu.js';
