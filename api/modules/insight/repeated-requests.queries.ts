/** Requests that were made more than once, told by the hash of their cache key, and what a cache would have made of them. */
import { CACHED_ANSWER_BYTES_MAX, KEPT_ESTIMATE_NOTES } from '../../../schema/contracts/cached-answers.js';
import { uuidDay } from '../../../schema/contracts/ids.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { usdFromPico } from '../../scalars/numeric-scalars.js';
import { TOKENS_IN_SQL, TOKENS_OUT_SQL } from '../log/index.js';
import { coveredRange, type GatewayRange } from './insight-range.js';
import type { RepeatedRequest, RepeatedRequests } from './insight.types.js';
import {
  besideEdge,
  COST_SQL,
  inTime,
  LedgerScan,
  LOG_COLUMNS,
  planForMany,
  SCANNED_ROWS_MAX,
  SHOWN_SQL,
  type ScanCounts,
} from './ledger-scan.js';
import { RepeatedTally, type RepeatedGroup, type RepeatedRow } from './repeated-tally.js';

/** Rows that are taken from Postgres at a time: others are served in between. */
const BATCH_ROWS = 2_000;

/** Whether the answer of a record `u` is one that the cache keeps. What the cache itself gave was one. */
const KEPT_SQL = `(u.status_code = 200 AND u.error_code IS NULL AND NOT u.interrupted AND NOT u.client_aborted
  AND u.response_bytes >= 1 AND u.response_bytes <= ${CACHED_ANSWER_BYTES_MAX}
  AND (u.cached OR u.usage_source = 'PROVIDER' OR u.usage_source = 'ESTIMATED'
    AND (${KEPT_ESTIMATE_NOTES.map((note) => `starts_with(u.usage_note, '${note}')`).join(' OR ')})))`;

/** What was used, as one number: equal for equal units. */
const UNITS_SQL = `hashtextextended(row(u.input_tokens, u.cached_input_tokens, u.cache_write_tokens, u.cache_write_1h_tokens,
  u.output_tokens, u.reasoning_tokens, u.audio_input_tokens, u.audio_output_tokens, u.image_input_tokens,
  u.image_output_tokens, u.requests, u.web_searches, u.other_units)::text, 0)`;

const COLUMNS = `u.method, u.cache_key_hash, u.duration_ms, u.cached, ${KEPT_SQL} AS is_kept, ${UNITS_SQL} AS units,
  ${TOKENS_IN_SQL} AS tokens_in, ${TOKENS_OUT_SQL} AS tokens_out, u.cost_pico, u.saved_pico,
  -- of several attempts the last one answered
  u.attempts -> -1 AS last_attempt, ${LOG_COLUMNS}`;

export class RepeatedRequestQueries {
  constructor(
    private readonly database: Database,
    private readonly rowsMax: number = SCANNED_ROWS_MAX,
    private readonly counts: ScanCounts = { partial: 0, slow: 0 },
  ) {}

  /** The `first` groups of identical requests that cost most, and a simulation for each lifetime. */
  repeated(
    scope: AccountScope<'insight.read'>,
    range: GatewayRange,
    { ttlSeconds, first }: { readonly ttlSeconds: readonly number[]; readonly first: number },
  ): Promise<RepeatedRequests> {
    return inTime(this.rowsMax, this.counts, (rowsMax) =>
      this.database.inAccount(scope, async (tx) => {
        await planForMany(tx);
        const tally = new RepeatedTally(ttlSeconds);
        const edge = await readRepeated(tx, new LedgerScan(tx, range, rowsMax), tally);
        return {
          covered: coveredRange(range, edge),
          groups: await described(tx, tally.dearest(first)),
          simulations: tally.simulations.map((simulated) => ({
            ttlSeconds: simulated.ttlSeconds,
            hits: BigInt(simulated.hits),
            unpricedHits: BigInt(simulated.unpricedHits),
            savedUsd: usdFromPico(simulated.savedPico),
            savedTokensIn: simulated.savedTokensIn,
            savedTokensOut: simulated.savedTokensOut,
          })),
          savedUsd: usdFromPico(tally.savedPico),
        };
      }),
    );
  }
}

/** Adds the rows, oldest first; answers the edge. The cache has to do with POST alone. */
async function readRepeated(tx: TenantTransaction, scan: LedgerScan, tally: RepeatedTally): Promise<Date | null> {
  await tx.query(
    `DECLARE repeated NO SCROLL CURSOR FOR WITH ${scan.with(COLUMNS)} ${besideEdge(`
       SELECT s.id, encode(substring(s.cache_key_hash FOR 16), 'hex') AS key, s.created_at, s.duration_ms, s.cached,
         s.is_kept, s.units::text, s.tokens_in::text, s.tokens_out::text, (${COST_SQL})::text AS total_pico,
         CASE WHEN s.cached THEN s.saved_pico WHEN s.cost_pico IS NULL AND adj.cost_pico IS NULL THEN NULL
           ELSE ${COST_SQL} END::text AS cost_pico,
         CASE WHEN NOT s.cached THEN s.last_attempt END AS last_attempt, (${SHOWN_SQL}) AS is_shown
       FROM seen s ${scan.joinAdjustments()} ${scan.joinRatings()}
       WHERE s.method = 'POST' AND s.cache_key_hash IN (SELECT r.cache_key_hash FROM seen r
         WHERE r.method = 'POST' AND r.cache_key_hash IS NOT NULL GROUP BY 1 HAVING count(*) > 1)`)} ORDER BY g.id`,
    scan.where.parameters,
  );
  let edge: Date | null = null;
  for (;;) {
    const rows = await tx.fetch<RepeatedRow>('repeated', BATCH_ROWS);
    for (const row of rows) {
      edge = row.edge;
      if (row.id !== null) tally.add({ ...row, id: row.id });
    }
    if (rows.length < BATCH_ROWS) return edge;
  }
}

interface Description {
  readonly id: string;
  readonly provider: string;
  readonly model: string | null;
  readonly path: string;
}

/** The groups with what they asked for, read off the newest request of each. */
async function described(tx: TenantTransaction, groups: readonly RepeatedGroup[]): Promise<RepeatedRequest[]> {
  const ids = groups.map(({ lastId }) => lastId);
  const days = [...new Set(ids.map(uuidDay))];
  const rows = await tx.query<Description>(
    `SELECT u.id, u.provider, u.model, u.path FROM usage_record u
     WHERE ${tx.owned('u')} AND u.day = ANY($2::date[]) AND u.id = ANY($3::uuid[])`,
    [days, ids],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return groups.flatMap((group) => {
    const asked = byId.get(group.lastId);
    if (asked === undefined) return []; // its day was dropped meanwhile
    const { provider, model, path } = asked;
    return [
      {
        key: group.key,
        requests: BigInt(group.requests),
        cached: BigInt(group.cached),
        costUsd: usdFromPico(group.costPico),
        provider,
        model,
        path,
        firstSeenAt: group.firstSeenAt,
        lastSeenAt: group.lastSeenAt,
        exampleLogId: group.exampleId,
      },
    ];
  });
}
