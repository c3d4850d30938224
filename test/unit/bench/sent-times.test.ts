import { test, expect } from '@jest/globals';
import fc from 'fast-check';
import { SentTimes } from '../../../bench/load/sent-times.js';

test('every time in a stream is found once, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (times, pieceBytes) => {
      const stream = Buffer.from(
        times.map((time) => `data: {"id":"x","choices":[],"obfuscation":"${time}"}\n\n`).join(''),
      );
      const reader = new SentTimes();
      const found: number[] = [];
      for (let at = 0; at < stream.length; at += pieceBytes) {
        found.push(...reader.push(stream.subarray(at, at + pieceBytes)));
      }
      expect(found).toEqual(times);
    }),
  );
});
