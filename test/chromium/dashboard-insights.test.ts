import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { UsageRollup } from '../../api/modules/analytics/index.js';
import { createLogger } from '../../platform/logger.js';
import { openDashboard, type TestDashboard } from '../support/dashboard.js';
import { dashboardTraffic } from '../support/dashboard-traffic.js';
import { answerJson, chatCompletion } from '../support/fake-upstream.js';
import { waitFor } from '../support/wait-for.js';
import { FOREIGN_ELEMENTS, HAS_RUN, XSS_CORPUS } from '../support/xss-corpus.js';

let dashboard: TestDashboard;

beforeAll(async () => {
  dashboard = await openDashboard();
  await dashboard.signIn();
  const rates = { inputTokens: '150000', outputTokens: '600000' };
  await dashboard.tenant.priceOverride({ provider: 'openai', model: 'gpt-', match: 'PREFIX', rates });
}, 60_000);
afterAll(() => dashboard.stop(), 60_000);

const place = (gateway: string, page: string): string =>
  `/accounts/${dashboard.tenant.name}/gateways/${gateway}/${page}`;
/** The api does so by itself every few seconds, and may be at it: then it is done again. */
const rollUp = (gatewayId: string): Promise<unknown> =>
  waitFor(async () => {
    await new UsageRollup(dashboard.api.owner, createLogger('dashboard-test', 'fatal')).run();
    const { rows } = await dashboard.api.owner.query('SELECT 1 FROM usage_rollup_value WHERE gateway_id = $1', [
      gatewayId,
    ]);
    return rows.length > 0;
  }, 'the requests are rolled up');
const table = (name: string): Locator => dashboard.page.getByRole('region', { name, exact: true });

test('a gateway without requests says so of every insight', async () => {
  await dashboard.tenant.gateway('idle');
  await dashboard.go(place('idle', 'insights'));
  await dashboard.page.getByText('No request of this range failed.').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('insights-empty');
});

test('insights tell who uses it, what repeats, what fails, and lead to the logs', async () => {
  const { page, tenant } = dashboard;
  const traffic = await dashboardTraffic(dashboard, 'busy');
  const token = await tenant.apiToken();
  for (let round = 0; round < 3; round++) {
    await traffic.send({ token, headers: { 'cf-aig-metadata': '{"user":"ann","prompt":"greeting"}' } });
  }
  await traffic.send({ model: 'gpt-4o', headers: { 'cf-aig-metadata': '{"user":"bob"}' } });
  await traffic.send({ model: 'gpt-none', answer: answerJson(404, { error: { message: 'no such model' } }) });
  await traffic.settled();
  await rollUp(traffic.gatewayId);
  await dashboard.go(place('busy', 'insights'));
  await table('Top consumers').getByRole('cell', { name: 'test', exact: true }).waitFor();
  for (const name of ['Most expensive requests', 'Repeated requests', 'Slowest models']) await table(name).waitFor();
  expect(await table('Most expensive requests').locator('tbody tr').count()).toBe(5);
  const kept = table('What caching would have saved').getByRole('row', { name: '1 hour' });
  expect(await kept.innerText()).toMatch(/1 hour\s+2\s+2K in, 200 out\s+\$0\.00042/);
  expect(await table('Repeated requests').locator('tbody tr').count()).toBe(1);
  expect(await table('Slowest models').locator('tbody tr').count()).toBeGreaterThanOrEqual(2);
  await dashboard.expectClean();
  await dashboard.screenshots('insights');
  await table('Slowest models').scrollIntoViewIfNeeded();
  await dashboard.screenshots('insights-below');

  await page.getByLabel('Consumers', { exact: true }).selectOption('metadata');
  await page.getByLabel('Metadata key').selectOption('user');
  await table('Top consumers').getByRole('cell', { name: 'ann' }).waitFor();
  await page.getByLabel('Consumers', { exact: true }).selectOption('address');
  await table('Top consumers').getByRole('cell', { name: '127.0.0.1' }).waitFor();
  await page.getByLabel('Prompts', { exact: true }).selectOption('METADATA');
  await table('Prompts by feedback').getByRole('cell', { name: 'greeting' }).waitFor();
  expect(new URL(page.url()).search).toBe('?key=user&by=address&prompts=METADATA');
  await dashboard.expectClean();
  await table('Most frequent errors').getByRole('link', { name: '404' }).click();
  await page.getByText('1 log', { exact: true }).waitFor();
}, 120_000);

