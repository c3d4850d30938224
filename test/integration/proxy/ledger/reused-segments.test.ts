/** Segments that are used again: what stood in them before is found by nobody, and what stands there now by all. */
import { readdir, type FileHandle } from 'node:fs/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type pg from 'pg';
import { sealFrames } from '../../../../proxy/ledger/frames.js';
import { SpoolWriter, type SpoolWriterOptions } from '../../../../proxy/ledger/spool-writer.js';
import { newUuidV7, type RequestId } from '../../../../schema/contracts/ids.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { diskError, replaceOnHandles } from '../../../support/file-handles.js';
import { createTestLedger, newSpoolFolder, removeSpoolFolder } from '../../../support/ledger.js';
import { openPool, openTestDatabase, type TestDatabase } from '../../../support/postgres.js';

/** For four records and their intents. */
const SEGMENT_BYTES = 8 * 1024;
/** Of whom nothing is open any more but the last ones. */
const RECORDS = 60;

let folder: string;
let database: TestDatabase;
let pool: pg.Pool;
let writer: SpoolWriter;
let settled: string[];

beforeEach(async () => {
  folder = await newSpoolFolder();
  database = await openTestDatabase();
  pool = openPool(database.url, 2);
  settled = [];
});
afterEach(async () => {
  jest.restoreAllMocks();
  await writer.close();
  await pool.end();
  await database.close();
  await removeSpoolFolder(folder);
});

async function startWriter(name: string, options: Partial<SpoolWriterOptions> = {}): Promise<void> {
  const spool = { folder: `${folder}/${name}`, spoolId: name.replace('keyed-', ''), isSynced: false };
  writer = new SpoolWriter({ ...spool, segmentBytes: SEGMENT_BYTES, ...options });
  await writer.start();
  await writer.replenish();
}

/** A request, whose intent is written; nobody's. */
function openOne(): ReturnType<SpoolWriter['open']> {
  return writer.open({ ...EMPTY_RECORD, id: newUuidV7() as RequestId }, { ...EMPTY_RECORD, interrupted: true });
}

async function settleOne(): Promise<void> {
  const written = openOne();
  writer.write();
  settled.push(written.request.id);
  writer.addSettled(settled.length, written, EMPTY_RECORD);
  if (writer.fresh.safeSeq === 0) writer.write();
  else await writer.sync();
  await writer.replenish();
}

/** Settles as many, and lets go of each segment as soon as another one is written, as if all in it was shipped. */
async function settleMany(): Promise<Set<FileHandle>> {
  const files = new Set<FileHandle>();
  for (let i = 0; i < RECORDS; i++) {
    await settleOne();
    while (writer.segments.length > 1) await writer.releaseOldest();
    files.add(writer.current.file);
  }
  return files;
}

const idsOfRows = async (where: string): Promise<string[]> =>
  (await pool.query<{ id: string }>(`SELECT id FROM usage_record WHERE ${where} ORDER BY spool_seq`)).rows.map(
    ({ id }) => id,
  );

test('a process that writes and ships goes on with the files that it has', async () => {
  await startWriter(`keyed-${newUuidV7()}`);
  const files = await settleMany();
  expect(writer.current.number).toBeGreaterThan(10);
  expect(files.size).toBe(4);
  expect((await readdir(folder)).length).toBe(1);
  const [spool = ''] = await readdir(folder);
  expect((await readdir(`${folder}/${spool}`)).length).toBe(4);
});

test('whoever inherits finds what was written last, and nothing of what stood there before', async () => {
  const id = newUuidV7();
  await startWriter(`keyed-${id}`);
  await settleMany();
  const left = settled.length;
  while (writer.current.written > SEGMENT_BYTES / 2) await settleOne(); // behind its end stands what stood there before
  const { request } = openOne();
  writer.write();
  const { ledger } = createTestLedger(pool, folder);
  await ledger.start();

  await ledger.inherit();

  const shipped = await idsOfRows('NOT interrupted');
  expect(settled).toEqual([...settled.slice(0, settled.length - shipped.length), ...shipped]);
  expect(shipped.length).toBeGreaterThan(settled.length - left);
  expect(await idsOfRows('interrupted')).toEqual([request.id]);
  expect([ledger.counts.damagedBytes, ledger.counts.interrupted]).toEqual([0, 1]);
  expect(await readdir(folder)).toHaveLength(1); // the heir's own
  await ledger.close();
});

test('a file whose sync failed once is not used again', async () => {
  await startWriter(`keyed-${newUuidV7()}`, { isSynced: true });
  const failed = writer.current.file;
  writer.addSettled(1, openOne(), EMPTY_RECORD);
  settled.push('the first');
  let failures = 1;
  await replaceOnHandles('datasync', (_handle, original) =>
    failures-- > 0 ? Promise.reject(diskError()) : original(),
  );
  await writer.sync();
  const files = await settleMany();
  expect(files.has(failed)).toBe(false);
});

test('the spool of a release with one key for all of its segments is inherited', async () => {
  await startWriter(newUuidV7(), { segmentBytes: 256 * 1024 });
  for (let i = 0; i < 10; i++) await settleOne();
  const { request } = openOne();
  writer.write();
  const { file, written } = writer.current;
  const frames = Buffer.alloc(written);
  await file.read(frames, 0, written, 0);
  sealFrames(frames, writer.key);
  await file.write(frames, 0, written, 0);
  const { ledger } = createTestLedger(pool, folder);
  await ledger.start();

  await ledger.inherit();

  expect(await idsOfRows('NOT interrupted')).toEqual(settled);
  expect(await idsOfRows('interrupted')).toEqual([request.id]);
  await ledger.close();
});
