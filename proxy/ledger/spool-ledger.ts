/**
 * The ledger: what a request used is on this machine's disk before the client sees the end of its answer, and in
 * Postgres soon after. A process that is killed loses nothing: whoever comes next ships its spool, and requests that it
 * had open have the record that was written when they were opened (docs/ledger.md).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.js';
import type { LogBodies, RecordedOutcome, RecordedRequest, UsageRecord } from '../../schema/contracts/usage-record.js';
import { GatewayError } from '../gateway-error.js';
import type { LedgerEntry, UsageLedger } from '../usage/usage-ledger.js';
import type { BodyWriter } from './body-writer.js';
import type { Inheritance } from './dead-spool.js';
import { GroupCommit } from './group-commit.js';
import { OpenEntries, type Placed } from './open-entries.js';
import { openFrames } from './open-frames.js';
import type { Segment } from './segments.js';
import { processReport, type LedgerState } from './process-report.js';
import type { ShippedSpool, Shipments } from './shipments.js';
import { Shipping } from './shipping.js';
import type { OwnSpool, SpoolFolder } from './spool-folder.js';
import { SpoolShipper } from './spool-shipper.js';
import { SpoolWriter, type WrittenRequest } from './spool-writer.js';

export interface LedgerBounds {
  /** requests open at once; beyond, `open` refuses */
  readonly openMax: number;
  /** bytes of disk for the spool; `open` refuses when nine tenths of them are taken */
  readonly spoolBytesMax: number;
  readonly segmentBytes: number;
  /** between two shipments */
  readonly shipIntervalMs: number;
  readonly retryDelayMsMax: number;
  /** bytes of logs' bodies in memory; beyond, bodies are dropped, and counted */
  readonly bodyBytesMax: number;
}

export const LEDGER_BOUNDS: LedgerBounds = {
  openMax: 20_000,
  spoolBytesMax: 4 * 1024 ** 3,
  segmentBytes: 16 * 1024 ** 2,
  shipIntervalMs: 200,
  retryDelayMsMax: 5_000,
  bodyBytesMax: 24 * 1024 ** 2,
};

export interface SpoolLedgerOptions extends LedgerBounds {
  /** what a settled record survives: the end of this process, or the machine's crash too */
  readonly durability: 'process' | 'host';
  readonly log: Logger;
}

const GATE_SHARE = 0.9;
const FLUSH_PAUSE_MS = 10;

interface Own {
  readonly spool: OwnSpool;
  readonly writer: SpoolWriter;
  readonly shipper: SpoolShipper;
  readonly shipping: Shipping;
  readonly commit: GroupCommit;
  readonly startedMs: number;
}

export class SpoolLedger implements UsageLedger {
  /** counters, read by the metrics */
  readonly counts = { settled: 0, abandoned: 0, refused: 0, inheritedSpools: 0, interrupted: 0, damagedBytes: 0 };
  private own: Own | null = null;
  private readonly entries = new OpenEntries<SpoolEntry>();
  private settledSeq = 0;

  constructor(
    private readonly folder: SpoolFolder,
    private readonly shipments: Shipments,
    private readonly bodies: BodyWriter,
    private readonly options: SpoolLedgerOptions,
  ) {}

  /** Makes the spool; before, `open` refuses. Throws what the disk says. */
  async start(): Promise<void> {
    const { segmentBytes, durability, shipIntervalMs: intervalMs, retryDelayMsMax } = this.options;
    const isSynced = durability === 'host';
    const spool = await this.folder.create();
    const writer = new SpoolWriter({ folder: spool.folder, spoolId: spool.id, segmentBytes, isSynced });
    await writer.start();
    const shipper = new SpoolShipper(spool.id, this.folder.host, writer, this.shipments);
    const { onProblem } = this;
    const settledSeq = (): number => this.settledSeq;
    const shipped = (): Promise<void> => this.releaseSegments();
    const shipping = new Shipping({ shipper, intervalMs, retryDelayMsMax, settledSeq, shipped, onProblem });
    const shipFrames = (frames: Buffer): Promise<void> => shipping.shipFrames(frames, writer.key);
    const commit = new GroupCommit({ writer, isSynced, shipFrames, onProblem });
    this.own = { spool, writer, shipper, shipping, commit, startedMs: Date.now() };
  }

  open(request: RecordedRequest, cut: RecordedOutcome | null): LedgerEntry | Promise<LedgerEntry> {
    if (cut !== null) return this.openWritten(request, cut);
    const { writer } = this.admitting();
    const entry = new SpoolEntry(this, writer.written(request), writer.current.number);
    this.entries.add(entry);
    return entry;
  }