/** Names of elements, attributes and texts are all that a reader of the page sees of them. */
test('T-WEB-1 prompts, answers, models, metadata, errors and descriptions are seen as text; nothing in them runs', async () => {
  const { page, api, tenant } = dashboard;
  const traffic = await dashboardTraffic(dashboard, 'hostile');
  await api.owner.query('UPDATE gateway SET description = $1 WHERE id = $2', [
    XSS_CORPUS.slice(0, 6).join(' '),
    traffic.gatewayId,
  ]);
  page.on('dialog', (dialog) => {
    ran.push(dialog.message());
    void dialog.dismiss();
  });
  const ran: string[] = [];
  for (const [index, text] of XSS_CORPUS.entries()) {
    const isFailure = index % 3 === 0;
    await traffic.send({
      model: text,
      headers: { 'cf-aig-metadata': JSON.stringify({ [text]: text }) },
      answer: answerJson(
        isFailure ? 400 : 200,
        isFailure ? { error: { message: text } } : chatCompletion({ model: text }),
      ),
    });
  }
  const choices = XSS_CORPUS.map((content, index) => ({ index, message: { role: content, content } }));
  const whole = await traffic.send({
    headers: {
      'cf-aig-metadata': JSON.stringify(Object.fromEntries(XSS_CORPUS.slice(0, 5).map((text) => [text, text]))),
    },
    messages: XSS_CORPUS.map((content) => ({ role: content, content })),
    answer: answerJson(200, chatCompletion({ choices })),
  });
  const failed = await traffic.send({ answer: answerJson(400, { error: { message: XSS_CORPUS.join('\n') } }) });
  const event = (content: string): string =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: `${content}\n` } }] })}\n\n`;
  const streamed = await traffic.send({
    isStreaming: true,
    answer: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(XSS_CORPUS.map(event).join(''));
    },
  });
  await traffic.settled();
  await rollUp(traffic.gatewayId);

  const expectText = async (where: string, isSeen: (text: string, shown: string) => boolean): Promise<void> => {
    const shown = (await page.locator(where).textContent()) ?? '';
    expect(XSS_CORPUS.filter((text) => !isSeen(text, shown))).toEqual([]);
    expect({ hasRun: await page.evaluate(HAS_RUN), ran }).toEqual({ hasRun: false, ran: [] });
    expect(await page.evaluate(FOREIGN_ELEMENTS)).toBe(0);
  };
  const isWhole = (text: string, shown: string): boolean => shown.includes(text);
  const isInJson = (text: string, shown: string): boolean => shown.includes(JSON.stringify(text).slice(1, -1));

  await dashboard.go(place('hostile', 'logs'));
  await page.getByText(`${XSS_CORPUS.length + 3} logs`).waitFor();
  await expectText('main table', isWhole);
  await dashboard.screenshots('logs-hostile');
  for (const id of [whole, failed, streamed]) {
    await dashboard.go(`${place('hostile', 'logs')}?log=${id}`);
    const conversation = page.getByRole('list', { name: 'Conversation' });
    await conversation.waitFor();
    await expectText('dialog .messages', isWhole);
    await page.getByRole('button', { name: 'Response' }).click();
    await expectText('dialog .log-body pre', id === failed ? () => true : isInJson);
    if (id !== whole) continue;
    await expectText('dialog .facts >> nth=0', (text, shown) => XSS_CORPUS.indexOf(text) >= 5 || shown.includes(text));
    await dashboard.screenshots('logs-drawer-hostile');
    await page.getByRole('button', { name: 'Request' }).click();
    await expectText('dialog .log-body pre', isInJson);
  }
  const query = new URLSearchParams();
  for (const text of XSS_CORPUS) for (const name of ['model', 'metadata', 'provider']) query.append(name, text);
  await dashboard.go(`${place('hostile', 'logs')}?${query.toString()}`);
  await expectText('.log-filters', isWhole);
  await page.goto(`${api.url}${place('hostile', 'insights')}?by=metadata`);
  await page.getByLabel('Metadata key').waitFor();
  await table('Most frequent errors').waitFor();
  await expectText('select[aria-label="Metadata key"]', isWhole);
  await expectText('main', isWhole);
  await dashboard.expectClean();
  await dashboard.screenshots('insights-hostile');
  await dashboard.go(`/accounts/${tenant.name}`);
  await expectText('main', (text, shown) => XSS_CORPUS.indexOf(text) >= 6 || shown.includes(text));
  await dashboard.go(`/accounts/${tenant.name}/gateways/hostile`);
  await expectText('main', (text, shown) => XSS_CORPUS.indexOf(text) >= 6 || shown.includes(text));
  await dashboard.expectClean();
}, 180_000);
