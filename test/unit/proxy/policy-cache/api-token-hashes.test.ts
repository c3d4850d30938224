import { expect, test } from '@jest/globals';
import { ApiTokenHashes } from '../../../../proxy/policy-cache/api-token-hashes.js';
import { API_TOKEN_CHARACTERS, hashApiToken, mintApiToken } from '../../../../schema/contracts/api-token.js';

const PEPPER = Buffer.from('a pepper');

test('a token has its stored hash, the first time and every time after', () => {
  const hashes = new ApiTokenHashes(PEPPER);
  for (const token of [mintApiToken(), mintApiToken()]) {
    for (let i = 0; i < 3; i++) expect(hashes.of(token)).toBe(hashApiToken(PEPPER, token));
  }
});

test.each([
  ['another length', `${mintApiToken()}0`],
  ['no prefix', 'x'.repeat(API_TOKEN_CHARACTERS)],
  ['a wrong checksum', `tgt_${'0'.repeat(40)}`],
  ['nothing', ''],
])('text with %s has none, however often it comes', (_problem, text) => {
  const hashes = new ApiTokenHashes(PEPPER);
  for (let i = 0; i < 2; i++) expect(hashes.of(text)).toBeNull();
});
