/**
 * A disk that fails to sync: what it said that it took is not believed, and everything stands somewhere else instead.
 */
import { readdir, type FileHandle } from 'node:fs/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type pg from 'pg';
import { Random } from '../../../../ledger-proof/random.js';
import { frameKey, segmentKey } from '../../../../proxy/ledger/frames.js';
import { openFrames } from '../../../../proxy/ledger/open-frames.js';
import { openSegments } from '../../../../proxy/ledger/segments.js';
import type { SpoolLedger } from '../../../../proxy/ledger/spool-ledger.js';
import { SpoolWriter } from '../../../../proxy/ledger/spool-writer.js';
import { newUuidV7, uuidTimeMs, type RequestId } from '../../../../schema/contracts/ids.js';
import type { UsageRecord } from '../../../../schema/contracts/usage-record.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { diskError, replaceOnHandles } from '../../../support/file-handles.js';
import { createTestLedger, newSpoolFolder, removeSpoolFolder, type TestLedger } from '../../../support/ledger.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../../support/postgres.js';
import { TEST_SEED, TEST_SIZE } from '../../../support/test-size.js';
import { waitFor } from '../../../support/wait-for.js';

const ROUNDS = TEST_SIZE === 'full' ? 400 : 40;
/** Of one round: they settle together. */
const TOGETHER_MAX = 20;
/** So many that shipments on schedule fall into those of the moment. */
const WITHOUT_DISK = 30;
const MORE_THAN_A_RUN = 2_500;

let database: TestDatabase;
let pool: pg.Pool;
let folder: string;
let rig: TestLedger;
let ledger: SpoolLedger;

beforeEach(async () => {
  [database, folder] = await Promise.all([openTestDatabase(), newSpoolFolder()]);
  pool = openPool(database.url, 4);
  rig = createTestLedger(pool, folder, { durability: 'host', segmentBytes: 16 * 1024 });
  ({ ledger } = rig);
  await ledger.start();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await ledger.close();
  await pool.end();
  await Promise.all([database.close(), removeSpoolFolder(folder)]);
});

const newRecord = (): UsageRecord => {
  const id = newUuidV7();
  return { ...EMPTY_RECORD, id: id as RequestId, createdAtMs: uuidTimeMs(id) }; // nobody's
};

async function settleOne(): Promise<string> {
  const record = newRecord();
  await (await ledger.open(record, record)).settle(record, null);
  return record.id;
}

const recordedIds = async (): Promise<string[]> =>
  (await pool.query<{ id: string }>('SELECT id FROM usage_record ORDER BY spool_seq')).rows.map(({ id }) => id);

/** What a machine would find in the files if it crashed now, and the process with it. */
async function openInFiles(): Promise<string[]> {
  const [spool = ''] = await readdir(folder);
  const key = frameKey(spool.replace('keyed-', ''));
  const segments = await openSegments(`${folder}/${spool}`, (number) => segmentKey(key, number));
  const { frames } = await openFrames({ segments });
  for (const { file } of segments) await file.close();
  return [...frames.keys()];
}

test(`whichever syncs fail, every record arrives once, in order, and no file is synced again (seed ${TEST_SEED})`, async () => {
  const random = new Random(TEST_SEED, 1);
  const distrusted = new Set<FileHandle>();
  let believedAgain = 0;
  let failures = 0;
  await replaceOnHandles('datasync', (handle, original) => {
    if (distrusted.has(handle)) believedAgain += 1;
    if (!random.isBelow(0.3)) return original();
    failures += 1;
    distrusted.add(handle);
    return Promise.reject(diskError());
  });
  const settled: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const together = Array.from({ length: random.integer(1, TOGETHER_MAX) }, settleOne);
    settled.push(...(await Promise.all(together)));
  }
  await waitFor(async () => (await recordedIds()).length >= settled.length, 'all of them are shipped');
  expect(await recordedIds()).toEqual(settled);
  expect(failures).toBeGreaterThan(0);
  expect(believedAgain).toBe(0);
  expect(ledger.state).toMatchObject({ missing: 0, damagedBytes: 0, unshipped: 0 });
});

test('while nothing can be synced, records go to Postgres before their answers end, and the metrics tell', async () => {
  await replaceOnHandles('datasync', () => Promise.reject(diskError()));
  const settled: string[] = [];
  for (let i = 0; i < WITHOUT_DISK; i++) {
    settled.push(await settleOne());
    expect(await recordedIds()).toEqual(settled);
  }
  expect(ledger.state?.failedWrites).toBeGreaterThanOrEqual(WITHOUT_DISK);
  jest.restoreAllMocks();
  settled.push(await settleOne());
  await waitFor(async () => (await recordedIds()).length === settled.length, 'the one behind them is shipped too');
  expect(await recordedIds()).toEqual(settled);
});

test('of more records than one run holds, all are in Postgres when their answers end, though nothing can be synced', async () => {
  const records = Array.from({ length: MORE_THAN_A_RUN }, newRecord);
  const entries = await Promise.all(records.map(async (record) => ledger.open(record, record)));
  await replaceOnHandles('datasync', () => Promise.reject(diskError()));
  await Promise.all(entries.map((entry, index) => entry.settle(records[index] ?? newRecord(), null)));
  expect(await recordedIds()).toEqual(records.map(({ id }) => id));
  expect(ledger.state).toMatchObject({ missing: 0, unshipped: 0 });
});

test('what is shipped while a sync goes on takes no file out of it', async () => {
  const spoolFolder = await newSpoolFolder();
  const writer = new SpoolWriter({ folder: spoolFolder, spoolId: newUuidV7(), segmentBytes: 8 * 1024, isSynced: true });
  await writer.start();
  let number = 0;
  const fill = async (): Promise<void> => {
    for (const before = writer.current; writer.current === before;) {
      const record = newRecord();
      writer.addSettled(++number, writer.open(record, record), record);
      writer.write();
      await writer.replenish();
    }
  };
  await fill();
  await writer.sync();
  await fill(); // of two files there is something to sync
  let isRemoved = false;
  await replaceOnHandles('datasync', async (_handle, original) => {
    await original();
    if (!isRemoved) await writer.releaseOldest();
    isRemoved = true;
  });
  await writer.sync();
  expect(isRemoved).toBe(true);
  expect(writer.segments.filter(({ written, synced }) => written !== synced)).toEqual([]);
  await writer.close();
  await removeSpoolFolder(spoolFolder);
});

test.each([1, 2])(
  'a request whose intent had to be written %s times is still known when its file is gone',
  async (times) => {
    const record = newRecord();
    const entry = await ledger.open(record, record);
    let left = times;
    await replaceOnHandles('datasync', (_handle, original) => (left-- > 0 ? Promise.reject(diskError()) : original()));
    await settleOne();
    for (let i = 0; i < 400; i++) await settleOne();
    await waitFor(() => Promise.resolve(ledger.state?.unshipped === 0), 'they are shipped');
    await waitFor(
      async () => (await readdir(`${folder}/${(await readdir(folder))[0]}`)).length <= 4,
      'their files are gone',
    );
    await waitFor(async () => (await openInFiles()).includes(record.id), 'its intent was written again');
    await entry.settle(record, null);
  },
);
