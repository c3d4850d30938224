import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyedHashHex } from '../../../../schema/contracts/keyed-hash.js';
import { anyText } from '../../../support/any-text.js';
import { propertyRuns } from '../../../support/test-size.js';

const BLOCK_BYTES = 64;

test('equals SHA-256 over the padded key, the text and the bytes, short and long, whatever was hashed before', () => {
  const text = fc.oneof(
    anyText(),
    fc.nat(6_000).map((length) => 'é'.repeat(length)),
  );
  const bytes = fc.option(
    fc.oneof(
      fc.uint8Array(),
      fc.nat(20_000).map((length) => new Uint8Array(length).fill(7)),
    ),
  );
  const keys = fc.uint8Array({ maxLength: BLOCK_BYTES }).map((key) => Buffer.from(key));
  fc.assert(
    fc.property(keys, fc.array(fc.tuple(text, bytes), { minLength: 1, maxLength: 4 }), (key, messages) => {
      const block = Buffer.alloc(BLOCK_BYTES);
      key.copy(block);
      for (const [message, tail] of messages) {
        const expected = createHash('sha256').update(block).update(message);
        expect(keyedHashHex(key, message, tail)).toBe((tail === null ? expected : expected.update(tail)).digest('hex'));
      }
    }),
    propertyRuns,
  );
});

test('refuses a key that its block cannot hold', () => {
  expect(() => keyedHashHex(Buffer.alloc(BLOCK_BYTES + 1), 'text')).toThrow('longer than its block');
});
