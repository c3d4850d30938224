import { expect, test } from '@jest/globals';
import { Authenticator } from '../../../api/authenticator.js';
import type { Database } from '../../../api/tenancy/database.js';
import { mintApiToken } from '../../../schema/contracts/api-token.js';
import { fuzzedTokens } from '../../support/fuzzed-tokens.js';
import { fuzzedTokenCount, TEST_SEED } from '../../support/test-size.js';

test(`T-TOK-1 of ${fuzzedTokenCount} texts with a wrong checksum the api looks up none (TEST_SEED=${TEST_SEED})`, async () => {
  let lookups = 0;
  const database = {
    inLookup: () => {
      lookups += 1;
      return Promise.resolve({ kind: 'anonymous' });
    },
  } as unknown as Database; // nothing else of it may be asked
  const keys = { sessionKey: Buffer.alloc(32, 1), apiTokenPepper: Buffer.alloc(32, 2) };
  const authenticator = new Authenticator({ database, ...keys });
  for (const text of fuzzedTokens(fuzzedTokenCount, TEST_SEED)) await authenticator.authenticate(text, null);
  expect(lookups).toBe(0);
  await authenticator.authenticate(mintApiToken(), null);
  expect(lookups).toBe(1);
});
