import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bodyHeadersOf, contentEncodingOf, headerOf } from '../../../proxy/header-list.js';
import { propertyRuns } from '../../support/test-size.js';

test('a header is found in any case, and an absent one is null', () => {
  expect(headerOf(['Content-Type', 'text/plain'], 'content-type')).toBe('text/plain');
  expect(headerOf(['Content-Type', 'text/plain'], 'content-tape')).toBeNull();
});

test('identity is no encoding, however it is written, unless there is another beside it', () => {
  const of = (...values: string[]): string | null =>
    contentEncodingOf(values.flatMap((value) => ['Content-Encoding', value]));
  expect([of(), of('identity'), of(' Identity'), of('gzip')]).toEqual([null, null, null, 'gzip']);
  expect([of('identity', 'gzip'), of('identity, br')]).toEqual(['identity, gzip', 'identity, br']);
});

test('what headers say of the body in one pass is what each of them says by itself', () => {
  const written = ['content-type', 'Content-Type', 'CONTENT-LENGTH', 'content-length', 'content-encoding'];
  const others = ['Content-Encoding', 'content-tape', 'content-height', 'content-language', 'date', ''];
  const lists = fc.array(
    fc.tuple(fc.constantFrom(...written, ...others), fc.constantFrom('', '1', 'identity', 'gzip')),
  );
  fc.assert(
    fc.property(lists, (lines) => {
      const headers = lines.flat();
      expect(bodyHeadersOf(headers)).toEqual({
        contentType: headerOf(headers, 'content-type'),
        contentLength: headerOf(headers, 'content-length'),
        contentEncoding: contentEncodingOf(headers),
      });
    }),
    propertyRuns,
  );
});
