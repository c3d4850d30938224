/**
 * A spool of several runs, of which each is read while Postgres takes the one before: whichever fails, each record is
 * shipped once.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type pg from 'pg';
import { Shipments, type RecordRun, type ShippedSpool } from '../../../../proxy/ledger/shipments.js';
import { SpoolShipper } from '../../../../proxy/ledger/spool-shipper.js';
import { SpoolWriter } from '../../../../proxy/ledger/spool-writer.js';
import { newUuidV7, type RequestId } from '../../../../schema/contracts/ids.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { newSpoolFolder, removeSpoolFolder } from '../../../support/ledger.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../../support/postgres.js';

/** Three runs, of 2 000 records at most. */
const RECORDS = 4_500;

let folder: string;
let database: TestDatabase;
let pool: pg.Pool;

beforeEach(async () => {
  folder = await newSpoolFolder();
  database = await openTestDatabase();
  pool = openPool(database.url, 2);
});
afterEach(async () => {
  await pool.end();
  await database.close();
  await removeSpoolFolder(folder);
});

/** Fails once, at one of its runs. */
class FailingShipments extends Shipments {
  private runs = 0;

  constructor(private readonly failing: { readonly run: number; readonly when: 'before' | 'after' }) {
    super(pool, () => undefined);
  }

  override async ship(spool: ShippedSpool, run: RecordRun, settledSeq: number): Promise<ShippedSpool> {
    const { when, run: number } = this.failing;
    const isFailing = ++this.runs === number;
    if (isFailing && when === 'before') throw new Error('Postgres is away');
    const shipped = await super.ship(spool, run, settledSeq);
    if (isFailing) throw new Error('the connection broke before Postgres could say that it had committed');
    return shipped;
  }
}

test.each([
  { run: 1, when: 'before' },
  { run: 2, when: 'before' },
  { run: 2, when: 'after' },
  { run: 3, when: 'after' },
  { run: 9, when: 'before' },
] as const)('run $run fails $when Postgres has it', async (failing) => {
  const spoolId = newUuidV7();
  const writer = new SpoolWriter({ folder, spoolId, segmentBytes: 512 * 1024, isSynced: false });
  await writer.start();
  const segments: number[] = []; // of each record
  for (let number = 1; number <= RECORDS; number++) {
    const request = { ...EMPTY_RECORD, id: newUuidV7() as RequestId }; // nobody's
    writer.addSettled(number, writer.open(request, EMPTY_RECORD), EMPTY_RECORD);
    writer.write();
    segments.push(writer.current.number);
    await writer.replenish();
  }
  const source = { segments: writer.segments };
  const shipper = new SpoolShipper(spoolId, 'test', source, new FailingShipments(failing));

  let failures = 0;
  for (let hasShipped = true; hasShipped;) {
    hasShipped = await shipper.shipNext(RECORDS).catch(() => {
      failures += 1;
      return true;
    });
    // what is not shipped has its segment still
    expect(shipper.segment).toBeLessThanOrEqual(segments[shipper.shippedSeq] ?? Infinity);
  }

  expect([failures, shipper.missing, shipper.shippedSeq]).toEqual([failing.run === 9 ? 0 : 1, 0, RECORDS]);
  const { rows } = await pool.query(
    'SELECT count(*)::int AS rows, count(DISTINCT spool_seq)::int AS numbers, max(spool_seq)::int AS last FROM usage_record',
  );
  expect(rows).toEqual([{ rows: RECORDS, numbers: RECORDS, last: RECORDS }]);
  await writer.close();
});
