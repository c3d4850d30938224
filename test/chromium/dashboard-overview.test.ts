/** The first five minutes: from the sign-in to the first request on the page, and what the overview shows after it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import OpenAI from 'openai';
import { UsageRollup } from '../../api/modules/analytics/usage-rollup.js';
import { createLogger } from '../../platform/logger.js';
import { openDashboard, type TestDashboard } from '../support/dashboard.js';
import { answerJson, chatCompletion } from '../support/fake-upstream.js';
import { PASSWORD } from '../support/people.js';
import { createLog } from '../support/seed.js';
import { waitFor } from '../support/wait-for.js';

let dashboard: TestDashboard;
/** How often a page asks again. */
const LIVE_REFRESH_MS = 10_000;

beforeAll(async () => {
  dashboard = await openDashboard({ api: { isDemo: true } });
}, 120_000);
afterAll(() => dashboard.stop());

const params = (): URLSearchParams => new URL(dashboard.page.url()).searchParams;
const ask = (baseURL: string, metadata: string): Promise<unknown> =>
  new OpenAI({ baseURL, apiKey: 'sk-of-a-test', maxRetries: 0 }).chat.completions
    .create(
      { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] },
      { headers: { 'cf-aig-metadata': metadata } },
    )
    .catch((error: unknown) => error);

test('the first five minutes: sign in, create a gateway, paste the snippet, see the request appear', async () => {
  const { page, user, api, upstream } = dashboard;
  await page.clock.install(); // what a page does every ten seconds, it does when this clock says so
  await page.goto(`${api.url}/`);
  await page.getByLabel('Email').fill(user.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Create gateway' }).first().click();
  await page.getByLabel('Name').fill('prod');
  await page.getByRole('dialog').getByRole('button', { name: 'Create gateway' }).click();
  await page.getByText('Waiting for your first request').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('gateway-overview-waiting');

  await page.getByRole('tab', { name: 'OpenAI JS' }).click();
  const snippet = await page.getByRole('tabpanel').locator('code').innerText();
  const [, baseURL = ''] = /baseURL: '([^']+)'/.exec(snippet) ?? [];
  upstream.answer = answerJson(200, chatCompletion());
  await ask(baseURL, '{"team":"blue"}');
  await page.getByRole('heading', { name: 'Requests by' }).waitFor(); // nothing was pressed
  expect(await page.getByLabel('Totals of the range').locator('dd').first().innerText()).toBe('1');

  upstream.answer = answerJson(500, { error: { message: 'broken' } });
  await ask(baseURL, '{"team":"red"}');
  await waitFor(async () => {
    await page.clock.fastForward(LIVE_REFRESH_MS);
    return (await page.getByLabel('Totals of the range').locator('dd').first().innerText()) === '2';
  }, 'the second request is counted');
  await dashboard.expectClean();
  await dashboard.screenshots('gateway-overview');
}, 120_000);

test('the range is told apart by what was sent, is compared, and leads to the logs of a group', async () => {
  const { page, api } = dashboard;
  // the keys of metadata are known from the first roll-up on, which an api does every few seconds
  await new UsageRollup(api.owner, createLogger('dashboard-test', 'fatal')).run();
  await page.clock.fastForward(LIVE_REFRESH_MS);
  await page.getByLabel('Requests by').selectOption({ label: 'Metadata team' });
  const table = page.getByRole('region', { name: 'Groups by Metadata team' });
  await table.getByRole('link', { name: 'blue' }).waitFor();
  expect(params().get('group')).toBe('METADATA:team');
  await page.getByRole('button', { name: 'Compare with before' }).click();
  await page.getByText('nothing before').first().waitFor();
  await dashboard.expectClean();
  const link = await table.getByRole('link', { name: 'blue' }).getAttribute('href');
  expect(link).toContain('/gateways/prod/logs?');
  expect(new URL(link ?? '', dashboard.api.url).searchParams.get('metadata')).toBe('team=blue');
}, 120_000);

test('a drag on a chart chooses its range for the page, and a click on it leads to the logs of that step', async () => {
  const { page } = dashboard;
  const box = await page.locator('.u-over').first().boundingBox();
  if (box === null) throw new Error('the chart is not drawn');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.25, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, y, { steps: 5 });
  await page.mouse.up();
  await waitFor(() => params().has('from'), 'the range is in the address');
  const [from, to] = [Date.parse(params().get('from') ?? ''), Date.parse(params().get('to') ?? '')];
  expect((to - from) / 3_600_000).toBeCloseTo(12, 0); // half of a day
  await page.goBack();
  await waitFor(() => !params().has('from'), 'the former range is back');

  await page.mouse.move(box.x + box.width * 0.5, y);
  await page.mouse.click(box.x + box.width * 0.5, y);
  await waitFor(() => new URL(page.url()).pathname.endsWith('/logs'), 'the logs are shown');
  expect(Date.parse(params().get('to') ?? '') - Date.parse(params().get('from') ?? '')).toBeGreaterThan(0);
});

