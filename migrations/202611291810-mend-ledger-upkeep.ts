import type { Migration } from './migration.js';

/** Every table that is partitioned by day. */
const PARENTS = ['usage_record', 'log_body_1', 'log_body_7', 'log_body_30', 'log_body_90', 'log_body_365'];

/** What is due (202611281210-create-ledger-upkeep), by the first day of a class whose bodies are kept. */
const dueFunction = (bodiesKeptFrom: string): string => `
CREATE OR REPLACE FUNCTION ledger_upkeep_due(retention_days integer, today date)
  RETURNS TABLE (step integer, parent text, day date, subject text)
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $due$
  WITH parents (name, kept_from) AS (
    SELECT 'usage_record', today - retention_days
    UNION ALL SELECT 'log_body_' || class, ${bodiesKeptFrom} FROM unnest(ARRAY[1, 7, 30, 90, 365]) class
  ), partitions AS (
    SELECT p.name AS parent, c.relname::text AS name, (b.bounds)[1]::date AS from_day, (b.bounds)[2]::date AS to_day
    FROM parents p
    JOIN pg_inherits i ON i.inhparent = format('public.%I', p.name)::regclass
    JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid),
      '^FOR VALUES FROM \\(''([0-9-]+)''\\) TO \\(''([0-9-]+)''\\)$') AS bounds) b
    WHERE b.bounds IS NOT NULL
  ), in_default (parent, day) AS (
    ${PARENTS.map((parent) => `SELECT DISTINCT '${parent}', d.day FROM public.${parent}_default d`).join('\n    UNION ALL ')}
  ), wanted AS (
    SELECT p.name AS parent, today + g.days AS day FROM parents p, generate_series(-7, 14) g (days)
    UNION SELECT d.parent, d.day FROM in_default d
  )
  -- days without a partition. Later ones than a fortnight ahead stay in DEFAULT: a clock that is wrong makes none.
  SELECT 1, w.parent, w.day, w.parent || '_' || to_char(w.day, 'YYYYMMDD')
  FROM wanted w JOIN parents p ON p.name = w.parent
  WHERE w.day >= p.kept_from AND w.day <= today + 14
    AND NOT EXISTS (SELECT FROM partitions c WHERE c.parent = w.parent AND c.from_day <= w.day AND w.day < c.to_day)
  UNION ALL
  SELECT 2, c.parent, c.from_day, c.name FROM partitions c JOIN parents p ON p.name = c.parent
  WHERE c.to_day <= p.kept_from
  UNION ALL
  -- rows that came after their day was dropped
  SELECT 3, d.parent, d.day, d.parent || '_default' FROM in_default d JOIN parents p ON p.name = d.parent
  WHERE d.day < p.kept_from
  UNION ALL
  -- A record may be of up to a week before the day it was shipped on: a shipment goes a week before its records do, or it
  -- would miss them.
  SELECT 4, 'ledger_shipment', s.day, 'ledger_shipment' FROM (SELECT min(shipped_on) AS day FROM public.ledger_shipment) s
  WHERE s.day < today - retention_days + 7
  UNION ALL
  SELECT 5, 'ledger_quarantine', q.day, 'ledger_quarantine'
  FROM (SELECT (min(quarantined_at) AT TIME ZONE 'UTC')::date AS day FROM public.ledger_quarantine) q
  WHERE q.day < today - retention_days
  UNION ALL
  SELECT 6, 'ledger_spool', s.day, 'ledger_spool'
  FROM (SELECT (min(closed_at) AT TIME ZONE 'UTC')::date AS day FROM public.ledger_spool l
    WHERE NOT EXISTS (SELECT FROM public.ledger_shipment m WHERE m.spool = l.number)
      AND NOT EXISTS (SELECT FROM public.ledger_quarantine m WHERE m.spool = l.number)) s
  WHERE s.day < today - retention_days
$due$;`;

/** Days whose counts of bytes may go, by how long their bodies are kept at least. */
const countsOlderThan = (days: string): string =>
  ['log_storage_old', 'log_storage_upkeep']
    .map((policy) => `ALTER POLICY ${policy} ON log_storage USING (day < (now() AT TIME ZONE 'UTC')::date - ${days});`)
    .join('\n');

/**
 * Bodies go with the usage records of their day at the latest: without a record nobody can read them, and they would be kept
 * for nobody. Their counts may go as early: usage records are kept for 14 days or more.
 */
export const mendLedgerUpkeep: Migration = {
  name: '202611291810-mend-ledger-upkeep',
  up: `${dueFunction('greatest(today - class, today - retention_days)')}
${countsOlderThan('least(log_retention_days, 14)')}`,
  down: `${countsOlderThan('log_retention_days')}
${dueFunction('today - class')}`,
};