  private openWritten(request: RecordedRequest, cut: RecordedOutcome): Promise<LedgerEntry> {
    const { writer, commit } = this.admitting();
    const entry = new SpoolEntry(this, writer.open(request, cut), writer.current.number);
    this.entries.add(entry);
    return commit.whenWritten().then(
      () => entry,
      (error: unknown) => {
        this.entries.delete(entry);
        writer.addAbandoned(request.id); // should the disk take what was said of it after all
        throw this.refusal('the usage ledger cannot be written', error);
      },
    );
  }

  /** Of an entry: what would be recorded if the process ended once this turn of the event loop is over. */
  progress(entry: SpoolEntry, outcome: RecordedOutcome): void {
    const { writer, commit } = this.started();
    if (writer.writeProblem !== null && !commit.isWritten()) return; // notes must not fill the memory meanwhile
    const isWritten = (): void => void (entry.segment = writer.current.number);
    try {
      writer.addProgress(entry.written, outcome);
      isWritten(); // here, or in the segment behind
      commit.whenWritten().then(isWritten, this.onUnnoted);
    } catch (error) {
      this.onUnnoted(error);
    }
  }

  /** Of an entry: another call is made in its place. Throws RangeError for a number that no column holds. */
  restate(entry: SpoolEntry, request: RecordedRequest): void {
    entry.written = this.started().writer.written(request);
  }

  settle(entry: SpoolEntry, outcome: RecordedOutcome, bodies: LogBodies | null): Promise<void> {
    const { writer, commit, shipping } = this.started();
    this.entries.delete(entry);
    try {
      writer.addSettled(this.settledSeq + 1, entry.written, outcome);
    } catch (error) {
      this.unwritable({ ...entry.written.request, ...outcome }, error);
      return commit.whenSafe();
    }
    this.settledSeq += 1;
    this.counts.settled += 1;
    if (bodies !== null) this.bodies.add(bodies);
    shipping.schedule();
    return commit.whenSafe();
  }

  abandon(entry: SpoolEntry): void {
    const { writer, commit } = this.started();
    if (!this.entries.delete(entry)) return;
    this.counts.abandoned += 1;
    writer.addAbandoned(entry.id);
    void commit.whenSafe();
  }

  /** what the metrics show of the spool; null: it was not started */
  get state(): LedgerState | null {
    if (this.own === null) return null;
    const { writer, shipper, shipping, commit, startedMs } = this.own;
    return {
      open: this.entries.size,
      unshipped: Math.max(0, this.settledSeq - shipper.shippedSeq),
      lagMs: shipping.lagMs,
      failedShipments: shipping.failed,
      failedWrites: commit.failedWrites,
      missing: shipper.missing,
      damagedBytes: shipper.damagedBytes,
      diskBytes: writer.diskBytes,
      diskBytesMax: this.options.spoolBytesMax * GATE_SHARE,
      bytesWritten: writer.bytesWritten,
      ageMs: Date.now() - startedMs,
      isGated: this.gate() !== null,
    };
  }

  /** Why the disk takes no record; null: it does. Each question tries it again. */
  diskProblem(): string | null {
    if (this.own === null) return null;
    const { writer, commit } = this.own;
    if (writer.writeProblem !== null && !commit.isWritten()) return 'the disk of the usage ledger takes nothing';
    if (writer.spareProblem === null) return null;
    void writer.replenish();
    return 'the disk of the usage ledger is full';
  }

  /**
   * Says in Postgres how far this process, of that release, has settled, and how it is. Rejects when it cannot be told.
   */
  async heartbeat(version: string): Promise<void> {
    const known = this.own?.shipper.known ?? null;
    const { state } = this;
    if (known === null || state === null) return;
    await this.shipments.heartbeat(known, this.settledSeq, processReport(version, state));
  }

  /** Ships the spools of dead processes, until `isStopping`. Rejects when one of them cannot be shipped now. */
  async inherit(isStopping = (): boolean => false): Promise<void> {
    const ownId = this.own?.spool.id ?? '';
    const found = (spool: string, inheritance: Inheritance): void => {
      this.counts.inheritedSpools += 1;
      this.counts.interrupted += inheritance.interrupted;
      this.counts.damagedBytes += inheritance.damagedBytes;
      const level = inheritance.damagedBytes > 0 || inheritance.missing > 0 ? 'error' : 'info';
      this.options.log[level]({ spool, ...inheritance }, 'the spool of a process that has ended was shipped');
    };
    await this.folder.inherit(ownId, this.shipments, found, isStopping);
  }

