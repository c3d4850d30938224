import type { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PlainRequest } from '../../../../proxy/client/plain-request.js';
import { propertyRuns } from '../../../support/test-size.js';

const requestOf = (bodyBytes: number): PlainRequest => {
  const head = { method: 'POST', url: '/v1/a/b/c', rawHeaders: [], headBytes: 0, bodyBytes };
  return new PlainRequest({} as Socket, head); // nothing of it is asked while a body is read
};

test('a body is what arrived, in whatever pieces, and what stands behind it is not taken', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1 }), (pieces) => {
      const whole = Buffer.concat(pieces);
      const request = requestOf(whole.length);
      for (const piece of pieces) {
        const bytes = Buffer.from(piece);
        expect(request.receive(bytes)).toBe(piece.length);
        bytes.fill(0); // the buffer that it was read into is used again
      }
      expect(request.complete).toBe(true);
      expect(request.receive(Buffer.from('GET'))).toBe(0);
      expect(request.whole()).toEqual(whole);
    }),
    propertyRuns,
  );
});

test('a body in several pieces takes memory once, and no more than four times what has arrived', () => {
  const request = requestOf(1_000_000);
  const before = process.memoryUsage().arrayBuffers;
  request.receive(Buffer.alloc(10_000));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000);
  request.receive(Buffer.alloc(990_000));
  expect(request.whole()).toBe(request.whole());
  expect(request.whole().buffer.byteLength).toBe(1_000_000);
});
