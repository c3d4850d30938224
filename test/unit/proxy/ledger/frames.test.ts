/** Torn and damaged spools: exactly the frames that are whole come back, whatever happened to the bytes around them. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  beginFrame,
  endFrame,
  FRAME_HEAD_BYTES,
  FRAME_KINDS,
  frameKey,
  FrameScan,
  sealFrames,
  segmentKey,
  withoutRecords,
  type FrameKind,
} from '../../../../proxy/ledger/frames.js';
import { ByteBuffer } from '../../../../proxy/byte-buffer.js';
import { newUuidV7 } from '../../../../schema/contracts/ids.js';
import { TEST_SIZE, propertyRuns } from '../../../support/test-size.js';

const KEY = frameKey('0197f0b4-7d3c-7c1e-8a5d-1f2e3d4c5b6a');

interface Written {
  readonly bytes: Buffer;
  /** where each frame ends */
  readonly ends: readonly number[];
}

function sealed(buffer: ByteBuffer, key = KEY): Buffer {
  const frames = Buffer.from(buffer.view(0, buffer.length));
  sealFrames(frames, key);
  return frames;
}

/** Frames numbered from 1 with the given payloads. */
function written(payloads: readonly Uint8Array[]): Written {
  const buffer = new ByteBuffer();
  const ends = payloads.map((payload, i) => {
    const start = beginFrame(buffer, KEY, { kind: FRAME_KINDS.settled, number: i + 1, id: newUuidV7() });
    buffer.bytesOf(payload);
    endFrame(buffer, start);
    return buffer.length;
  });
  return { bytes: sealed(buffer), ends };
}

function numbersIn(bytes: Buffer, key = KEY): { numbers: number[]; damagedBytes: number } {
  const scan = new FrameScan(bytes, key, true);
  const numbers: number[] = [];
  while (scan.next()) numbers.push(scan.number);
  return { numbers, damagedBytes: scan.damagedBytes };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
/** Payloads as records are: of many lengths, the empty one included. */
const payloadsOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) =>
    Uint8Array.from({ length: (i * 37) % 61 }, (_byte, at) => (i * 7 + at) % 256),
  );

test('a frame tells what it was given, its number beyond 32 bits too', () => {
  const buffer = new ByteBuffer();
  const id = newUuidV7();
  const start = beginFrame(buffer, KEY, { kind: FRAME_KINDS.open, number: 2 ** 40 + 3, id });
  buffer.bytesOf(Buffer.from('payload'));
  endFrame(buffer, start);
  const bytes = sealed(buffer);
  const scan = new FrameScan(bytes, KEY, true);
  expect(scan.next()).toBe(true);
  expect([scan.kind, scan.number, scan.id]).toEqual([FRAME_KINDS.open, 2 ** 40 + 3, id]);
  expect(bytes.toString('latin1', scan.start + FRAME_HEAD_BYTES, scan.end)).toBe('payload');
  expect(scan.next()).toBe(false);
});

test('a spool that ends at any byte gives exactly the frames that are whole in it, and calls nothing damaged', () => {
  const { bytes, ends } = written(payloadsOf(TEST_SIZE === 'full' ? 1_000 : 60));
  const wrong: number[] = [];
  for (let length = 0; length <= bytes.length; length++) {
    const { numbers, damagedBytes } = numbersIn(bytes.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length;
    if (numbers.length !== whole || numbers.at(-1) !== upTo(whole).at(-1) || damagedBytes !== 0) wrong.push(length);
  }
  expect(wrong).toEqual([]);
});

test('a spool torn at any byte and followed by zeros, as a segment is, gives the same', () => {
  const { bytes, ends } = written(payloadsOf(20));
  const wrong: number[] = [];
  for (let length = 0; length <= bytes.length; length++) {
    const segment = Buffer.alloc(bytes.length + 4_096);
    bytes.copy(segment, 0, 0, length);
    const whole = ends.filter((end) => end <= length).length;
    // What was torn off may be zeros anyway.
    const { numbers, damagedBytes } = numbersIn(segment);
    if (numbers.length < whole || numbers.length > whole + 1 || damagedBytes !== 0) wrong.push(length);
  }
  expect(wrong).toEqual([]);
});

test('a spool with any one bit flipped gives every frame but the one that holds it', () => {
  const { bytes, ends } = written(payloadsOf(TEST_SIZE === 'full' ? 100 : 12));
  const wrong: number[] = [];
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const at = bit >> 3;
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
    const hit = ends.findIndex((end) => at < end) + 1;
    const { numbers, damagedBytes } = numbersIn(bytes);
    const expected = upTo(ends.length).filter((number) => number !== hit);
    const isLast = hit === ends.length;
    const lost = (ends[hit - 1] ?? 0) - (ends[hit - 2] ?? 0);
    if (String(numbers) !== String(expected) || damagedBytes !== (isLast ? 0 : lost)) wrong.push(bit);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
  }
  expect(wrong).toEqual([]);
});

