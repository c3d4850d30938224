// Compiles every source into dist/, of which only the dashboard's bundle stays when nothing of it changed: a test that
// was deleted would go on running.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUNDLE, buildDashboard } from './build-dashboard.mjs';
import { generateOperations } from './generate-operations.mjs';
import { sourcesStamp, stampBuild } from './ready.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const remove = (folder, kept) => {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (!kept.includes(name)) rmSync(`${folder}/${name}`, { recursive: true, force: true });
  }
};
remove(`${root}/dist`, ['dashboard']);
remove(`${root}/dist/dashboard`, BUNDLE);
generateOperations();
const stamp = sourcesStamp();
execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', root], {
  stdio: 'inherit',
  cwd: root,
});
buildDashboard(root);
// The program that package.json names as `tollgate`.
chmodSync(`${root}/dist/cli/main.js`, 0o755);
stampBuild(stamp);
