import type { Migration } from './migration.js';

/**
 * What logs are looked up and ordered by beside time. Kept up while a day's records are shipped, such indexes would halve
 * what can be shipped; so a day gets them when it is over (docs/decisions/0027-indexes-when-the-day-is-over.md). They stand on the
 * partition alone and go with it. The expressions are those of api/modules/log, letter by letter, or no plan uses them.
 */
const INDEXES = [
  // cost: what has no price costs -1, as in the order by cost
  ['cost', 'btree (gateway_id, (CASE WHEN cost_pico IS NULL THEN -1 ELSE cost_pico END), id)'],
  ['duration', 'btree (gateway_id, duration_ms, id)'],
  [
    'tokens_in',
    `btree (gateway_id, (input_tokens + cached_input_tokens + cache_write_tokens + cache_write_1h_tokens
      + audio_input_tokens + image_input_tokens), id)`,
  ],
  [
    'tokens_out',
    'btree (gateway_id, (output_tokens + reasoning_tokens + audio_output_tokens + image_output_tokens), id)',
  ],
  // a pair of metadata; the last one: a day that has it has all
  ['metadata', 'gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL'],
] as const;

/** Says on a partition that it gets no more of them. */
const COMMENT = 'not indexed:';

export const indexFinishedDays: Migration = {
  name: '202611291100-index-finished-days',
  up: `
DO $$ BEGIN
  CREATE ROLE tollgate_log_finder NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT tollgate_log_finder TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO tollgate_log_finder;

-- The pair of metadata that is looked for, as a text and as a JSON literal. Beneath row-level security an index serves
-- containment only where the policy itself asks for it: so this role sees the account's records with the pair, and where they lie.
CREATE FUNCTION app_metadata() RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.metadata', true), '')::jsonb $$;
CREATE FUNCTION app_metadata_literal() RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.metadata_literal', true), '')::jsonb $$;
CREATE POLICY usage_record_find ON usage_record FOR SELECT TO tollgate_log_finder
  USING (account_id = app_account() AND metadata IS NOT NULL
    AND (metadata @> app_metadata() OR metadata @> app_metadata_literal()));
GRANT SELECT (day, id, account_id, gateway_id) ON usage_record TO tollgate_log_finder;

-- Makes the next index that a finished day lacks, the latest day first, and says which: CREATED, LEFT with its problem, BUSY
-- when another process is at it, LAGGING when records of it may be on their way, no row when none is due. Nothing that it may do comes from its caller (see
-- ledger_upkeep_next) but what he leaves aside, what date he thinks it is, and how large a day is worth it. One index a
-- transaction: nobody can write to that day meanwhile, and everybody can read. A day is over two hours after its midnight, and
-- none is begun while a proxy has records that may be of it: one that lags, or one that was not heard of (for two days: then its
-- disk is lost). A day whose index takes longer than the caller's statement may is commented, and left as it is until the comment goes.
CREATE FUNCTION log_index_upkeep_next(today date, bytes_min bigint, passed_over text[])
  RETURNS TABLE (action text, subject text, problem text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC' SET lock_timeout = '2s'
  SET maintenance_work_mem = '128MB' SET max_parallel_maintenance_workers = 0
AS $next$
DECLARE
  due record;
  lagging uuid;
  utc date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
  IF today IS NULL OR abs(today - utc) > 1 THEN
    RAISE EXCEPTION 'it is % here and % where you are: the clocks must agree before a day is over', utc, today;
  END IF;
  -- the migrations' own lock
  IF NOT pg_try_advisory_xact_lock(7065420) THEN
    RETURN QUERY SELECT 'BUSY', NULL::text, NULL::text;
    RETURN;
  END IF;
  SELECT s.id INTO lagging FROM public.ledger_spool s WHERE s.closed_at IS NULL AND s.heard_at > now() - interval '2 days'
    AND (s.heard_at < now() - interval '5 minutes' OR s.lag_ms > 60000) LIMIT 1;
  IF lagging IS NOT NULL THEN
    RETURN QUERY SELECT 'LAGGING', NULL::text, 'the spool ' || lagging || ' may have records of it';
    RETURN;
  END IF;
  BEGIN
    SELECT p.name, i.suffix, i.definition, p.name || '_' || i.suffix || '_idx' AS index_name INTO due
    FROM (
      SELECT c.oid, c.relname::text AS name, to_date(right(c.relname, 8), 'YYYYMMDD') AS day
      FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
      WHERE h.inhparent = 'public.usage_record'::regclass AND c.relname ~ '^usage_record_[0-9]{8}$') p
    CROSS JOIN (VALUES ${INDEXES.map(([suffix, definition], place) => `(${place}, '${suffix}', '${definition}')`).join(',\n    ')}) i (place, suffix, definition)
    WHERE p.day < ((now() - interval '2 hours') AT TIME ZONE 'UTC')::date
      AND to_regclass(format('public.%I', p.name || '_' || i.suffix || '_idx')) IS NULL
      AND coalesce(obj_description(p.oid, 'pg_class'), '') NOT LIKE '${COMMENT}%'
      AND p.name <> ALL (passed_over) AND pg_relation_size(p.oid) >= bytes_min
    ORDER BY p.day DESC, i.place LIMIT 1;
  EXCEPTION
    -- a partition that cannot even be measured now
    WHEN lock_not_available THEN
      RETURN QUERY SELECT 'BUSY', NULL::text, NULL::text;
      RETURN;
  END;
  IF due IS NULL THEN
    RETURN;
  END IF;
  action := 'CREATED';
  subject := due.name;
  BEGIN
    EXECUTE format('CREATE INDEX %I ON public.%I USING %s', due.index_name, due.name, due.definition);
    -- what its expressions hold, or plans would go by a guess
    IF due.suffix = 'tokens_out' THEN
      EXECUTE format('ANALYZE public.%I', due.name);
    END IF;
  EXCEPTION
    WHEN lock_not_available THEN
      action := 'LEFT';
      problem := 'in use';
    -- what OTHERS leaves out: thrown on, it would come again in each run, before any older day
    WHEN query_canceled THEN
      action := 'LEFT';
      problem := SQLSTATE || ' ' || SQLERRM;
      BEGIN
        EXECUTE format('COMMENT ON TABLE public.%I IS %L', due.name, '${COMMENT} ' || due.suffix || ' took too long at ' || now());
      EXCEPTION WHEN lock_not_available THEN NULL;
      END;
    WHEN OTHERS THEN
      action := 'LEFT';
      problem := SQLSTATE || ' ' || SQLERRM;
  END;
  RETURN NEXT;
END $next$;
REVOKE EXECUTE ON FUNCTION log_index_upkeep_next(date, bigint, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log_index_upkeep_next(date, bigint, text[]) TO tollgate_api;`,
  down: `
DROP FUNCTION log_index_upkeep_next(date, bigint, text[]);
DO $$ DECLARE
  made record;
BEGIN
  FOR made IN SELECT c.oid::regclass AS name FROM pg_class c WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace
    AND c.relname ~ '^usage_record_[0-9]{8}_(${INDEXES.map(([suffix]) => suffix).join('|')})_idx$'
    AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
  LOOP
    EXECUTE format('DROP INDEX %s', made.name);
  END LOOP;
END $$;
DROP POLICY usage_record_find ON usage_record;
REVOKE SELECT (day, id, account_id, gateway_id) ON usage_record FROM tollgate_log_finder;
DROP FUNCTION app_metadata_literal();
DROP FUNCTION app_metadata();`,
};
