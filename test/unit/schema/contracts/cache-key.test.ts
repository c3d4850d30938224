import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cacheKeyHash, cacheKeyVariants, type CacheKeyParts } from '../../../../schema/contracts/cache-key.js';
import { FULL_SIZE_TIMEOUT_MS, keyPairRuns } from '../../../support/cache-sizes.js';
import { propertyRuns } from '../../../support/test-size.js';

const KEY = Buffer.alloc(32, 7);
const PARTS: CacheKeyParts = {
  accountId: 'account',
  gatewayId: 'gateway',
  origin: 'https://api.example.com',
  credential: 'Bearer sk',
  method: 'POST',
  path: '/v1/chat/completions',
  streamKind: 'document',
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
  { streamKind: 'stream' },
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

/**
 * Few different texts, with what separates parts among them: two requests are often the same in most of their parts.
 */
const part = fc.constantFrom('', 'a', 'b', 'A', 'a|b', '1:a,', 'a\n', '\u00e9', 'e\u0301');
const anyParts: fc.Arbitrary<CacheKeyParts> = fc.record({
  accountId: part,
  gatewayId: part,
  origin: part,
  credential: part,
  method: fc.constantFrom('POST', 'PUT'),
  path: part,
  streamKind: part,
  variants: fc.array(part, { maxLength: 2 }),
  customKey: fc.option(part),
  contentType: part,
  body: part.map((text) => Buffer.from(text)),
});

/** What distinguishes a request, written down without any separator that its parts could hold. */
const distinguished = ({ body, contentType, customKey, ...scope }: CacheKeyParts): string =>
  JSON.stringify([scope, customKey === null ? [contentType, Buffer.from(body).toString('hex')] : customKey]);

/** Alike but for one part: what random pairs hardly ever are. */
const pairs = fc
  .tuple(
    anyParts,
    anyParts,
    fc.constantFrom<keyof CacheKeyParts | null>(null, ...(Object.keys(PARTS) as (keyof CacheKeyParts)[])),
  ) // it has no others
  .map(([first, other, only]) => [first, only === null ? other : { ...first, [only]: other[only] }] as const);

test(
  'T-CACHE-1: two requests have one key if, and only if, they are one in everything that scopes them',
  () => {
    fc.assert(
      fc.property(pairs, ([first, second]) => {
        const isSame = distinguished(first) === distinguished(second);
        return (cacheKeyHash(KEY, first) === cacheKeyHash(KEY, second)) === isSame;
      }),
      keyPairRuns,
    );
  },
  FULL_SIZE_TIMEOUT_MS,
);

test('headers that change answers count in any case and order, and others do not, unless nobody knows the provider', () => {
  const sent = ['User-Agent', 'x', 'OpenAI-Project', 'p', 'X-Mine', 'm', 'Accept', 'a/b', 'X-Amzn-Bedrock-Trace', 'on'];
  expect(cacheKeyVariants(sent, true)).toEqual(['accept:a/b', 'openai-project:p', 'x-amzn-bedrock-trace:on']);
  const turned = ['accept', 'a/b', 'x-amzn-bedrock-trace', 'on', 'openai-project', 'p'];
  expect(cacheKeyVariants(turned, true)).toEqual(cacheKeyVariants(sent, true));
  expect(cacheKeyVariants(sent, false)).toEqual([...cacheKeyVariants(sent, true), 'x-mine:m']);
  expect(cacheKeyVariants(['traceparent', '00', 'X-Stainless-OS', 'Mac', 'k', 'v'], false)).toEqual(['k:v']);
});

test.each([
  'Cartesia-Version',
  'parallel-beta',
  'X-Policy-Id',
  'X-Anthropic-Api-Key',
  'x-openai-api-key',
  'Groq-Model-Version',
  'X-Goog-FieldMask',
  'x-anthropic-beta',
  'x-ms-oai-image-generation-deployment',
])('answers under another %s are other answers', (name) => {
  expect(cacheKeyVariants([name, 'a'], true)).toEqual([`${name.toLowerCase()}:a`]);
});
