import type { Migration } from './migration.js';

/**
 * The levels: for how many days a row is kept, and how many days one partition holds. Few partitions make few locks: 400
 * days are 14 of them.
 */
const LEVELS = [
  { table: 'usage_minute', keptDays: 3, partitionDays: 1 },
  { table: 'usage_hour', keptDays: 60, partitionDays: 8 },
  { table: 'usage_day', keptDays: 400, partitionDays: 32 },
];
const TABLES = LEVELS.map(({ table }) => table);
/** How many days ahead have partitions. */
const DAYS_AHEAD = 3;

/**
 * What is summed. Numeric where a sum might pass what bigint holds: an upstream of a tenant's own says what it likes.
 * `durations` and `first_tokens` are sketches (see `usage_sketch`).
 */
const MEASURES = `
  requests bigint NOT NULL,
  errors bigint NOT NULL,
  cached_requests bigint NOT NULL,
  rate_limited bigint NOT NULL,
  unpriced bigint NOT NULL,
  tokens_in numeric NOT NULL,
  tokens_out numeric NOT NULL,
  tokens_cached_in numeric NOT NULL,
  cost_pico numeric NOT NULL,
  saved_pico numeric NOT NULL,
  durations numeric NOT NULL,
  first_tokens numeric NOT NULL`;
export const MEASURE_NAMES = [...MEASURES.matchAll(/^ {2}(\w+)/gm)].map((match) => String(match[1]));
const measures = MEASURE_NAMES.join(', ');
const sums = MEASURE_NAMES.map((name) => `sum(${name})`).join(', ');

/** The columns by which a delta is told from others. */
export const DELTA_KEY = `account_id, gateway_id, at, provider, model, status_code, cached, api_token_id, path, error_code,
  metadata`;
const ENTRY_COLUMNS = `day, id, adjusts, created_at, ${DELTA_KEY}, ${measures}`;

export const LIMITED = 'coalesce(u.error_code IN (2003, 9005), false)';
export const counted = (condition: string): string =>
  `CASE WHEN u.kind = 'USAGE' AND ${condition} THEN u.request_count ELSE 0 END`;
const sketched = (column: string): string =>
  `CASE WHEN u.kind = 'USAGE' AND NOT ${LIMITED} AND ${column} IS NOT NULL THEN usage_sketch(${column}) ELSE 0 END`;
const columnsOf = (names: readonly string[]): string => `(${names.map((name) => `u.${name}`).join(' + ')})`;
const unitsOf = (names: readonly string[]): string =>
  `(${names.map((name) => `coalesce((m.attempt -> 'units' ->> '${name}')::numeric, 0)`).join(' + ')})`;

/** The contract's `tokensIn`, `tokensOut` and `tokensCachedIn`, of a row and of an attempt. */
export const ROW_TOKENS = {
  in: columnsOf([
    'input_tokens', 'cached_input_tokens', 'cache_write_tokens', 'cache_write_1h_tokens', 'audio_input_tokens',
    'image_input_tokens',
  ]), // prettier-ignore
  out: columnsOf(['output_tokens', 'reasoning_tokens', 'audio_output_tokens', 'image_output_tokens']),
  cachedIn: 'u.cached_input_tokens',
};
const ATTEMPT_TOKENS = {
  in: unitsOf([
    'inputTokens', 'cachedInputTokens', 'cacheWriteTokens', 'cacheWrite1hTokens', 'audioInputTokens',
    'imageInputTokens',
  ]), // prettier-ignore
  out: unitsOf(['outputTokens', 'reasoningTokens', 'audioOutputTokens', 'imageOutputTokens']),
  cachedIn: unitsOf(['cachedInputTokens']),
};

/** A row's attempts where it tells them; of an adjusting entry, those that it prices. */
const ATTEMPTS = `jsonb_array_elements(CASE WHEN jsonb_typeof(u.attempts) = 'array' THEN u.attempts ELSE '[]' END)
  AS m (attempt)`;
