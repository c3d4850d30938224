export { LedgerProofQueries } from './ledger-proof.queries.js';
export { LedgerProofResolver } from './ledger-proof.resolver.js';
export { LedgerUpkeep, UPKEEP_STATEMENT_MS } from './ledger-upkeep.js';
