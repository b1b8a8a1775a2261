import { describe, expect, it } from 'vitest';
import { Code, ModuleBuilder, moduleText, Type, VOID, W } from './index.js';

describe('the text of a module', () => {
  it('shows imports, functions and every kind of operand', () => {
    const module = new ModuleBuilder();
    module.importMemory('env', 'memory', 1, 1);
    const host = module.importFunc('env', 'host', { params: [Type.i32], results: [Type.i64] });
    const f = module.func({ params: [Type.i32], results: [Type.i32] });
    const code = new Code();
    for (const b of [W.block, VOID, W.local_get, 0, W.br_if, 0, W.i32_const]) code.byte(b);
    code.s32(-5);
    for (const b of [W.i32_load8_u, 0]) code.byte(b);
    code.u32(300);
    for (const b of [W.call, host, W.local_set, 1, W.end, W.local_get, 0]) code.byte(b);
    module.define(f, { locals: [Type.i64, Type.i64, Type.i32], code });
    module.exportFunc('run', f);
    expect(moduleText(module.finish())).toBe(`(module
  (import "env" "memory" (memory 1 1))
  (import "env" "host" (func $host (param i32) (result i64)))
  (func $run (param i32) (result i32)
    (local i64 i64 i32)
    block
      local.get 0
      br_if 0
      i32.const -5
      i32.load8_u offset=300
      call $host
      local.set 1
    end
    local.get 0
  )
)`);
  });
});
