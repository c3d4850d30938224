/** Signing in at an OpenID provider, a real one (`oidc-provider`), in a browser that follows its redirects. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { CookieBrowser } from '../../support/cookie-browser.js';
import { graphqlCaller } from '../../support/graphql.js';
import {
  OIDC_CLIENT,
  startOpenIdProvider,
  type ProviderPerson,
  type TestOpenIdProvider,
} from '../../support/openid-provider.js';
import { ACCEPT, auditOf, givePassword, invite, PASSWORD, person, VIEWER } from '../../support/people.js';
import { createTenant } from '../../support/tenant.js';

const PUBLIC = 'http://localhost:4000';
const COOKIE = 'tollgate_session';
const FLOW = 'tollgate_oidc';

let provider: TestOpenIdProvider;
let userinfoProvider: TestOpenIdProvider;
let api: TestApi;
let open: TestApi;
let browser: CookieBrowser;

beforeAll(async () => {
  provider = await startOpenIdProvider(`${PUBLIC}/oidc/callback`);
  userinfoProvider = await startOpenIdProvider(`${PUBLIC}/oidc/callback`, 'userinfo');
  api = await startTestApi({ oidc: { issuer: provider.issuer, ...OIDC_CLIENT } });
  open = await startTestApi({ isSignUpOpen: true, oidc: { issuer: userinfoProvider.issuer, ...OIDC_CLIENT } });
});
afterAll(async () => {
  await Promise.all([api.stop(), open.stop()]);
  await Promise.all([provider.stop(), userinfoProvider.stop()]);
});
beforeEach(() => {
  browser = new CookieBrowser();
});

let people = 0;
const somebody = (email = `oidc-${++people}@example.com`, sub = `sub-${++people}`): ProviderPerson => ({
  sub,
  email,
  email_verified: true,
});

/** To the provider and back, up to the callback, which is not gone to. */
async function away(who: ProviderPerson | null, next = '/', at = api, by = provider): Promise<URL> {
  by.person = who;
  const to = await browser.follow(`${at.url}/oidc/sign-in?next=${encodeURIComponent(next)}`, (url) =>
    url.startsWith(PUBLIC),
  );
  return new URL(to.next);
}

const back = (callback: URL, at = api): Promise<Response> =>
  browser.go(`${at.url}${callback.pathname}${callback.search}`);
const signIn = async (who: ProviderPerson | null, next = '/'): Promise<Response> => back(await away(who, next));

/** Who the browser's cookie says that it is. */
async function viewer(at = api): Promise<unknown> {
  const answer = await graphqlCaller(at.url, null, { cookie: `${COOKIE}=${browser.cookie(at.url, COOKIE) ?? ''}` })(
    VIEWER,
  );
  return answer.data?.['viewer'] ?? answer.errors[0]?.extensions.code;
}

async function invitedTo(email: string): Promise<{ accountId: string; secret: string }> {
  const { accountId } = await createTenant(api.owner);
  const owner = await person(api, { accountId });
  const { secret } = await invite(owner.call, { accountId, email, role: 'VIEWER' });
  return { accountId, secret };
}