/** What an attempt adds to the cost; nothing where the row itself has no cost. */
const ATTEMPT_COST = `CASE WHEN u.cost_pico IS NULL THEN 0
    ELSE coalesce((m.attempt ->> CASE u.kind WHEN 'USAGE' THEN 'costPico' ELSE 'differencePico' END)::numeric, 0) END`;

/** The rows of `source` as what they add to the sums, behind the columns that readers look them up by. */
const entriesSql = (source: string): string => {
  const key = (provider: string, model: string): string => `u.day, u.id, u.adjusts, u.created_at,
      u.account_id, u.gateway_id, date_bin('1 minute', u.created_at, 'epoch'), (${provider}) COLLATE "C",
      (${model}) COLLATE "C", u.status_code, u.cached, u.api_token_id,
      left(split_part(u.path, '?', 1), 256) COLLATE "C", u.error_code, u.metadata`;
  const counts = `${counted('TRUE')},
      ${counted(`(u.status_code >= 400 OR u.interrupted) AND NOT ${LIMITED}`)},
      ${counted('u.cached')}, ${counted(LIMITED)},
      ${counted("u.cost_status = 'UNPRICED'")} - CASE WHEN u.prices_unpriced THEN 1 ELSE 0 END`;
  const sketches = `${sketched('u.duration_ms')}, ${sketched('u.time_to_first_token_ms')}`;
  return `
    -- Most rows describe their only attempt themselves.
    SELECT ${key('u.provider', 'u.model')},
      ${counts}, ${ROW_TOKENS.in}::numeric, ${ROW_TOKENS.out}::numeric, ${ROW_TOKENS.cachedIn}::numeric,
      coalesce(u.cost_pico, 0)::numeric, coalesce(u.saved_pico, 0)::numeric, ${sketches}
    FROM ${source} u WHERE u.attempts IS NULL
    UNION ALL
    -- Of the others the request stands under the row's provider and model, with what its attempts do not account for,
    SELECT ${key('u.provider', 'u.model')},
      ${counts}, ${ROW_TOKENS.in} - told.tokens_in, ${ROW_TOKENS.out} - told.tokens_out,
      ${ROW_TOKENS.cachedIn} - told.tokens_cached_in, coalesce(u.cost_pico, 0) - told.cost_pico,
      coalesce(u.saved_pico, 0), ${sketches}
    FROM ${source} u CROSS JOIN LATERAL (
      SELECT coalesce(sum(${ATTEMPT_TOKENS.in}), 0) AS tokens_in, coalesce(sum(${ATTEMPT_TOKENS.out}), 0) AS tokens_out,
        coalesce(sum(${ATTEMPT_TOKENS.cachedIn}), 0) AS tokens_cached_in, coalesce(sum(${ATTEMPT_COST}), 0) AS cost_pico
      FROM ${ATTEMPTS}) told
    WHERE u.attempts IS NOT NULL
    UNION ALL
    -- and each attempt under its own.
    SELECT ${key(
      "coalesce(m.attempt ->> 'provider', u.provider)",
      "CASE WHEN m.attempt ? 'provider' THEN m.attempt ->> 'model' ELSE u.model END",
    )},
      0, 0, 0, 0, 0, ${ATTEMPT_TOKENS.in}, ${ATTEMPT_TOKENS.out}, ${ATTEMPT_TOKENS.cachedIn}, ${ATTEMPT_COST}, 0, 0, 0
    FROM ${source} u CROSS JOIN LATERAL ${ATTEMPTS}
    WHERE u.attempts IS NOT NULL`;
};

/** Adds the rows of `source` to `usage_delta`. */
export const addSql = (source: string): string => `INSERT INTO usage_delta (${DELTA_KEY}, ${measures})
  SELECT ${DELTA_KEY}, ${sums} FROM (${entriesSql(source)}) entry (${ENTRY_COLUMNS})
  GROUP BY ${DELTA_KEY}
  HAVING (${sums}) <> (${MEASURE_NAMES.map(() => '0').join(', ')});`;

