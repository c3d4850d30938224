/**
 * A spool whose records come faster than Postgres takes them: some are shipped from memory, and those that found no
 * room there are read from the files in between. Each is shipped once.
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

/** So large that memory has room for some two thousand. */
const LARGE = { ...EMPTY_RECORD, path: '/'.repeat(2_000), usageNote: 'x'.repeat(2_000) };
/** More than there is room for; as many come while each run is shipped, until there are all of them. */
const AT_ONCE = 2_500;
const RECORDS = 4 * AT_ONCE;
/** Of a run that is read from the files; memory has room for four times as much. */
const READ_BYTES_MAX = 2 * 1024 * 1024;

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

/** Of each run, how many bytes its rows had. While it is shipped, something else happens. */
class WatchedShipments extends Shipments {
  readonly runBytes: number[] = [];

  constructor(private readonly meanwhile: (run: number) => Promise<void>) {
    super(pool, () => undefined);
  }

  override async ship(spool: ShippedSpool, run: RecordRun, settledSeq: number): Promise<ShippedSpool> {
    await this.meanwhile(this.runBytes.push(run.rows.byteLength));
    return super.ship(spool, run, settledSeq);
  }
}

test.each([
  { isSynced: false, atOnce: 100 },
  { isSynced: true, atOnce: 100 },
  { isSynced: false, atOnce: AT_ONCE },
  { isSynced: true, atOnce: AT_ONCE },
])('$atOnce are written at once; synced: $isSynced', async ({ isSynced, atOnce }) => {
  const spoolId = newUuidV7();
  const writer = new SpoolWriter({ folder, spoolId, segmentBytes: 4 * 1024 * 1024, isSynced });
  await writer.start();
  let settled = 0;
  const addMany = async (): Promise<void> => {
    for (const end = settled + AT_ONCE; settled < end;) {
      const request = { ...LARGE, id: newUuidV7() as RequestId }; // nobody's
      writer.addSettled(++settled, writer.written(request), LARGE);
      if (settled % atOnce !== 0) continue;
      if (isSynced) await writer.sync();
      else writer.write();
      await writer.replenish();
    }
  };
  const shipments = new WatchedShipments(async (run) => {
    if (run === 2) throw new Error('Postgres is away'); // what was taken from memory is read from the files
    if (settled < RECORDS) await addMany();
  });
  const shipper = new SpoolShipper(spoolId, 'test', writer, shipments);
  await addMany();

  for (let hasShipped = true; hasShipped;) {
    hasShipped = await shipper.shipNext(settled).catch(() => true);
    while ((writer.segments[0]?.number ?? Infinity) < shipper.segment) await writer.releaseOldest();
  }

  const isOfFiles = shipments.runBytes.map((bytes) => bytes < READ_BYTES_MAX);
  expect(isOfFiles.slice(0, 2)).toEqual([false, true]); // the first has all that memory had room for
  expect(isOfFiles.lastIndexOf(false)).toBeGreaterThan(isOfFiles.indexOf(true)); // and behind those of files, others
  expect([settled, shipper.missing, shipper.damagedBytes, shipper.shippedSeq]).toEqual([RECORDS, 0, 0, RECORDS]);
  const { rows } = await pool.query(
    'SELECT count(*)::int AS rows, count(DISTINCT spool_seq)::int AS numbers, max(spool_seq)::int AS last FROM usage_record',
  );
  expect(rows).toEqual([{ rows: RECORDS, numbers: RECORDS, last: RECORDS }]);
  await writer.close();
});
