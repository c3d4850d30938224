import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { auditOf, givePassword, PASSWORD, person, VIEWER, type Person } from '../../support/people.js';
import { createTenant } from '../../support/tenant.js';

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
const SESSIONS = '{ viewer { sessions { edges { node { id userAgent ip isCurrent lastUsedAt } } } } }';
const REVOKE = 'mutation ($id: ID!) { revokeSession(id: $id) }';
const REVOKE_OTHERS = 'mutation { revokeOtherSessions { count } }';
const CHANGE = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { token } }';
const ISSUE = 'mutation ($email: String!) { createPasswordReset(input: { email: $email }) { secret url expiresAt } }';
const RESET = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { token } }';
const OTHER = 'another correct horse';

let api: TestApi;
let anonymous: GraphqlCaller;
let accountId: string;
let user: Person;

beforeAll(async () => {
  api = await startTestApi();
  anonymous = graphqlCaller(api.url, null);
});
afterAll(() => api.stop());
beforeEach(async () => {
  accountId = (await createTenant(api.owner)).accountId;
  user = await person(api, { accountId });
  await givePassword(api, user.id);
});

async function signIn(password = PASSWORD, headers: Record<string, string> = {}): Promise<GraphqlCaller> {
  const answer = await graphqlCaller(api.url, null, headers)(SIGN_IN, { input: { email: user.email, password } });
  return graphqlCaller(api.url, answer.expectData<{ signIn: { token: string } }>().signIn.token);
}

interface Listed {
  readonly id: string;
  readonly userAgent: string | null;
  readonly isCurrent: boolean;
}

async function sessionsOf(call: GraphqlCaller): Promise<Listed[]> {
  const answer = await call(SESSIONS);
  const data = answer.expectData<{ viewer: { sessions: { edges: { node: Listed }[] } } }>();
  return data.viewer.sessions.edges.map(({ node }) => node);
}

const isIn = async (call: GraphqlCaller): Promise<boolean> => (await call(VIEWER)).errors.length === 0;

test('a user sees where he is signed in, and which of it is here', async () => {
  const phone = await signIn(PASSWORD, { 'user-agent': 'a phone' });
  expect(await sessionsOf(phone)).toMatchObject([
    { userAgent: 'a phone', ip: '127.0.0.1', isCurrent: true },
    { userAgent: null, isCurrent: false },
  ]);
  expect(await sessionsOf((await person(api)).call)).toHaveLength(1);
});

test('T-WEB-6 a session that was ended is refused: one of them, all others, by its own user alone', async () => {
  const [laptop, phone] = [await signIn(), await signIn()];
  const [ofPhone] = await sessionsOf(phone);
  const id = ofPhone?.id ?? '';
  (await (await person(api)).call(REVOKE, { id })).expectError('NOT_FOUND');
  expect(await isIn(phone)).toBe(true);
  (await laptop(REVOKE, { id })).expectData();
  expect(await isIn(phone)).toBe(false);
  (await laptop(REVOKE, { id })).expectError('NOT_FOUND');
  expect((await laptop(REVOKE_OTHERS)).expectData()).toEqual({ revokeOtherSessions: { count: 1 } });
  expect([await isIn(laptop), await isIn(user.call)]).toEqual([true, false]);
  expect((await auditOf(api, accountId)).map(({ action }) => action)).toEqual(['session.revoke', 'session.revoke']);
});

test('T-WEB-6 a session that nobody used for a day is refused, and one in use goes on', async () => {
  const touch = (ago: string) =>
    api.owner.query(`UPDATE session SET last_used_at = now() - interval '${ago}' WHERE user_id = $1`, [user.id]);
  await touch('23 hours 59 minutes');
  expect(await isIn(user.call)).toBe(true); // which is a use
  const { rows } = await api.owner.query<{ recent: boolean }>(
    "SELECT last_used_at > now() - interval '1 minute' AS recent FROM session WHERE user_id = $1",
    [user.id],
  );
  expect(rows).toEqual([{ recent: true }]);
  await touch('24 hours 1 second');
  expect(await isIn(user.call)).toBe(false);
});

