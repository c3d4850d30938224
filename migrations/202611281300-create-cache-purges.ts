import type { Migration } from './migration.js';

/** What was purged from a gateway's cache of answers; the policy carries it to the proxies. */
export const createCachePurges: Migration = {
  name: '202611281300-create-cache-purges',
  up: `
-- the revision with which the whole cache began anew; 0: never
ALTER TABLE gateway ADD COLUMN cache_epoch bigint NOT NULL DEFAULT 0;
-- models and keys that were purged since (schema/contracts/cache-purges.ts)
ALTER TABLE gateway ADD COLUMN cache_purges jsonb NOT NULL DEFAULT '[]';
ALTER TABLE gateway ADD CONSTRAINT gateway_cache_purges_check
  CHECK (jsonb_typeof(cache_purges) = 'array' AND jsonb_array_length(cache_purges) <= 64);`,
  down: `
ALTER TABLE gateway DROP CONSTRAINT gateway_cache_purges_check;
ALTER TABLE gateway DROP COLUMN cache_purges, DROP COLUMN cache_epoch;`,
};
