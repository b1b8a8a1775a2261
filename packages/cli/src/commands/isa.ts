// `mimic isa ...`: the tools for whoever writes a spec.
// In: arguments. Out: exit status; diagnostics on standard error.
import { existsSync, statSync } from 'node:fs';
import { buildShipped, compileAt, NoSpec, specsAt } from '../specs.js';

const usage = `usage: mimic isa check FILE|DIR...   static checks
       mimic isa test FILE|DIR...    inline tests, on the reference evaluator and on the interpreter
       mimic isa build               compiles the shipped specs`;

export async function isa(args: readonly string[]): Promise<number> {
  const [what, ...paths] = args;
  if (what === 'build') return build();
  if ((what !== 'check' && what !== 'test') || paths.length === 0) {
    console.error(usage);
    return what === undefined || what === '--help' || what === '-h' ? 0 : 2;
  }
  let status = 0;
  for (const path of paths) {
    if (!existsSync(path) || !(statSync(path).isDirectory() || path.endsWith('.isa'))) {
      console.error(
        `mimic isa: ${path}: ${existsSync(path) ? 'not a spec: a folder, or a file that ends in .isa' : 'no such file or folder'}`,
      );
      status = 1;
      continue;
    }
    try {
      for (const file of specsAt(path))
        status = Math.max(status, await (what === 'check' ? check(file) : test(file)));
    } catch (e) {
      if (!(e instanceof NoSpec)) throw e;
      console.error(`mimic isa: ${e.message}`);
      status = 1;
    }
  }
  return status;
}

async function build(): Promise<number> {
  const { names, errors } = await buildShipped();
  for (const e of errors) console.error(e);
  if (errors.length === 0) console.error(`Compiled ${names.join(', ')}.`);
  return errors.length ? 1 : 0;
}

async function compile(path: string) {
  const { formatDiagnostic } = await import('../spec-compiler.js');
  const spec = await compileAt(path);
  for (const d of spec.diagnostics) console.error(formatDiagnostic(d));
  const errors = spec.diagnostics.filter((d) => d.severity === 'error').length;
  const warnings = spec.diagnostics.length - errors;
  return { spec, errors, warnings };
}

const count = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;

async function check(path: string): Promise<number> {
  const { spec, errors, warnings } = await compile(path);
  console.log(
    `${path}: ${spec.isa ? `${count(spec.isa.insns.length, 'instruction')}, ` : ''}${count(errors, 'error')}, ${count(warnings, 'warning')}`,
  );
  return errors ? 1 : 0;
}

async function test(path: string): Promise<number> {
  const { spec, errors } = await compile(path);
  if (!spec.isa) {
    console.log(`${path}: ${count(errors, 'error')}; no test was run`);
    return 1;
  }
  const { formatDiagnostic, runCases, runTests } = await import('../spec-compiler.js');
  const report = runTests(spec);
  for (const f of report.failures) console.error(formatDiagnostic(f));
  const second = runCases(spec.isa, report.cases);
  for (const { span, message, notes } of second)
    console.error(formatDiagnostic({ severity: 'error', code: 'interpreter', message, span, notes }));
  if (report.untested.length) console.error(`no test for: ${report.untested.join(' ')}`);
  console.log(`evaluator: ${report.passed} passed, ${report.failures.length} failed`);
  console.log(`interpreter: ${report.cases.length - second.length} passed, ${second.length} failed`);
  return report.failures.length || second.length ? 1 : 0;
}