test('frames are found again behind any damage, and no other bytes are taken for one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 8 }),
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(),
      (payloads, junk, seed) => {
        const { bytes, ends } = written(payloads);
        const cut = [0, ...ends][seed % (ends.length + 1)] ?? 0;
        const { numbers } = numbersIn(Buffer.concat([bytes.subarray(0, cut), junk, bytes.subarray(cut)]));
        expect(numbers).toEqual(upTo(payloads.length));
      },
    ),
    propertyRuns,
  );
});

test("another spool's frames are none here", () => {
  const { bytes } = written(payloadsOf(5));
  const other = new FrameScan(bytes, frameKey('0197f0b4-7d3c-7c1e-8a5d-000000000000'), true);
  expect(other.next()).toBe(false);
});

test('what was whole in one segment is never whole in another, in which it is sealed anew', () => {
  const { bytes, ends } = written(payloadsOf(5));
  const number = fc.integer({ min: 1, max: 99_999_999 });
  fc.assert(
    fc.property(number, number, (before, now) => {
      fc.pre(before !== now);
      const [keyBefore, keyNow] = [segmentKey(KEY, before), segmentKey(KEY, now)];
      const frames = Buffer.from(bytes);
      sealFrames(frames, keyBefore);
      const left = new FrameScan(frames, keyNow, true);
      expect([left.next(), left.damagedBytes]).toEqual([false, 0]);
      sealFrames(frames, keyNow);
      expect(numbersIn(frames, keyNow).numbers).toEqual(upTo(ends.length));
    }),
    propertyRuns,
  );
});

test('a segment that is used again holds what was written last, wherever that ends in what stands there', () => {
  const { bytes: before } = written(payloadsOf(20));
  sealFrames(before, segmentKey(KEY, 1));
  const key = segmentKey(KEY, 2);
  const { bytes, ends } = written(payloadsOf(10));
  sealFrames(bytes, key);
  const wrong: number[] = [];
  for (let length = 0; length <= bytes.length; length++) {
    const segment = Buffer.concat([bytes.subarray(0, length), before.subarray(length)]);
    const { numbers, damagedBytes } = numbersIn(segment, key);
    const whole = ends.filter((end) => end <= length).length;
    // What was torn off may be there anyway.
    if (numbers.length < whole || numbers.length > whole + 1 || damagedBytes !== 0) wrong.push(length);
  }
  expect(wrong).toEqual([]);
});

test('a frame that a piece cuts is left to the next piece', () => {
  const { bytes, ends } = written(payloadsOf(3));
  const scan = new FrameScan(bytes.subarray(0, bytes.length - 1), KEY, false);
  while (scan.next()) continue;
  expect(scan.end).toBe(ends[1]);
});

test('without their records, frames still tell what is open, and what was abandoned', () => {
  const buffer = new ByteBuffer();
  const add = (kind: FrameKind, id: string): void => {
    const start = beginFrame(buffer, KEY, { kind, number: 0, id });
    buffer.text(id.slice(-1));
    endFrame(buffer, start);
  };
  const [settled, refused, open, abandoned] = [newUuidV7(), newUuidV7(), newUuidV7(), newUuidV7()];
  for (const id of [settled, refused, open]) add(FRAME_KINDS.open, id);
  add(FRAME_KINDS.abandoned, refused);
  add(FRAME_KINDS.settled, settled);
  add(FRAME_KINDS.open, open);
  add(FRAME_KINDS.abandoned, abandoned);
  const scan = new FrameScan(withoutRecords(sealed(buffer), KEY), KEY, true);
  const left: [string, number][] = [];
  while (scan.next()) left.push([scan.id, scan.kind]);
  expect(left).toEqual([
    [refused, FRAME_KINDS.abandoned],
    [open, FRAME_KINDS.open],
    [abandoned, FRAME_KINDS.abandoned],
  ]);
});
