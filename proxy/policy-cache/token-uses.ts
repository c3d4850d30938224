/**
 * When API tokens were used last, on its way to Postgres: a set of ids on the request path, written every few seconds
 * in one statement, and of each token once a minute at most, however many proxies and apis see it. What cannot be
 * written now waits.
 */
import type pg from 'pg';
import { inTransaction } from '../../platform/postgres.js';
import type { ApiTokenId } from '../../schema/contracts/ids.js';

const WRITE_INTERVAL_MS = 5_000;
const MINUTE_MS = 60_000;
/** Tokens that wait, and as many that were written in this minute; beyond, a use is not remembered, and counted. */
const TOKENS_MAX = 20_000;

/** One order for all who write, so that nobody waits for somebody who waits. */
const WRITE_SQL = `
  UPDATE api_token t SET last_used_at = now()
  FROM (SELECT u.id FROM api_token u
    WHERE u.id = ANY($1::uuid[]) AND (u.last_used_at IS NULL OR u.last_used_at < now() - interval '1 minute')
    ORDER BY u.id FOR NO KEY UPDATE) used
  WHERE t.id = used.id`;

export class TokenUses {
  /** uses that were not remembered, because too many tokens waited */
  dropped = 0;
  private waiting = new Set<ApiTokenId>();
  /** written within the last minute, by when */
  private readonly written = new Map<ApiTokenId, number>();
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> | null = null;

  constructor(
    private readonly pool: pg.Pool,
    private readonly onProblem: (problem: string, error: unknown) => void,
    private readonly intervalMs: number = WRITE_INTERVAL_MS,
  ) {}

  note(tokenId: ApiTokenId): void {
    if (this.waiting.has(tokenId) || this.written.has(tokenId)) return;
    if (this.waiting.size >= TOKENS_MAX) return void (this.dropped += 1);
    this.waiting.add(tokenId);
  }

  start(): void {
    this.timer = setInterval(() => void this.write(), this.intervalMs).unref();
  }

  /** Writes what waits. Never rejects. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    await this.writing;
    await this.write();
  }

  /** Never rejects. */
  private async write(): Promise<void> {
    this.writing ??= this.writeWaiting().finally(() => (this.writing = null));
    await this.writing;
  }

  private async writeWaiting(): Promise<void> {
    this.forgetWritten(performance.now());
    if (this.waiting.size === 0) return;
    const ids = this.waiting;
    this.waiting = new Set();
    try {
      await inTransaction(this.pool, 'tollgate_shipper', {}, (client) => client.query(WRITE_SQL, [[...ids]]));
      const nowMs = performance.now();
      for (const id of ids) if (this.written.size < TOKENS_MAX) this.written.set(id, nowMs);
    } catch (error) {
      for (const id of this.waiting) ids.add(id);
      this.waiting = ids;
      this.onProblem('when API tokens were used last could not be written; it is tried again', error);
    }
  }

  /** In the order in which they were written. */
  private forgetWritten(nowMs: number): void {
    for (const [id, writtenAtMs] of this.written) {
      if (nowMs - writtenAtMs < MINUTE_MS) return;
      this.written.delete(id);
    }
  }
}
