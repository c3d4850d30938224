import { open } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { beginFrame, endFrame, FRAME_KINDS, frameKey, sealFrames } from '../../../proxy/ledger/frames.js';
import { openFrames } from '../../../proxy/ledger/open-frames.js';
import { createSegment, openSegments, type Segment } from '../../../proxy/ledger/segments.js';
import { SpoolReader } from '../../../proxy/ledger/spool-reader.js';
import { ByteBuffer } from '../../../proxy/byte-buffer.js';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { newSpoolFolder, removeSpoolFolder } from '../../support/ledger.js';

const MEBIBYTE = 1024 * 1024;
/** several pieces of the reader's, most of them without a frame */
const SEGMENT_BYTES = 7 * MEBIBYTE;
const key = frameKey(newUuidV7());

function settled(number: number): Buffer {
  const bytes = new ByteBuffer();
  const start = beginFrame(bytes, key, { kind: FRAME_KINDS.settled, number, id: newUuidV7() });
  bytes.text(`record ${number}`);
  endFrame(bytes, start);
  const frame = Buffer.from(bytes.view(0, bytes.length));
  sealFrames(frame, key);
  return frame;
}

interface Placed {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

/** What a reader finds in a spool of two segments whose owner is gone. */
async function read(placed: readonly Placed[]): Promise<{ numbers: number[]; lastSeq: number; damagedBytes: number }> {
  const folder = await newSpoolFolder();
  let segments: Segment[] = [];
  try {
    for (const number of [1, 2]) await (await createSegment(folder, { number, key }, SEGMENT_BYTES)).file.close();
    for (const { segment, offset, bytes } of placed) {
      const file = await open(`${folder}/${String(segment).padStart(8, '0')}.frames`, 'r+');
      await file.write(bytes, 0, bytes.length, offset);
      await file.close();
    }
    segments = await openSegments(folder, () => key);
    const reader = new SpoolReader({ segments });
    const numbers: number[] = [];
    for (let scan = await reader.next(); scan !== null; scan = await reader.next()) {
      while (scan.next()) numbers.push(scan.number);
    }
    const { lastSeq } = await openFrames({ segments });
    return { numbers, lastSeq, damagedBytes: reader.damagedBytes };
  } finally {
    for (const { file } of segments) await file.close();
    await removeSpoolFolder(folder);
  }
}

test('the unwritten ends of its segments are the end of it, and no damage', async () => {
  const first = Buffer.concat([settled(1), settled(2)]);
  const second = settled(3);
  expect(
    await read([
      { segment: 1, offset: 0, bytes: first },
      { segment: 2, offset: 0, bytes: second },
    ]),
  ).toEqual({ numbers: [1, 2, 3], lastSeq: 3, damagedBytes: 0 });
});

test('so is the frame that its owner was writing when it was killed', async () => {
  const torn = settled(2).subarray(0, -1);
  expect(await read([{ segment: 1, offset: 0, bytes: Buffer.concat([settled(1), torn]) }])).toEqual({
    numbers: [1],
    lastSeq: 1,
    damagedBytes: 0,
  });
});

test('bytes without a frame that a frame follows are damage, however many', async () => {
  const first = settled(1);
  const gap = 5 * MEBIBYTE;
  expect(
    await read([
      { segment: 1, offset: 0, bytes: first },
      { segment: 1, offset: first.length + gap, bytes: settled(2) },
    ]),
  ).toEqual({ numbers: [1, 2], lastSeq: 2, damagedBytes: gap });
});
