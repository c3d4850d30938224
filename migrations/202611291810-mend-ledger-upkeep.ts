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

/** The next thing that is due (202611281210-create-ledger-upkeep). */
const NEXT_FUNCTION = `
CREATE OR REPLACE FUNCTION ledger_upkeep_next(retention_days integer, today date, passed_over text[], enough text[])
  RETURNS TABLE (action text, parent text, subject text, records bigint, problem text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET lock_timeout = '2s'
AS $next$
#variable_conflict use_column
DECLARE
  due record;
  utc date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
  IF retention_days IS NULL OR retention_days < 14 THEN
    RAISE EXCEPTION 'usage records are kept for 14 days or more';
  END IF;
  -- What a wrong clock would drop is gone: two have to agree.
  IF today IS NULL OR abs(today - utc) > 1 THEN
    RAISE EXCEPTION 'it is % here and % where you are: the clocks must agree before anything is dropped', utc, today;
  END IF;
  -- the migrations' own lock
  IF NOT pg_try_advisory_xact_lock(7065420) THEN
    RETURN QUERY SELECT 'BUSY', NULL::text, NULL::text, NULL::bigint, NULL::text;
    RETURN;
  END IF;
  SELECT d.* INTO due FROM public.ledger_upkeep_due(retention_days, utc) d
    WHERE d.subject <> ALL (passed_over) AND d.parent <> ALL (passed_over)
      AND (d.step = 1 OR d.parent <> ALL (enough))
    ORDER BY {order} LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  action := 'DELETED';
  parent := due.parent;
  subject := due.subject;
  BEGIN
    CASE due.step
      WHEN 1 THEN
        records := public.ledger_upkeep_create(due.parent, due.day, due.subject);
        action := 'CREATED';
      WHEN 2 THEN
        EXECUTE format('LOCK TABLE ONLY public.%I IN ACCESS EXCLUSIVE MODE', due.parent);
        EXECUTE format('DROP TABLE public.%I', due.subject);
        action := 'DROPPED';
      WHEN 3 THEN
        records := public.ledger_upkeep_empty(due.parent, due.day, utc - retention_days);
      WHEN 4 THEN
        DELETE FROM public.ledger_shipment s WHERE s.shipped_on = due.day;
      WHEN 5 THEN
        DELETE FROM public.ledger_quarantine q WHERE (q.quarantined_at AT TIME ZONE 'UTC')::date = due.day;
      WHEN 6 THEN
        DELETE FROM public.ledger_spool s WHERE (s.closed_at AT TIME ZONE 'UTC')::date = due.day
          AND NOT EXISTS (SELECT FROM public.ledger_shipment m WHERE m.spool = s.number)
          AND NOT EXISTS (SELECT FROM public.ledger_quarantine m WHERE m.spool = s.number);
    END CASE;
    IF due.step >= 4 THEN
      GET DIAGNOSTICS records = ROW_COUNT;
    END IF;
  EXCEPTION
    -- Somebody else uses the table: none of its partitions can be had just now.
    WHEN lock_not_available THEN
      action := 'LEFT';
      subject := due.parent;
      problem := 'in use';
    WHEN {refusals} THEN
      action := 'LEFT';
      problem := SQLSTATE || ' ' || SQLERRM;
  END;
  RETURN NEXT;
END $next$;`;

/** By the order of what is due, and by the conditions that are no more than the problem of one thing. */
const nextFunction = (order: string, refusals: string): string =>
  NEXT_FUNCTION.replace('{order}', order).replace('{refusals}', refusals);

/** Days whose counts of bytes may go, by how long their bodies are kept at least. */
const countsOlderThan = (days: string): string =>
  ['log_storage_old', 'log_storage_upkeep']
    .map((policy) => `ALTER POLICY ${policy} ON log_storage USING (day < (now() AT TIME ZONE 'UTC')::date - ${days});`)
    .join('\n');

/**
 * Bodies go with the usage records of their day at the latest: without a record nobody can read them, and they would be kept
 * for nobody. Their counts may go as early: usage records are kept for 14 days or more.
 *
 * What takes longer than the caller's statement may is left like anything else that is refused. OTHERS leaves it out: thrown
 * on, it would come again in each run, before all that comes after it. And days ahead, which hold nothing yet, come before those
 * that may have to be moved.
 */
export const mendLedgerUpkeep: Migration = {
  name: '202611291810-mend-ledger-upkeep',
  up: `${dueFunction('greatest(today - class, today - retention_days)')}
${nextFunction('d.step, d.day <= utc, d.day, d.parent', 'query_canceled OR OTHERS')}
${countsOlderThan('least(log_retention_days, 14)')}`,
  down: `${countsOlderThan('log_retention_days')}
${nextFunction('d.step, d.day, d.parent', 'OTHERS')}
${dueFunction('today - class')}`,
};
