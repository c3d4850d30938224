import type { Migration } from './migration.js';

/** Beside token, path, error code and metadata: the views by status, by model, and by all (rollup-views.ts has their meaning). */
const FINE = [10, 20, 30, 40].map((first) => ({ byStatus: first + 1, byModel: first + 2, all: first + 3 }));
const ADDED = FINE.flatMap(({ byStatus, byModel }) => [byStatus, byModel]);
const CELL = 'gateway_id, value, provider, model, status_code, cached';
const MEASURES = ['requests', 'errors', 'cached_requests', 'rate_limited', 'unpriced', 'tokens_in', 'tokens_out',
  'tokens_cached_in', 'cost_pico', 'saved_pico', 'durations', 'first_tokens']; // prettier-ignore

/**
 * Two more views of days beside each fine dimension: a month by token and model reads a thousand rows a day instead of all
 * that the whole cube tells apart.
 */
export const addViewsOfDays: Migration = {
  name: '202611291500-add-views-of-days',
  up: `
-- nothing is rolled up meanwhile
LOCK TABLE usage_day IN SHARE ROW EXCLUSIVE MODE;
-- forced row-level security would hide every row from an owner that is no superuser
ALTER TABLE usage_day NO FORCE ROW LEVEL SECURITY;
-- a sketch is kilobytes while it is summed: sorting holds one at a time
SET LOCAL enable_hashagg = off;
INSERT INTO usage_day (account_id, view, key, at, cell, ${CELL}, ${MEASURES.join(', ')})
SELECT account_id, view, key, at, substring(sha256(convert_to(ROW(${CELL})::text, 'UTF8')) FROM 1 FOR 16), ${CELL},
  ${MEASURES.join(', ')}
FROM (
  SELECT account_id, view, key, at, ${CELL}, ${MEASURES.map((name) => `sum(${name}) AS ${name}`).join(', ')}
  FROM (
    SELECT d.account_id, v.view, d.key, d.at, d.gateway_id, d.value, CASE WHEN v.by_model THEN d.provider END AS provider,
      CASE WHEN v.by_model THEN d.model END AS model, CASE WHEN NOT v.by_model THEN d.status_code END AS status_code,
      CASE WHEN NOT v.by_model THEN d.cached END AS cached, ${MEASURES.map((name) => `d.${name}`).join(', ')}
    FROM usage_day d JOIN (VALUES ${FINE.flatMap(({ byStatus, byModel, all }) => [
      `(${all}::smallint, ${byStatus}::smallint, false)`,
      `(${all}::smallint, ${byModel}::smallint, true)`,
    ]).join(', ')}) v (whole, view, by_model) ON v.whole = d.view) part
  GROUP BY account_id, view, key, at, ${CELL}) summed;
RESET enable_hashagg;
ALTER TABLE usage_day FORCE ROW LEVEL SECURITY;

-- An api of an older release would leave these views out, and what it rolled up would be missing there for good. It is refused:
-- what it would have moved waits in usage_delta, which all of them read.
CREATE FUNCTION usage_day_assert_views() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('app.rollup_views', true) IS DISTINCT FROM '2' THEN
    RAISE EXCEPTION 'this release does not know all views of usage_day: a newer one rolls up';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER usage_day_views BEFORE INSERT ON usage_day FOR EACH STATEMENT EXECUTE FUNCTION usage_day_assert_views();`,
  down: `
DROP TRIGGER usage_day_views ON usage_day;
DROP FUNCTION usage_day_assert_views();
ALTER TABLE usage_day NO FORCE ROW LEVEL SECURITY;
DELETE FROM usage_day WHERE view IN (${ADDED.join(', ')});
ALTER TABLE usage_day FORCE ROW LEVEL SECURITY;`,
};
