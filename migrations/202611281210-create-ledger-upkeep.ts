import type { Migration } from './migration.js';

/** Every table that is partitioned by day. */
const PARENTS = ['usage_record', 'log_body_1', 'log_body_7', 'log_body_30', 'log_body_90', 'log_body_365'];

/**
 * Upkeep of the partitions by the tiers' login, which owns no table: one function in the owner's name (docs/decisions:
 * upkeep in the owner's name). It does one thing a call, in the caller's transaction, and says what: so every lock is
 * short, and what cannot be had within two seconds is left for the next run. What it may do follows from the catalog and
 * the clock of Postgres alone; a caller chooses how long records are kept, within bounds, and nothing else.
 */
export const createLedgerUpkeep: Migration = {
  name: '202611281210-create-ledger-upkeep',
  up: `
-- What is due, the most urgent first. \`subject\` is a partition, or a table that loses a day's rows.
CREATE FUNCTION ledger_upkeep_due(retention_days integer, today date)
  RETURNS TABLE (step integer, parent text, day date, subject text)
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $due$
  WITH parents (name, kept_from) AS (
    SELECT 'usage_record', today - retention_days
    UNION ALL SELECT 'log_body_' || class, today - class FROM unnest(ARRAY[1, 7, 30, 90, 365]) class
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
$due$;

-- A day's own partition, with those of its rows that stand in DEFAULT. Nobody reads or writes the table meanwhile: so a
-- row that is written twice meets its key, and a writer that waits is routed anew. Its indexes are made when it is
-- attached, after the rows. The locks come from the parent down, as everybody's do.
CREATE FUNCTION ledger_upkeep_create(parent text, day date, subject text) RETURNS bigint
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $create$
DECLARE
  moved bigint;
  column_list text;
BEGIN
  EXECUTE format('LOCK TABLE ONLY public.%I IN ACCESS EXCLUSIVE MODE', parent);
  EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE
    INCLUDING COMPRESSION)', subject, parent);
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO column_list FROM pg_attribute a
    WHERE a.attrelid = format('public.%I', parent)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
  EXECUTE format('WITH moved AS (DELETE FROM public.%I d WHERE d.day = %L RETURNING %s)
    INSERT INTO public.%I (%s) SELECT %s FROM moved', parent || '_default', day, column_list, subject, column_list, column_list);
  GET DIAGNOSTICS moved = ROW_COUNT;
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
    parent, subject, day, day + 1);
  RETURN moved;
END $create$;

-- Rows that are too old to be kept, in DEFAULT because their partition is gone. A record that a spool has only just
-- shipped is no old record: its proxy's clock was wrong, or its disk was found again. It goes to the quarantine, where
-- the gap check counts it and somebody looks at it.
CREATE FUNCTION ledger_upkeep_empty(parent text, day date, kept_from date) RETURNS bigint
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $empty$
DECLARE
  column_list text;
  removed bigint;
BEGIN
  IF parent = 'usage_record' THEN
    SELECT string_agg('d.' || quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO column_list FROM pg_attribute a
      WHERE a.attrelid = (SELECT t.typrelid FROM pg_type t WHERE t.oid = 'public.usage_record_row_3'::regtype)
        AND a.attnum > 0 AND NOT a.attisdropped;
    EXECUTE format('INSERT INTO public.ledger_quarantine (spool, spool_seq, record, readable, sqlstate, error)
      SELECT d.spool, d.spool_seq, record_send(r.row), to_jsonb(r.row), ''23514'',
        ''shipped after its day was dropped: older than LEDGER_RETENTION_DAYS''
      FROM public.usage_record_default d JOIN public.ledger_spool s ON s.number = d.spool
      CROSS JOIN LATERAL (SELECT ROW(%s)::public.usage_record_row_3 AS row) r
      WHERE d.day = %L AND d.received_at >= %L ON CONFLICT DO NOTHING', column_list, day, kept_from);
  END IF;
  EXECUTE format('DELETE FROM public.%I d WHERE d.day = %L', parent || '_default', day);
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $empty$;

-- The next thing that is due: CREATED (\`records\`: how many DEFAULT had), DROPPED (null: nobody counted), DELETED, or
-- LEFT with its problem; BUSY when another process is at it; no row when nothing is due. A name in \`passed_over\` is a
-- subject or a parent that was left in this run; \`enough\` names parents that lose no more in this run.
CREATE FUNCTION ledger_upkeep_next(retention_days integer, today date, passed_over text[], enough text[])
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
    ORDER BY d.step, d.day, d.parent LIMIT 1;
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
    WHEN OTHERS THEN
      action := 'LEFT';
      problem := SQLSTATE || ' ' || SQLERRM;
  END;
  RETURN NEXT;
END $next$;

REVOKE EXECUTE ON FUNCTION ledger_upkeep_due(integer, date) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_upkeep_create(text, date, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_upkeep_empty(text, date, date) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_upkeep_next(integer, date, text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_upkeep_next(integer, date, text[], text[]) TO tollgate_api;`,
  down: `
DROP FUNCTION ledger_upkeep_next(integer, date, text[], text[]);
DROP FUNCTION ledger_upkeep_empty(text, date, date);
DROP FUNCTION ledger_upkeep_create(text, date, text);
DROP FUNCTION ledger_upkeep_due(integer, date);`,
};
