/**
 * What a machine's crash could bring back of a spool: the names in a folder outlive it only once the folder is synced.
 */
import { readdirSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { SpoolWriter } from '../../../../proxy/ledger/spool-writer.js';
import { newUuidV7, type RequestId } from '../../../../schema/contracts/ids.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { diskError, replaceOnHandles } from '../../../support/file-handles.js';
import { createTestLedger, newSpoolFolder, removeSpoolFolder } from '../../../support/ledger.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../../support/postgres.js';

const SEGMENT_BYTES = 4 * 1024;

let folder: string;

beforeEach(async () => {
  folder = await newSpoolFolder();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await removeSpoolFolder(folder);
});

/** A spool of some segments, all of them written. */
async function writtenSpool(): Promise<SpoolWriter> {
  const writer = new SpoolWriter({ folder, spoolId: newUuidV7(), segmentBytes: SEGMENT_BYTES, isSynced: false });
  await writer.start();
  for (let number = 1; writer.segments.length < 5; number++) {
    const request = { ...EMPTY_RECORD, id: newUuidV7() as RequestId }; // nobody's
    writer.addSettled(number, writer.open(request, EMPTY_RECORD), EMPTY_RECORD);
    writer.write();
    await writer.replenish();
  }
  return writer;
}

test('a segment is removed for good before the next one is touched: what comes back has all that followed it', async () => {
  const writer = await writtenSpool();
  let durable = await readdir(folder);
  await replaceOnHandles('sync', async (_handle, original) => {
    await original();
    durable = readdirSync(folder);
  });
  while (writer.segments.length > 1) {
    const oldest = `${String(writer.segments[0]?.number).padStart(8, '0')}.frames`;
    expect(durable).toContain(oldest);
    await writer.releaseOldest();
    expect(durable).not.toContain(oldest);
  }
  await writer.close();
});

test('while the folder cannot be synced, no further segment goes', async () => {
  const writer = await writtenSpool();
  await replaceOnHandles('sync', () => Promise.reject(diskError()));
  const numbers = writer.segments.map(({ number }) => number);
  await expect(writer.releaseOldest()).rejects.toThrow('EIO');
  await expect(writer.releaseOldest()).rejects.toThrow('EIO');
  expect(writer.segments.map(({ number }) => number)).toEqual(numbers);
  jest.restoreAllMocks();
  await writer.releaseOldest();
  expect(writer.segments.map(({ number }) => number)).toEqual(numbers.slice(1));
  await writer.close();
});

test('a spool whose removal was begun is no spool: what is left of its files tells nothing', async () => {
  const database: TestDatabase = await openTestDatabase();
  const pool = openPool(database.url, 2);
  try {
    const { ledger } = createTestLedger(pool, folder);
    await ledger.start();
    const record = { ...EMPTY_RECORD, id: newUuidV7() as RequestId }; // nobody's
    (await ledger.open(record, record)).abandon();
    const [spool = ''] = await readdir(folder);
    const names: string[] = [];
    await replaceOnHandles('sync', async (_handle, original) => {
      names.push(...(await readdir(folder)));
      await original();
    });
    await ledger.close();
    expect(names.at(-1)).toBe(`gone-${spool}`);
    expect(await readdir(folder)).toEqual([]);
    await mkdir(`${folder}/gone-${spool}`); // as a process leaves it that is killed there
    const heir = createTestLedger(pool, folder);
    await heir.ledger.start();
    await heir.ledger.inherit();
    expect(await readdir(folder)).not.toContain(`gone-${spool}`);
    await heir.ledger.close();
    expect((await pool.query('SELECT FROM usage_record')).rowCount).toBe(0);
  } finally {
    await pool.end();
    await database.close();
  }
});
