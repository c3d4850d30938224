import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AwsEventFrames, type AwsFrame } from '../../../../proxy/dialects/aws-event-frames.js';
import { EVENT_BYTES_MAX } from '../../../../proxy/dialects/sse-events.js';
import { awsEventFrames } from '../../../support/aws-fixtures.js';
import { encodeFrame, eventFrame, exceptionFrame } from '../../../support/aws-frames.js';

interface Seen {
  readonly frames: readonly (Omit<AwsFrame, 'payload'> & { readonly payload: string })[];
  readonly isDamaged: boolean;
  readonly isOverflowed: boolean;
  readonly isWhole: boolean;
}

function seen(bytes: Buffer, sizes: readonly number[] = []): Seen {
  const frames: Seen['frames'][number][] = [];
  const reader = new AwsEventFrames((frame) => frames.push({ ...frame, payload: frame.payload.toString('latin1') }));
  let at = 0;
  for (const size of sizes) {
    reader.push(Uint8Array.from(bytes.subarray(at, at + size)));
    at += size;
  }
  reader.push(Uint8Array.from(bytes.subarray(at)));
  const { isDamaged, isOverflowed } = reader;
  return { frames, isDamaged, isOverflowed, isWhole: reader.isWhole() };
}

const recorded = Buffer.concat(awsEventFrames());

test("frames that AWS's own codec made are read, each with its type and its payload", () => {
  const { frames, isDamaged, isWhole } = seen(recorded);
  expect([isDamaged, isWhole]).toEqual([false, true]);
  expect(frames.map(({ type }) => type)).toEqual([
    'messageStart',
    'contentBlockDelta',
    'contentBlockDelta',
    'contentBlockStop',
    'messageStop',
    'metadata',
  ]);
  expect(JSON.parse(frames.at(-1)?.payload ?? '')).toMatchObject({ usage: { inputTokens: 8, outputTokens: 2 } });
});

test('our own encoder of frames makes the bytes that AWS makes', () => {
  const headers = { ':event-type': 'messageStart', ':content-type': 'application/json', ':message-type': 'event' };
  const first = encodeFrame(headers, Buffer.from('{"role":"assistant"}'));
  expect(first.toString('base64')).toBe(awsEventFrames()[0]?.toString('base64'));
});

test('no split of the bytes changes what is read', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 300 })), (sizes) => {
      expect(seen(recorded, sizes)).toEqual(seen(recorded));
    }),
  );
  expect(seen(recorded, Array<number>(recorded.length).fill(1))).toEqual(seen(recorded));
});

test('a frame with a wrong checksum is left out, and the ones behind it are read', () => {
  const [first = Buffer.alloc(0), ...others] = awsEventFrames();
  const damaged = Buffer.from(first);
  damaged[damaged.length - 6] = (damaged.at(-6) ?? 0) ^ 1; // of the payload
  const read = seen(Buffer.concat([damaged, ...others]));
  expect(read.isDamaged).toBe(true);
  expect(read.frames).toEqual(seen(recorded).frames.slice(1));
});

test('a wrong prelude ends the reading: no length behind it can be trusted', () => {
  const damaged = Buffer.from(recorded);
  damaged[2] = 0xff;
  expect(seen(damaged)).toEqual({ frames: [], isDamaged: true, isOverflowed: false, isWhole: false });
});

test('a frame larger than an event may be is stepped over without being held', () => {
  const huge = eventFrame('contentBlockDelta', { delta: { text: 'x'.repeat(EVENT_BYTES_MAX) } });
  const read = seen(Buffer.concat([huge, recorded]), Array<number>(40).fill(65_536));
  expect(read).toEqual({ ...seen(recorded), isOverflowed: true });
});

test('an end inside a frame is told', () => {
  for (const cut of [1, 11, 12, 13, 40, recorded.length - 1]) {
    const { isWhole, isDamaged } = seen(recorded.subarray(0, cut));
    expect([cut, isWhole, isDamaged]).toEqual([cut, false, false]);
  }
});

test('an exception says so', () => {
  const { frames } = seen(exceptionFrame('throttlingException', 'slow down'));
  expect(frames).toMatchObject([{ type: 'throttlingException', isException: true }]);
});

test('whatever the bytes are, and wherever one of them was changed, reading never throws', () => {
  const sizes = fc.array(fc.nat({ max: 100 }));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), sizes, (bytes, split) => {
      expect(() => seen(Buffer.from(bytes), split)).not.toThrow();
    }),
  );
  fc.assert(
    fc.property(fc.nat(recorded.length - 1), fc.integer({ min: 1, max: 255 }), sizes, (at, change, split) => {
      const changed = Buffer.from(recorded);
      changed[at] = (changed[at] ?? 0) ^ change;
      const read = seen(changed, split);
      expect(read).toEqual(seen(changed));
      expect(read.isDamaged).toBe(true);
    }),
  );
  // headers that do not fill their place, under right checksums
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (headers) => {
      const frame = encodeFrame({}, headers);
      frame.writeUInt32BE(headers.length, 4);
      expect(() => seen(frame)).not.toThrow();
    }),
  );
});
