/** How the instance is: what proxies say of themselves, what waits, and when jobs ran. No account's data is near it. */
import type { Redis } from 'ioredis';
import type { Database, LookupTransaction } from '../../tenancy/database.js';
import type { LedgerProofQueries } from '../ledger/index.js';
import type { InstanceHealth, JobHealth, LedgerGaps, ProxyHealth } from './instance-health.types.js';

const PROXIES_MAX = 200;
/** Three words missed. */
const LIVE_SECONDS = 30;

const PROXIES_SQL = `
  SELECT s.id, s.host, s.version, s.opened_at, s.heard_at, s.lag_ms::text, s.cover_hours, coalesce(s.is_gated, false) AS is_gated,
    (s.settled_seq - s.shipped_seq)::text AS unshipped,
    s.closed_at IS NULL AND s.heard_at > now() - make_interval(secs => ${LIVE_SECONDS}) AS is_live
  FROM ledger_spool s
  WHERE (s.closed_at IS NULL AND s.settled_seq > s.shipped_seq) OR s.heard_at > now() - interval '1 hour'
  ORDER BY is_live DESC, s.heard_at DESC, s.id LIMIT ${PROXIES_MAX}`;

const COUNTS_SQL = `
  SELECT current_setting('server_version') AS version, now() AS at,
    (SELECT count(*) FROM ledger_quarantine q)::text AS quarantined,
    (SELECT coalesce(sum(s.settled_seq - s.shipped_seq), 0) FROM ledger_spool s WHERE s.closed_at IS NULL)::text AS unshipped`;

interface ProxyRow {
  readonly id: string;
  readonly host: string;
  readonly version: string | null;
  readonly opened_at: Date;
  readonly heard_at: Date;
  readonly lag_ms: string | null;
  readonly cover_hours: number | null;
  readonly is_gated: boolean;
  readonly unshipped: string;
  readonly is_live: boolean;
}

interface CountsRow {
  readonly version: string;
  readonly at: Date;
  readonly quarantined: string;
  readonly unshipped: string;
}

export interface InstanceHealthDeps {
  readonly database: Database;
  readonly redis: Pick<Redis, 'eval'>;
  readonly proofs: LedgerProofQueries;
  /** of this api */
  readonly version: string;
}

export class InstanceHealthQueries {
  constructor(private readonly deps: InstanceHealthDeps) {}

  async read(): Promise<InstanceHealth> {
    const { database, version } = this.deps;
    const isRedisReachable = this.asksRedis();
    const { counts, proxies, jobs } = await database.inOverview(async (tx) => ({
      counts: (await tx.query<CountsRow>(COUNTS_SQL, []))[0],
      proxies: (await tx.query<ProxyRow>(PROXIES_SQL, [])).map(proxyHealth),
      jobs: await jobsOf(tx),
    }));
    if (counts === undefined) throw new Error('Postgres did not count');
    const live = proxies.filter((proxy) => proxy.isLive);
    return {
      checkedAt: counts.at,
      version,
      postgresVersion: counts.version,
      isRedisReachable: await isRedisReachable,
      ledgerLagSeconds: extreme(
        Math.max,
        live.map((proxy) => proxy.ledgerLagSeconds),
      ),
      coverHours: extreme(
        Math.min,
        live.map((proxy) => proxy.coverHours),
      ),
      unshippedRecords: BigInt(counts.unshipped),
      quarantinedRecords: BigInt(counts.quarantined),
      proxies,
      jobs,
    };
  }

  /** Of today (UTC), so far. */
  async gaps(): Promise<LedgerGaps> {
    const day = new Date().toISOString().slice(0, 10);
    const proof = await this.deps.proofs.prove(day);
    return { day, lost: proof?.lost ?? 0n, duplicated: proof?.duplicated ?? 0n };
  }

  private async asksRedis(): Promise<boolean> {
    try {
      await this.deps.redis.eval('return 1', 0);
      return true;
    } catch {
      return false;
    }
  }
}

const jobsOf = (tx: LookupTransaction): Promise<JobHealth[]> =>
  tx.query('SELECT j.job, j.finished_at AS "lastRunAt", j.problem FROM job_run j ORDER BY j.job', []);

const proxyHealth = (row: ProxyRow): ProxyHealth => ({
  id: row.id,
  host: row.host,
  version: row.version,
  startedAt: row.opened_at,
  lastSeenAt: row.heard_at,
  isLive: row.is_live,
  unshippedRecords: BigInt(row.unshipped),
  ledgerLagSeconds: row.lag_ms === null ? null : Number(row.lag_ms) / 1_000,
  coverHours: row.cover_hours,
  isGated: row.is_gated,
});

function extreme(of: (...values: number[]) => number, values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : of(...known);
}
