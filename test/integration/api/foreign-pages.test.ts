/** What pages of other sites can make a browser send, and what may be done with our answers there. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { givePassword, PASSWORD, person, type Person } from '../../support/people.js';

const PUBLIC = 'http://localhost:4000';
const PATHS = ['/graphql', '/graphql/stream', '/logs/export', '/audit/export'];
const VIEWER = JSON.stringify({ query: '{ viewer { email } }' });

let api: TestApi;
let user: Person;

beforeAll(async () => {
  api = await startTestApi();
  user = await person(api);
  await givePassword(api, user.id);
});
afterAll(() => api.stop());

const send = (path: string, headers: Record<string, string>, body = VIEWER): Promise<Response> =>
  fetch(`${api.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
const cookie = (): Record<string, string> => ({ cookie: `tollgate_session=${user.token}` });

const FOREIGN: readonly Record<string, string>[] = [
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { origin: `${PUBLIC}.evil.example` },
  { origin: 'http://localhost:4001' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site', origin: PUBLIC },
  { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
];

test.each(FOREIGN)("T-WEB-2 a session's cookie from a page of another origin does nothing: %j", async (headers) => {
  for (const path of PATHS) {
    const answer = await send(path, { ...cookie(), ...headers });
    expect([path, answer.status]).toEqual([path, 403]);
    expect(await answer.text()).not.toContain(user.email);
  }
});

test.each(FOREIGN)('T-WEB-2 nor does it sign anybody in, into an account that is not his: %j', async (headers) => {
  const query = `mutation { signIn(input: { email: "${user.email}", password: "${PASSWORD}" }) { token } }`;
  const answer = await send('/graphql', headers, JSON.stringify({ query }));
  expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
});

test('T-WEB-2 what a form, or a page without asking, can send is refused whatever it says', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    for (const path of PATHS) {
      const answer = await send(path, { ...cookie(), 'content-type': type });
      expect([path, type, answer.status]).toEqual([path, type, 415]);
    }
  }
  for (const path of PATHS) {
    const url = `${api.url}${path}?query=${encodeURIComponent('mutation { signOut }')}`;
    expect([path, (await fetch(url, { headers: cookie() })).status]).toEqual([path, 405]);
  }
});

test('T-WEB-2 no page of another origin is told that it may ask', async () => {
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
  for (const path of PATHS) {
    const answer = await fetch(`${api.url}${path}`, { method: 'OPTIONS', headers });
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});

test.each<Record<string, string>>([
  {},
  { origin: PUBLIC },
  { origin: PUBLIC, 'sec-fetch-site': 'same-origin' },
  { 'sec-fetch-site': 'none' },
])('our own pages, and programs, go through: %j', async (headers) => {
  const answer = await send('/graphql', { ...cookie(), ...headers });
  expect(await answer.json()).toEqual({ data: { viewer: { email: user.email } } });
});

test('a page elsewhere that brings a token of its own is no forgery', async () => {
  const answer = await send('/graphql', { authorization: `Bearer ${user.token}`, origin: 'https://tools.example' });
  expect(answer.status).toBe(200);
});

test('T-WEB-4 no answer may be framed, sniffed or taken by another origin, whichever it is', async () => {
  const answers = [
    await fetch(`${api.url}/`),
    await fetch(`${api.url}/healthz`),
    await fetch(`${api.url}/nowhere`),
    await fetch(`${api.url}/graphql`),
    await send('/graphql', cookie()),
    await send('/graphql', { ...cookie(), origin: 'https://evil.example' }),
    await send('/graphql', {}, '{'),
    await send('/logs/export', cookie()),
  ];
  expect(new Set(answers.map(({ status }) => status)).size).toBeGreaterThan(4);
  for (const { headers } of answers) {
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  }
});
