/** What `LEDGER_DURABILITY=host` promises: the end of an answer is not let out before its record is synced. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FRAME_KINDS, FrameScan } from '../../../../proxy/ledger/frames.js';
import { GroupCommit } from '../../../../proxy/ledger/group-commit.js';
import { SpoolReader } from '../../../../proxy/ledger/spool-reader.js';
import { SpoolWriter } from '../../../../proxy/ledger/spool-writer.js';
import { newUuidV7, type RequestId } from '../../../../schema/contracts/ids.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { newSpoolFolder, removeSpoolFolder } from '../../../support/ledger.js';
import { TEST_SIZE } from '../../../support/test-size.js';

const RECORDS = TEST_SIZE === 'full' ? 1_000 : 200;
const SEGMENT_BYTES = 32 * 1024;

let folder: string;
let writer: SpoolWriter;
const shipped: Buffer[] = [];
const problems: string[] = [];

async function commits(isSynced: boolean): Promise<GroupCommit> {
  writer = new SpoolWriter({ folder, spoolId: newUuidV7(), segmentBytes: SEGMENT_BYTES, isSynced });
  await writer.start();
  const shipFrames = (frames: Buffer): Promise<void> => Promise.resolve(void shipped.push(frames));
  return new GroupCommit({ writer, isSynced, shipFrames, onProblem: (problem) => void problems.push(problem) });
}

beforeEach(async () => {
  folder = await newSpoolFolder();
  shipped.length = 0;
  problems.length = 0;
});
afterEach(async () => {
  await writer.close().catch(() => undefined); // a test may have closed it already
  await removeSpoolFolder(folder);
});

/** Opens a request and settles it under the number. */
const add = (number: number): void =>
  writer.addSettled(number, writer.open({ ...EMPTY_RECORD, id: newUuidV7() as RequestId }, EMPTY_RECORD), EMPTY_RECORD);

/** Those of the records among the frames. */
function numbersIn(scan: FrameScan | null): number[] {
  const numbers: number[] = [];
  while (scan?.next() === true) if (scan.kind === FRAME_KINDS.settled) numbers.push(scan.number);
  return numbers;
}

/** The numbers of the records that stand in the files up to `end`: all that is left after a crash there. */
async function numbersUpTo(end: 'synced' | 'written'): Promise<number[]> {
  const numbers: number[] = [];
  for (const segment of writer.segments) {
    const bytes = Buffer.alloc(segment[end]);
    await segment.file.read(bytes, 0, bytes.length, 0);
    numbers.push(...numbersIn(new FrameScan(bytes, segment.key, true)));
  }
  return numbers;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test('a host that crashes when an answer has just ended has its record, whenever that is', async () => {
  const commit = await commits(true);
  for (let number = 1; number <= RECORDS; number++) {
    add(number);
    await commit.whenSafe();
    if (number % 20 === 0 || number === RECORDS) expect(await numbersUpTo('synced')).toEqual(upTo(number));
  }
});

test('records that settle while others are being synced are synced together behind them', async () => {
  const commit = await commits(true);
  const safe: Promise<void>[] = [];
  for (let number = 1; number <= RECORDS; number++) {
    add(number);
    safe.push(commit.whenSafe());
    if (number % 7 === 0) await new Promise(setImmediate);
  }
  await Promise.all(safe);
  expect(await numbersUpTo('synced')).toEqual(upTo(RECORDS));
});

test('without that promise, what has settled is in the files: it outlives the process', async () => {
  const commit = await commits(false);
  for (let number = 1; number <= RECORDS; number++) {
    add(number);
    await commit.whenSafe();
  }
  expect(await numbersUpTo('written')).toEqual(upTo(RECORDS));
});

test.each([true, false])(
  'records that the disk does not take are brought to Postgres, in order (synced: %s)',
  async (isSynced) => {
    const commit = await commits(isSynced);
    add(1);
    await commit.whenSafe();
    await writer.replenish();
    await writer.close(); // from now on every write fails
    await removeSpoolFolder(folder); // and so does every new segment
    for (let number = 2; number <= 5; number++) add(number);
    await commit.whenSafe();
    const numbers = shipped.flatMap((frames) => numbersIn(new FrameScan(frames, writer.key, true)));
    expect(numbers).toEqual([2, 3, 4, 5]);
    expect(problems.length).toBeGreaterThan(0);
  },
);

test('what settles while others are on their way to Postgres is written behind them, never before', async () => {
  await commits(false);
  add(1);
  const taken = writer.takeUnsafe();
  add(2);
  expect(() => writer.write()).toThrow('on their way to Postgres');
  writer.putBack(taken);
  writer.write();
  expect(await numbersUpTo('written')).toEqual([1, 2]);
});

test.each([true, false])(
  'a reader misses nothing that is written before the next segment begins (synced: %s)',
  async (isSynced) => {
    const commit = await commits(isSynced);
    const reader = new SpoolReader(writer);
    const numbers: number[] = [];
    const readOn = async (): Promise<void> => {
      for (let scan = await reader.next(); scan !== null; scan = await reader.next()) numbers.push(...numbersIn(scan));
    };
    let number = 0;
    while (writer.segments.length < 4) {
      add(++number);
      await commit.whenSafe();
      // and no further: it comes back when more was written, here or in the next segment
      numbers.push(...numbersIn(await reader.next()));
      for (let i = 0; i < number % 9; i++) add(++number);
      writer.write(); // written, and not synced yet
      await writer.replenish();
    }
    await readOn();
    await commit.whenSafe();
    await readOn();
    expect(numbers).toEqual(upTo(number));
  },
);
