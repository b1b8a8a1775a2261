// Content stamps: whether a step has anything to do.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** All files below `dir` (relative to the root) whose name passes, without build output and dependencies. */
export function filesBelow(dir, wanted = () => true) {
  const out = [];
  const walk = (d) => {
    for (const e of readdirSync(join(root, d), { withFileTypes: true })) {
      if (e.name === 'node_modules' || e.name === 'dist' || e.name === '.git' || e.name === 'results')
        continue;
      const path = d === '.' ? e.name : `${d}/${e.name}`;
      if (e.isDirectory()) walk(path);
      else if (wanted(path)) out.push(path);
    }
  };
  walk(dir);
  return out.sort();
}

/** A hash of names and contents. */
export function hashOf(files) {
  const h = createHash('sha256');
  for (const f of files)
    h.update(f)
      .update('\0')
      .update(readFileSync(join(root, f)))
      .update('\0');
  return h.digest('hex');
}

/** Runs `action` unless it ran to its end for this very stamp before. */
export async function once(name, stamp, action) {
  const file = join(root, 'node_modules', '.stamp', name);
  let old = '';
  try {
    old = readFileSync(file, 'utf8');
  } catch {}
  if (old === stamp) return false;
  await action();
  mkdirSync(join(root, 'node_modules', '.stamp'), { recursive: true });
  writeFileSync(file, stamp);
  return true;
}
