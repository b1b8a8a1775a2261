// What compiles and tests specs, as one module to load on demand. Bundlers can then leave it out of a program's run:
// `import('@mimic/isa')` itself would pull all of that package into every chunk that uses any of it.
export { buildInterpreter, encodeTemplates, runCases } from '@mimic/engine';
export { compileSpec, formatDiagnostic, isaSections, pack, runTests } from '@mimic/isa';
