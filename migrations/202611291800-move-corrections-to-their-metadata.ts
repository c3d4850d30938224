import type { Migration } from './migration.js';

/** Columns of `usage_delta`. */
const KEY = ['account_id', 'gateway_id', 'at', 'provider', 'model', 'status_code', 'cached', 'api_token_id', 'path',
  'error_code']; // prettier-ignore
const MEASURES = ['requests', 'errors', 'cached_requests', 'rate_limited', 'unpriced', 'tokens_in', 'tokens_out',
  'tokens_cached_in', 'cost_pico', 'saved_pico', 'durations', 'first_tokens']; // prettier-ignore

/**
 * Adjusting entries did not have the metadata of their record: what they added stands where there is none. They get it, and
 * what they added is taken away there and added where the record is, by deltas like any other.
 */
export const moveCorrectionsToTheirMetadata: Migration = {
  name: '202611291800-move-corrections-to-their-metadata',
  up: `
-- Forced row-level security would hide every row from an owner that is no superuser.
ALTER TABLE usage_record NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_delta NO FORCE ROW LEVEL SECURITY;
-- Day by day, each planned for its own partition. Where the record's day was dropped, its corrections went with it.
SET LOCAL plan_cache_mode = force_custom_plan;
DO $$ DECLARE
  of_day date;
BEGIN
  FOR of_day IN SELECT DISTINCT day FROM usage_record WHERE adjusts IS NOT NULL AND metadata IS NULL
  LOOP
    -- usage_entry shows the rows as they were before the statement
    WITH moved AS (
      UPDATE usage_record a SET metadata = u.metadata FROM usage_record u
      WHERE a.day = of_day AND a.adjusts IS NOT NULL AND a.metadata IS NULL
        AND u.day = of_day AND u.id = a.adjusts AND u.account_id = a.account_id AND u.metadata IS NOT NULL
      RETURNING a.id, a.metadata)
    INSERT INTO usage_delta (${[...KEY, 'metadata', ...MEASURES].join(', ')})
    SELECT ${KEY.map((name) => `e.${name}`).join(', ')}, place.metadata,
      ${MEASURES.map((name) => `sum(place.sign * e.${name})`).join(', ')}
    FROM moved m JOIN usage_entry e ON e.id = m.id AND e.day = of_day AND e.adjusts IS NOT NULL
    CROSS JOIN LATERAL (VALUES (NULL, -1), (m.metadata, 1)) place (metadata, sign)
    WHERE (${MEASURES.map((name) => `e.${name}`).join(', ')}) <> (${MEASURES.map(() => '0').join(', ')})
    GROUP BY ${KEY.map((name) => `e.${name}`).join(', ')}, place.metadata;
  END LOOP;
END $$;
RESET plan_cache_mode;
ALTER TABLE usage_record FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_delta FORCE ROW LEVEL SECURITY;`,
  // Releases before read an entry with metadata as one without, and analytics say what is true.
  down: '',
};
