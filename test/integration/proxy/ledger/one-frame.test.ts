/** What the spool says of a request that goes nowhere, as an answer from the cache does: its record, and no more. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type pg from 'pg';
import { newUuidV7, type RequestId } from '../../../../schema/contracts/ids.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { createTestLedger, newSpoolFolder, removeSpoolFolder } from '../../../support/ledger.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../../support/postgres.js';

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

test('a request that goes nowhere is one frame, written when it is settled; one that does is two', async () => {
  const { ledger } = createTestLedger(pool, folder);
  await ledger.start();
  const newRecord = () => ({ ...EMPTY_RECORD, id: newUuidV7() as RequestId }); // nobody's
  const written = (): number => ledger.state?.bytesWritten ?? NaN;
  const [here, sent] = [newRecord(), newRecord()];

  const entry = ledger.open(here, null);
  expect(entry).not.toBeInstanceOf(Promise);
  expect([written(), ledger.state?.open]).toEqual([0, 1]);
  await (await entry).settle(here, null);
  const oneFrame = written();
  expect(oneFrame).toBeGreaterThan(0);

  const opened = await ledger.open(sent, sent);
  expect(written()).toBe(2 * oneFrame);
  await opened.settle(sent, null);
  expect(written()).toBe(3 * oneFrame);

  await ledger.flush(5_000);
  await ledger.close();
  const { rows } = await pool.query<{ id: string }>('SELECT id::text FROM usage_record ORDER BY id');
  expect(rows.map(({ id }) => id)).toEqual([here.id, sent.id]);
});
