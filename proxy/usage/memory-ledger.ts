/**
 * The first ledger: bounded memory, batched into Postgres. It promises that a record is written once Postgres takes it,
 * also through an outage and a signal to stop; a killed process loses what was not yet written (at most a batch
 * interval in a healthy system). Nothing is dropped: when it is full, `open` refuses.
 */
import type { LogBodies, UsageRecord } from '../../schema/contracts/usage-record.js';
import { GatewayError } from '../gateway-error.js';
import type { LedgerEntry, UsageIntent, UsageLedger } from './usage-ledger.js';

/** Writes one batch; throws when Postgres cannot take it now. Writing a record twice must do no harm. */
export interface RecordStore {
  writeRecords(records: readonly UsageRecord[]): Promise<void>;
  writeBodies(bodies: readonly LogBodies[]): Promise<void>;
}

export interface MemoryLedgerOptions {
  /** records held, open ones included; beyond, `open` refuses */
  readonly recordsMax: number;
  /** bytes of bodies held; beyond, bodies are dropped (and counted): they may never displace a record */
  readonly bodyBytesMax: number;
  readonly batchRecordsMax: number;
  readonly batchIntervalMs: number;
  readonly retryDelayMsMax: number;
  readonly onProblem: (problem: string, error: unknown) => void;
}

export const MEMORY_LEDGER_DEFAULTS = {
  recordsMax: 20_000,
  bodyBytesMax: 64 * 1024 * 1024,
  batchRecordsMax: 1_000,
  batchIntervalMs: 100,
  retryDelayMsMax: 5_000,
} as const;

export class MemoryLedger implements UsageLedger {
  /** counters, read by the metrics */
  readonly counts = { open: 0, refused: 0, written: 0, bodiesDropped: 0, failedWrites: 0 };
  private records: UsageRecord[] = [];
  private bodies: LogBodies[] = [];
  private bodyBytes = 0;
  private inWriting = 0;
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> | null = null;
  private retryDelayMs = 0;

  constructor(
    private readonly store: RecordStore,
    private readonly options: MemoryLedgerOptions,
  ) {}

  /** records that are not in Postgres yet */
  get held(): number {
    return this.counts.open + this.records.length + this.inWriting;
  }

  open(_intent: UsageIntent): LedgerEntry {
    if (this.held >= this.options.recordsMax) {
      this.counts.refused += 1;
      throw new GatewayError('unavailable', 'the usage ledger is full', { retryAfterSeconds: 5 });
    }
    this.counts.open += 1;
    return {
      checkpoint: () => undefined, // nothing survives this process anyway
      settle: (record, bodies) => {
        this.counts.open -= 1;
        this.add(record, bodies);
        return Promise.resolve();
      },
    };
  }

  /** Writes everything that is held; resolves when it is written, or rejects with the last error at the deadline. */
  async flush(deadlineMs: number): Promise<void> {
    const until = Date.now() + deadlineMs;
    while (this.records.length + this.bodies.length + this.inWriting > 0) {
      if (Date.now() > until) throw new Error(`${this.held} usage records could not be written before the end`);
      this.cancelTimer();
      await (this.writing ?? this.writeOnce());
    }
  }

  private add(record: UsageRecord, bodies: LogBodies | null): void {
    this.records.push(record);
    if (bodies !== null) {
      const bytes = (bodies.requestBody?.length ?? 0) + (bodies.responseBody?.length ?? 0);
      if (this.bodyBytes + bytes > this.options.bodyBytesMax) this.counts.bodiesDropped += 1;
      else {
        this.bodyBytes += bytes;
        this.bodies.push(bodies);
      }
    }
    if (this.records.length >= this.options.batchRecordsMax && this.retryDelayMs === 0) this.schedule(0);
    else this.schedule(this.options.batchIntervalMs);
  }

  private schedule(delayMs: number): void {
    if (this.writing !== null || (this.timer !== null && delayMs > 0)) return;
    this.cancelTimer();
    this.timer = setTimeout(() => void this.writeOnce(), Math.max(delayMs, this.retryDelayMs));
  }

  private cancelTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** One batch; never rejects. A batch that could not be written goes back to the front. */
  private writeOnce(): Promise<void> {
    this.timer = null;
    const records = this.records.splice(0, this.options.batchRecordsMax);
    const bodies = this.bodies.splice(0, this.options.batchRecordsMax);
    this.inWriting = records.length;
    this.writing = this.store
      .writeRecords(records)
      .then(() => this.recordsWritten(records.length))
      .then(() => this.store.writeBodies(bodies))
      .then(() => this.bodiesWritten(bodies))
      .catch((error: unknown) => this.writeFailed(records, bodies, error))
      .finally(() => {
        this.writing = null;
        if (this.records.length + this.bodies.length > 0) {
          this.schedule(this.records.length >= this.options.batchRecordsMax ? 0 : this.options.batchIntervalMs);
        }
      });
    return this.writing;
  }

  private recordsWritten(count: number): void {
    this.counts.written += count;
    this.inWriting = 0;
    this.retryDelayMs = 0;
  }

  private bodiesWritten(bodies: readonly LogBodies[]): void {
    for (const body of bodies) this.bodyBytes -= (body.requestBody?.length ?? 0) + (body.responseBody?.length ?? 0);
  }

  private writeFailed(records: UsageRecord[], bodies: LogBodies[], error: unknown): void {
    this.counts.failedWrites += 1;
    // Records that were written already do no harm the second time; `inWriting` tells whether they were.
    if (this.inWriting > 0) this.records = records.concat(this.records);
    this.bodies = bodies.concat(this.bodies);
    this.inWriting = 0;
    this.retryDelayMs = Math.min(Math.max(this.retryDelayMs * 2, 100), this.options.retryDelayMsMax);
    this.options.onProblem('usage records could not be written; they are kept and tried again', error);
  }
}
