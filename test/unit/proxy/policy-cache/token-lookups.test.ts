import { expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { createPolicyCache } from '../../../../proxy/policy-cache/policy-cache.js';
import { PostgresReach } from '../../../../proxy/policy-cache/postgres-reach.js';
import { authenticate, type AuthenticateDeps } from '../../../../proxy/stages/authenticate.js';
import { mintApiToken } from '../../../../schema/contracts/api-token.js';
import { arrivalOf, policyOf } from '../../../support/credentialed-call.js';
import { fuzzedTokens } from '../../../support/fuzzed-tokens.js';
import { fuzzedTokenCount, TEST_SEED } from '../../../support/test-size.js';

test(`T-TOK-1 of ${fuzzedTokenCount} texts with a wrong checksum the proxy looks up none, in memory, Redis or Postgres (TEST_SEED=${TEST_SEED})`, async () => {
  const lookups = { memory: 0, redis: 0, postgres: 0 };
  const away = (store: keyof typeof lookups) => () => {
    lookups[store] += 1;
    return Promise.reject(new Error('counted'));
  };
  const pool = { connect: away('postgres') } as unknown as pg.Pool; // nothing else of them may be asked
  const redis = { hmget: away('redis') } as unknown as Redis;
  const bounds = { policyStaleMs: 1, tokenStaleMs: 1 };
  const { tokenGrants } = createPolicyCache({ pool, redis, reach: new PostgresReach() }, Buffer.alloc(32), bounds);
  const deps: AuthenticateDeps = {
    tokenGrants: {
      ...tokenGrants,
      held(hash) {
        lookups.memory += 1;
        return tokenGrants.held(hash);
      },
      noteUse: () => undefined,
    },
  };
  const target = { policy: policyOf(), provider: { credentialHeaders: ['authorization'] } };
  const ask = (text: string): unknown =>
    authenticate(deps, arrivalOf({ headers: { authorization: `Bearer ${text}` } }), target);
  for (const text of fuzzedTokens(fuzzedTokenCount, TEST_SEED)) {
    if (ask(text) instanceof Promise) throw new Error(`${text} was looked for`);
  }
  expect(lookups).toEqual({ memory: 0, redis: 0, postgres: 0 });
  await ask(mintApiToken());
  expect(lookups).toMatchObject({ memory: 1, redis: 1, postgres: 1 });
});
