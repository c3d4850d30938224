export { LedgerProofQueries } from './ledger-proof.queries.js';
export { LedgerProofResolver } from './ledger-proof.resolver.js';
export { indexFinishedDays, INDEXED_BYTES_MIN } from './finished-days.js';
export { LedgerUpkeep, UPKEEP_STATEMENT_MS } from './ledger-upkeep.js';
