// Runs a command in the root and ends this process with its status when it fails.
import { spawnSync } from 'node:child_process';
import { root } from './stamp.mjs';

export function run(command, args, options = {}) {
  const r = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (r.error) {
    console.error(`cannot run ${command}: ${r.error.message}`);
    process.exit(1);
  }
  if (r.status !== 0) process.exit(r.status ?? 1);
}

/** A tool of this workspace, by the path of its script in node_modules. */
export function tool(path, args, options) {
  run(process.execPath, [`${root}node_modules/${path}`, ...args], options);
}
