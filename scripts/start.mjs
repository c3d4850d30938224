// `npm start`: makes sure of Node, packages and build, then runs dist/scripts/start.js in this same process.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureInstalled, requireNodeVersion, root } from './ready.mjs';

requireNodeVersion();
await ensureInstalled();
await ensureBuilt();
const envFile = path.join(root, '.env');
if (existsSync(envFile)) {
  process.stdout.write(`Taking variables from ${envFile}; what the environment already says wins.\n`);
  process.loadEnvFile(envFile);
}
await import(pathToFileURL(path.join(root, 'dist', 'scripts', 'start.js')).href);
