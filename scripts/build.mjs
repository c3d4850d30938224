// Deletes dist/ (or a deleted test would keep running) and compiles every source into it.
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}/dist`, { recursive: true, force: true });
execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', root], {
  stdio: 'inherit',
  cwd: root,
});
// The program that package.json names as `tollgate`.
chmodSync(`${root}/dist/cli/main.js`, 0o755);
