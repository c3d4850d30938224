/**
 * Follows policy changes: Redis messages for speed, and once a second the outbox in Postgres for certainty, since a
 * message may be lost. A change is therefore seen within a second of its commit even when Redis is away.
 */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { POLICY_CHANNEL, policyChangeSchema, type PolicyChange } from '../../schema/contracts/redis-keys.js';
import { inTransaction } from '../../platform/postgres.js';
import type { PostgresReach } from './postgres-reach.js';

const POLL_INTERVAL_MS = 700;
/** The outbox keeps an hour; who was away for longer than this may have missed something. */
const CATCH_UP_MS_MAX = 30 * 60_000;
/** At the first look: as far back as a shared copy in Redis could be older than its change. */
const LOOK_BACK_SECONDS = 120;

/**
 * Everything that was committed since the last look ($1, its snapshot), once each, also while an older transaction is
 * open. What is below a snapshot's xmin was finished by then; it never goes back, but in a database that was restored.
 */
const POLL_SQL = `
  SELECT pg_current_snapshot()::text AS seen,
    COALESCE(pg_snapshot_xmin(pg_current_snapshot()) < pg_snapshot_xmin($1::text::pg_snapshot), false) AS "isRestored",
    COALESCE((SELECT jsonb_agg(change ORDER BY id) FROM policy_outbox
      WHERE CASE WHEN $1::text IS NULL THEN created_at > now() - make_interval(secs => $2)
                 ELSE xid >= pg_snapshot_xmin($1::text::pg_snapshot)
                   AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot) END), '[]') AS changes`;

interface Look {
  readonly seen: string;
  readonly isRestored: boolean;
  readonly changes: readonly unknown[];
}

export interface FollowerDeps {
  readonly pool: pg.Pool;
  /** a connection of its own: a subscribed one can do nothing else */
  readonly subscriber: Redis;
  readonly apply: (change: PolicyChange) => void;
  readonly supersedeAll: () => void;
  /** told when the database is an earlier one, or another: nothing that was announced before holds of it */
  readonly startOver: () => void;
  /** told by each look at the outbox whether Postgres answers */
  readonly reach: PostgresReach;
  readonly onProblem: (problem: string, error: unknown) => void;
}

export class ChangeFollower {
  /** Postgres' snapshot at the last look */
  private seen: string | null = null;
  /** Unix ms of the last look: all changes before it are known */
  heardAtMs = Date.now();
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private isFailing = false;

  constructor(private readonly deps: FollowerDeps) {}

  /** Listens to messages; while Postgres is away, they are all there is. Never rejects. */
  async listen(): Promise<void> {
    const { subscriber } = this.deps;
    subscriber.on('message', (_channel, message) => this.onMessage(message));
    subscriber.on('ready', () => void this.subscribe());
    if (subscriber.status === 'ready') await this.subscribe();
  }

  /** Resolves after the first look at the outbox; throws when Postgres cannot be asked, and may be tried again. */
  async start(): Promise<void> {
    await this.poll();
    this.schedule();
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private async subscribe(): Promise<void> {
    await this.deps.subscriber.subscribe(POLICY_CHANNEL).catch((error: unknown) => {
      this.deps.onProblem('policy changes cannot be subscribed to; the outbox is polled', error);
    });
  }

  private onMessage(message: string): void {
    try {
      this.deps.apply(policyChangeSchema.parse(JSON.parse(message)));
    } catch (error) {
      this.deps.onProblem('a policy announcement could not be read; the outbox will repeat it', error);
    }
  }

  private schedule(delayMs = POLL_INTERVAL_MS): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.look(), delayMs);
  }

  /** Never rejects. */
  private async look(): Promise<void> {
    const { reach, onProblem } = this.deps;
    try {
      await this.poll();
      this.isFailing = false;
      this.schedule();
    } catch (error) {
      if (!this.isFailing) onProblem('the policy outbox cannot be read; held policies serve on', error);
      this.isFailing = true;
      reach.failed();
      this.schedule(reach.isAway ? POLL_INTERVAL_MS : 0); // whether it is away, the next connection tells
    }
  }

  private async poll(): Promise<void> {
    const result = await inTransaction(this.deps.pool, 'tollgate_proxy', {}, (client) =>
      client.query<Look>(POLL_SQL, [this.seen, this.lookBackSeconds()]),
    );
    this.deps.reach.answered();
    const row = result.rows[0];
    if (row === undefined) throw new Error('the outbox query answered no row');
    if (row.isRestored) this.deps.startOver();
    else if (Date.now() - this.heardAtMs > CATCH_UP_MS_MAX) this.deps.supersedeAll();
    this.heardAtMs = Date.now();
    this.seen = row.seen;
    for (const change of row.changes) {
      const parsed = policyChangeSchema.safeParse(change);
      if (parsed.success) this.deps.apply(parsed.data);
      else this.deps.onProblem('an outbox row could not be read', parsed.error);
    }
  }

  private lookBackSeconds(): number {
    return LOOK_BACK_SECONDS + Math.max(0, Date.now() - this.heardAtMs) / 1_000;
  }
}
