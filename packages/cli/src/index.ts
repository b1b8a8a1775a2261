export { type Command, commandOf } from './commands.js';
