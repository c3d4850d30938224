/**
 * The first ledger: bounded memory, batched into Postgres. It promises that a record is written once Postgres takes it,
 * also through an outage and a signal to stop; a killed process loses what was not yet written (at most a batch
 * interval in a healthy system). Nothing is dropped: when it is full, `open` refuses.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogBodies, UsageRecord } from '../../schema/contracts/usage-record.js';
import { GatewayError } from '../gateway-error.js';
import { UsageBatch } from './usage-batch.js';
import type { LedgerEntry, UsageIntent, UsageLedger } from './usage-ledger.js';

/** Writes one batch; throws when Postgres cannot take it now. Writing it twice must do no harm. */
export interface RecordStore {
  write(batch: UsageBatch): Promise<void>;
  /** takes note of a record that no row can hold: it stands nowhere else */
  unwritable(record: UsageRecord, error: unknown): void;
}

export interface LedgerBounds {
  /** records held, open ones included; beyond, `open` refuses */
  readonly recordsMax: number;
  /** bytes of bodies held; beyond, bodies are dropped (and counted): they may never displace a record */
  readonly bodyBytesMax: number;
  readonly batchRecordsMax: number;
  readonly batchIntervalMs: number;
  readonly retryDelayMsMax: number;
}

export interface MemoryLedgerOptions extends LedgerBounds {
  readonly onProblem: (problem: string, error: unknown) => void;
}

export const MEMORY_LEDGER_DEFAULTS = {
  recordsMax: 20_000,
  bodyBytesMax: 64 * 1024 * 1024,
  batchRecordsMax: 2_000,
  batchIntervalMs: 100,
  retryDelayMsMax: 5_000,
} as const;

const RETRY_DELAY_MS_MIN = 100;
/** Between two looks of `flush` at requests that are still open. */
const FLUSH_PAUSE_MS = 10;

export class MemoryLedger implements UsageLedger {
  /** counters, read by the metrics */
  readonly counts = { open: 0, abandoned: 0, refused: 0, written: 0, bodiesDropped: 0, failedWrites: 0 };
  /** oldest first; the last one is being filled, the first one is being written */
  private readonly batches: UsageBatch[] = [new UsageBatch()];
  /** an empty one, whose memory is used again */
  private spare: UsageBatch | null = null;
  private settled = 0;
  private bodyBytes = 0;
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> | null = null;
  private retryDelayMs = 0;
  private isClosed = false;
  /** resolves at the end of the event loop's present turn; null: nothing settled in it yet */
  private turn: Promise<void> | null = null;

  constructor(
    private readonly store: RecordStore,
    private readonly options: MemoryLedgerOptions,
  ) {}

  /** records that are not in Postgres yet, open ones included */
  get held(): number {
    return this.counts.open + this.settled;
  }

  open(_intent: UsageIntent): LedgerEntry {
    if (this.held >= this.options.recordsMax) {
      this.counts.refused += 1;
      throw new GatewayError('unavailable', 'the usage ledger is full', { retryAfterSeconds: 5 });
    }
    this.counts.open += 1;
    return this.entry;
  }

  /**
   * Writes everything that is held, open requests' records too as they settle. Throws at the deadline, saying how much
   * is left.
   */
  async flush(deadlineMs: number): Promise<void> {
    const until = Date.now() + deadlineMs;
    while (this.held > 0) {
      this.cancelTimer();
      if (this.settled > 0) await (this.writing ?? this.writeFirst());
      if (this.held === 0) return;
      if (Date.now() >= until) throw new Error(`${this.held} usage records could not be written before the end`);
      if (this.settled === 0 || this.retryDelayMs > 0) await delay(Math.max(this.retryDelayMs, FLUSH_PAUSE_MS));
    }
  }

  /** Stops trying; after `flush`, when the process is about to end. What is still held then is lost with it. */
  close(): void {
    this.isClosed = true;
    this.cancelTimer();
  }

  /** Memory needs to remember nothing of an open request: one entry serves them all. */
  private readonly entry: LedgerEntry = {
    checkpoint: () => undefined, // nothing would survive this process anyway
    settle: (record, bodies) => {
      this.counts.open -= 1;
      this.add(record, bodies);
      return (this.turn ??= this.endOfTurn());
    },
    abandon: () => {
      this.counts.open -= 1;
      this.counts.abandoned += 1;
    },
  };

  /**
   * All that settle in one turn of the event loop go on together at its end. Their answers then leave back to back: the
   * first wakes whoever receives them, the others find him awake. Alone, each costs a wake-up, a sixth of a request.
   */
  private endOfTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.turn = null;
        resolve();
      });
    });
  }

  private add(record: UsageRecord, bodies: LogBodies | null): void {
    const batch = this.filling();
    try {
      batch.add(record);
    } catch (error) {
      return this.store.unwritable(record, error);
    }
    this.settled += 1;
    if (bodies !== null) {
      const bytes = (bodies.requestBody?.length ?? 0) + (bodies.responseBody?.length ?? 0);
      if (this.bodyBytes + bytes > this.options.bodyBytesMax) this.counts.bodiesDropped += 1;
      else {
        this.bodyBytes += bytes;
        batch.addBodies(bodies, bytes);
      }
    }
    return this.schedule();
  }

  /** The batch that takes records now: the last one, unless that is full or on its way. */
  private filling(): UsageBatch {
    const last = this.batches.at(-1);
    const isTaken = last === undefined || (this.batches.length === 1 && this.writing !== null);
    if (!isTaken && last.records.count < this.options.batchRecordsMax) return last;
    const batch = this.spare ?? new UsageBatch();
    this.spare = null;
    this.batches.push(batch);
    return batch;
  }

  private schedule(): void {
    if (this.isClosed || this.writing !== null || this.timer !== null) return;
    const isFull = this.batches.length > 1;
    this.timer = setTimeout(
      () => void this.writeFirst(),
      Math.max(isFull ? 0 : this.options.batchIntervalMs, this.retryDelayMs),
    );
  }

  private cancelTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Writes the oldest batch; never rejects. A batch that could not be written stays where it is. */
  private writeFirst(): Promise<void> {
    this.timer = null;
    const batch = this.batches[0] ?? this.filling();
    this.writing = Promise.resolve(batch)
      .then((first) => this.store.write(first)) // behind a promise: what it throws is a failure like any other
      .then(() => this.written(batch))
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.writing = null;
        if (this.settled > 0) this.schedule();
      });
    return this.writing;
  }

  private written(batch: UsageBatch): void {
    this.batches.shift();
    this.settled -= batch.records.count;
    this.counts.written += batch.records.count;
    this.bodyBytes -= batch.bodyBytes;
    this.retryDelayMs = 0;
    batch.clear();
    this.spare = batch;
  }

  private failed(error: unknown): void {
    this.counts.failedWrites += 1;
    this.retryDelayMs = Math.min(Math.max(this.retryDelayMs * 2, RETRY_DELAY_MS_MIN), this.options.retryDelayMsMax);
    this.options.onProblem('usage records could not be written; they are kept and tried again', error);
  }
}
