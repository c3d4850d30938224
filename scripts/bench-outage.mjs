// npm run bench:outage: installs and builds what is missing, then runs dist/bench/outage/run.js with the same
// arguments.
import { ensureBuilt, ensureInstalled, requireNodeVersion } from './ready.mjs';

requireNodeVersion();
await ensureInstalled();
await ensureBuilt();
await import('../dist/bench/outage/run.js');