test('what the cache saved is shown beside the cost', async () => {
  const { page, tenant, upstream, proxy } = dashboard;
  await dashboard.signIn();
  await tenant.priceOverride({ provider: 'openai', model: 'gpt-4o-mini', match: 'PREFIX' }); // 1 pico-USD a token
  await tenant.gateway('cached', { cache_ttl_seconds: 600 });
  upstream.answer = answerJson(200, chatCompletion());
  const baseOf = (gateway: string): string => `${proxy.url}/v1/${tenant.tag}/${gateway}/openai`;
  // The first answer that a new Redis keeps brings the script along: it is there a round trip later than all others.
  await tenant.gateway('first', { cache_ttl_seconds: 600 });
  for (let i = 0; i < 3; i++) await ask(baseOf('first'), '{}');
  const base = baseOf('cached');
  for (let i = 0; i < 3; i++) await ask(base, '{}');
  await dashboard.go(`/accounts/${tenant.name}/gateways/cached`);
  const figure = (name: string): Promise<string> =>
    page.getByLabel('Totals of the range').locator('.figure', { hasText: name }).locator('dd').first().innerText();
  await waitFor(async () => {
    await page.clock.fastForward(LIVE_REFRESH_MS);
    return (await figure('Cache hits')) === '66.7%';
  }, 'both hits are counted');
  expect(await figure('Cost')).toBe('$0.0000000011');
  expect(await figure('Saved by caching')).toBe('$0.0000000022'); // twice what was paid once
}, 120_000);

test('the groups are asked for beside the totals, and a page is loaded beside what its frame asks', async () => {
  const { page, tenant } = dashboard;
  const asked = new Set<string>();
  const late: unknown[] = [];
  /**
   * Answers what is held once all of the others have been asked; of a page that waits with them it is told, and it goes
   * on.
   */
  const heldUntil = (others: readonly (string | RegExp)[]): Promise<true> =>
    waitFor(
      () => others.every((other) => [...asked].some((each) => each.match(other) !== null)),
      `these are asked: ${others.join(', ')}`,
    );
  const begunBefore: Readonly<Record<string, readonly (string | RegExp)[]>> = {
    GatewayFrame: [/assets\/page-.*\.js/],
    GatewayOverview: ['GatewayBreakdown', 'GatewayMetadataKeys'],
  };
  await page.route('**/*', async (route) => {
    const request = route.request();
    const { operationName = '' } = (request.postDataJSON() ?? {}) as { readonly operationName?: string };
    asked.add(operationName === '' ? request.url() : operationName);
    await heldUntil(begunBefore[operationName] ?? []).catch((error: unknown) => late.push(error));
    await route.continue();
  });
  await dashboard.go(`/accounts/${tenant.name}/gateways/cached`);
  await page.getByRole('region', { name: /^Groups by/ }).waitFor();
  expect(late).toEqual([]);
  expect([...asked]).not.toContain('GatewayHasLogs'); // of use only where nothing was sent
  await page.unroute('**/*');
}, 120_000);

test('a chart and its legend have the colours of the theme in force, also when it changes', async () => {
  const { page } = dashboard;
  const marker = page.locator('.u-legend .u-marker').nth(1); // the first is of the time
  const borderOf = (): Promise<string | null> => marker.getAttribute('style');
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await borderOf();
  await page.emulateMedia({ colorScheme: 'dark' });
  await waitFor(async () => (await borderOf()) !== light, 'the legend follows the theme');
  await page.emulateMedia({ colorScheme: 'light' });
  await waitFor(async () => (await borderOf()) === light, 'and back');
});

test('what the demo gateway offers to paste works as it is, and can be read on a narrow screen', async () => {
  const { page, tenant, upstream } = dashboard;
  await tenant.gateway('demo');
  await dashboard.signIn();
  await dashboard.go(`/accounts/${tenant.name}/gateways/demo`);
  await page.getByText('Paste it as it is').waitFor();
  await page.getByRole('tab', { name: 'fetch' }).click();
  const code = page.getByRole('tabpanel').locator('code');
  upstream.answer = answerJson(200, chatCompletion());
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', await code.innerText()]);
  expect(stdout).toContain('chat.completion');
  expect(upstream.seen.at(-1)?.url).toBe('/v1/chat/completions');
  await page.getByRole('heading', { name: 'Requests by' }).waitFor(); // it has appeared by itself

  await page.setViewportSize({ width: 390, height: 900 });
  const [text, button] = await Promise.all([
    page.getByRole('tabpanel').locator('pre').boundingBox(),
    page.getByRole('tabpanel').getByRole('button', { name: 'Copy code' }).boundingBox(),
  ]);
  expect(button?.x).toBeGreaterThanOrEqual((text?.x ?? Infinity) + (text?.width ?? 0));
  await dashboard.screenshots('gateway-overview-demo');
  await page.getByRole('button', { name: 'OpenAI', exact: true }).click();
  expect(await code.innerText()).toContain('/openai/chat/completions');
  await dashboard.go(`/accounts/${tenant.name}`);
  await page.getByRole('link', { name: 'demo', exact: true }).waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('account-home');
}, 120_000);

test('a gateway is told with its requests, also where a hundred others have more', async () => {
  const { page, api, tenant } = dashboard;
  const { accountId } = tenant;
  for (let index = 0; index < 100; index++) {
    const of = { accountId, gatewayId: await tenant.gateway(`busy-${index}`) };
    await Promise.all([createLog(api.owner, of), createLog(api.owner, of)]);
  }
  await createLog(api.owner, { accountId, gatewayId: await tenant.gateway('quiet') });
  await dashboard.go(`/accounts/${tenant.name}?search=quiet`);
  await page.getByLabel('Requests of quiet: 1').waitFor();
}, 120_000);