test('a user has fifty sessions at most: the next one ends that which began first, and is counted', async () => {
  const first = await signIn();
  await signIn();
  await api.owner.query(
    `INSERT INTO session (id, user_id, token_hash, expires_at)
     SELECT id, $1, encode(sha256(uuid_send(id)), 'hex'), now() + interval '1 hour' FROM unnest($2::uuid[]) id`,
    [user.id, Array.from({ length: 47 }, () => newUuidV7())],
  );
  const ended = api.api.services.sessions.crowdedOut;
  expect([await isIn(user.call), await isIn(first)]).toEqual([true, true]);
  const fiftyFirst = await signIn();
  expect([await isIn(user.call), await isIn(first), await isIn(fiftyFirst)]).toEqual([false, true, true]);
  await Promise.all(Array.from({ length: 4 }, () => signIn()));
  expect(await isIn(first)).toBe(false);
  const { rows } = await api.owner.query('SELECT 1 FROM session WHERE user_id = $1', [user.id]);
  expect(rows).toHaveLength(50);
  expect(api.api.services.sessions.crowdedOut - ended).toBe(5);
});

test.each([
  ['have expired', "now() - interval '1 second', NULL, now()"],
  ['were ended', "now() + interval '1 hour', now() - interval '1 second', now()"],
  ['nobody used for a day', "now() + interval '1 hour', NULL, now() - interval '25 hours'"],
])('sessions that %s do not count: they make room before one that lives has to', async (_what, state) => {
  const first = await signIn();
  await api.owner.query(
    `INSERT INTO session (id, user_id, token_hash, expires_at, revoked_at, last_used_at)
     SELECT id, $1, encode(sha256(uuid_send(id)), 'hex'), ${state} FROM unnest($2::uuid[]) id`,
    [user.id, Array.from({ length: 50 }, () => newUuidV7())],
  );
  const ended = api.api.services.sessions.crowdedOut;
  const last = await signIn();
  expect([await isIn(user.call), await isIn(first), await isIn(last)]).toEqual([true, true, true]);
  expect(api.api.services.sessions.crowdedOut).toBe(ended);
});

test('T-WEB-5 signing in never takes over a session that the browser brought along', async () => {
  const attacker = await person(api);
  const planted = { cookie: `tollgate_session=${attacker.token}` };
  const madeUp = { cookie: `tollgate_session=tgs_${'x'.repeat(43)}` };
  for (const headers of [planted, madeUp]) {
    const answer = await graphqlCaller(
      api.url,
      null,
      headers,
    )(SIGN_IN, {
      input: { email: user.email, password: PASSWORD },
    });
    const { token } = answer.expectData<{ signIn: { token: string } }>().signIn;
    expect(answer.headers.get('set-cookie')).toContain(`tollgate_session=${token};`);
    expect(headers.cookie).not.toContain(token);
    // What the attacker holds is what it was before.
    const before = graphqlCaller(api.url, null, headers);
    const seen = (await before(VIEWER)).data;
    expect(JSON.stringify(seen)).not.toContain(user.email);
  }
});

test('T-WEB-5 a new password is a new session, and ends every one from before', async () => {
  const [laptop, phone] = [await signIn(), await signIn()];
  const input = { currentPassword: PASSWORD, newPassword: OTHER };
  const wrong = await laptop(CHANGE, { input: { ...input, currentPassword: 'wrong' } });
  wrong.expectError('BAD_USER_INPUT', 'input.currentPassword');
  (await laptop(CHANGE, { input: { ...input, newPassword: 'short' } })).expectError(
    'BAD_USER_INPUT',
    'input.newPassword',
  );
  expect(await isIn(phone)).toBe(true);
  const answer = await laptop(CHANGE, { input });
  const { token } = answer.expectData<{ changePassword: { token: string } }>().changePassword;
  expect(answer.headers.get('set-cookie')).toContain(`tollgate_session=${token};`);
  expect([await isIn(laptop), await isIn(phone), await isIn(user.call)]).toEqual([false, false, false]);
  expect(await isIn(graphqlCaller(api.url, token))).toBe(true);
  (await anonymous(SIGN_IN, { input: { email: user.email, password: PASSWORD } })).expectError('UNAUTHENTICATED');
  expect(await isIn(await signIn(OTHER))).toBe(true);
  expect(await auditOf(api, accountId)).toMatchObject([
    { action: 'password.change', actor: `user:${user.email}`, after: { email: user.email } },
  ]);
});

