import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import {
  ACCEPT,
  auditOf,
  givePassword,
  invite,
  memberId,
  PASSWORD,
  person,
  VIEWER,
  type Person,
} from '../../support/people.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const INVITE = 'mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { secret } }';
const REVOKE = 'mutation ($id: ID!) { revokeInvitation(id: $id) }';
const OFFER = 'query ($secret: String!) { invitation(secret: $secret) { accountName email role } }';
const OPEN = 'query ($tag: String!) { account(tag: $tag) { invitations { edges { node { id email role } } } } }';

let api: TestApi;
let anonymous: GraphqlCaller;
let tenant: TestTenant;
let owner: Person;
let email: string;

beforeAll(async () => {
  api = await startTestApi();
  anonymous = graphqlCaller(api.url, null);
});
afterAll(() => api.stop());
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  owner = await person(api, { accountId: tenant.accountId });
  email = `invited-to-${tenant.name}@example.com`;
});

const accept = (secret: string, password: string | null, call = anonymous) =>
  call(ACCEPT, { input: { secret, password } });
const open = async () =>
  (await owner.call(OPEN, { tag: tenant.tag })).expectData<{ account: { invitations: { edges: unknown[] } } }>().account
    .invitations.edges;

test('somebody new opens the link, sets a password, and is a member who can sign in', async () => {
  const { secret, url, invitation } = await invite(owner.call, { accountId: tenant.accountId, email, role: 'EDITOR' });
  expect(url).toBe(`http://localhost:4000/invitation#${secret}`);
  expect((await anonymous(OFFER, { secret })).expectData()).toEqual({
    invitation: { accountName: tenant.name, email, role: 'EDITOR' },
  });
  expect(await open()).toEqual([{ node: { id: invitation.id, email, role: 'EDITOR' } }]);

  const answer = await accept(secret, PASSWORD);
  const accepted = answer.expectData<{ acceptInvitation: { session: { token: string } } }>().acceptInvitation;
  expect(accepted).toMatchObject({ account: { id: tenant.accountId, name: tenant.name } });
  expect(answer.headers.get('set-cookie')).toContain(accepted.session.token);
  expect((await graphqlCaller(api.url, accepted.session.token)(VIEWER)).expectData()).toMatchObject({
    viewer: { email, hasPassword: true },
  });
  const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
  (await anonymous(SIGN_IN, { input: { email, password: PASSWORD } })).expectData();

  expect(await open()).toEqual([]);
  expect(await auditOf(api, tenant.accountId)).toMatchObject([
    { action: 'invitation.create', actor: `user:${owner.email}`, after: { email, role: 'EDITOR' } },
    { action: 'invitation.accept', actor: `user:${email}`, after: { email, role: 'EDITOR' } },
  ]);
  expect(JSON.stringify(await auditOf(api, tenant.accountId))).not.toContain(secret);
});

test('a link is good for one use, of two at the same moment too', async () => {
  const { secret } = await invite(owner.call, { accountId: tenant.accountId, email, role: 'VIEWER' });
  const answers = await Promise.all([accept(secret, PASSWORD), accept(secret, PASSWORD)]);
  expect(answers.filter(({ errors }) => errors.length === 0)).toHaveLength(1);
  (await accept(secret, PASSWORD)).expectError('NOT_FOUND');
  expect((await anonymous(OFFER, { secret })).expectData()).toEqual({ invitation: null });
});

test('who has a user here joins with its password, or signed in without one', async () => {
  const [byPassword, signedIn] = [await person(api), await person(api)];
  await givePassword(api, byPassword.id);
  const first = await invite(owner.call, { accountId: tenant.accountId, email: byPassword.email, role: 'VIEWER' });
  (await accept(first.secret, 'not his password')).expectError('BAD_USER_INPUT', 'input.password');
  expect(await memberId(api, tenant.accountId, byPassword.id)).toBe('no member');
  (await accept(first.secret, PASSWORD)).expectData();

  const { secret } = await invite(owner.call, { accountId: tenant.accountId, email: signedIn.email, role: 'VIEWER' });
  (await accept(secret, null)).expectError('BAD_USER_INPUT', 'input.password');
  const accepted = (await accept(secret, null, signedIn.call)).expectData();
  expect(accepted).toMatchObject({ acceptInvitation: { session: null } });
  expect(await memberId(api, tenant.accountId, signedIn.id)).not.toBe('no member');
});

test('a link is for its email alone: neither another user nor a token can use it', async () => {
  const { secret } = await invite(owner.call, { accountId: tenant.accountId, email, role: 'ADMIN' });
  const other = await person(api);
  (await accept(secret, PASSWORD, other.call)).expectError('FORBIDDEN');
  const token = graphqlCaller(api.url, await tenant.apiToken({ permissions: ['ACCOUNT_EDIT'] }));
  (await accept(secret, PASSWORD, token)).expectError('FORBIDDEN');
});

