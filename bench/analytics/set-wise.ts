/**
 * Rolls a filled day up at once: the levels of days and hours as the roll-up would make them of these records, each row
 * written one time, where the roll-up looks up and changes rows for each of its batches. There are no minutes: no
 * question of the bench reads any. It knows the records of the fill and no others (plain ones, with a price):
 * `differences` holds it against the roll-up itself.
 */
import type pg from 'pg';
import {
  CUBE_COLUMNS,
  MEASURES,
  OTHER_VALUE,
  ROLLUP_VIEWS,
  SKETCHES,
  VALUES_MAX,
  VIEWS_VERSION,
  viewWith,
  type FineDimension,
  type RollupView,
} from '../../api/modules/analytics/rollup-views.js';

/** The roll-up's own batch: the values that find room are those of the first one, where it has enough of them. */
const BATCH_RECORDS = 20_000;
const cube = CUBE_COLUMNS.join(', ');
const sums = MEASURES.map((name) => `sum(${name}) AS ${name}`).join(', ');
const measures = MEASURES.join(', ');
const KEY = `account_id, gateway_id, at, view, key, value, ${cube}`;
const CELL = `gateway_id, value, ${cube}`;

const cubeOf = (fine: FineDimension | null): number => viewWith(fine, new Set(CUBE_COLUMNS), 'usage_hour').number;
const viewRow = ({ number, fine, columns }: RollupView): string =>
  `(${number}, ${cubeOf(fine)}, ${CUBE_COLUMNS.map((name) => columns.includes(name)).join(', ')})`;
/** The views `made` of `from`, which has all that are told apart by the whole cube. */
const viewsSql = (from: string, made: readonly RollupView[]): string => `
  SELECT ${KEY}, ${sums} FROM (
    SELECT d.account_id, d.gateway_id, d.at, v.number AS view, d.key, d.value,
      ${CUBE_COLUMNS.map((name) => `CASE WHEN v.${name} THEN d.${name} END AS ${name}`).join(', ')}, ${measures}
    FROM ${from} d JOIN (VALUES ${made.map(viewRow).join(', ')}) v (number, view, ${cube}) ON v.view = d.view) part
  GROUP BY ${KEY}`;
const small = (isOfDays: boolean): readonly RollupView[] =>
  ROLLUP_VIEWS.filter((view) => view.columns.length < CUBE_COLUMNS.length && view.isOfDays === isOfDays);

const valuesSql = (dimension: FineDimension, from: string): string => `
  SELECT account_id, gateway_id, $1::date, '${dimension}', key, value FROM (
    SELECT *, row_number() OVER (PARTITION BY account_id, gateway_id, key ORDER BY value) AS number
    FROM (SELECT DISTINCT account_id, gateway_id, ${from}) named) numbered
  WHERE number <= ${VALUES_MAX}`;
const firstOf = (partition: string): string => `(SELECT * FROM ${partition} LIMIT ${BATCH_RECORDS}) u`;

const admitSql = (partition: string): string => `
  INSERT INTO usage_rollup_value (account_id, gateway_id, day, dimension, key, value)
  ${valuesSql('PATH', `'' AS key, u.path COLLATE "C" AS value FROM ${firstOf(partition)}`)}
  UNION ALL
  ${valuesSql('METADATA', `m.key, m.value COLLATE "C" AS value FROM ${firstOf(partition)}, jsonb_each_text(u.metadata) m`)}
  UNION ALL
  SELECT DISTINCT account_id, gateway_id, $1::date, 'METADATA_KEY', '', m.key FROM ${firstOf(partition)}, jsonb_each_text(u.metadata) m`;

const isSketch = (name: string): boolean => SKETCHES.some((sketch) => sketch === name);
/** What `usage_sketch` says of a list, in place: a call of it starts a query of its own. */
const sketchOf = (list: string): string => `CASE WHEN ${list} IS NULL THEN 0 WHEN cardinality(${list}) = 1
  THEN usage_sketch(${list}[1]) ELSE (SELECT sum(usage_sketch(m)) FROM unnest(${list}) m) END AS ${list}`;

