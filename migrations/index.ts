/** Every migration in order of application. A new one is added at the end; a merged one is never edited. */
import { addViewsOfDays } from './202611291500-add-views-of-days.js';
import { keepValuesInRows } from './202611291510-keep-values-in-rows.js';
import { letTheFinderTellLogs } from './202611291600-let-the-finder-tell-logs.js';
import { lookPairsUpInOneForm } from './202611291700-look-pairs-up-in-one-form.js';
import { moveCorrectionsToTheirMetadata } from './202611291800-move-corrections-to-their-metadata.js';
import { mendLedgerUpkeep } from './202611291810-mend-ledger-upkeep.js';
import { makeSketchesOfOneInPlace } from './202611300200-make-sketches-of-one-in-place.js';
import { letIndexesGrowAtTheirEnd } from './202611300900-let-indexes-grow-at-their-end.js';
import type { Migration } from './migration.js';
import { createRoles } from './202611231200-create-roles.js';
import { createAccounts } from './202611231210-create-accounts.js';
import { createGateways } from './202611231220-create-gateways.js';
import { createPriceLists } from './202611231230-create-price-lists.js';
import { createUsageRecords } from './202611231240-create-usage-records.js';
import { createProviderKeys } from './202611241000-create-provider-keys.js';
import { createVaultRole } from './202611241010-create-vault-role.js';
import { createLedgerRows } from './202611241100-create-ledger-rows.js';
import { createUsageRecordRow2 } from './202611272200-create-usage-record-row-2.js';
import { createPriceOverrides } from './202611281000-create-price-overrides.js';
import { createLedgerSpools } from './202611281200-create-ledger-spools.js';
import { createLedgerUpkeep } from './202611281210-create-ledger-upkeep.js';
import { createLedgerProver } from './202611281220-create-ledger-prover.js';
import { createCachePurges } from './202611281300-create-cache-purges.js';
import { createUsageRollups } from './202611281500-create-usage-rollups.js';
import { createLogIndexes } from './202611281500-create-log-indexes.js';
import { letTheApiFollowSpools } from './202611281510-let-the-api-follow-spools.js';
import { addUpDeltasByHash } from './202611290900-add-up-deltas-by-hash.js';
import { createScoreIndex } from './202611291000-create-score-index.js';
import { indexFinishedDays } from './202611291100-index-finished-days.js';
import { createInvitations } from './202611291200-create-invitations.js';
import { createTokenRotation } from './202611291300-create-token-rotation.js';
import { createOperator } from './202611291310-create-operator.js';
import { keepUpAuditEvents } from './202611291400-keep-up-audit-events.js';
import { createGatewayVersions } from './202611291410-create-gateway-versions.js';
import { createSecretReferences } from './202611291420-create-secret-references.js';

export const MIGRATIONS: readonly Migration[] = [
  createRoles,
  createAccounts,
  createGateways,
  createPriceLists,
  createUsageRecords,
  createProviderKeys,
  createVaultRole,
  createLedgerRows,
  createUsageRecordRow2,
  createPriceOverrides,
  createLedgerSpools,
  createLedgerUpkeep,
  createLedgerProver,
  createCachePurges,
  createUsageRollups,
  createLogIndexes,
  letTheApiFollowSpools,
  addUpDeltasByHash,
  createScoreIndex,
  indexFinishedDays,
  createInvitations,
  createTokenRotation,
  createOperator,
  keepUpAuditEvents,
  createGatewayVersions,
  createSecretReferences,
  addViewsOfDays,
  keepValuesInRows,
  letTheFinderTellLogs,
  lookPairsUpInOneForm,
  moveCorrectionsToTheirMetadata,
  mendLedgerUpkeep,
  makeSketchesOfOneInPlace,
  letIndexesGrowAtTheirEnd,
];
