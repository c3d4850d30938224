/**
 * The logs' bodies on their way to Postgres: a path of its own, bounded in memory, which can neither displace a usage
 * record nor make one wait. What does not fit is dropped and counted; its log says NOT_COLLECTED.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { LogBodies } from '../../schema/contracts/usage-record.js';
import { inTransaction } from '../../platform/postgres.js';
import { insertArray } from '../usage/array-insert.js';
import { CompositeRows } from '../usage/composite-rows.js';
import { BODY_COLUMNS, writeBodies } from '../usage/usage-rows.js';
import { isConflict, isPoison } from './shipments.js';

const COLUMNS = BODY_COLUMNS.join(', ');
/** As if no log had a row yet: Postgres takes in such rows with less (docs/performance.md). */
const NEW_SQL = `INSERT INTO log_body AS kept (${COLUMNS}) SELECT ${COLUMNS} FROM unnest($1::log_body_row[])`;
/** A log that was rated before its bodies came has a row without any; one that was deleted gets none. */
const ASKING_SQL = `${NEW_SQL}
  ON CONFLICT (log_retention_days, day, id) DO UPDATE SET request_body = excluded.request_body,
    response_body = excluded.response_body, request_encoding = excluded.request_encoding,
    response_encoding = excluded.response_encoding, truncated = excluded.truncated
  WHERE kept.deleted_at IS NULL AND kept.request_body IS NULL AND kept.response_body IS NULL`;
/** After a log that had a row: where logs are rated at once, or bodies come late, many have. */
const ASKING_MS = 60_000;
const BATCH_ROWS_MAX = 1_000;
const BATCH_BYTES_MAX = 8 * 1024 * 1024;
/** While Postgres is a little behind, so many batches wait and are filled in turns. */
const SPARES_MAX = 4;
const RETRY_DELAY_MS = 1_000;
const FLUSH_PAUSE_MS = 10;

export interface BodyWriterOptions {
  readonly bytesMax: number;
  readonly intervalMs: number;
  readonly onProblem: (problem: string, error: unknown) => void;
}

export class BodyWriter {
  readonly counts = { written: 0, dropped: 0 };
  /** bytes of memory that wait */
  private bytes = 0;
  /** oldest first; the first may be on its way, the last one is being filled */
  private readonly batches: CompositeRows[] = [];
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> | null = null;
  /** empty ones, whose memory is used again: what each batch allocates anew only full collections free */
  private readonly spares: CompositeRows[] = [];
  private hasFailed = false;
  private isClosed = false;
  private typeOid: number | null = null;
  private asksUntilMs = -Infinity;

  constructor(
    private readonly pool: pg.Pool,
    private readonly options: BodyWriterOptions,
  ) {}

  add(bodies: LogBodies): void {
    const bytes = (bodies.requestBody?.length ?? 0) + (bodies.responseBody?.length ?? 0);
    if (this.isClosed || this.bytes + bytes > this.options.bytesMax) {
      this.counts.dropped += 1;
      return;
    }
    const batch = this.filling();
    const before = batch.byteLength;
    batch.add(BODY_COLUMNS.length, writeBodies, bodies);
    this.bytes += batch.byteLength - before;
    this.schedule(this.options.intervalMs);
  }

  /** Writes what waits; gives up at the deadline, and what is left then is dropped. */
  async flush(deadlineMs: number): Promise<void> {
    const until = performance.now() + deadlineMs;
    while (this.batches.length > 0 && performance.now() < until) {
      await (this.writing ?? this.writeFirst());
      const pauseMs = this.hasFailed ? RETRY_DELAY_MS : FLUSH_PAUSE_MS;
      if (this.batches.length > 0) await delay(Math.min(pauseMs, Math.max(0, until - performance.now())));
    }
  }

  close(): void {
    this.isClosed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    for (const batch of this.batches) this.counts.dropped += batch.count;
  }

  private filling(): CompositeRows {
    const last = this.batches.at(-1);
    const isTaken = last === undefined || (this.batches.length === 1 && this.writing !== null);
    if (!isTaken && last.count < BATCH_ROWS_MAX && last.byteLength < BATCH_BYTES_MAX) return last;
    const batch = this.spares.pop() ?? new CompositeRows();
    this.batches.push(batch);
    return batch;
  }

  private schedule(delayMs: number): void {
    if (this.isClosed || this.writing !== null || this.timer !== null) return;
    this.timer = setTimeout(() => void this.writeFirst(), delayMs);
  }

  /** Writes the oldest batch; never rejects. */
  private writeFirst(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.writing = this.writeOldest()
      .then(() => (this.hasFailed = false))
      .catch((error: unknown) => {
        this.hasFailed = true;
        this.options.onProblem('log bodies could not be written; they are tried again', error);
      })
      .then(() => {
        this.writing = null;
        const isFull = this.batches.length > 1;
        if (this.batches.length > 0) {
          this.schedule(this.hasFailed ? RETRY_DELAY_MS : isFull ? 0 : this.options.intervalMs);
        }
      });
    return this.writing;
  }

  private async writeOldest(): Promise<void> {
    const [batch] = this.batches;
    if (batch === undefined) return;
    const bytes = batch.byteLength;
    await this.insert(batch, 0, batch.count, performance.now() < this.asksUntilMs ? ASKING_SQL : NEW_SQL);
    this.batches.shift();
    this.bytes -= Math.min(this.bytes, bytes);
    batch.clear();
    if (this.batches.length === 0) this.spares.length = 0; // Postgres has caught up: one is enough again
    if (this.spares.length < SPARES_MAX) this.spares.push(batch);
  }

  /** A body that Postgres will never take is found by halving, and dropped. */
  private async insert(batch: CompositeRows, from: number, to: number, sql = ASKING_SQL): Promise<void> {
    if (from === to) return undefined;
    try {
      await inTransaction(this.pool, 'tollgate_shipper', {}, async (client) => {
        this.typeOid ??= await rowType(client);
        await insertArray(client, sql, batch.slice(from, to, this.typeOid));
      });
      this.counts.written += to - from;
      return undefined;
    } catch (error) {
      if (!isPoison(error)) {
        this.typeOid = null; // the types may have been made anew
        throw error;
      }
      if (sql === NEW_SQL && isConflict(error)) {
        this.asksUntilMs = performance.now() + ASKING_MS;
        return this.insert(batch, from, to);
      }
      if (to - from === 1) {
        this.counts.dropped += 1;
        return this.options.onProblem('a log body that Postgres will never take was dropped', error);
      }
      const middle = Math.ceil((from + to) / 2);
      await this.insert(batch, from, middle);
      return this.insert(batch, middle, to);
    }
  }
}

/** The OID of our row type, which every migrated database numbers for itself. */
async function rowType(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ oid: number }>(`SELECT 'log_body_row'::regtype::oid AS oid`);
  const [found] = rows;
  if (found === undefined) throw new Error('Postgres did not name the row type of bodies');
  return found.oid;
}
