/** The password that the first start makes stands nowhere: it is told before anything else can fail. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Program } from '../../../bench/program.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../support/postgres.js';
import { TEST_PEPPER } from '../../support/proxy.js';
import { openTestRedis, type TestRedis } from '../../support/redis.js';
import { TEST_VAULT } from '../../support/vault.js';

let database: TestDatabase;
let redis: TestRedis;

beforeEach(async () => {
  [database, redis] = await Promise.all([openTestDatabase(), openTestRedis()]);
});
afterEach(async () => {
  await Promise.all([database.close(), redis.close()]);
});

test('a first start that fails behind the first user has told the password', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo; // a TCP server that listens has one
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    SECRET_KEY: 'a secret key of thirty-two characters',
    TOKEN_PEPPER: TEST_PEPPER,
    VAULT_PUBLIC_KEY: TEST_VAULT.publicKey,
    PASSWORD_COST_LOG2: '10',
    API_PORT: String(port),
  };
  const messages: unknown[] = [];
  const api = await Program.node('api/main.js', { name: 'the api', core: null, env });
  api.child.on('message', (message) => messages.push(message));
  await expect(api.failed).rejects.toThrow(`${port}`);
  other.close();
  const pool = openPool(database.url, 1);
  expect((await pool.query('SELECT email FROM app_user')).rows).toEqual([{ email: 'admin@localhost' }]);
  await pool.end();
  expect(messages).toEqual([
    expect.objectContaining({
      kind: 'first-sign-in',
      email: 'admin@localhost',
      password: expect.stringMatching(/.{12}/),
    }),
  ]);
});
