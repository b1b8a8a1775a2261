// A body with everything undefined turned round: what then comes out otherwise, the manual leaves open.
// In: a body. Out: another. Must not know: who compares them.
import { Body } from './body.js';
import { Op } from './op.js';

const turned = new WeakMap<Body, Body>();

export function undefinedTurned(body: Body): Body {
  let out = turned.get(body);
  if (!out) {
    const parts = body.parts();
    out = Body.from({ ...parts, op: [...parts.op].map((o) => (o === Op.undef ? Op.not : o)) });
    turned.set(body, out);
  }
  return out;
}