/** Of each record a row for each view with the whole cube, then summed up by the hour. */
const cubesSql = (partition: string, day: string): string => `
  CREATE TEMP TABLE cubes ON COMMIT DROP AS
  SELECT ${KEY}, ${MEASURES.map((name) => (isSketch(name) ? sketchOf(name) : name)).join(', ')} FROM (
  SELECT ${KEY}, sum(requests)::bigint AS requests, sum(error)::bigint AS errors, sum(hit)::bigint AS cached_requests,
    sum(limited)::bigint AS rate_limited, 0::bigint AS unpriced, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out,
    sum(cached_in) AS tokens_cached_in, sum(cost) AS cost_pico, sum(saved) AS saved_pico,
    array_agg(ms) FILTER (WHERE limited = 0) AS durations,
    array_agg(first_ms) FILTER (WHERE limited = 0 AND first_ms IS NOT NULL) AS first_tokens
  FROM (
    SELECT u.account_id, u.gateway_id, date_bin('1 hour', u.created_at, 'epoch') AS at, d.view, d.key COLLATE "C" AS key,
      (CASE WHEN d.dimension IS NULL OR a.value IS NOT NULL THEN d.value ELSE '${OTHER_VALUE}' END) COLLATE "C" AS value,
      ${CUBE_COLUMNS.map((name) => `u.${name}`).join(', ')}, u.request_count AS requests,
      (u.status_code >= 400 AND l.limited = 0)::int AS error, u.cached::int AS hit, l.limited,
      u.input_tokens + u.cached_input_tokens AS tokens_in, u.output_tokens + u.reasoning_tokens AS tokens_out,
      u.cached_input_tokens AS cached_in, u.cost_pico AS cost, coalesce(u.saved_pico, 0) AS saved, u.duration_ms AS ms,
      u.time_to_first_token_ms AS first_ms
    FROM ${partition} u
    CROSS JOIN LATERAL (SELECT coalesce(u.error_code IN (2003, 9005), false)::int AS limited) l
    CROSS JOIN LATERAL (
      VALUES (${cubeOf(null)}, NULL, '', NULL), (${cubeOf('API_TOKEN')}, NULL, '', u.api_token_id::text),
        (${cubeOf('ERROR_CODE')}, NULL, '', u.error_code::text), (${cubeOf('PATH')}, 'PATH', '', u.path)
      UNION ALL SELECT ${cubeOf('METADATA')}, 'METADATA', m.key, m.value FROM jsonb_each_text(u.metadata) m
    ) d (view, dimension, key, value)
    LEFT JOIN usage_rollup_value a ON a.account_id = u.account_id AND a.gateway_id = u.gateway_id AND a.day = '${day}'
      AND a.dimension = d.dimension AND a.key = d.key AND a.value = d.value
    WHERE d.view = ${cubeOf(null)} OR d.value IS NOT NULL) entry
  GROUP BY ${KEY}) cube`;

const storeSql = (table: string, from: string): string => `
  INSERT INTO ${table} (account_id, view, key, at, cell, ${CELL}, ${measures})
  SELECT account_id, view, key, at, substring(sha256(convert_to(ROW(${CELL})::text, 'UTF8')) FROM 1 FOR 16) AS cell, ${CELL},
    ${measures} FROM (${from}) c ORDER BY account_id, view, key, at, cell`;

/** In one transaction. The day must not be rolled up, and `partition` hold all of it. */
export async function rollUpDay(pool: pg.Pool, partition: string, day: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`BEGIN; SET LOCAL work_mem = '1GB'; SET LOCAL jit = off; SET LOCAL enable_nestloop = off;
      SET LOCAL app.rollup_views = '${VIEWS_VERSION}'`);
    await client.query(admitSql(partition), [day]);
    await client.query('ANALYZE usage_rollup_value');
    await client.query(cubesSql(partition, day));
    // sums of sketches are kilobytes each: sorting holds one at a time
    await client.query(`SET LOCAL enable_hashagg = off; SET LOCAL work_mem = '256MB';
      CREATE TEMP TABLE hours ON COMMIT DROP AS SELECT * FROM cubes UNION ALL ${viewsSql('cubes', small(false))};
      CREATE TEMP TABLE days ON COMMIT DROP AS SELECT ${KEY}, ${sums} FROM (
        SELECT account_id, gateway_id, date_bin('1 day', at, 'epoch') AS at, view, key, value, ${cube}, ${measures} FROM hours) h
        GROUP BY ${KEY}`);
    await client.query(storeSql('usage_hour', `SELECT ${KEY}, ${measures} FROM hours`));
    await client.query(
      storeSql('usage_day', `SELECT ${KEY}, ${measures} FROM days UNION ALL ${viewsSql('days', small(true))}`),
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}
