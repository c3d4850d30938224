/**
 * What has been added to the cost of a record since it was written: the SQL that beside a record reads its adjustments.
 */
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';

/**
 * `within`: a condition on the adjustments `a` that follows from the records' own; with their days in it, Postgres
 * plans for the partitions of these days alone.
 *
 * Joins `adj` to a record `u`: `cost_pico` is the sum of its adjustments (null: it has none), `count` their number, the
 * rest what the newest one says.
 */
export const adjustmentsJoinSql = (tx: TenantTransaction, within = 'TRUE'): string => `LEFT JOIN LATERAL (
  SELECT sum(a.cost_pico) AS cost_pico, count(*)::int AS count,
    (array_agg(a.cost_status ORDER BY a.received_at DESC, a.id))[1] AS cost_status,
    (array_agg(a.attempts ORDER BY a.received_at DESC, a.id))[1] AS attempts
  FROM usage_record a WHERE a.day = u.day AND a.adjusts = u.id AND ${tx.owned('a')} AND ${within}) adj ON TRUE`;

/**
 * Joins the same where there are none: Postgres would plan a look into the partition of every day, for no day as well.
 */
export const NO_ADJUSTMENTS_JOIN_SQL = `CROSS JOIN (
  SELECT NULL::numeric AS cost_pico, 0 AS count, NULL::text AS cost_status, NULL::jsonb AS attempts) adj`;

/** The cost of a record `u` joined so, and its status, as they are now. */
export const CURRENT_COST_SQL = `CASE WHEN adj.cost_pico IS NULL THEN u.cost_pico
    ELSE coalesce(u.cost_pico, 0) + adj.cost_pico END`;
export const CURRENT_STATUS_SQL = 'coalesce(adj.cost_status, u.cost_status)';
