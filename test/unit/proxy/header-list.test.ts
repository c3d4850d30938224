import { expect, test } from '@jest/globals';
import { contentEncodingOf, headerOf } from '../../../proxy/header-list.js';

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