test('somebody who is invited signs in, and comes back to where he was; then he accepts without a password', async () => {
  const who = somebody();
  const { secret, accountId } = await invitedTo(who.email ?? '');
  const answer = await signIn(who, '/accounts/x?range=1d#top');
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/accounts/x?range=1d#top']);
  expect(answer.headers.getSetCookie().find((line) => line.startsWith(COOKIE))).toMatch(
    /^tollgate_session=tgs_[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
  );
  expect(await viewer()).toMatchObject({ email: who.email, hasPassword: false, isOperator: false });
  const call = graphqlCaller(api.url, browser.cookie(api.url, COOKIE));
  const accepted = (await call(ACCEPT, { input: { secret } })).expectData();
  expect(accepted).toMatchObject({ acceptInvitation: { account: { id: accountId }, session: null } });
});

test('where sign-up is closed nobody comes in who is not invited, and no user is left behind', async () => {
  const who = somebody();
  const answer = await signIn(who);
  expect([answer.status, await answer.text()]).toEqual([403, 'Sign-up is closed here: ask to be invited.\n']);
  expect(await viewer()).toBe('UNAUTHENTICATED');
  const { rows } = await api.owner.query('SELECT 1 FROM app_user WHERE email = $1', [who.email]);
  expect(rows).toEqual([]);
});

test('where sign-up is open anybody comes in, and an email may stand in the userinfo alone', async () => {
  const who = somebody(`MiXed-${++people}@Example.com`);
  const answer = await back(await away(who, '/', open, userinfoProvider), open);
  expect(answer.status).toBe(303);
  expect(await viewer(open)).toMatchObject({ email: who.email?.toLowerCase() });
});

test('a user is known by issuer and subject from then on, whatever becomes of his email', async () => {
  const who = somebody();
  await invitedTo(who.email ?? '');
  await signIn(who);
  const first = await viewer();
  expect((await signIn({ ...who, email: 'another@example.com', email_verified: false })).status).toBe(303);
  expect(await viewer()).toEqual(first);
});

test('a user who had a password is linked by a verified email; what was set without proof ends, his accounts are told', async () => {
  const { accountId } = await createTenant(api.owner);
  const user = await person(api, { accountId });
  await givePassword(api, user.id);
  expect((await signIn(somebody(user.email))).status).toBe(303);
  expect(await viewer()).toMatchObject({ id: user.id, hasPassword: false });
  (await user.call(VIEWER)).expectError('UNAUTHENTICATED');
  const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
  const input = { email: user.email, password: PASSWORD };
  (await graphqlCaller(api.url, null)(SIGN_IN, { input })).expectError('UNAUTHENTICATED');
  expect(await auditOf(api, accountId)).toMatchObject([
    { action: 'user.linkIdentity', after: { email: user.email, issuer: provider.issuer, passwordEnded: true } },
  ]);
});

test("the operator keeps his password and his sessions: it is the instance's way in when the provider is away", async () => {
  const operator = await person(api, { isOperator: true });
  await givePassword(api, operator.id);
  await signIn(somebody(operator.email));
  expect(await viewer()).toMatchObject({ id: operator.id, hasPassword: true, isOperator: true });
  (await operator.call(VIEWER)).expectData();
});

test.each([
  ['not verified', (email: string) => ({ ...somebody(email), email_verified: false })],
  ['said to be verified by a text', (email: string) => ({ ...somebody(email), email_verified: 'true' as never })],
  ['not told', (_email: string) => ({ sub: `sub-${++people}` })],
])('an email that is %s links to nobody', async (_what, claims) => {
  const user = await person(api);
  const answer = await signIn(claims(user.email));
  expect([answer.status, await answer.text()]).toEqual([403, 'The OpenID provider has not verified your email.\n']);
  expect(await viewer()).toBe('UNAUTHENTICATED');
});

test('an email that the provider has given to somebody else does not open what is linked already', async () => {
  const user = await person(api);
  await signIn(somebody(user.email, 'the-first-one'));
  browser = new CookieBrowser();
  const answer = await signIn(somebody(user.email, 'the-second-one'));
  expect([answer.status, await viewer()]).toEqual([403, 'UNAUTHENTICATED']);
});

test('somebody who comes twice at once is one user', async () => {
  const who = somebody();
  await invitedTo(who.email ?? '');
  const ways = [];
  for (let i = 0; i < 4; i++) {
    browser = new CookieBrowser();
    ways.push({ browser, callback: await away(who) });
  }
  const answers = ways.map((way) => way.browser.go(`${api.url}${way.callback.pathname}${way.callback.search}`));
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([303, 303, 303, 303]);
  const { rows } = await api.owner.query('SELECT 1 FROM app_user WHERE email = $1', [who.email]);
  expect(rows).toHaveLength(1);
});

test('who gives it up at the provider is not signed in', async () => {
  const answer = await signIn(null);
  expect([answer.status, await answer.text()]).toEqual([403, 'The OpenID provider did not sign you in.\n']);
});

test('T-WEB-2 a sign-in ends in the browser that began it: another one, another state, a second use are refused', async () => {
  const user = await person(api);
  const attackers = await away(somebody(user.email));
  const begun = browser;
  browser = new CookieBrowser(); // the victim, who is sent the link
  expect((await back(attackers)).status).toBe(400);
  await away(somebody()); // he has a sign-in of his own going on
  expect((await back(attackers)).status).toBe(502);
  expect(await viewer()).toBe('UNAUTHENTICATED');
  browser = begun;
  const kept = browser.cookie(api.url, FLOW);
  expect((await back(attackers)).status).toBe(303);
  expect(browser.cookie(api.url, FLOW)).toBeNull();
  browser.set(api.url, FLOW, kept ?? '');
  expect((await back(attackers)).status).toBe(502); // the code was used
});

test('T-WEB-2 a cookie that we did not write, or wrote for another browser long ago, begins nothing', async () => {
  const callback = await away(somebody((await person(api)).email));
  const [body = '', mac = ''] = (browser.cookie(api.url, FLOW) ?? '').split('.');
  const text = Buffer.from(body, 'base64url').toString();
  const forged = Buffer.from(text.replace(/"next":"[^"]*"/, '"next":"https://evil.example"')).toString('base64url');
  for (const value of [`${forged}.${mac}`, `${body}.`, body, `${body}.${mac.slice(0, -2)}`, 'x.y', '']) {
    browser.set(api.url, FLOW, value);
    expect((await back(callback)).status).toBe(400);
  }
});

test.each([
  ['another origin', 'https://evil.example/'],
  ['no scheme', '//evil.example/'],
  ['a backslash', '/\\evil.example/'],
  ['a tab that browsers drop', '/\t/evil.example/'],
  ['a script', 'javascript:alert(1)'],
  ['a way up', '/..//evil.example'],
  ['line ends', '/%0d%0aset-cookie:x=y'],
  ['far too much', `/${'x'.repeat(5_000)}`],
])('T-WEB-4 nobody is sent to another site after signing in: next= with %s', async (_what, next) => {
  const who = somebody((await person(api)).email);
  const location = (await signIn(who, next)).headers.get('location') ?? '';
  expect(new URL(location, PUBLIC).origin).toBe(PUBLIC);
  expect(location).toMatch(/^\/(?![/\\])/);
});

test('T-WEB-4 no answer of the sign-in may be framed or kept', async () => {
  const answers = [
    await browser.go(`${api.url}/oidc/sign-in`),
    await new CookieBrowser().go(`${api.url}/oidc/callback`),
  ];
  expect(answers.map(({ status }) => status)).toEqual([303, 400]);
  for (const { headers } of answers) {
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
  }
});

test('T-WEB-2 a letter that looks like another, or folds to it, opens nobody’s user', async () => {
  const victim = await person(api);
  await api.owner.query('UPDATE app_user SET email = $2 WHERE id = $1', [victim.id, 'kim-of-oidc@example.com']);
  const kelvin = await signIn(somebody('\u212aim-of-oidc@example.com'));
  expect(kelvin.status).toBeGreaterThanOrEqual(400);
  await api.owner.query('UPDATE app_user SET email = $2 WHERE id = $1', [victim.id, 'kímu-of-oidc@example.com']);
  const same = await signIn(somebody('kímu-of-oidc@example.com'));
  expect([kelvin.status, same.status].every((status) => status >= 400)).toBe(true);
  const { rows } = await api.owner.query('SELECT 1 FROM user_identity WHERE user_id = $1', [victim.id]);
  expect(rows).toEqual([]);
  expect((await victim.call(VIEWER)).errors).toEqual([]);
});

test('a page learns whether there is a provider, and without one there are no such paths', async () => {
  const OPTIONS = '{ signInOptions { isSignUpOpen oidcUrl } }';
  expect((await graphqlCaller(api.url, null)(OPTIONS)).expectData()).toEqual({
    signInOptions: { isSignUpOpen: false, oidcUrl: `${PUBLIC}/oidc/sign-in` },
  });
  const plain = await startTestApi();
  expect((await graphqlCaller(plain.url, null)(OPTIONS)).expectData()).toEqual({
    signInOptions: { isSignUpOpen: false, oidcUrl: null },
  });
  expect((await fetch(`${plain.url}/oidc/sign-in`, { redirect: 'manual' })).status).toBe(404);
  await plain.stop();
});

test('a provider that is away is 502, and is asked again by the next who comes', async () => {
  const late = await startOpenIdProvider(`${PUBLIC}/oidc/callback`);
  await late.stop();
  const lonely = await startTestApi({ oidc: { issuer: late.issuer, ...OIDC_CLIENT } });
  expect((await browser.go(`${lonely.url}/oidc/sign-in`)).status).toBe(502);
  await lonely.stop();
});
