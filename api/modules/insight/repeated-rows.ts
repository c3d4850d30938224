/** The rows of requests that were made more than once: POST alone, which is all that the cache has to do with. */
import { CACHED_ANSWER_BYTES_MAX, KEPT_ESTIMATE_NOTES } from '../../../schema/contracts/cached-answers.js';
import { TOKENS_IN_SQL, TOKENS_OUT_SQL } from '../log/index.js';
import { COST_SQL, LOG_COLUMNS, SHOWN_SQL, type LedgerScan } from './ledger-scan.js';

/** Whether the answer of a record `u` is one that the cache keeps. What the cache itself gave was one. */
const KEPT_SQL = `(u.status_code = 200 AND u.error_code IS NULL AND NOT u.interrupted AND NOT u.client_aborted
  AND u.response_bytes >= 1 AND u.response_bytes <= ${CACHED_ANSWER_BYTES_MAX}
  AND (u.cached OR u.usage_source = 'PROVIDER' OR u.usage_source = 'ESTIMATED'
    AND (${KEPT_ESTIMATE_NOTES.map((note) => `starts_with(u.usage_note, '${note}')`).join(' OR ')})))`;

/** What was used; making a number of it costs as much as reading the row, so that is done of repeated ones alone. */
const UNITS_SQL = `row(u.input_tokens, u.cached_input_tokens, u.cache_write_tokens, u.cache_write_1h_tokens,
  u.output_tokens, u.reasoning_tokens, u.audio_input_tokens, u.audio_output_tokens, u.image_input_tokens,
  u.image_output_tokens, u.requests, u.web_searches, u.other_units)`;

/** Of a record `u`. */
export const REPEATED_COLUMNS = [
  'u.method',
  'u.cache_key_hash',
  'u.duration_ms',
  'u.cached',
  `${KEPT_SQL} AS is_kept`,
  `${UNITS_SQL} AS units`,
  `${TOKENS_IN_SQL} AS tokens_in`,
  `${TOKENS_OUT_SQL} AS tokens_out`,
  'u.cost_pico',
  'u.saved_pico',
  // of several attempts the last one answered
  'u.attempts -> -1 AS last_attempt',
  ...LOG_COLUMNS,
];

/** What a `RepeatedRow` is made of, and of what. */
const FIELDS = {
  id: 's.id',
  key: "encode(substring(s.cache_key_hash FOR 16), 'hex')",
  created_at: 's.created_at',
  duration_ms: 's.duration_ms',
  cached: 's.cached',
  is_kept: 's.is_kept',
  // equal for equal units
  units: 'hashtextextended(s.units::text, 0)::text',
  tokens_in: 's.tokens_in::text',
  tokens_out: 's.tokens_out::text',
  total_pico: `(${COST_SQL})::text`,
  cost_pico: `CASE WHEN s.cached THEN s.saved_pico WHEN s.cost_pico IS NULL AND adj.cost_pico IS NULL THEN NULL
    ELSE ${COST_SQL} END::text`,
  last_attempt: 'CASE WHEN NOT s.cached THEN s.last_attempt END',
  is_shown: `(${SHOWN_SQL})`,
};
export const REPEATED_FIELDS: readonly string[] = Object.keys(FIELDS);

export const repeatedSql = (scan: LedgerScan): string => `
  SELECT ${Object.entries(FIELDS)
    .map(([name, sql]) => `${sql} AS ${name}`)
    .join(', ')}
  FROM seen s ${scan.joinAdjustments()} ${scan.joinRatings()}
  WHERE s.method = 'POST' AND s.cache_key_hash IN (SELECT r.cache_key_hash FROM seen r
    WHERE r.method = 'POST' AND r.cache_key_hash IS NOT NULL GROUP BY 1 HAVING count(*) > 1)`;
