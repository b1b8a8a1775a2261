export * from './abi/model.js';
export { ARTIFACT_VERSION, isaFrom, isaSections, pack, type Sections, unpack } from './artifact.js';
export { type CompiledSpec, compileSpec, type SpecTest } from './compile.js';
export { composeBytes } from './compose.js';
export {
  contextAfter,
  type Decoded,
  decode,
  decodeBytes,
  type Fetched,
  fieldsOf,
  modesOf,
} from './decode.js';
export { type Assembly, assembly, disassemble, type TextStyle } from './disassemble.js';
export type { ReadSpec } from './load.js';
export * from './model.js';
export { inModel, modelNamed } from './models.js';
export type { CodeByte, Scan } from './scan.js';
export { type Diagnostic, formatDiagnostic, locate, Source, type Span } from './syntax/source.js';
export { runTests, stateDiffers, type TestCase, TestMachine, type TestReport } from './tests.js';
