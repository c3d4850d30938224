// npm run ledger-proof: installs and builds what is missing, then runs dist/ledger-proof/run.js with the same
// arguments.
import { ensureBuilt, ensureInstalled, requireNodeVersion } from './ready.mjs';

requireNodeVersion();
await ensureInstalled();
await ensureBuilt();
await import('../dist/ledger-proof/run.js');
