/**
 * The statement that moves deltas into the levels: they are removed, and what they add up to is added to every level that
 * still keeps their time. One statement, so each delta is either there or in all of them.
 */
import {
  CUBE_COLUMNS,
  LEVELS,
  MEASURES,
  METADATA_KEYS_MAX,
  OTHER_VALUE,
  ROLLUP_VIEWS,
  VALUE_CHARACTERS_MAX,
  VALUES_MAX,
  type RollupView,
} from './rollup-views.js';

const measures = MEASURES.join(', ');
const sums = MEASURES.map((name) => `sum(${name}) AS ${name}`).join(', ');
const cube = CUBE_COLUMNS.join(', ');

/** What a row of a level is told apart by, beside its time. */
const CELL = `gateway_id, value, ${cube}`;
const CELL_HASH = `substring(sha256(convert_to(ROW(${CELL})::text, 'UTF8')) FROM 1 FOR 16)`;

const viewRow = ({ number, fine, columns }: RollupView): string =>
  `(${number}, ${fine === null ? "''" : `'${fine}'`}, ${CUBE_COLUMNS.map((name) => columns.includes(name)).join(', ')})`;

/**
 * New values that find room, as rows of `usage_rollup_value`. Nobody else adds any: there is one roll-up at a time. Those
 * of one batch that are one too many are the last by their name, so that it is decided once for all.
 */
const admitted = (dimension: string, countMax: number, from: string): string => `
  SELECT account_id, gateway_id, day, '${dimension}' AS dimension, key, value FROM (
    SELECT c.*, row_number() OVER (PARTITION BY c.account_id, c.gateway_id, c.day, c.key ORDER BY c.value)
      + (SELECT count(*) FROM usage_rollup_value k WHERE k.account_id = c.account_id AND k.gateway_id = c.gateway_id
          AND k.day = c.day AND k.dimension = '${dimension}' AND k.key = c.key) AS number
    FROM (${from}) c
    WHERE NOT EXISTS (SELECT FROM usage_rollup_value k WHERE k.account_id = c.account_id AND k.gateway_id = c.gateway_id
      AND k.day = c.day AND k.dimension = '${dimension}' AND k.key = c.key AND k.value = c.value)) numbered
  WHERE number <= ${countMax}`;

const valueOf = (text: string): string => `left(${text}, ${VALUE_CHARACTERS_MAX}) COLLATE "C"`;

