/**
 * T-GQL-6: what a page of another origin may do to somebody who is signed in. It is of the same site (another port of
 * this machine), so that the browser does send the session's cookie along: the worst case.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { openBrowser, type TestBrowser } from '../support/browser.js';
import { createUser } from '../support/seed.js';
import { createTenant, type TestTenant } from '../support/tenant.js';

let api: TestApi;
let browser: TestBrowser;
let tenant: TestTenant;
let foreignUrl: string;
let made = 0;

beforeAll(async () => {
  [api, browser] = await Promise.all([startTestApi(), openBrowser()]);
  foreignUrl = browser.page.url();
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  const { token } = await createUser(api.owner, { accountId: tenant.accountId });
  const cookie = { name: 'tollgate_session', value: token, url: api.url, httpOnly: true, sameSite: 'Lax' as const };
  await browser.page.context().addCookies([cookie]);
  await browser.page.goto(foreignUrl);
});
afterAll(() => Promise.all([browser.close(), api.stop()]));

/** A mutation that would leave a gateway behind. */
function attack(): string {
  const query = `mutation { createGateway(input: { accountId: "${tenant.accountId}", name: "made-${++made}" }) { id } }`;
  return JSON.stringify({ query });
}

const gateways = async (): Promise<number> =>
  (await api.owner.query('SELECT 1 FROM gateway WHERE account_id = $1', [tenant.accountId])).rows.length;

interface Attempt {
  readonly url: string;
  readonly body: string;
  readonly init: Readonly<Record<string, unknown>>;
}

/**
 * Runs inside the page: what it could read. A request that was sent, and whose answer is kept from it, is refused too.
 */
async function tried({ url, body, init }: Attempt): Promise<string> {
  try {
    const response = await fetch(url, { method: 'POST', credentials: 'include', body, ...init });
    return await response.text();
  } catch {
    return 'refused';
  }
}

test.each<[string, Record<string, unknown>]>([
  ['JSON', { headers: { 'content-type': 'application/json' } }],
  ['JSON, without asking', { mode: 'no-cors', headers: { 'content-type': 'application/json' } }],
  ['plain text', { headers: { 'content-type': 'text/plain' } }],
  ['plain text, without asking', { mode: 'no-cors', headers: { 'content-type': 'text/plain' } }],
  ['a form', { mode: 'no-cors', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['a body of no type', { mode: 'no-cors' }],
])('T-GQL-6 a page of another origin that sends %s changes and reads nothing', async (_how, init) => {
  for (const path of ['/graphql', '/graphql/stream']) {
    const attempt = { url: `${api.url}${path}`, body: attack(), init };
    expect(await browser.page.evaluate(tried, attempt)).toBe('refused');
  }
  expect(await gateways()).toBe(0);
});

test('T-GQL-6 a beacon and a GET of a page of another origin change nothing', async () => {
  const url = `${api.url}/graphql`;
  const sent = JSON.stringify([url, attack()]);
  // A text, for the compiler knows no browser: the api takes a beacon of JSON no more than anything else.
  await browser.page.evaluate(
    `((url, body) => navigator.sendBeacon(url, new Blob([body], { type: 'application/json' })))(...${sent})`,
  );
  const { query } = JSON.parse(attack()) as { query: string }; // written above
  await browser.page.evaluate(tried, {
    url: `${url}?query=${encodeURIComponent(query)}`,
    body: '',
    init: { method: 'GET', mode: 'no-cors', body: undefined },
  });
  expect(await gateways()).toBe(0);
});

test('T-GQL-6 a form of another origin that a visitor submits changes nothing', async () => {
  const { page } = browser;
  const attribute = (text: string): string => `"${text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`;
  const body = attack();
  // What a form sends as plain text is name=value: the name is most of a JSON document, and the value its end.
  const [name, value] = [`${body.slice(0, -1)},"x":"`, '"}'];
  await page.setContent(`<form method="post" enctype="text/plain" action=${attribute(`${api.url}/graphql`)}>
    <input name=${attribute(name)} value=${attribute(value)}><button>win</button></form>`);
  const answered = page.waitForResponse((response) => response.url() === `${api.url}/graphql`);
  await page.click('button');
  const answer = await answered;
  expect(await answer.request().allHeaders()).toMatchObject({
    cookie: expect.stringContaining('tollgate_session=tgs_'),
  });
  expect(answer.status()).toBeGreaterThanOrEqual(400);
  expect(await gateways()).toBe(0);
});

test('T-GQL-6 a WebSocket of a page of another origin is nobody', async () => {
  const closed = await browser.page.evaluate(
    (url) =>
      new Promise<number>((resolve) => {
        const socket = new WebSocket(url, 'graphql-transport-ws');
        socket.addEventListener('open', () => socket.send('{"type":"connection_init"}'));
        socket.addEventListener('message', () => resolve(0));
        socket.addEventListener('close', ({ code }) => resolve(code));
      }),
    `${api.url.replace('http', 'ws')}/graphql`,
  );
  expect(closed).toBe(4403);
});

test('T-GQL-6 the same, of a page of the api itself, is answered', async () => {
  const { page } = browser;
  const url = `${api.url}/own-page`;
  await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: '<title>ours</title>' }));
  await page.goto(url);
  const init = { headers: { 'content-type': 'application/json' } };
  expect(await page.evaluate(tried, { url: `${api.url}/graphql`, body: attack(), init })).toContain('"data"');
  expect(await gateways()).toBe(1);
});
