import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import OpenAI from 'openai';
import type { Locator } from 'playwright-core';
import { openDashboard, type TestDashboard } from '../support/dashboard.js';
import { dashboardTraffic } from '../support/dashboard-traffic.js';
import { answerJson, chatCompletion } from '../support/fake-upstream.js';
import { createLog, createUser } from '../support/seed.js';
import { waitFor } from '../support/wait-for.js';

let dashboard: TestDashboard;

beforeAll(async () => {
  dashboard = await openDashboard();
  await dashboard.signIn();
  const rates = { inputTokens: '150000', outputTokens: '600000' };
  await dashboard.tenant.priceOverride({ provider: 'openai', model: 'gpt-4o-mini', match: 'PREFIX', rates });
}, 60_000);
afterAll(() => dashboard.stop(), 60_000);

/** Whether nothing lies over the middle of what a toast says. */
const TOAST_IS_ON_TOP = `[...document.querySelectorAll('.toasts p')].every((toast) => {
  const { x, y, width, height } = toast.getBoundingClientRect();
  return document.elementFromPoint(x + width / 2, y + height / 2) === toast;
})`;
const place = (gateway: string, query = ''): string =>
  `/accounts/${dashboard.tenant.name}/gateways/${gateway}/logs${query}`;
const address = (): URLSearchParams => new URL(dashboard.page.url()).searchParams;
const rows = (): Locator => dashboard.page.getByRole('region', { name: 'Logs' }).locator('tbody tr');

test('a request appears by itself in the live tail, and opens to its conversation, its cost and a rating', async () => {
  const { page } = dashboard;
  const { base } = await dashboardTraffic(dashboard, 'live');
  await dashboard.go(place('live'));
  await page.getByText('No logs in this range').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('logs-empty');

  await page.getByRole('button', { name: 'Live tail' }).click();
  await page.getByText('Live', { exact: true }).waitFor();
  dashboard.upstream.answer = answerJson(200, chatCompletion());
  const client = new OpenAI({ baseURL: `${base}/openai`, apiKey: 'sk-test', maxRetries: 0 });
  await client.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [
      { role: 'system', content: 'You answer in two words.' },
      { role: 'user', content: 'Say hello\nto everybody' },
    ],
  });
  await rows().first().waitFor();
  expect(address().get('live')).toBe('1');
  await rows().first().focus();
  await page.keyboard.press('Enter');

  const drawer = page.getByRole('dialog');
  const conversation = drawer.getByRole('list', { name: 'Conversation' });
  await conversation.getByText('Hello there').waitFor();
  expect(await conversation.getByRole('listitem').allInnerTexts()).toEqual([
    expect.stringContaining('You answer in two words.'),
    expect.stringContaining('Say hello\nto everybody'),
    expect.stringContaining('Hello there'),
  ]);
  expect(await drawer.getByText('0.00021 USD').count()).toBe(1);
  expect(await drawer.getByRole('row', { name: 'input tokens' }).innerText()).toMatch(/1,000\s+0\.00000015\s+0\.00015/);
  await drawer.getByRole('button', { name: 'Thumbs up' }).click();
  await page.getByText('Rated').waitFor();
  expect(await page.evaluate(TOAST_IS_ON_TOP)).toBe(true); // and not below the drawer's backdrop
  expect(await drawer.getByRole('button', { name: 'Thumbs up' }).getAttribute('aria-pressed')).toBe('true');
  await drawer.getByLabel('Score').fill('0.5');
  await drawer.getByRole('button', { name: 'Save score' }).click();
  await drawer.getByRole('button', { name: 'Save score' }).waitFor({ state: 'detached' });
  await dashboard.expectClean();
  await dashboard.screenshots('logs-drawer');
  await drawer.getByRole('button', { name: 'Request' }).click();
  expect(await drawer.locator('.log-body pre').innerText()).toContain('"model": "gpt-4o-mini",\n');

  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  expect(address().get('log')).toBeNull();
  expect(await page.evaluate('document.activeElement.matches("tbody tr")')).toBe(true);
  expect(await rows().first().getByText('Thumbs up').count()).toBe(1);
}, 120_000);

test('a call that was tried twice is a waterfall, and a stream is shown assembled and raw', async () => {
  const { page } = dashboard;
  const traffic = await dashboardTraffic(dashboard, 'retried', { retry_max_attempts: 2, retry_delay_ms: 0 });
  let calls = 0;
  const id = await traffic.send({
    answer: (request, response) =>
      answerJson(calls++ === 0 ? 503 : 200, calls === 1 ? { error: { message: 'busy' } } : chatCompletion())(
        request,
        response,
      ),
  });
  const streamed = await traffic.send({ isStreaming: true });
  await traffic.settled();
  await dashboard.go(place('retried', `?log=${id}`));
  const attempts = page.locator('.waterfall li');
  expect((await attempts.allInnerTexts()).map((text) => /\b(?:503|200)\b/.exec(text)?.[0])).toEqual(['503', '200']);
  await dashboard.expectClean();
  await attempts.first().scrollIntoViewIfNeeded();
  await dashboard.screenshots('logs-drawer-attempts');

  await dashboard.go(place('retried', `?log=${streamed}`));
  const drawer = page.getByRole('dialog');
  await drawer.getByText('Hello there').waitFor();
  await drawer.getByRole('button', { name: 'Response' }).click();
  expect(await drawer.locator('.log-body pre').innerText()).toContain('"content": "Hello "');
  await drawer.getByRole('button', { name: 'Show it raw' }).click();
  expect(await drawer.locator('.log-body pre').innerText()).toContain('data: [DONE]');
}, 120_000);