/** \`$1\`: deltas from then on stay. \`$2\`: how many are moved. \`$3\`: today (UTC). */
export const ROLL_UP_SQL = `
WITH taken AS MATERIALIZED (
  DELETE FROM usage_delta WHERE ctid = ANY (ARRAY(SELECT ctid FROM usage_delta WHERE at < $1 LIMIT $2)) RETURNING *
), pairs AS MATERIALIZED (
  SELECT t.account_id, t.gateway_id, t.at, (t.at AT TIME ZONE 'UTC')::date AS day, ${valueOf('m.key')} AS key,
    ${valueOf('m.value')} AS value, ${cube}, ${measures}
  FROM taken t CROSS JOIN LATERAL jsonb_each_text(CASE jsonb_typeof(t.metadata) WHEN 'object' THEN t.metadata ELSE '{}' END) m
  WHERE t.metadata IS NOT NULL AND m.value IS NOT NULL
), known AS (
  SELECT k.* FROM usage_rollup_value k
  WHERE k.day = ANY (ARRAY(SELECT DISTINCT (at AT TIME ZONE 'UTC')::date FROM taken))
), new_paths AS (
  INSERT INTO usage_rollup_value ${admitted(
    'PATH',
    VALUES_MAX,
    `
    SELECT DISTINCT account_id, gateway_id, (at AT TIME ZONE 'UTC')::date AS day, '' COLLATE "C" AS key, path AS value FROM taken`,
  )}
  RETURNING *
), new_keys AS (
  INSERT INTO usage_rollup_value ${admitted(
    'METADATA_KEY',
    METADATA_KEYS_MAX,
    `
    SELECT DISTINCT account_id, gateway_id, day, '' COLLATE "C" AS key, key AS value FROM pairs`,
  )}
  RETURNING *
), new_values AS (
  INSERT INTO usage_rollup_value ${admitted(
    'METADATA',
    VALUES_MAX,
    `
    SELECT DISTINCT p.account_id, p.gateway_id, p.day, p.key, p.value FROM pairs p
    JOIN (SELECT * FROM known UNION ALL SELECT * FROM new_keys) k ON k.dimension = 'METADATA_KEY'
      AND k.account_id = p.account_id AND k.gateway_id = p.gateway_id AND k.day = p.day AND k.value = p.key`,
  )}
  RETURNING *
), allowed AS MATERIALIZED (
  SELECT * FROM known UNION ALL SELECT * FROM new_paths UNION ALL SELECT * FROM new_keys UNION ALL SELECT * FROM new_values
), detailed AS (
  SELECT account_id, gateway_id, at, '' AS fine, '' COLLATE "C" AS key, NULL COLLATE "C" AS value, ${cube}, ${measures} FROM taken
  UNION ALL
  SELECT account_id, gateway_id, at, 'API_TOKEN', '', api_token_id::text, ${cube}, ${measures}
  FROM taken WHERE api_token_id IS NOT NULL
  UNION ALL
  SELECT account_id, gateway_id, at, 'ERROR_CODE', '', error_code::text, ${cube}, ${measures}
  FROM taken WHERE error_code IS NOT NULL
  UNION ALL
  SELECT t.account_id, t.gateway_id, t.at, 'PATH', '', coalesce(a.value, '${OTHER_VALUE}'), ${cube}, ${measures}
  FROM taken t LEFT JOIN allowed a ON a.dimension = 'PATH' AND a.account_id = t.account_id AND a.gateway_id = t.gateway_id
    AND a.day = (t.at AT TIME ZONE 'UTC')::date AND a.key = '' AND a.value = t.path
  UNION ALL
  SELECT p.account_id, p.gateway_id, p.at, 'METADATA', p.key, coalesce(a.value, '${OTHER_VALUE}'), ${cube}, ${measures}
  FROM pairs p
  JOIN allowed k ON k.dimension = 'METADATA_KEY' AND k.account_id = p.account_id AND k.gateway_id = p.gateway_id
    AND k.day = p.day AND k.value = p.key
  LEFT JOIN allowed a ON a.dimension = 'METADATA' AND a.account_id = p.account_id AND a.gateway_id = p.gateway_id
    AND a.day = p.day AND a.key = p.key AND a.value = p.value
), detail AS MATERIALIZED (
  SELECT account_id, fine, key, at, ${CELL}, ${sums} FROM detailed GROUP BY account_id, fine, key, at, ${CELL}
), cells_minute AS MATERIALIZED (
  SELECT d.account_id, v.view, d.key, d.at, d.gateway_id, d.value,
    ${CUBE_COLUMNS.map((name) => `CASE WHEN v.${name} THEN d.${name} END AS ${name}`).join(', ')}, ${sums}
  FROM detail d JOIN (VALUES ${ROLLUP_VIEWS.map(viewRow).join(', ')}) v (view, fine, ${cube}) USING (fine)
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
), ${LEVELS.toReversed()
  .slice(1)
  .map(({ table, unitMs }, index) => {
    const finer = LEVELS.at(-1 - index)?.table.slice('usage_'.length) ?? '';
    return `cells_${table.slice('usage_'.length)} AS MATERIALIZED (
  SELECT account_id, view, key, date_bin('${unitMs / 1_000} seconds', at, 'epoch') AS at, ${CELL}, ${sums}
  FROM cells_${finer} GROUP BY account_id, view, key, 4, ${CELL}
)`;
  })
  .join(', ')}, ${LEVELS.map(({ table, keptDays }) => {
  const cells = `cells_${table.slice('usage_'.length)}`;
  return `into_${cells} AS (
  INSERT INTO ${table} AS level (account_id, view, key, at, cell, ${CELL}, ${measures})
  SELECT account_id, view, key, at, ${CELL_HASH} AS cell, ${CELL}, ${measures} FROM ${cells}
  WHERE at >= ($3::date - ${keptDays})::timestamp AT TIME ZONE 'UTC' ORDER BY account_id, view, key, at, cell
  ON CONFLICT ON CONSTRAINT ${table}_pkey DO UPDATE SET
    ${MEASURES.map((name) => `${name} = level.${name} + excluded.${name}`).join(', ')}
)`;
}).join(', ')}
SELECT (SELECT count(*) FROM taken)::int AS deltas,
  (SELECT coalesce(sum(requests), 0) FROM detail WHERE fine IN ('PATH', 'METADATA') AND value = '${OTHER_VALUE}')::bigint AS other_values,
  (SELECT coalesce(sum(p.requests), 0) FROM pairs p WHERE NOT EXISTS (SELECT FROM allowed k
    WHERE k.dimension = 'METADATA_KEY' AND k.account_id = p.account_id AND k.gateway_id = p.gateway_id AND k.day = p.day
      AND k.value = p.key))::bigint AS other_keys`;
