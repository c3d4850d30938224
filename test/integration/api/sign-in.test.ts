import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, postGraphql, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant } from '../../support/tenant.js';

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token expiresAt } }';
const SIGN_UP = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token expiresAt } }';
const VIEWER = '{ viewer { email isOperator accounts { edges { node { name } } } } }';
const PASSWORD = 'correct horse battery';

let api: TestApi;
let closed: TestApi;
let anonymous: GraphqlCaller;

beforeAll(async () => {
  [api, closed] = [await startTestApi({ isSignUpOpen: true }), await startTestApi()];
  anonymous = graphqlCaller(api.url, null);
});
afterAll(() => Promise.all([api.stop(), closed.stop()]));

async function signUp(accountName: string): Promise<{ email: string; token: string }> {
  const email = `${accountName}@example.com`;
  const answer = await anonymous(SIGN_UP, { input: { email, password: PASSWORD, accountName } });
  return { email, token: answer.expectData<{ signUp: { token: string } }>().signUp.token };
}

const signIn = (email: string, password: string) => anonymous(SIGN_IN, { input: { email, password } });

test('who signs up owns a new account and can sign in with any spelling of the email', async () => {
  const { email, token } = await signUp('owner-one');
  const viewer = { email, isOperator: false, accounts: { edges: [{ node: { name: 'owner-one' } }] } };
  expect((await graphqlCaller(api.url, token)(VIEWER)).expectData()).toEqual({ viewer });
  const again = (await signIn(` ${email.toUpperCase()} `, PASSWORD)).expectData<{ signIn: { token: string } }>();
  expect(again.signIn.token).not.toBe(token);
});

test('T-WEB-8 an unknown email and a wrong password get the same answer', async () => {
  const { email } = await signUp('owner-two');
  const wrong = await signIn(email, 'wrong password');
  const unknown = await signIn('nobody@example.com', 'wrong password');
  expect(wrong.expectError('UNAUTHENTICATED')).toEqual(unknown.expectError('UNAUTHENTICATED'));
});

test('T-WEB-7 guessing one password is stopped, in parallel too', async () => {
  const { email } = await signUp('owner-three');
  await Promise.all(Array.from({ length: 10 }, (_, index) => signIn(email, `guess-${index}`)));
  (await signIn(email, PASSWORD)).expectError('RATE_LIMITED');
});

test('T-GQL-5 a document of many sign-ins gets no further than its first failure', async () => {
  const { email } = await signUp('owner-eight');
  const field = (name: string, password: string): string =>
    `${name}: signIn(input: { email: "${email}", password: "${password}" }) { token }`;
  const answer = await anonymous(`mutation { ${field('a', 'guess')} ${field('b', PASSWORD)} }`);
  answer.expectError('UNAUTHENTICATED');
  expect(answer.data).toBeNull();
});

test('T-GQL-5 every sign-in of a document, of a batch and of a stream of requests counts as an attempt', async () => {
  const { email } = await signUp('owner-nine');
  const field = (name: string): string => `${name}: signIn(input: { email: "${email}", password: "guess" }) { token }`;
  const aliases = `mutation { ${Array.from({ length: 10 }, (_, index) => field(`a${index}`)).join(' ')} }`;
  const batch = JSON.stringify(Array.from({ length: 20 }, () => ({ query: aliases })));
  (await postGraphql(api.url, batch, {})).expectError('BAD_USER_INPUT', 'body'); // none of them ran
  for (let tried = 0; tried < 10; tried++) (await anonymous(aliases)).expectError('UNAUTHENTICATED');
  (await signIn(email, PASSWORD)).expectError('RATE_LIMITED');
});

test('a taken email and a taken account name are conflicts that name the field', async () => {
  const { email } = await signUp('owner-four');
  const twice = { email, password: PASSWORD, accountName: 'owner-four-b' };
  (await anonymous(SIGN_UP, { input: twice })).expectError('CONFLICT', 'input.email');
  const taken = { email: 'other@example.com', password: PASSWORD, accountName: 'owner-four' };
  (await anonymous(SIGN_UP, { input: taken })).expectError('CONFLICT', 'input.accountName');
});

