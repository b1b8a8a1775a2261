// Splits an instruction's template into variants by the conditions that its operands decide.
// In: a template. Out: a decision tree over static conditions, with a body at each leaf.
// Must not know: records, WebAssembly.
import {
  type Body,
  Builder,
  OPS,
  Op,
  operands,
  optimize,
  type Program,
  removeDead,
  simplify,
} from '@mimic/ir';

/** A node: decides by value `condition` (1 bit, static) of `body`, or ends with a variant. */
export type VariantTree =
  | { kind: 'test'; readonly body: Body; readonly condition: number; yes: VariantTree; no: VariantTree }
  | { kind: 'variant'; readonly body: Body };

/** Hint bit of a jump whose target is on the page of the instruction. */
export const NEAR = 4;

/** For each value: 1 when params, pc and constants alone decide it. */
export function staticValues(body: Body): Uint8Array {
  const out = new Uint8Array(body.length);
  for (let i = 0; i < body.length; i++) {
    if (OPS[body.op[i]!]!.kind === 'pure' && operands(body, i).every((v) => out[v])) out[i] = 1;
  }
  return out;
}

/** Branches may have this many times more variants. */
const BRANCH_FACTOR = 8;

/** At most `cap` variants, the earliest conditions first. `program` is the one that `template` refers to. */
export function specialize(template: Body, program: Program, cap: number): VariantTree {
  const first: VariantTree = { kind: 'variant', body: markNear(optimize(template, program), program) };
  let root: VariantTree = first;
  // Breadth first: each entry can put another node in its own place.
  const queue: { node: VariantTree; replace: (by: VariantTree) => void }[] = [
    { node: first, replace: (by) => void (root = by) },
  ];
  let leaves = 1;
  // Branches run often and are small: there every static bit is worth a variant.
  const eager = first.body.has(Op.jump) && ![Op.load, Op.store, Op.call].some((op) => first.body.has(op));
  if (eager) cap *= BRANCH_FACTOR;
  for (let entry = queue.shift(); entry && leaves < cap; entry = queue.shift()) {
    const { body } = entry.node;
    const condition = staticCondition(body, eager);
    if (condition < 0) continue;
    const assume = (v: number): VariantTree => ({
      kind: 'variant',
      body: optimize(simplify(body, program, { values: new Map([[condition, v]]) }), program),
    });
    const test: VariantTree = { kind: 'test', body, condition, yes: assume(1), no: assume(0) };
    entry.replace(test);
    leaves++;
    queue.push(
      { node: test.yes, replace: (by) => void (test.yes = by) },
      { node: test.no, replace: (by) => void (test.no = by) },
    );
  }
  return root;
}

/**
 * The first value that decides an `if` or `select` and is static but not constant, or -1. With `eager` then the first
 * static bit that a computed bit depends on.
 */
function staticCondition(body: Body, eager: boolean): number {
  const known = staticValues(body);
  for (let i = 0; i < body.length; i++) {
    const op = body.op[i];
    // A select between static values is itself an operand: nothing to gain.
    if (op === Op.if || (op === Op.select && !known[i])) {
      const condition = body.a[i]!;
      if (known[condition] && body.op[condition] !== Op.const) return condition;
    }
  }
  if (!eager) return -1;
  for (let i = 0; i < body.length; i++) {
    if (known[i] || OPS[body.op[i]!]!.kind !== 'pure') continue;
    for (const v of operands(body, i))
      if (known[v] && body.width[v] === 1 && body.op[v] !== Op.const) return v;
  }
  return -1;
}

/** Puts `if same page { near jump } else { jump }` for each jump to a static target. */
function markNear(body: Body, program: Program): Body {
  const known = staticValues(body);
  let near = false;
  for (let i = 0; i < body.length; i++) if (body.op[i] === Op.jump && known[body.a[i]!]) near = true;
  if (!near) return body;
  const B = new Builder();
  B.body.vars.push(...body.vars);
  const map = new Int32Array(body.length);
  for (let i = 0; i < body.length; i++) {
    const id = copyOp(
      B,
      body,
      i,
      (v) => map[v]!,
      (target, hint) => {
        if (!known[body.a[i]!]) return void B.effect(Op.jump, 0, target, hint);
        const page = (v: number): number => B.slice(v, 12, program.word - 12);
        B.if(B.pure(Op.eq, 1, page(target), page(B.shared(Op.pc, program.word))));
        B.effect(Op.jump, 0, target, hint | NEAR);
        B.else();
        B.effect(Op.jump, 0, target, hint);
        B.end();
      },
    );
    map[i] = id;
  }
  return removeDead(B.body);
}

/** Appends op `i` of `body` to `B`, operands through `value`; jumps go through `jump`. Returns the new id. */
export function copyOp(
  B: Builder,
  body: Body,
  i: number,
  value: (v: number) => number,
  jump?: (target: number, hint: number) => void,
): number {
  const op = body.op[i]!;
  const w = body.width[i]!;
  const [a, b, c] = [body.a[i]!, body.b[i]!, body.c[i]!];
  const def = OPS[op]!;
  switch (op) {
    case Op.const:
      return w <= 32 ? B.constant(w, a) : B.constant(w, body.big[a]!);
    case Op.if:
      return B.if(value(a));
    case Op.else:
      B.else();
      return -1;
    case Op.loop:
      return B.loop();
    case Op.end:
      B.end();
      return -1;
    case Op.jump:
      if (jump) {
        jump(value(a), b);
        return -1;
      }
      break;
    default:
  }
  if (def.shape[0] === '*') return B.leaveWith(op, body.extra.slice(a, a + b).map(value), c);
  const [x, y, z] = [a, b, c].map((v, k) => (def.shape[k] === 'v' ? value(v) : v)) as [
    number,
    number,
    number,
  ];
  return def.kind === 'pure' ? B.pure(op, w, x, y, z) : B.effect(op, w, x, y, z);
}
