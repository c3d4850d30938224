import { createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hmacHex } from '../../../../schema/contracts/hmac.js';
import { propertyRuns } from '../../../support/test-size.js';

test('equals the HMAC of OpenSSL for any key, text and bytes, short and long, whatever was hashed before', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.nat(6_000).map((length) => 'é'.repeat(length)),
  );
  const bytes = fc.option(
    fc.oneof(
      fc.uint8Array(),
      fc.nat(20_000).map((length) => new Uint8Array(length).fill(7)),
    ),
  );
  const keys = fc.uint8Array({ maxLength: 80 }).map((key) => Buffer.from(key));
  fc.assert(
    fc.property(keys, fc.array(fc.tuple(text, bytes), { minLength: 1, maxLength: 4 }), (key, messages) => {
      for (const [message, tail] of messages) {
        const hmac = createHmac('sha256', key).update(message);
        expect(hmacHex(key, message, tail)).toBe((tail === null ? hmac : hmac.update(tail)).digest('hex'));
      }
    }),
    propertyRuns,
  );
});

test('gives the third test vector of RFC 4231', () => {
  expect(hmacHex(Buffer.alloc(20, 0xaa), '', Buffer.alloc(50, 0xdd))).toBe(
    '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  );
});
