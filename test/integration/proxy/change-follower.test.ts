import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type pg from 'pg';
import { ChangeFollower } from '../../../proxy/policy-cache/change-follower.js';
import { PostgresReach } from '../../../proxy/policy-cache/postgres-reach.js';
import { openPool, openTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { waitFor } from '../../support/wait-for.js';

let database: TestDatabase;
let pool: pg.Pool;
let applied: string[];
let follower: ChangeFollower;

beforeEach(async () => {
  database = await openTestDatabase();
  pool = openPool(database.url, 4);
  applied = [];
  follower = followerOf(pool);
});
afterEach(async () => {
  follower.stop();
  await pool.end();
  await database.close();
});

function followerOf(asked: pg.Pool): ChangeFollower {
  return new ChangeFollower({
    pool: asked,
    subscriber: new Redis({ lazyConnect: true }), // it listens to none
    reach: new PostgresReach(),
    apply: (change) => applied.push('tokenHash' in change ? change.tokenHash : change.kind),
    supersedeAll: () => applied.push('all'),
    startOver: () => applied.push('start over'),
    onProblem: (_problem, error) => {
      throw error;
    },
  });
}

const announce = (client: pg.Pool | pg.PoolClient, tokenHash: string): Promise<unknown> =>
  client.query('INSERT INTO policy_outbox (account_id, change) VALUES (NULL, $1)', [
    JSON.stringify({ kind: 'token', accountId: 'any', tokenHash, revision: 1 }),
  ]);

const isApplied = (tokenHash: string): Promise<unknown> =>
  waitFor(() => applied.includes(tokenHash), `the change of ${tokenHash} is applied`);

test('changes come once each while an older transaction is open, and its own when it commits', async () => {
  const slow = await pool.connect();
  await slow.query('BEGIN');
  await announce(slow, 'slow');
  await follower.start();
  for (const hash of ['first', 'second', 'third']) {
    await announce(pool, hash);
    await isApplied(hash);
  }
  await slow.query('COMMIT');
  slow.release();
  await isApplied('slow');
  expect(applied).toEqual(['first', 'second', 'third', 'slow']);
});

test('a database whose transactions are earlier ones than at the last look is another one, once', async () => {
  const before = { rows: [{ seen: '9000000000:9000000000:', isRestored: false, changes: [] }] };
  const former = { query: () => Promise.resolve(before), release: () => undefined };
  let looks = 0;
  const connect = (): unknown => (looks++ === 0 ? former : pool.connect());
  follower = followerOf({ connect } as unknown as pg.Pool); // nothing else of it is asked
  await follower.start();
  await waitFor(() => applied.includes('start over'), 'the proxy starts over');
  for (const hash of ['first', 'second']) {
    await announce(pool, hash);
    await isApplied(hash);
  }
  expect(applied).toEqual(['start over', 'first', 'second']);
});