const LEVEL_COLUMNS = `
  account_id uuid NOT NULL,
  -- which dimensions a row is of (api/modules/analytics/rollup-views.ts); the columns of the others are null
  view smallint NOT NULL,
  -- of a view by metadata; '' otherwise
  key text COLLATE "C" NOT NULL,
  -- the first moment of the minute, hour or day (UTC)
  at timestamptz NOT NULL,
  -- the hash of the columns from here to cached, which may be longer than an index holds
  cell bytea NOT NULL,
  gateway_id uuid NOT NULL,
  value text COLLATE "C",
  provider text COLLATE "C",
  model text COLLATE "C",
  status_code smallint,
  cached boolean,${MEASURES}`;

/**
 * Rollups of the ledger. The transaction that inserts usage records adds what they add up to, by the minute, to
 * `usage_delta`; a job of the api moves that on into the levels (docs/decisions: rollups in two steps).
 */
export const createUsageRollups: Migration = {
  name: '202611281500-create-usage-rollups',
  up: `
DO $$ BEGIN
  CREATE ROLE tollgate_rollup NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT tollgate_rollup TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO tollgate_rollup;

-- A distribution of milliseconds is one number, so that sum() merges distributions: its digits, twelve by twelve from the
-- right, are the counts of buckets. Below 50 ms each millisecond has a bucket; above, a bucket reaches 4 % beyond its
-- beginning, up to 28 hours. This is the number of one value.
CREATE FUNCTION usage_sketch(ms integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ('1e' || (12 * CASE WHEN ms < 50 THEN greatest(ms, 0)
    ELSE least(50 + floor(ln(ms / 50.0::float8) / ln(1.04::float8))::integer, 420) END)::text)::numeric $$;

-- What was shipped and is not rolled up yet. Rows are only ever added, and removed by the one who rolls them up: no
-- shipper waits for another one.
CREATE TABLE usage_delta (
  account_id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  at timestamptz NOT NULL,
  provider text COLLATE "C" NOT NULL,
  model text COLLATE "C",
  status_code smallint NOT NULL,
  cached boolean NOT NULL,
  api_token_id uuid,
  path text COLLATE "C" NOT NULL,
  error_code integer,
  metadata jsonb,${MEASURES}
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
-- an account's part of it, for analytics
CREATE INDEX usage_delta_account_idx ON usage_delta (account_id);

-- a range of time of one view is one range scan of the key; rows are summed up in place, for which pages have room
${LEVELS.map(
  ({ table }) => `CREATE TABLE ${table} (${LEVEL_COLUMNS},
  CONSTRAINT ${table}_pkey PRIMARY KEY (account_id, view, key, at, cell)
) PARTITION BY RANGE (at);`,
).join('\n')}

-- The values that have rows of their own: of a metadata key, of paths (key ''), and the keys themselves. What else comes
-- on their day is '(other)'.
CREATE TABLE usage_rollup_value (
  account_id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  day date NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  CONSTRAINT usage_rollup_value_pkey PRIMARY KEY (account_id, gateway_id, day, dimension, key, value),
  CONSTRAINT usage_rollup_value_dimension_check CHECK (dimension IN ('PATH', 'METADATA', 'METADATA_KEY'))
);
-- those of a day whose time is over
CREATE INDEX usage_rollup_value_day_idx ON usage_rollup_value (day);

-- The ledger's rows as what they add to the sums: for the parts of a minute, an hour or a day that a range begins or ends with.
CREATE VIEW usage_entry (${ENTRY_COLUMNS}) WITH (security_invoker = true) AS ${entriesSql('usage_record')};

-- For every statement, whoever sends it: proxies of an older release, adjusting entries, and replays, of which \`added\` has
-- the rows that were new. Sorting holds one sketch in memory at a time, where hashing holds one a group.
CREATE FUNCTION usage_record_add() RETURNS trigger LANGUAGE plpgsql SET enable_hashagg = off AS $add$
BEGIN
  ${addSql('added')}
  RETURN NULL;
END $add$;
CREATE TRIGGER usage_record_rollup AFTER INSERT ON usage_record REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION usage_record_add();

-- Makes the partitions that are missing, drops those whose time is over, and says which. In the owner's name, as
-- ledger_upkeep_next is: a caller says what day he thinks it is, and nothing happens unless that is Postgres' own.
CREATE FUNCTION usage_rollup_upkeep(today date) RETURNS TABLE (action text, subject text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC' SET lock_timeout = '2s'
AS $upkeep$
#variable_conflict use_column
DECLARE
  utc date := (now() AT TIME ZONE 'UTC')::date;
  level record;
  part record;
BEGIN
  IF today IS NULL OR abs(today - utc) > 1 THEN
    RAISE EXCEPTION 'it is % here and % where you are: the clocks must agree before anything is dropped', utc, today;
  END IF;
  -- the migrations' own lock
  IF NOT pg_try_advisory_xact_lock(7065420) THEN
    RETURN;
  END IF;
  FOR level IN SELECT * FROM (VALUES ${LEVELS.map(
    ({ table, keptDays, partitionDays }) => `('${table}', ${keptDays}, ${partitionDays})`,
  ).join(', ')}) l (name, kept_days, days)
  LOOP
    FOR part IN
      SELECT DISTINCT date '2000-01-01' + (utc + g.ahead - date '2000-01-01') / level.days * level.days AS first_day
      FROM generate_series(-level.kept_days, ${DAYS_AHEAD}) g (ahead)
    LOOP
      subject := level.name || '_' || to_char(part.first_day, 'YYYYMMDD');
      CONTINUE WHEN to_regclass(format('public.%I', subject)) IS NOT NULL;
      EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 70)',
        subject, level.name, part.first_day::timestamptz, (part.first_day + level.days)::timestamptz);
      action := 'CREATED';
      RETURN NEXT;
    END LOOP;
    FOR part IN
      SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = format('public.%I', level.name)::regclass
        AND to_date(right(c.relname, 8), 'YYYYMMDD') + level.days <= utc - level.kept_days
    LOOP
      EXECUTE format('DROP TABLE public.%I', part.name);
      action := 'DROPPED';
      subject := part.name;
      RETURN NEXT;
    END LOOP;
  END LOOP;
END $upkeep$;
REVOKE EXECUTE ON FUNCTION usage_rollup_upkeep(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION usage_rollup_upkeep(date) TO tollgate_rollup;

${['usage_delta', 'usage_rollup_value', ...TABLES]
  .map(
    (table) => `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ${table}_scope ON ${table} FOR SELECT TO tollgate_api USING (account_id = app_account());
CREATE POLICY ${table}_rollup ON ${table} TO tollgate_rollup USING (true) WITH CHECK (true);
GRANT SELECT ON ${table} TO tollgate_api, tollgate_rollup;`,
  )
  .join('\n')}
CREATE POLICY usage_delta_ship ON usage_delta FOR INSERT TO tollgate_shipper WITH CHECK (true);
-- what adjusting entries add
CREATE POLICY usage_delta_adjust ON usage_delta FOR INSERT TO tollgate_api WITH CHECK (account_id = app_account());
GRANT INSERT ON usage_delta TO tollgate_shipper, tollgate_api;
GRANT SELECT ON usage_entry TO tollgate_api;
GRANT DELETE ON usage_delta TO tollgate_rollup;
GRANT INSERT, DELETE ON usage_rollup_value TO tollgate_rollup;
GRANT INSERT, UPDATE ON ${TABLES.join(', ')} TO tollgate_rollup;

-- What the ledger holds already. Forced row-level security would hide every row from an owner that is no superuser.
ALTER TABLE usage_record NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_delta NO FORCE ROW LEVEL SECURITY;
${addSql('usage_record')}
ALTER TABLE usage_record FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_delta FORCE ROW LEVEL SECURITY;`,
  down: `
DROP TRIGGER usage_record_rollup ON usage_record;
DROP FUNCTION usage_record_add();
DROP FUNCTION usage_rollup_upkeep(date);
DROP VIEW usage_entry;
DROP TABLE usage_rollup_value, ${TABLES.join(', ')}, usage_delta;
DROP FUNCTION usage_sketch(integer);`,
};