test.each([
  ['revoked', async (id: string) => void (await owner.call(REVOKE, { id })).expectData()],
  [
    'expired',
    async (id: string) => void (await api.owner.query('UPDATE invitation SET expires_at = now() WHERE id = $1', [id])),
  ],
  ['replaced', async () => void (await invite(owner.call, { accountId: tenant.accountId, email, role: 'ADMIN' }))],
  [
    'of an account that was deleted',
    async () => void (await api.owner.query('UPDATE account SET deleted_at = now() WHERE id = $1', [tenant.accountId])),
  ],
  [
    'of an inviter who was removed',
    async () => void (await api.owner.query('DELETE FROM membership WHERE user_id = $1', [owner.id])),
  ],
  [
    'of an inviter who could not give the role any more',
    async () => void (await api.owner.query("UPDATE membership SET role = 'EDITOR' WHERE user_id = $1", [owner.id])),
  ],
])('a link is worth nothing once it is %s', async (_what, end) => {
  const { secret, invitation } = await invite(owner.call, { accountId: tenant.accountId, email, role: 'ADMIN' });
  await end(invitation.id);
  (await accept(secret, PASSWORD)).expectError('NOT_FOUND');
  const { rows } = await api.owner.query('SELECT 1 FROM app_user WHERE email = $1', [email]);
  expect(rows).toEqual([]);
});

test('a link to a role that its maker still has is worth nothing once he may invite no more', async () => {
  const admin = await person(api, { accountId: tenant.accountId, role: 'ADMIN' });
  const { secret } = await invite(admin.call, { accountId: tenant.accountId, email, role: 'EDITOR' });
  await api.owner.query("UPDATE membership SET role = 'EDITOR' WHERE user_id = $1", [admin.id]);
  (await accept(secret, PASSWORD)).expectError('NOT_FOUND');
  await api.owner.query("UPDATE membership SET role = 'ADMIN' WHERE user_id = $1", [admin.id]);
  (await accept(secret, PASSWORD)).expectData();
});

test('nor is one of a token that may edit the account no more', async () => {
  const token = await tenant.apiToken({ permissions: ['ACCOUNT_EDIT', 'AI_GATEWAY_READ'] });
  const into = { accountId: tenant.accountId, email, role: 'VIEWER' };
  const { secret } = await invite(graphqlCaller(api.url, token), into);
  const permissions = (list: string) =>
    api.owner.query('UPDATE api_token SET permissions = $2 WHERE account_id = $1', [tenant.accountId, list]);
  await permissions('{AI_GATEWAY_READ}');
  (await accept(secret, PASSWORD)).expectError('NOT_FOUND');
  await permissions('{AI_GATEWAY_READ,ACCOUNT_EDIT}');
  (await accept(secret, PASSWORD)).expectData();
});

test('an invitation that another one takes the place of is in the event of that one', async () => {
  const into = (role: string) => invite(owner.call, { accountId: tenant.accountId, email, role });
  const first = await into('OWNER');
  const second = await into('VIEWER');
  const events = (await auditOf(api, tenant.accountId)).filter(({ action }) => action === 'invitation.create');
  const told = { id: first.invitation.id, email, role: 'OWNER' };
  const replacing = events.find(({ after }) => (after as { id: string }).id === second.invitation.id); // as all of these have
  expect(replacing?.before).toEqual(told);
});

test('nobody invites into a role above his own, nor a token into one that it could not fill', async () => {
  const admin = await person(api, { accountId: tenant.accountId, role: 'ADMIN' });
  const into = (role: string, whom = email) => ({ input: { accountId: tenant.accountId, email: whom, role } });
  (await admin.call(INVITE, into('OWNER'))).expectError('FORBIDDEN');
  (await admin.call(INVITE, into('ADMIN'))).expectData();
  const token = graphqlCaller(api.url, await tenant.apiToken({ permissions: ['ACCOUNT_EDIT', 'AI_GATEWAY_READ'] }));
  (await token(INVITE, into('EDITOR', `2${email}`))).expectError('FORBIDDEN');
  (await token(INVITE, into('VIEWER', `2${email}`))).expectData();
});

test('nobody takes away an invitation to a role above his own', async () => {
  const admin = await person(api, { accountId: tenant.accountId, role: 'ADMIN' });
  const { secret, invitation } = await invite(owner.call, { accountId: tenant.accountId, email, role: 'OWNER' });
  (await admin.call(INVITE, { input: { accountId: tenant.accountId, email, role: 'VIEWER' } })).expectError(
    'FORBIDDEN',
  );
  (await admin.call(REVOKE, { id: invitation.id })).expectError('FORBIDDEN');
  expect((await anonymous(OFFER, { secret })).expectData<object>()).toMatchObject({ invitation: { role: 'OWNER' } });
  (await owner.call(REVOKE, { id: invitation.id })).expectData();
});