  /** Waits for open requests, and ships what is settled; what cannot be shipped by the deadline stays in the spool. */
  async flush(deadlineMs: number): Promise<void> {
    const until = performance.now() + deadlineMs;
    while (this.entries.size > 0 && performance.now() < until) await delay(FLUSH_PAUSE_MS);
    const left = Math.max(0, until - performance.now());
    const isShipped = (await this.own?.shipping.flush(left)) ?? true;
    if (!isShipped)
      this.options.log.warn({ unshipped: this.state?.unshipped }, 'the spool is shipped by the next proxy');
  }

  /** Lets go of the spool, and removes it when nothing of it is needed any more. */
  async close(): Promise<void> {
    const { own } = this;
    if (own === null) return;
    this.own = null;
    own.shipping.close();
    await own.writer.close();
    const { known, shippedSeq } = own.shipper;
    if (this.entries.size === 0 && shippedSeq >= this.settledSeq) await this.endSpool(own.spool, known);
    await own.spool.lock.release();
  }

  /** While Postgres does not know that it has ended, it stays for the next proxy to say so. */
  private async endSpool({ id, name }: OwnSpool, known: ShippedSpool | null): Promise<void> {
    try {
      if (known !== null) await this.shipments.close(id);
      await this.folder.remove(name);
    } catch (error) {
      this.onProblem('a spool of which nothing is needed any more could not be removed', error);
    }
  }

  private started(): Own {
    if (this.own === null) throw new Error('the usage ledger is not there');
    return this.own;
  }

  /** Throws GatewayError 9006 when another record could not be kept. */
  private admitting(): Own {
    if (this.own === null) throw this.refusal('the usage ledger is not there yet');
    const gate = this.gate();
    if (gate !== null) throw this.refusal(gate);
    return this.own;
  }

  /** Why no request may be opened; null: it may. */
  private gate(): string | null {
    if (this.entries.size >= this.options.openMax) return 'too many requests are open';
    const problem = this.diskProblem();
    if (problem !== null) return problem;
    const { writer } = this.started();
    const isFull = writer.segments.length > 1 && writer.diskBytes >= this.options.spoolBytesMax * GATE_SHARE;
    return isFull ? 'the usage ledger is full' : null;
  }

  private refusal(why: string, cause?: unknown): GatewayError {
    this.counts.refused += 1;
    return new GatewayError('unavailable', why, { retryAfterSeconds: 5, cause });
  }

  /** It stands nowhere else than in the log: a fault of ours, which let a number through that no column holds. */
  private unwritable(record: UsageRecord, error: unknown): void {
    this.counts.abandoned += 1;
    this.started().writer.addAbandoned(record.id);
    const text = JSON.stringify(record, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    this.options.log.error({ err: error, record: text }, 'a usage record cannot be written; it stands here');
  }

  /** Segments that were shipped go; what they say of requests that are still open is said again first. */
  private async releaseSegments(): Promise<void> {
    const { writer, shipper, commit } = this.started();
    for (;;) {
      const [oldest] = writer.segments;
      if (oldest === undefined || oldest.number >= shipper.segment) return;
      if (await this.carryOver(oldest)) await commit.whenSafe();
      await writer.releaseOldest();
    }
  }

  /** False: the segment says nothing that is still needed. */
  private async carryOver(segment: Segment): Promise<boolean> {
    const { writer } = this.started();
    const stays = (entry: SpoolEntry): boolean => entry.place !== -1 && entry.segment <= segment.number;
    if (this.entries.filter(stays).length === 0) return false;
    const { frames } = await openFrames({ segments: [segment] });
    for (const entry of this.entries.filter(stays)) {
      const frame = frames.get(entry.id);
      if (frame === undefined) continue;
      writer.addCopy(frame);
      writer.write();
      entry.segment = writer.current.number;
    }
    return true;
  }

  /** The request has the record from before. */
  private readonly onUnnoted = (error: unknown): void =>
    this.onProblem('the progress of a request could not be written', error);

  private readonly onProblem = (problem: string, error: unknown): void => {
    this.options.log.warn({ err: error }, problem);
  };
}

class SpoolEntry implements LedgerEntry, Placed {
  place = -1;

  constructor(
    private readonly ledger: SpoolLedger,
    public written: WrittenRequest,
    /** where the frame stands that would be its record, or in one behind it: what was not synced is written again */
    public segment: number,
  ) {}

  get id(): string {
    return this.written.request.id;
  }

  restate(request: RecordedRequest): void {
    this.ledger.restate(this, request);
  }

  progress(outcome: RecordedOutcome): void {
    this.ledger.progress(this, outcome);
  }

  settle(outcome: RecordedOutcome, bodies: LogBodies | null): Promise<void> {
    return this.ledger.settle(this, outcome, bodies);
  }

  abandon(): void {
    this.ledger.abandon(this);
  }
}
