import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller } from '../../support/graphql.js';
import { ACCEPT, givePassword, invite, PASSWORD, person } from '../../support/people.js';
import { inBatches } from '../../support/in-batches.js';
import { redisText } from '../../support/redis-text.js';
import { createTenant } from '../../support/tenant.js';
import { signInGuesses } from '../../support/test-size.js';
import { waitFor } from '../../support/wait-for.js';

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
const CHANGE = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { token } }';
const RESET = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { token } }';
const OFFER = 'query ($secret: String!) { invitation(secret: $secret) { email } }';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ trustedProxies: 1 });
});
afterAll(() => api.stop());

/** A caller from an address of its own. */
const from = (ip: string, token: string | null = null, at: TestApi = api) =>
  graphqlCaller(at.url, token, { 'x-forwarded-for': ip });

/** Another api over the same stores, which has found Redis. */
async function startBeside(): Promise<TestApi> {
  const beside = await startTestApi({ trustedProxies: 1 }, undefined, undefined, api);
  const { instanceHealth } = beside.api.services;
  await waitFor(async () => (await instanceHealth.read()).isRedisReachable, 'it reaches Redis');
  return beside;
}

/** How many of the guesses were looked at, and how many turned away unlooked at; anything else fails. */
async function guess(
  guesses: readonly { readonly ip: string; readonly email: string }[],
  apis: readonly TestApi[] = [api],
): Promise<{ readonly looked: number; readonly refused: number }> {
  const counts: Record<string, number> = {};
  const turns = guesses.map((each, index) => ({ ...each, at: apis[index % apis.length] }));
  await inBatches(turns, 8, async ({ ip, email, at }) => {
    const answer = await from(ip, null, at)(SIGN_IN, { input: { email, password: 'Spring2026!' } });
    const code = answer.errors[0]?.extensions.code ?? 'signed in';
    counts[code] = (counts[code] ?? 0) + 1;
  });
  const { UNAUTHENTICATED: looked = 0, RATE_LIMITED: refused = 0, ...others } = counts;
  expect(others).toEqual({});
  return { looked, refused };
}

test('T-WEB-7 one password tried on everybody, from one address, is stopped after a hundred', async () => {
  const guesses = Array.from({ length: signInGuesses }, (_, i) => ({
    ip: '192.0.2.1',
    email: `user-${i}@example.com`,
  }));
  expect(await guess(guesses)).toEqual({ looked: 100, refused: signInGuesses - 100 });
});

test('T-WEB-7 two apis count as one, and one that has just begun knows what was tried before', async () => {
  const beside = await startBeside();
  const spray = Array.from({ length: 130 }, (_, i) => ({ ip: '192.0.2.2', email: `both-${i}@example.com` }));
  expect(await guess(spray, [api, beside])).toEqual({ looked: 100, refused: 30 });
  const one = Array.from({ length: 14 }, (_, i) => ({ ip: `198.51.101.${i}`, email: 'both@example.com' }));
  expect(await guess(one, [api, beside])).toEqual({ looked: 10, refused: 4 });
  const third = await startBeside();
  expect(await guess(one, [third])).toEqual({ looked: 0, refused: 14 });
  expect(third.api.services.throttle.counts).toEqual({ refused: 14, alone: 0 });
  await Promise.all([beside.stop(), third.stop()]);
});

test('T-WEB-7 a right password takes back its own guess alone, whichever api it is told', async () => {
  const beside = await startBeside();
  const user = await person(api);
  await givePassword(api, user.id);
  const wrong = Array.from({ length: 8 }, (_, i) => ({ ip: `198.51.102.${i}`, email: user.email }));
  expect(await guess(wrong, [api, beside])).toEqual({ looked: 8, refused: 0 });
  for (let i = 0; i < 12; i++) {
    const call = from('198.51.102.9', null, i % 2 === 0 ? api : beside);
    (await call(SIGN_IN, { input: { email: user.email, password: PASSWORD } })).expectData();
  }
  expect(await guess(wrong, [api, beside])).toEqual({ looked: 2, refused: 6 });
  await beside.stop();
});

test('T-WEB-7 what is counted ends with its window, and says in Redis neither of whom nor from where it is', async () => {
  const email = 'readable@example.com';
  expect(await guess([{ ip: '203.0.113.77', email }])).toEqual({ looked: 1, refused: 0 });
  const redis = new Redis({ path: api.redis.url.replace('unix://', '') });
  const keys = await redis.keys('tollgate:guess:*');
  const leftMs = await Promise.all(keys.map((key) => redis.pttl(key)));
  redis.disconnect();
  expect(keys.length).toBeGreaterThan(2);
  expect(leftMs.every((ms) => ms > 0 && ms <= 15 * 60_000)).toBe(true);
  expect(keys.join('\n')).not.toMatch(/example|203\.0\.113/);
  expect(await redisText(api.redis.url)).not.toContain('readable@example');
});

