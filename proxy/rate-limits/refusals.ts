/**
 * Refusals in the ledger: a record each, up to so many a second and gateway; those beyond share one record a second and
 * rule, which carries their count. A second begins with the first refusal after the last one has ended.
 */
import type { UsageRecord } from '../../schema/contracts/usage-record.js';
import { newUuidV7, uuidTimeMs, type RequestId } from '../../schema/contracts/ids.js';
import { lasted } from '../usage/lasted.js';
import type { LedgerEntry, UsageLedger } from '../usage/usage-ledger.js';

const SECOND_MS = 1_000;
/** Of a gateway, in a second. */
const RECORDS_MAX = 50;

/** Several refusals as one record. */
interface Tally {
  readonly entry: Promise<LedgerEntry>;
  record: UsageRecord;
  /** null: its second is not over */
  settled: Promise<void> | null;
}

export class Refusals {
  /** requests of which no record is their own */
  tallied = 0;
  private readonly records = new Map<string, number>();
  private readonly tallies = new Map<string, Tally>();
  private readonly unnoted = new Set<Tally>();
  private noting: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly ledger: UsageLedger) {}

  /**
   * Resolves once the refusal is in the ledger: with true when it has a record of its own. Rejects with GatewayError
   * 9006 when none can be kept. `cause`: what refused, within the gateway.
   */
  async add(record: UsageRecord, cause: string): Promise<boolean> {
    const { gatewayId } = record;
    this.timer ??= setTimeout(() => this.endSecond(), SECOND_MS).unref();
    const count = (this.records.get(gatewayId) ?? 0) + 1;
    if (count > RECORDS_MAX) {
      await this.tally(record, `${gatewayId} ${cause}`);
      return false;
    }
    this.records.set(gatewayId, count);
    const entry = await this.ledger.open(record, null);
    await entry.settle(record, null);
    return true;
  }

  /** Settles what was tallied so far. */
  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.endSecond();
  }

  /** Resolves once the count is written: a process that is killed then has told of all its refusals. */
  private async tally(record: UsageRecord, key: string): Promise<void> {
    let tally = this.tallies.get(key);
    this.tallied += 1;
    if (tally !== undefined) tally.record = { ...tally.record, requestCount: tally.record.requestCount + 1 };
    else this.tallies.set(key, (tally = this.newTally(record, key)));
    await tally.entry;
    this.unnoted.add(tally);
    // All of one turn of the event loop are one write.
    await (this.noting ??= new Promise((resolve) => {
      setImmediate(() => resolve(this.note()));
    }));
  }

  private newTally(first: UsageRecord, key: string): Tally {
    const record = talliedRecord(first);
    const entry = Promise.resolve(this.ledger.open(record, record));
    // Whoever waits for it hears of it; the next refusal tries anew.
    const tally: Tally = { entry, record, settled: null };
    entry.catch(() => {
      if (this.tallies.get(key) === tally) this.tallies.delete(key); // not the next second's
    });
    return tally;
  }

  private async note(): Promise<void> {
    this.noting = null;
    const tallies = [...this.unnoted];
    this.unnoted.clear();
    for (const { entry, record, settled } of tallies) {
      if (settled === null) (await entry).progress(record);
      else await settled;
    }
  }

  private endSecond(): void {
    this.timer = null;
    this.records.clear();
    for (const tally of this.tallies.values()) {
      tally.settled = settle(tally);
      tally.settled.catch(() => undefined); // what it could not be opened for was told to those who waited for it
    }
    this.tallies.clear();
  }
}

async function settle({ entry, record }: Tally): Promise<void> {
  const durationMs = Math.min(lasted(record.createdAtMs, Date.now()), SECOND_MS);
  await (await entry).settle({ ...record, durationMs }, null);
}

/** A record for many requests, of which this is the first: it is no log, and says nothing of a single client. */
function talliedRecord(first: UsageRecord): UsageRecord {
  const id = newUuidV7() as RequestId; // of no request
  return {
    ...first,
    id,
    createdAtMs: uuidTimeMs(id),
    eventId: id,
    isLog: false,
    apiTokenId: null,
    clientIp: null,
    userAgent: null,
    requestContentType: null,
    metadata: null,
  };
}
