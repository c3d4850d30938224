/**
 * The statement that moves deltas into the levels: they are removed, and what they add up to is added to every level
 * that still keeps their time. One statement, so each delta is either there or in all of them.
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
  viewWith,
  type CubeColumn,
  type FineDimension,
  type Level,
  type RollupView,
} from './rollup-views.js';

const measures = MEASURES.join(', ');
const sums = MEASURES.map((name) => `sum(${name}) AS ${name}`).join(', ');
const cube = CUBE_COLUMNS.join(', ');

/** What a row of a level is told apart by, beside its time. */
const CELL = `gateway_id, value, ${cube}`;
const CELL_HASH = `substring(sha256(convert_to(ROW(${CELL})::text, 'UTF8')) FROM 1 FOR 16)`;

/**
 * What the rows of a level and its views are grouped by, in two orders. To compare by: what tells most rows apart comes
 * first. To be stored by: what has a fixed length comes first, for Postgres walks through all that stands before a
 * column.
 */
const COMPARED = 'value, at, status_code, view, model, cached, key, provider, gateway_id, account_id';
const STORED = 'account_id, gateway_id, at, view, status_code, cached, key, value, model, provider';

/**
 * Views that are not the whole cube. The cube itself needs no summing up: what is told apart by all is its rows
 * already.
 */
const smallViews = (isOfDays: boolean): string =>
  ROLLUP_VIEWS.filter((view) => view.columns.length < CUBE_COLUMNS.length && view.isOfDays === isOfDays)
    .map(viewRow)
    .join(', ');
/** Number and columns of a view, and the number of the one that has the whole cube beside the same fine dimension. */
const viewRow = ({ number, fine, columns }: RollupView): string =>
  `(${number}::smallint, ${cubeOf(fine)}, ${CUBE_COLUMNS.map((name) => columns.includes(name)).join(', ')})`;
const cubeOf = (fine: FineDimension | null): string =>
  `${viewWith(fine, new Set(CUBE_COLUMNS), FINEST.table).number}::smallint`;

/**
 * New values that find room, as rows of `usage_rollup_value`. Nobody else adds any: there is one roll-up at a time.
 * Those of one batch that are one too many are the last by their name, so that it is decided once for all.
 */
const admitted = (dimension: string, countMax: number, from: string): string => `
  SELECT account_id, gateway_id, day, '${dimension}' AS dimension, key, value FROM (
    SELECT c.*, row_number() OVER (PARTITION BY c.account_id, c.gateway_id, c.day, c.key ORDER BY c.value)
      + coalesce(n.number, 0) AS number
    FROM (${from}) c
    LEFT JOIN (SELECT account_id, gateway_id, day, key, count(*) AS number FROM known WHERE dimension = '${dimension}'
      GROUP BY account_id, gateway_id, day, key) n
      ON n.account_id = c.account_id AND n.gateway_id = c.gateway_id AND n.day = c.day AND n.key = c.key
    WHERE NOT EXISTS (SELECT FROM known k WHERE k.account_id = c.account_id AND k.gateway_id = c.gateway_id
      AND k.day = c.day AND k.dimension = '${dimension}' AND k.key = c.key AND k.value = c.value)) numbered
  WHERE number <= ${countMax}`;

const valueOf = (text: string): string => `left(${text}, ${VALUE_CHARACTERS_MAX}) COLLATE "C"`;
const keptSince = ({ keptDays }: Level): string => `($3::date - ${keptDays})::timestamp AT TIME ZONE 'UTC'`;
const startOf = ({ unitMs }: Level): string => `date_bin('${unitMs / 1_000} seconds', at, 'epoch')`;
const cellsOf = ({ table }: Level): string => `cells_${table.slice('usage_'.length)}`;

/** The finest first. */
const FINEST_FIRST = LEVELS.toReversed();
const FINEST = LEVELS[2];
const COARSEST = LEVELS[0];
const DAYS_OF_ALL_VIEWS = 'days_of_all_views';

/** When it was, as finely as the levels still tell: a backlog of old deltas makes no minutes that nobody keeps. */
const TIME_KEPT = `CASE ${FINEST_FIRST.slice(0, -1)
  .map((level) => `WHEN at >= ${keptSince(level)} THEN ${startOf(level)}`)
  .join(' ')} ELSE ${startOf(LEVELS[0])} END`;

/** A level's rows out of those of the next finer one; what the finer one does not keep came in these steps already. */
const coarser = (level: Level, finer: Level): string => `${cellsOf(level)} AS MATERIALIZED (
  SELECT ${STORED}, ${sums} FROM (
    SELECT ${STORED.replace(' at,', ` ${startOf(level)} AS at,`)}, ${measures} FROM ${cellsOf(finer)} WHERE at >= ${keptSince(finer)}) finer
  GROUP BY ${COMPARED}
  UNION ALL
  SELECT ${STORED}, ${measures} FROM ${cellsOf(finer)} WHERE at < ${keptSince(finer)}
)`;

/** Rows of one fine dimension (null: of none) with the whole cube. */
const detailed = (
  fine: FineDimension | null,
  key: string,
  value: string,
): string => `SELECT t.account_id, t.gateway_id, t.at,
    ${cubeOf(fine)} AS view, t.status_code, t.cached, ${key} COLLATE "C" AS key, ${value} COLLATE "C" AS value, t.model,
    t.provider, ${measures}`;