test('T-WEB-7 without Redis an api goes on counting by itself, from what it let through before', async () => {
  const alone = await startTestApi({ trustedProxies: 1 });
  const spray = Array.from({ length: 120 }, (_, i) => ({ ip: '192.0.2.3', email: `alone-${i}@example.com` }));
  expect(await guess(spray.slice(0, 60), [alone])).toEqual({ looked: 60, refused: 0 });
  const { counts } = alone.api.services.throttle;
  const aloneBefore = counts.alone; // Redis may have been late before, on a busy machine
  await alone.redis.close();
  expect(await guess(spray.slice(60), [alone])).toEqual({ looked: 40, refused: 20 });
  expect(counts).toEqual({ refused: 20, alone: aloneBefore + 40 });
  await alone.stop();
});

test('T-WEB-7 a network of many addresses counts as one: the /64 of IPv6', async () => {
  const guesses = Array.from({ length: 150 }, (_, i) => ({
    ip: `2001:db8:0:1::${i.toString(16)}`,
    email: `six-${i}@example.com`,
  }));
  expect(await guess(guesses)).toEqual({ looked: 100, refused: 50 });
});

test('T-WEB-7 many addresses that try one user are stopped after ten, and the user of another email is not', async () => {
  const guesses = Array.from({ length: 60 }, (_, i) => ({ ip: `198.51.100.${i}`, email: 'one@example.com' }));
  expect(await guess(guesses)).toEqual({ looked: 10, refused: 50 });
  const other = await person(api);
  await givePassword(api, other.id);
  (await from('198.51.100.1')(SIGN_IN, { input: { email: other.email, password: PASSWORD } })).expectData();
});

test('T-WEB-7 the present password of a changed one is guessed no faster, in a session that was left open', async () => {
  const user = await person(api);
  await givePassword(api, user.id);
  const change = (currentPassword: string, ip: string) =>
    from(ip, user.token)(CHANGE, { input: { currentPassword, newPassword: 'a new password' } });
  for (let i = 0; i < 10; i++)
    (await change(`guess ${i}`, `203.0.113.${i}`)).expectError('BAD_USER_INPUT', 'input.currentPassword');
  (await change(PASSWORD, '203.0.113.99')).expectError('RATE_LIMITED');
});

test('T-WEB-7 so is the password behind an invitation, and so are links', async () => {
  const tenant = await createTenant(api.owner);
  const owner = await person(api, { accountId: tenant.accountId });
  const invited = await person(api);
  await givePassword(api, invited.id);
  const { secret } = await invite(owner.call, { accountId: tenant.accountId, email: invited.email, role: 'VIEWER' });
  const accept = (password: string, ip: string) => from(ip)(ACCEPT, { input: { secret, password } });
  for (let i = 0; i < 10; i++)
    (await accept(`guess ${i}`, `203.0.114.${i}`)).expectError('BAD_USER_INPUT', 'input.password');
  (await accept(PASSWORD, '203.0.114.99')).expectError('RATE_LIMITED');

  for (let i = 0; i < 50; i++) {
    (await from('203.0.115.1')(OFFER, { secret: `tgi_${'x'.repeat(43)}` })).expectData();
    const input = { secret: `tgr_${'x'.repeat(43)}`, newPassword: PASSWORD };
    (await from('203.0.115.1')(RESET, { input })).expectError('NOT_FOUND');
  }
  (await from('203.0.115.1')(OFFER, { secret })).expectError('RATE_LIMITED');
  (await from('203.0.115.2')(OFFER, { secret })).expectData();
});

test('T-WEB-8 whether there is a user, with a password or without, neither answer, work nor look-ups tell', async () => {
  const [known, without] = [await person(api), await person(api)];
  await givePassword(api, known.id);
  const { passwords } = api.api.services;
  const observed = [];
  for (const email of [known.email, without.email, 'nobody-at-all@example.com']) {
    api.takeQueries();
    const hashes = passwords.computed;
    const answer = await from('192.0.2.77')(SIGN_IN, { input: { email, password: 'wrong password' } });
    const error = answer.expectError('UNAUTHENTICATED');
    observed.push({ error, status: answer.status, hashes: passwords.computed - hashes, queries: api.takeQueries() });
  }
  expect(observed[0]?.hashes).toBe(1);
  expect(observed[1]).toEqual(observed[0]);
  expect(observed[2]).toEqual(observed[0]);
});
