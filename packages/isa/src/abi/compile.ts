import type * as ast from '../syntax/ast.js';
import type { CompiledIsa } from '../model.js';
import type { SpecContext } from '../lower/lowerer.js';
export function compileAbi(_spec: SpecContext, _abis: readonly ast.AbiItem[], _report: (e: unknown) => void): Pick<CompiledIsa, 'abi' | 'hooks'> {
  return { hooks: {} };
}