/** The views `views` (rows of `viewRow`), out of rows that are told apart by the whole cube. */
const summedUp = (from: string, views: string): string => `SELECT ${STORED}, ${sums} FROM (
    SELECT d.account_id, d.gateway_id, d.at, v.number AS view, ${onlyIn('status_code')}, ${onlyIn('cached')}, d.key, d.value,
      ${onlyIn('model')}, ${onlyIn('provider')}, ${measures}
    FROM ${from} d JOIN (VALUES ${views}) v (number, view, ${cube}) ON v.view = d.view) part
  GROUP BY ${COMPARED}`;
const onlyIn = (name: CubeColumn): string => `CASE WHEN v.${name} THEN d.${name} END AS ${name}`;

/** \`$1\`: deltas from then on stay. \`$2\`: how many are moved. \`$3\`: today (UTC). */
export const ROLL_UP_SQL = `
WITH removed AS (
  DELETE FROM usage_delta WHERE ctid = ANY (ARRAY(SELECT ctid FROM usage_delta WHERE at < $1 LIMIT $2)) RETURNING *
), taken AS MATERIALIZED (
  SELECT account_id, gateway_id, ${TIME_KEPT} AS at, (at AT TIME ZONE 'UTC')::date AS day, api_token_id, path, error_code,
    metadata, ${cube}, ${measures}
  FROM removed
), pairs AS MATERIALIZED (
  SELECT t.account_id, t.gateway_id, t.at, t.day, ${valueOf('m.key')} AS key, ${valueOf('m.value')} AS value, ${cube}, ${measures}
  FROM taken t CROSS JOIN LATERAL jsonb_each_text(CASE jsonb_typeof(t.metadata) WHEN 'object' THEN t.metadata ELSE '{}' END) m
  WHERE t.metadata IS NOT NULL AND m.value IS NOT NULL
), known AS MATERIALIZED (
  -- OFFSET: of each gateway and day by the key, and not all of the table
  SELECT k.* FROM (SELECT DISTINCT account_id, gateway_id, day FROM taken) t CROSS JOIN LATERAL (
    SELECT * FROM usage_rollup_value v
    WHERE v.account_id = t.account_id AND v.gateway_id = t.gateway_id AND v.day = t.day OFFSET 0) k
), new_paths AS (
  INSERT INTO usage_rollup_value ${admitted(
    'PATH',
    VALUES_MAX,
    `
    SELECT DISTINCT account_id, gateway_id, day, '' COLLATE "C" AS key, path AS value FROM taken`,
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
  ${detailed(null, "''", 'NULL')} FROM taken t
  UNION ALL
  ${detailed('API_TOKEN', "''", 't.api_token_id::text')} FROM taken t WHERE api_token_id IS NOT NULL
  UNION ALL
  ${detailed('ERROR_CODE', "''", 't.error_code::text')} FROM taken t WHERE error_code IS NOT NULL
  UNION ALL
  ${detailed('PATH', "''", `coalesce(a.value, '${OTHER_VALUE}')`)}
  FROM taken t LEFT JOIN allowed a ON a.dimension = 'PATH' AND a.account_id = t.account_id AND a.gateway_id = t.gateway_id
    AND a.day = t.day AND a.key = '' AND a.value = t.path
  UNION ALL
  ${detailed('METADATA', 't.key', `coalesce(a.value, '${OTHER_VALUE}')`)}
  FROM pairs t
  JOIN allowed k ON k.dimension = 'METADATA_KEY' AND k.account_id = t.account_id AND k.gateway_id = t.gateway_id
    AND k.day = t.day AND k.value = t.key
  LEFT JOIN allowed a ON a.dimension = 'METADATA' AND a.account_id = t.account_id AND a.gateway_id = t.gateway_id
    AND a.day = t.day AND a.key = t.key AND a.value = t.value
), detail AS MATERIALIZED (
  SELECT ${STORED}, ${sums} FROM detailed GROUP BY ${COMPARED}
), ${cellsOf(FINEST)} AS MATERIALIZED (
  SELECT * FROM detail
  UNION ALL
  ${summedUp('detail', smallViews(false))}
), ${FINEST_FIRST.slice(1)
  .map((level, index) => coarser(level, FINEST_FIRST[index] ?? level))
  .join(', ')}, ${DAYS_OF_ALL_VIEWS} AS MATERIALIZED (
  SELECT * FROM ${cellsOf(COARSEST)}
  UNION ALL
  ${summedUp(cellsOf(COARSEST), smallViews(true))}
), ${LEVELS.map((level) => {
  const { table } = level;
  return `into_${cellsOf(level)} AS (
  INSERT INTO ${table} AS level (account_id, view, key, at, cell, ${CELL}, ${measures})
  SELECT account_id, view, key, at, ${CELL_HASH} AS cell, ${CELL}, ${measures} FROM ${level === COARSEST ? DAYS_OF_ALL_VIEWS : cellsOf(level)}
  WHERE at >= ${keptSince(level)} ORDER BY account_id, view, key, at, cell
  ON CONFLICT ON CONSTRAINT ${table}_pkey DO UPDATE SET
    ${MEASURES.map((name) => `${name} = level.${name} + excluded.${name}`).join(', ')}
)`;
}).join(', ')}
SELECT (SELECT count(*) FROM taken)::int AS deltas,
  (SELECT coalesce(sum(requests), 0) FROM detail WHERE view IN (${cubeOf('PATH')}, ${cubeOf('METADATA')}) AND value = '${OTHER_VALUE}')::bigint AS other_values,
  (SELECT coalesce(sum(p.requests), 0) FROM pairs p WHERE NOT EXISTS (SELECT FROM allowed k
    WHERE k.dimension = 'METADATA_KEY' AND k.account_id = p.account_id AND k.gateway_id = p.gateway_id AND k.day = p.day
      AND k.value = p.key))::bigint AS other_keys`;
