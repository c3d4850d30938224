// npm run bench:dashboard: installs and builds what is missing, then runs dist/bench/dashboard/run.js with the same
// arguments.
import { ensureBuilt, ensureInstalled, requireNodeVersion } from './ready.mjs';

requireNodeVersion();
await ensureInstalled();
await ensureBuilt();
await import('../dist/bench/dashboard/run.js');
