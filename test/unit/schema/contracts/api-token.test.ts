import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  API_TOKEN_CHARACTERS,
  displayPrefix,
  hashApiToken,
  holdsApiToken,
  isWellFormedApiToken,
  mintApiToken,
} from '../../../../schema/contracts/api-token.js';
import { propertyRuns } from '../../../support/test-size.js';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

test('a minted token has the shape of the wire, its checksum, and is never the same twice', () => {
  const tokens = Array.from({ length: 1_000 }, mintApiToken);
  expect(new Set(tokens).size).toBe(tokens.length);
  const isOfShape = (token: string): boolean =>
    /^tgt_[0-9A-Za-z]{40}$/.test(token) && token.length === API_TOKEN_CHARACTERS && isWellFormedApiToken(token);
  expect(tokens.filter((token) => !isOfShape(token))).toEqual([]);
});

test('every character of the alphabet occurs in the secret', () => {
  const seen = new Set(Array.from({ length: 1_000 }, () => mintApiToken().slice(4, 38)).join(''));
  expect([...seen].sort().join('')).toBe(BASE62);
});

test('a token with one other character is refused without a look-up', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: API_TOKEN_CHARACTERS - 1 }),
      fc.oneof(fc.constantFrom(...BASE62.split('')), fc.string({ minLength: 1, maxLength: 1 })),
      (at, character) => {
        const token = mintApiToken();
        fc.pre(token[at] !== character);
        expect(isWellFormedApiToken(token.slice(0, at) + character + token.slice(at + 1))).toBe(false);
      },
    ),
    propertyRuns,
  );
});

test('other text is no token, and only the shape is looked for inside a text', () => {
  const token = mintApiToken();
  for (const text of ['', 'tgt_', token.slice(1), `${token} `, `${token}x`, token.slice(0, -1), `x${token}`]) {
    expect(isWellFormedApiToken(text)).toBe(false);
  }
  expect(holdsApiToken(`see tgt_${'0'.repeat(40)}.`)).toBe(true);
  expect(holdsApiToken(token.slice(0, -1))).toBe(false);
});

test('the stored hash depends on the pepper and shows nothing of the token', () => {
  const token = mintApiToken();
  const hash = hashApiToken(Buffer.from('one'), token);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(hashApiToken(Buffer.from('one'), token)).toBe(hash);
  expect(hashApiToken(Buffer.from('two'), token)).not.toBe(hash);
  expect(displayPrefix(token)).toBe(token.slice(0, 10));
});
