import type { Migration } from './migration.js';
import { addSql, counted, DELTA_KEY, LIMITED, MEASURE_NAMES, ROW_TOKENS } from './202611281500-create-usage-rollups.js';

/** The values of `column` that belong into its distribution; null where there is none. */
const listed = (column: string): string =>
  `array_agg(u.${column}) FILTER (WHERE u.kind = 'USAGE' AND NOT ${LIMITED} AND u.${column} IS NOT NULL)`;

/** What the statement's rows without told attempts add up to: the columns of `usage_delta`, with lists of milliseconds. */
const SUMS = [
  ...[
    counted('TRUE'),
    counted(`(u.status_code >= 400 OR u.interrupted) AND NOT ${LIMITED}`),
    counted('u.cached'),
    counted(LIMITED),
    `${counted("u.cost_status = 'UNPRICED'")} - CASE WHEN u.prices_unpriced THEN 1 ELSE 0 END`,
    ROW_TOKENS.in,
    ROW_TOKENS.out,
    ROW_TOKENS.cachedIn,
    'coalesce(u.cost_pico, 0)',
    'coalesce(u.saved_pico, 0)',
  ].map((value) => `sum(${value})`),
  listed('duration_ms'),
  listed('time_to_first_token_ms'),
];
const DISTRIBUTIONS = ['durations', 'first_tokens'];
const measures = MEASURE_NAMES.map((name) => (DISTRIBUTIONS.includes(name) ? `usage_sketch(${name})` : name));

/** The trigger's function; what it costs a shipment: docs/decisions/0021. */
const addFunction = (settings: string, body: string): string => `
CREATE OR REPLACE FUNCTION usage_record_add() RETURNS trigger LANGUAGE plpgsql ${settings} AS $add$
BEGIN
  ${body}
  RETURN NULL;
END $add$;`;

/**
 * A sum of sketches is as long as the longest of them, which made it the dearest part of shipping where most records
 * differ in their metadata. Records are grouped by hash now, with their milliseconds as lists, and a group's sketch is
 * made once from its list. Records that tell their attempts are few, and go the way that all went.
 */
export const addUpDeltasByHash: Migration = {
  name: '202611290900-add-up-deltas-by-hash',
  up: `
-- The distribution of many values; 0 for null.
CREATE FUNCTION usage_sketch(ms integer[]) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN ms IS NULL THEN 0 WHEN cardinality(ms) = 1 THEN usage_sketch(ms[1])
    ELSE (SELECT sum(usage_sketch(m)) FROM unnest(ms) m) END $$;
${addFunction(
  'SET enable_sort = off SET enable_hashagg = on',
  `INSERT INTO usage_delta (${DELTA_KEY}, ${MEASURE_NAMES.join(', ')})
  SELECT ${DELTA_KEY}, ${measures.join(', ')} FROM (
    SELECT u.account_id, u.gateway_id, date_bin('1 minute', u.created_at, 'epoch'), u.provider, u.model, u.status_code,
      u.cached, u.api_token_id, left(split_part(u.path, '?', 1), 256) COLLATE "C", u.error_code, u.metadata,
      ${SUMS.join(',\n      ')}
    FROM added u WHERE u.attempts IS NULL
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) summed (${DELTA_KEY}, ${MEASURE_NAMES.join(', ')})
  WHERE (requests, errors, cached_requests, rate_limited, unpriced, tokens_in, tokens_out, tokens_cached_in, cost_pico,
    saved_pico) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0) OR durations IS NOT NULL OR first_tokens IS NOT NULL;
  IF EXISTS (SELECT FROM added WHERE attempts IS NOT NULL) THEN
    -- One sketch in memory at a time, where hashing holds one a group; until the function ends.
    PERFORM set_config('enable_sort', 'on', true), set_config('enable_hashagg', 'off', true);
    ${addSql('(SELECT * FROM added WHERE attempts IS NOT NULL)')}
  END IF;`,
)}`,
  down: `${addFunction('SET enable_hashagg = off', addSql('added'))}
DROP FUNCTION usage_sketch(integer[]);`,
};