test('filters are chips in the address, each of which can be taken away', async () => {
  const { page } = dashboard;
  const traffic = await dashboardTraffic(dashboard, 'filtered');
  await traffic.send({ model: 'gpt-4o-mini', headers: { 'cf-aig-metadata': '{"user":"ann"}' } });
  await traffic.send({ model: 'gpt-4o', headers: { 'cf-aig-metadata': '{"user":"bob"}' } });
  const failed = answerJson(400, { error: { message: 'no such model' } });
  const id = await traffic.send({
    model: 'gpt-none',
    headers: { 'cf-aig-metadata': '{"user":"ann"}' },
    answer: failed,
  });
  await traffic.settled();
  await dashboard.go(place('filtered'));
  await page.getByText('3 logs', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Filter' }).first().click();
  const form = page.getByRole('form', { name: 'Add a filter' });
  await form.getByLabel('Status').fill('4xx');
  await form.getByRole('button', { name: 'Add' }).click();
  await page.getByText('Must be a status from 100 to 599').waitFor();
  await form.getByLabel('Status').fill('400');
  await form.getByRole('button', { name: 'Add' }).click();
  await page.getByText('1 log', { exact: true }).waitFor();
  expect(address().get('status')).toBe('400');
  await dashboard.expectClean();
  await dashboard.screenshots('logs');

  await page.getByRole('button', { name: 'Remove filter Status: 400' }).click();
  await page.getByText('3 logs', { exact: true }).waitFor();
  await dashboard.go(place('filtered', `?log=${id}`));
  await page.getByRole('button', { name: 'Logs with user = ann' }).click();
  await page.getByText('2 logs', { exact: true }).waitFor();
  expect(address().getAll('metadata')).toEqual(['user=ann']);
  await page.getByLabel('Search logs').fill('gpt-none');
  await page.keyboard.press('Enter');
  await page.getByText('1 log', { exact: true }).waitFor();
  await page.goBack();
  await page.getByText('2 logs', { exact: true }).waitFor();
  await dashboard.go(place('filtered', '?status=418'));
  await page.getByRole('button', { name: 'Clear all filters' }).click();
  await page.getByText('3 logs', { exact: true }).waitFor();
}, 120_000);

test('what the list shows is exported, and deleted once its count was seen', async () => {
  const { page } = dashboard;
  const traffic = await dashboardTraffic(dashboard, 'kept');
  const kept = await traffic.send({ model: 'gpt-4o' });
  const ids = [await traffic.send({ model: 'gpt-4o-mini' }), await traffic.send({ model: 'gpt-4o-mini' })];
  await traffic.settled();
  await dashboard.go(place('kept', '?model=gpt-4o-mini'));
  await page.getByText('2 logs', { exact: true }).waitFor();

  for (const format of ['CSV', 'NDJSON']) {
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByLabel('Format').selectOption(format);
    if (format === 'NDJSON') {
      await page.getByLabel('With requests and responses').check();
      await dashboard.expectClean();
      await dashboard.screenshots('logs-export');
    }
    const downloaded = page.waitForEvent('download');
    await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click();
    const file = await downloaded;
    expect(file.suggestedFilename()).toBe(`kept-logs.${format.toLowerCase()}`);
    const text = readFileSync(await file.path(), 'utf8');
    for (const id of ids) expect(text).toContain(id);
    expect(text).not.toContain(kept);
    expect(text.includes('Hello there')).toBe(format === 'NDJSON');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }

  await page.getByRole('button', { name: 'Delete' }).click();
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete 2 logs' });
  await confirm.waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('logs-delete');
  await confirm.click();
  await page.getByText('No logs match').waitFor();
  await page.getByRole('button', { name: 'Clear all filters' }).click();
  await page.getByText('1 log', { exact: true }).waitFor();
}, 120_000);

test('a list goes back page by page, also after a log was opened and closed', async () => {
  const { page, api, tenant } = dashboard;
  const of = { accountId: tenant.accountId, gatewayId: await tenant.gateway('paged') };
  const startMs = Date.now() - 60_000;
  for (let index = 0; index < 101; index++) {
    const columns = { model: `model-of-page-${Math.floor(index / 50) + 1}` };
    await createLog(api.owner, of, { atMs: startMs - index, columns });
  }
  const shows = (number: number): Promise<void> => page.getByText(`model-of-page-${number}`).first().waitFor();
  await dashboard.go(place('paged'));
  await shows(1);
  await page.getByRole('button', { name: 'Next' }).click();
  await shows(2);
  await page.getByRole('button', { name: 'Next' }).click();
  await shows(3);
  await page.getByRole('row', { name: /model-of-page-3/ }).click();
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Newer' }).click();
  await shows(2);
  await page.getByRole('button', { name: 'Newer' }).click();
  await shows(1);
  expect(new URL(page.url()).searchParams.get('after')).toBeNull();
}, 60_000);

test('who may only look sees no bodies, and nothing to change', async () => {
  const { page, api, tenant } = dashboard;
  const traffic = await dashboardTraffic(dashboard, 'looked-at');
  const id = await traffic.send();
  await traffic.settled();
  await dashboard.signIn(await createUser(api.owner, { accountId: tenant.accountId, role: 'VIEWER' }));
  await dashboard.go(place('looked-at', `?log=${id}`));
  const drawer = page.getByRole('dialog');
  await waitFor(() => drawer.getByText('AI_GATEWAY_LOG_BODIES').isVisible(), 'it is said why nothing is there');
  expect(await drawer.getByRole('button', { name: 'Thumbs up' }).count()).toBe(0);
  await page.keyboard.press('Escape');
  expect(await page.getByRole('button', { name: 'Delete' }).count()).toBe(0);
  await dashboard.expectClean();
  await dashboard.signIn();
}, 120_000);
