import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { suits, takesEncoding, type CachedAnswer } from '../../../../proxy/cache/cached-answer.js';
import { readAnswer, storable, writtenAnswer } from '../../../../proxy/cache/stored-answer.js';
import { noUnits, USAGE_UNITS } from '../../../../schema/contracts/usage-units.js';
import { propertyRuns } from '../../../support/test-size.js';

const ANSWER: CachedAnswer = {
  headers: ['content-type', 'application/json'],
  body: Buffer.from('{}'),
  contentEncoding: null,
  vary: null,
  varyHash: null,
  policyRevision: 5,
  keyDigest: 'digest',
  requestedModel: 'gpt-4o-mini',
  reading: {
    units: { ...noUnits(), inputTokens: 7, other: { images: 2 } },
    usageSource: 'PROVIDER',
    usageNote: null,
    model: 'gpt-4o-mini-2024-07-18',
    serviceTier: 'default',
  },
};

test('an answer is read as it was written, whatever its bytes are', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), fc.option(fc.string()), (bytes, value, vary) => {
      const answer = {
        ...ANSWER,
        headers: ['x-request-id', value],
        body: Buffer.from(bytes),
        vary: vary === null ? null : [vary],
        varyHash: vary,
      };
      expect(readAnswer(writtenAnswer(storable(answer)))).toEqual(answer);
    }),
    propertyRuns,
  );
});

test('each unit is read as the one that was written', () => {
  const units = noUnits();
  for (const [index, unit] of USAGE_UNITS.entries()) units[unit] = index + 1;
  const answer = { ...ANSWER, reading: { ...ANSWER.reading, units } };
  expect(readAnswer(writtenAnswer(storable(answer)))).toEqual(answer);
});

test('what was cut, altered in its frame, or never was an answer, is none', () => {
  const written = writtenAnswer(storable(ANSWER));
  for (let end = 0; end < written.length; end++) expect(readAnswer(written.subarray(0, end))).toBeNull();
  expect(readAnswer(Buffer.concat([written, Buffer.from('x')]))).toBeNull();
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(readAnswer(Buffer.from(bytes))).toBeNull();
      const length = Buffer.alloc(5, 1);
      length.writeUInt32BE(bytes.length, 1);
      expect(readAnswer(Buffer.concat([length, Buffer.from(bytes)]))).toBeNull();
    }),
    propertyRuns,
  );
});

test.each<[string | undefined, string, boolean]>([
  [undefined, 'gzip', false],
  ['', 'gzip', false],
  ['gzip', 'gzip', true],
  ['deflate, GZIP ;q=0.5', 'gzip', true],
  ['x-gzip', 'gzip', true],
  ['gzip', 'x-gzip', true],
  ['*', 'br', true],
  ['*;q=0, br', 'br', true],
  ['*, br;q=0', 'br', false],
  ['gzip;q=0.0', 'gzip', false],
  ['gzipped', 'gzip', false],
])('%j takes %s: %s', (accepted, encoding, isTaken) => {
  expect(takesEncoding(accepted, encoding)).toBe(isTaken);
});

const wanted = { acceptEncoding: undefined, varyHash: (names: readonly string[]) => names.join() };
const purge = { revision: 6, model: null, keyDigest: null, purgedAtMs: 0 };

test.each<[string, Partial<typeof purge> | { model: string } | { keyDigest: string }, boolean]>([
  ['everything, later', {}, false],
  ['everything, before it', { revision: 5 }, true],
  ['the model asked for', { model: 'gpt-4o-mini' }, false],
  ['the model that answered', { model: 'gpt-4o-mini-2024-07-18' }, false],
  ['another model', { model: 'gpt-4o' }, true],
  ['its key', { keyDigest: 'digest' }, false],
  ['another key', { keyDigest: 'other' }, true],
  ['its model under another key', { model: 'gpt-4o-mini', keyDigest: 'other' }, true],
  ['its model under its key', { model: 'gpt-4o-mini', keyDigest: 'digest' }, false],
])('after a purge of %s, the answer may serve: %#', (_name, change, isGood) => {
  expect(suits(ANSWER, { ...wanted, purges: [{ ...purge, ...change }] })).toBe(isGood);
});

test('an answer that varies serves who sends the same', () => {
  const varying = { ...ANSWER, vary: ['x-mood'], varyHash: 'x-mood' };
  expect(suits(varying, { ...wanted, purges: [] })).toBe(true);
  expect(suits({ ...varying, varyHash: 'other' }, { ...wanted, purges: [] })).toBe(false);
});