test.each([
  ['input.email', { email: 'nonsense', password: PASSWORD, accountName: 'fine' }],
  ['input.email', { email: 'a\udc00@example.com', password: PASSWORD, accountName: 'fine' }],
  ['input.email', { email: 'a\u001b@example.com', password: PASSWORD, accountName: 'fine' }],
  ['input.password', { email: 'a@example.com', password: 'short', accountName: 'fine' }],
  ['input.accountName', { email: 'a@example.com', password: PASSWORD, accountName: 'Not Fine' }],
  ['input.accountName', { email: 'a@example.com', password: PASSWORD, accountName: 'a'.repeat(32) }],
])('signing up with a bad %s is refused by name', async (field, input) => {
  (await anonymous(SIGN_UP, { input })).expectError('BAD_USER_INPUT', field);
});

test('nobody signs up where sign-up is closed', async () => {
  const input = { email: 'a@example.com', password: PASSWORD, accountName: 'closed' };
  (await graphqlCaller(closed.url, null)(SIGN_UP, { input })).expectError('FORBIDDEN');
});

test('T-WEB-6 a session that was signed out is refused, and so is an expired one', async () => {
  const { token } = await signUp('owner-five');
  const user = graphqlCaller(api.url, token);
  expect((await user('mutation { signOut }')).expectData()).toEqual({ signOut: true });
  (await user(VIEWER)).expectError('UNAUTHENTICATED');
  const expired = await createUser(api.owner, { expiresAt: new Date(Date.now() - 1) });
  (await graphqlCaller(api.url, expired.token)(VIEWER)).expectError('UNAUTHENTICATED');
});

test('T-TOK-5 each kind of secret is accepted for its own kind only', async () => {
  const tenant = await createTenant(api.owner);
  const apiToken = await tenant.apiToken({ permissions: ['ACCOUNT_EDIT'] });
  const { token: session } = await signUp('owner-six');
  const { rows } = await api.owner.query<{ token_hash: string }>(
    'SELECT token_hash FROM session UNION SELECT token_hash FROM api_token',
  );
  const stored = rows.map((row) => row.token_hash);
  const disguised = [`tgs_${apiToken.slice(4)}`, `tgt_${session.slice(4)}`, `${session} `.repeat(2), '', ...stored];
  for (const credential of disguised) {
    (await graphqlCaller(api.url, credential)(VIEWER)).expectError('UNAUTHENTICATED');
  }
  (await graphqlCaller(api.url, apiToken)('mutation { signOut }')).expectError('FORBIDDEN');
});

test('T-TOK-2 hostile credentials are anonymous, and nothing fails', async () => {
  for (const credential of ["tgs_' OR 1=1 --", 'tgs_' + 'x'.repeat(5_000), 'tgt_%00', 'Bearer tgs_x', 'a,b']) {
    (await graphqlCaller(api.url, credential)(VIEWER)).expectError('UNAUTHENTICATED');
  }
});

test('a browser gets its session as an HttpOnly cookie, and the cookie signs it in', async () => {
  const { email } = await signUp('owner-seven');
  const cookie = (await signIn(email, PASSWORD)).headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/^tollgate_session=tgs_[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/);
  const browser = graphqlCaller(api.url, null, { cookie: cookie.split(';', 1)[0] ?? '' });
  (await browser(VIEWER)).expectData();
});

test('over https the cookie is bound to the host and Secure', async () => {
  const secure = await startTestApi({ isSignUpOpen: true, publicApiUrl: 'https://tollgate.example' });
  const input = { email: 'a@example.com', password: PASSWORD, accountName: 'secure' };
  const answer = await graphqlCaller(secure.url, null)(SIGN_UP, { input });
  expect(answer.headers.get('set-cookie')).toMatch(
    /^__Host-tollgate_session=.*; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/,
  );
  await secure.stop();
});
