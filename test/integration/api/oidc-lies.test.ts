/** What an OpenID provider, or somebody in its place, may not make us believe. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FLOW_MS, newFlow, sealFlow, type OidcFlow } from '../../../api/modules/oidc/index.js';
import { deriveKey } from '../../../platform/keys.js';
import { startTestApi, TEST_SECRET_KEY, type TestApi } from '../../support/api.js';
import { CookieBrowser } from '../../support/cookie-browser.js';
import {
  startHostileOpenIdProvider,
  type HostileOpenIdProvider,
  type Lie,
} from '../../support/hostile-openid-provider.js';
import { OIDC_CLIENT } from '../../support/openid-provider.js';

let provider: HostileOpenIdProvider;
let api: TestApi;

beforeAll(async () => {
  provider = await startHostileOpenIdProvider(OIDC_CLIENT.clientId);
  api = await startTestApi({ isSignUpOpen: true, oidc: { issuer: provider.issuer, ...OIDC_CLIENT } });
});
afterAll(async () => {
  await api.stop();
  await provider.stop();
});

interface Asked {
  readonly browser: CookieBrowser;
  readonly url: URL;
}

async function begin(): Promise<Asked> {
  const browser = new CookieBrowser();
  const answer = await browser.go(`${api.url}/oidc/sign-in`);
  const url = new URL(answer.headers.get('location') ?? '');
  provider.nonce = url.searchParams.get('nonce') ?? '';
  return { browser, url };
}

async function come(lie: Lie, change: (callback: URLSearchParams) => void = () => undefined): Promise<Response> {
  const { browser, url } = await begin();
  provider.lie = lie;
  const query = new URLSearchParams({ code: 'a-code', state: url.searchParams.get('state') ?? '' });
  change(query);
  return browser.go(`${api.url}/oidc/callback?${query.toString()}`);
}

test('what is asked for is a code, with state, nonce and PKCE by S256, each of them new', async () => {
  const [first, second] = [await begin(), await begin()];
  expect(first.url.href).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/authorize\?/);
  const asked = Object.fromEntries(first.url.searchParams);
  expect(asked).toMatchObject({
    response_type: 'code',
    client_id: OIDC_CLIENT.clientId,
    redirect_uri: 'http://localhost:4000/oidc/callback',
    scope: 'openid email',
    code_challenge_method: 'S256',
  });
  for (const name of ['state', 'nonce', 'code_challenge']) {
    expect(asked[name]).toMatch(/^[\w-]{43}$/);
    expect(second.url.searchParams.get(name)).not.toBe(asked[name]);
  }
});

test('an honest answer of this provider signs in', async () => {
  expect((await come({})).status).toBe(303);
});

const hourAgo = Math.floor(Date.now() / 1_000) - 3_600;

test.each<[string, Lie]>([
  ['another issuer', { claims: { iss: 'https://evil.example' } }],
  ['another audience', { claims: { aud: 'another client' } }],
  ['several audiences, and another one authorized', { claims: { aud: ['tollgate', 'x'], azp: 'x' } }],
  ['another nonce', { claims: { nonce: 'another' } }],
  ['no nonce', { claims: { nonce: undefined } }],
  ['no subject', { claims: { sub: undefined } }],
  ['an end that has passed', { claims: { iat: hourAgo, exp: hourAgo + 60 } }],
  ['no end', { claims: { exp: undefined } }],
  ['a signature by another key', { isForeignKey: true }],
  ['no signature', { alg: 'none', isUnsigned: true }],
  ['a signature by the public key as if it were a secret', { alg: 'HS256' }],
])('an id token with %s signs nobody in', async (_what, lie) => {
  const answer = await come(lie);
  expect([answer.status, answer.headers.getSetCookie().some((line) => line.includes('tgs_'))]).toEqual([502, false]);
  expect(await answer.text()).toBe('The sign-in at the OpenID provider failed: try again, or ask the operator.\n');
});

test.each<[string, (query: URLSearchParams) => void]>([
  ['another state', (query) => query.set('state', 'another')],
  ['no state', (query) => query.delete('state')],
  ['two states', (query) => query.append('state', 'another')],
  ['no code', (query) => query.delete('code')],
  ['the name of another issuer', (query) => query.set('iss', 'https://evil.example')],
])('a way back with %s signs nobody in', async (_what, change) => {
  expect((await come({}, change)).status).toBe(502);
});

/** The secrets of one sign-in, as its browser was sent to the provider with them. */
const secretsOf = ({ url }: Asked): Readonly<Record<Secret, string>> => ({
  state: url.searchParams.get('state') ?? '',
  nonce: url.searchParams.get('nonce') ?? '',
  challenge: url.searchParams.get('code_challenge') ?? '',
});

type Secret = 'state' | 'nonce' | 'challenge';

/**
 * A way back that fits its browser's sign-in, but for one secret: that is of another browser's, which began its own.
 */
async function comeWith(foreign: Secret | null): Promise<Response> {
  const [victim, attacker] = [await begin(), await begin()];
  const secret = (name: Secret): string => secretsOf(foreign === name ? attacker : victim)[name];
  Object.assign(provider, { lie: {}, nonce: secret('nonce'), challenge: secret('challenge') });
  const query = new URLSearchParams({ code: 'x', state: secret('state') }).toString();
  const answer = await victim.browser.go(`${api.url}/oidc/callback?${query}`);
  provider.challenge = null;
  return answer;
}

test.each<Secret>(['state', 'nonce', 'challenge'])(
  "T-WEB-2 a way back with the %s of somebody else's sign-in signs nobody in, though all else fits",
  async (foreign) => {
    const answer = await comeWith(foreign);
    expect([answer.status, answer.headers.getSetCookie().some((line) => line.includes('tgs_'))]).toEqual([502, false]);
  },
);

test('T-WEB-2 a way back of which all fits signs in', async () => {
  expect((await comeWith(null)).status).toBe(303);
});

const FLOW_KEY = deriveKey(TEST_SECRET_KEY, 'oidc-flow');
const STRANGERS_KEY = deriveKey('a secret key of nobody, of at least 32 characters', 'oidc-flow');

/** A way back that fits the cookie which its browser has. */
async function comeByCookie(cookieOf: (flow: OidcFlow) => string | null): Promise<Response> {
  const flow = newFlow('/');
  const browser = new CookieBrowser();
  const cookie = cookieOf(flow);
  if (cookie !== null) browser.set(api.url, 'tollgate_oidc', cookie);
  Object.assign(provider, { lie: {}, nonce: flow.nonce });
  const query = new URLSearchParams({ code: 'x', state: flow.state }).toString();
  return browser.go(`${api.url}/oidc/callback?${query}`);
}

test.each<[string, (flow: OidcFlow) => string | null]>([
  ['that somebody else wrote', (flow) => sealFlow(STRANGERS_KEY, flow)],
  ['without its MAC', (flow) => sealFlow(FLOW_KEY, flow).replace(/\..*/, '')],
  ['that is too old', (flow) => sealFlow(FLOW_KEY, flow, Date.now() - FLOW_MS)],
  ['that there is not', () => null],
])('T-WEB-2 a cookie %s begins nothing, though all else fits it', async (_what, cookieOf) => {
  expect((await comeByCookie(cookieOf)).status).toBe(400);
});

test('T-WEB-2 a cookie of ours, and of now, ends in a session', async () => {
  expect((await comeByCookie((flow) => sealFlow(FLOW_KEY, flow))).status).toBe(303);
});
