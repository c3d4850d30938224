/** How far the spools are shipped, looked at for all live tails of this api at once, while there are any. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../tenancy/database.js';
import type { Spool } from './tail-position.js';

const POLL_MS = 200;
/** Spools that are not closed, and those that closed within two days; the newest first. */
const SPOOLS_MAX = 2_000;

export class SpoolWatch {
  private last: { readonly atMs: number; readonly spools: Promise<readonly Spool[]> } | null = null;

  constructor(private readonly database: Database) {}

  /** As they are now, or were a moment ago; never as they were before `sinceMs`. */
  spools(sinceMs = performance.now() - POLL_MS): Promise<readonly Spool[]> {
    if (this.last === null || this.last.atMs < sinceMs) {
      this.last = { atMs: performance.now(), spools: this.read() };
    }
    return this.last.spools;
  }

  /** Comes back when it is time to look again, at once when whoever waits has gone. */
  async pause(gone: AbortSignal): Promise<void> {
    await delay(POLL_MS, undefined, { signal: gone }).catch(() => undefined);
  }

  private read(): Promise<readonly Spool[]> {
    return this.database.inLookup({}, async (tx) => {
      const rows = await tx.query<{ number: number; shipped_seq: string; opened_at: Date }>(
        `SELECT s.number, s.shipped_seq, s.opened_at FROM ledger_spool s
         WHERE s.closed_at IS NULL OR s.closed_at > now() - interval '2 days' ORDER BY s.number DESC LIMIT $1`,
        [SPOOLS_MAX],
      );
      return rows
        .map((row) => ({
          number: row.number,
          shippedSeq: Number(row.shipped_seq),
          openedAtMs: row.opened_at.getTime(),
        }))
        .toReversed();
    });
  }
}