test('who joins by a link sees the account in the same answer, and only there', async () => {
  const { secret } = await invite(owner.call, { accountId: tenant.accountId, email, role: 'VIEWER' });
  await tenant.gateway('main');
  const JOIN = `mutation ($input: AcceptInvitationInput!) {
    acceptInvitation(input: $input) { account { gateways { edges { node { name } } } } session { token } } signOut }`;
  const answer = await anonymous(JOIN, { input: { secret, password: PASSWORD } });
  expect(answer.data).toBeNull();
  expect(answer.errors).toMatchObject([{ path: ['signOut'], extensions: { code: 'UNAUTHENTICATED' } }]);
  const again = await invite(owner.call, { accountId: tenant.accountId, email: `2${email}`, role: 'VIEWER' });
  const alone = JOIN.replace('signOut', '');
  expect((await anonymous(alone, { input: { secret: again.secret, password: PASSWORD } })).expectData()).toEqual({
    acceptInvitation: {
      account: { gateways: { edges: [{ node: { name: 'main' } }] } },
      session: { token: expect.any(String) },
    },
  });
});

test('an invitation that a token made ends with the token', async () => {
  const token = await tenant.apiToken({ permissions: ['ACCOUNT_EDIT', 'AI_GATEWAY_READ'] });
  const { secret } = await invite(graphqlCaller(api.url, token), {
    accountId: tenant.accountId,
    email,
    role: 'VIEWER',
  });
  await api.owner.query('UPDATE api_token SET revoked_at = now() WHERE account_id = $1', [tenant.accountId]);
  (await accept(secret, PASSWORD)).expectError('NOT_FOUND');
  await api.owner.query('UPDATE api_token SET revoked_at = NULL WHERE account_id = $1', [tenant.accountId]);
  (await accept(secret, PASSWORD)).expectData();
});

test('nobody joins a suspended account, and the link says so and waits until it is resumed', async () => {
  const { secret } = await invite(owner.call, { accountId: tenant.accountId, email, role: 'VIEWER' });
  const suspend = (to: string) =>
    api.owner.query(`UPDATE account SET suspended_at = ${to} WHERE id = $1`, [tenant.accountId]);
  const offered = async () =>
    (await anonymous('query ($secret: String!) { invitation(secret: $secret) { isAccountSuspended } }', { secret }))
      .data;
  await suspend('now()');
  expect(await offered()).toEqual({ invitation: { isAccountSuspended: true } });
  (await accept(secret, PASSWORD)).expectError('FORBIDDEN');
  await suspend('NULL');
  expect(await offered()).toEqual({ invitation: { isAccountSuspended: false } });
  (await accept(secret, PASSWORD)).expectData();
});

test.each([
  ['an end', "expires_at = now() + interval '1 hour'"],
  ['an end that is over', "expires_at = now() - interval '1 hour'"],
  ['networks', "cidrs = ARRAY['192.0.2.0/24']"],
  ['gateways', 'gateway_ids = ARRAY[gen_random_uuid()]'],
])('nor is it worth anything once the token that made it is given %s', async (_what, limit) => {
  const token = graphqlCaller(api.url, await tenant.apiToken({ permissions: ['ACCOUNT_EDIT', 'AI_GATEWAY_READ'] }));
  const { secret } = await invite(token, { accountId: tenant.accountId, email, role: 'VIEWER' });
  await api.owner.query(`UPDATE api_token SET ${limit} WHERE account_id = $1`, [tenant.accountId]);
  (await accept(secret, PASSWORD)).expectError('NOT_FOUND');
});

test('what cannot be used is refused by name', async () => {
  const { accountId } = tenant;
  const tried = async (input: object) => owner.call(INVITE, { input: { accountId, email, role: 'VIEWER', ...input } });
  (await tried({ email: 'nonsense' })).expectError('BAD_USER_INPUT', 'input.email');
  for (const bad of ['x\ud800@example.com', 'x@example\u0007.com', 'x\u0085@example.com']) {
    (await tried({ email: bad })).expectError('BAD_USER_INPUT', 'input.email');
  }
  (await tried({ expiresInHours: 0 })).expectError('BAD_USER_INPUT', 'input.expiresInHours');
  (await tried({ expiresInHours: 721 })).expectError('BAD_USER_INPUT', 'input.expiresInHours');
  (await tried({ email: owner.email.toUpperCase() })).expectError('CONFLICT', 'input.email');
  const { secret } = await invite(owner.call, { accountId, email, role: 'VIEWER' });
  (await accept(secret, 'short')).expectError('BAD_USER_INPUT', 'input.password');
  (await accept(`${secret}x`, PASSWORD)).expectError('NOT_FOUND');
});

test('T-TOK-7 what is stored of a link opens nothing, and no other kind of secret does', async () => {
  const { secret } = await invite(owner.call, { accountId: tenant.accountId, email, role: 'VIEWER' });
  const { rows } = await api.owner.query<{ token_hash: string }>(
    'SELECT token_hash FROM invitation UNION SELECT token_hash FROM session',
  );
  const stored = rows.map(({ token_hash }) => token_hash);
  expect(stored.length).toBeGreaterThan(1);
  for (const text of [
    ...stored.slice(0, 20),
    `tgi_${owner.token.slice(4)}`,
    `tgr_${secret.slice(4)}`,
    owner.token,
    '',
  ]) {
    expect((await anonymous(OFFER, { secret: text })).expectData()).toEqual({ invitation: null });
  }
  (await graphqlCaller(api.url, secret)(VIEWER)).expectError('UNAUTHENTICATED');
});