test('who has no password cannot change one, and is not signed in by an empty one', async () => {
  const { call, email } = await person(api);
  const input = { currentPassword: '', newPassword: OTHER };
  (await call(CHANGE, { input })).expectError('FORBIDDEN');
  (await anonymous(SIGN_IN, { input: { email, password: '' } })).expectError('UNAUTHENTICATED');
});

test("the operator's link sets a password once, ends every session, and the accounts of its user are told", async () => {
  const operator = await person(api, { isOperator: true });
  (await user.call(ISSUE, { email: user.email })).expectError('FORBIDDEN');
  (await operator.call(ISSUE, { email: 'nobody@example.com' })).expectError('NOT_FOUND');
  const issued = (await operator.call(ISSUE, { email: user.email })).expectData<{
    createPasswordReset: { secret: string; url: string };
  }>().createPasswordReset;
  expect(issued.url).toBe(`http://localhost:4000/reset-password#${issued.secret}`);
  const input = { secret: issued.secret, newPassword: OTHER };
  (await anonymous(RESET, { input: { ...input, newPassword: 'short' } })).expectError(
    'BAD_USER_INPUT',
    'input.newPassword',
  );
  expect(await isIn(user.call)).toBe(true);
  const answers = await Promise.all([anonymous(RESET, { input }), anonymous(RESET, { input })]);
  const used = answers.filter(({ errors }) => errors.length === 0);
  expect(used).toHaveLength(1);
  const [first] = used;
  const token = first?.expectData<{ resetPassword: { token: string } }>().resetPassword.token ?? null;
  expect([await isIn(user.call), await isIn(graphqlCaller(api.url, token))]).toEqual([false, true]);
  expect(await isIn(await signIn(OTHER))).toBe(true);
  (await anonymous(RESET, { input })).expectError('NOT_FOUND');
  const audit = await auditOf(api, accountId);
  expect(audit).toMatchObject([
    { action: 'password.issueReset', actor: `user:${operator.email}` },
    { action: 'password.reset', actor: `user:${user.email}` },
  ]);
  expect(JSON.stringify(audit)).not.toContain(issued.secret);
});

test('of links that are made at once the later one is good', async () => {
  const operator = await person(api, { isOperator: true });
  const answers = await Promise.all([1, 2, 3, 4].map(() => operator.call(ISSUE, { email: user.email })));
  const tried = answers.map(async (answer) => {
    const { secret } = answer.expectData<{ createPasswordReset: { secret: string } }>().createPasswordReset;
    return (await anonymous(RESET, { input: { secret, newPassword: OTHER } })).errors.length === 0;
  });
  expect((await Promise.all(tried)).filter(Boolean)).toHaveLength(1);
});

test.each([
  ['expired', () => api.owner.query('UPDATE password_reset SET expires_at = now() WHERE user_id = $1', [user.id])],
  ['replaced', async () => (await person(api, { isOperator: true })).call(ISSUE, { email: user.email })],
  [
    'outlived by a change of the password',
    () => user.call(CHANGE, { input: { currentPassword: PASSWORD, newPassword: OTHER } }),
  ],
])('a link that is %s sets nothing', async (_what, end) => {
  const operator = await person(api, { isOperator: true });
  const { secret } = (await operator.call(ISSUE, { email: user.email })).expectData<{
    createPasswordReset: { secret: string };
  }>().createPasswordReset;
  await end();
  (await anonymous(RESET, { input: { secret, newPassword: 'yet another horse' } })).expectError('NOT_FOUND');
});
