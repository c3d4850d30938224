import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cacheKeyHash, type CacheKeyParts } from '../../../../schema/contracts/cache-key.js';
import { propertyRuns } from '../../../support/test-size.js';

const KEY = Buffer.alloc(32, 7);
const PARTS: CacheKeyParts = {
  accountId: 'account',
  gatewayId: 'gateway',
  origin: 'https://api.example.com',
  credential: 'Bearer sk',
  method: 'POST',
  path: '/v1/chat/completions',
  isStreaming: false,
  variants: ['anthropic-version:2023-06-01'],
  customKey: null,
  contentType: 'application/json',
  body: Buffer.from('{}'),
};

test('the same request has the same key, which shows nothing of it', () => {
  expect(cacheKeyHash(KEY, PARTS)).toBe(cacheKeyHash(KEY, { ...PARTS, body: new Uint8Array([123, 125]) }));
  expect(cacheKeyHash(KEY, PARTS)).toMatch(/^[0-9a-f]{64}$/);
  expect(cacheKeyHash(Buffer.alloc(32, 8), PARTS)).not.toBe(cacheKeyHash(KEY, PARTS));
});

test.each<Partial<CacheKeyParts>>([
  { accountId: 'other' },
  { gatewayId: 'other' },
  { origin: 'https://api.example.org' },
  { credential: 'Bearer sk2' },
  { credential: '' },
  { method: 'GET' },
  { path: '/v1/chat/completions?a=1' },
  { isStreaming: true },
  { variants: [] },
  { contentType: 'application/json; charset=utf-8' },
  { body: Buffer.from('{} ') },
  { customKey: '' },
  { customKey: 'mine' },
])('%j makes it another request', (change) => {
  expect(cacheKeyHash(KEY, { ...PARTS, ...change })).not.toBe(cacheKeyHash(KEY, PARTS));
});

const texts = fc.record({ origin: fc.string(), credential: fc.string(), path: fc.string(), contentType: fc.string() });

test('no text moved from one part into the next gives the same key', () => {
  fc.assert(
    fc.property(texts, texts, (first, second) => {
      const isSame = JSON.stringify(first) === JSON.stringify(second);
      const keys = [first, second].map((change) => cacheKeyHash(KEY, { ...PARTS, ...change }));
      expect(keys[0] === keys[1]).toBe(isSame);
    }),
    propertyRuns,
  );
});
