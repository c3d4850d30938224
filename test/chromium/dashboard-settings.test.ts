import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDashboard, type TestDashboard } from '../support/dashboard.js';
import { holdOperation } from '../support/held-operation.js';
import { person } from '../support/people.js';
import { createUser } from '../support/seed.js';
import { waitFor } from '../support/wait-for.js';

let dashboard: TestDashboard;
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] };
const UPDATE = 'mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) { configVersion } }';

beforeAll(async () => {
  dashboard = await openDashboard();
  await dashboard.signIn();
}, 120_000);
afterAll(() => dashboard.stop());

const settingsOf = (gateway: string): string => `/accounts/${dashboard.tenant.name}/gateways/${gateway}/settings`;

/** A request through the gateway, as a client sends it. */
async function ask(gateway: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${dashboard.proxy.url}/v1/${dashboard.tenant.tag}/${gateway}/openai/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-own', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(CHAT),
  });
}

test('a rate limit that is set in the page makes the next request fail with 429, which its logs show with the reason', async () => {
  const { page, tenant } = dashboard;
  await tenant.gateway('limited');
  expect((await ask('limited')).status).toBe(200);
  await dashboard.go(settingsOf('limited'));
  const card = page.getByRole('form', { name: 'Rate limits' });
  await page.getByRole('button', { name: 'Add rule' }).click();
  await page.getByLabel('Name', { exact: true }).fill('few');
  await page.getByLabel('Requests', { exact: true }).fill('0');
  await page.getByText('Must be a whole number from 1 to 1000000000').waitFor();
  expect(await page.getByRole('button', { name: 'Keep rule' }).isDisabled()).toBe(true);
  await page.getByLabel('Requests', { exact: true }).fill('1');
  await page.getByLabel('Counted for').selectOption('METADATA');
  await page.getByLabel('Metadata key').fill('user');
  await dashboard.screenshots('settings-rule');
  await page.getByLabel('Counted for').selectOption('GATEWAY');
  await page.getByRole('button', { name: 'Keep rule' }).click();
  await page.getByText('1 request a minute, for the whole gateway, sliding window').waitFor();
  await page.getByRole('button', { name: 'Add rule' }).click();
  await page.getByLabel('Name', { exact: true }).fill('many');
  await page.getByRole('button', { name: 'Keep rule' }).click();
  await page.getByRole('button', { name: 'Move many up' }).click();
  await card.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved: version 2').waitFor();
  expect(await card.getByRole('listitem').allInnerTexts()).toEqual([
    expect.stringContaining('many'),
    expect.stringContaining('few'),
  ]);
  await dashboard.expectClean();

  await waitFor(async () => (await ask('limited')).status === 429, 'the proxy has heard of it, and refuses');
  const tabs = page.getByRole('navigation', { name: 'Gateway' });
  await tabs.getByRole('link', { name: 'Logs' }).click();
  await page.getByRole('button', { name: 'Live tail' }).click();
  await page.getByText('Live', { exact: true }).waitFor();
  expect((await ask('limited')).status).toBe(429);
  await page
    .getByRole('row', { name: /429 2003 rate limited/ })
    .first()
    .click();
  const drawer = page.getByRole('dialog');
  await drawer.getByText('Refused by the rate limit "few" (1 in 60 s).').waitFor();
  expect(await drawer.locator('.log-detail-head').innerText()).toMatch(/429\s+2003 rate limited/);
  await dashboard.expectClean();
  await dashboard.screenshots('logs-rate-limited');
  await page.keyboard.press('Escape');
  await tabs.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Remove few' }).click();
  await card.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved: version 3').waitFor();
  await waitFor(async () => (await ask('limited')).status === 200, 'the proxy has heard of it, and admits');
}, 120_000);

test('settings are told when they are wrong, act when they are saved, and the cache is purged', async () => {
  const { page, tenant, upstream } = dashboard;
  await tenant.gateway('cached');
  await dashboard.go(settingsOf('cached'));
  await dashboard.expectClean();
  await dashboard.screenshots('settings');
  const caching = page.getByRole('form', { name: 'Caching' });
  await page.getByLabel('Time to live, in seconds').fill('30');
  await page.getByText('Must be 0 (off), or a whole number from 60 to 2592000').waitFor();
  expect(await caching.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
  await page.getByLabel('Time to live, in seconds').fill('600');
  await caching.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved: version 2').waitFor();

  const isHit = async (): Promise<boolean> => (await ask('cached')).headers.get('cf-aig-cache-status') === 'HIT';
  await waitFor(isHit, 'the proxy has heard of it, and has an answer');
  const asked = upstream.seen.length;
  await page.getByRole('button', { name: 'Purge cache' }).click();
  await dashboard.expectClean();
  await page.getByRole('button', { name: 'Purge everything' }).click();
  await page.getByText('The cache was purged').waitFor();
  await waitFor(async () => !(await isHit()), 'the proxy has heard of the purge');
  expect(upstream.seen.length).toBe(asked + 1);

  await page.getByLabel('Proxy URL').fill('ftp://nowhere.example.com');
  const egress = page.getByRole('form', { name: 'Egress' });
  await egress.getByRole('button', { name: 'Save' }).click();
  await egress.locator('.has-problem').waitFor();
});

test('what is typed while a save is on its way stays, and is saved next', async () => {
  const { page, tenant } = dashboard;
  await tenant.gateway('typed');
  await dashboard.go(settingsOf('typed'));
  const save = page.getByRole('form', { name: 'Caching' }).getByRole('button', { name: 'Save' });
  const field = page.getByLabel('Time to live, in seconds');
  const release = await holdOperation(page, 'UpdateGateway');
  await field.fill('600');
  await save.click();
  await field.fill('700');
  await release();
  await page.getByText('Saved: version 2').waitFor();
  expect(await field.inputValue()).toBe('700');
  await save.click();
  await page.getByText('Saved: version 3').waitFor();
  expect(await field.inputValue()).toBe('700');
});

test('a change that somebody made meanwhile is not undone unseen', async () => {
  const { page, tenant, api } = dashboard;
  const id = await tenant.gateway('shared');
  const other = await person(api, { accountId: tenant.accountId });
  await dashboard.go(settingsOf('shared'));
  const logging = page.getByRole('form', { name: 'Logging and retention' });
  await page.getByLabel('Kept for').selectOption('7');
  // another card's fields are none of this one's
  (await other.call(UPDATE, { input: { id, settings: { retryMaxAttempts: 3 } } })).expectData();
  (await other.call(UPDATE, { input: { id, settings: { logRetentionDays: 90 } } })).expectData();
  await logging.getByRole('button', { name: 'Save' }).click();
  await page.getByText('the gateway is at version 3 now').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('settings-conflict');
  await page.getByRole('button', { name: 'Show what they are now' }).click();
  expect(await page.getByLabel('Kept for').inputValue()).toBe('90');
  await page.getByLabel('Kept for').selectOption('7');
  await logging.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved: version 4').waitFor();
});

test('a provider key is stored, shown by its last four characters alone, replaced and deleted', async () => {
  const { page, tenant } = dashboard;
  await tenant.gateway('keyed');
  await dashboard.go(`${settingsOf('keyed')}?part=keys`);
  await page.getByText('No keys stored').waitFor();
  await page.getByRole('button', { name: 'Add key' }).click();
  await page.getByLabel('Provider', { exact: true }).selectOption('azure-openai');
  await page.getByLabel('Resource').fill('Not A Label');
  await page.getByLabel('Key', { exact: true }).fill('secret-of-azure-wxyz');
  await page.getByRole('button', { name: 'Store key' }).click();
  await page.getByText('Must be 1 to 63 of a-z').waitFor();
  await dashboard.screenshots('settings-add-key');
  await page.getByLabel('Resource').fill('mine');
  await page.getByRole('button', { name: 'Store key' }).click();
  await page.getByText('…wxyz').waitFor();
  await page.getByText('https://mine.openai.azure.com').waitFor();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain('secret-of-azure');
  await dashboard.expectClean();
  await dashboard.screenshots('settings-keys');
  await page.getByRole('button', { name: 'Replace azure-openai / default' }).click();
  await page.getByLabel('Key', { exact: true }).fill('another-secret-abcd');
  await page.getByRole('button', { name: 'Replace key' }).click();
  await page.getByText('…abcd').waitFor();
  await page.getByRole('button', { name: 'Delete azure-openai / default' }).click();
  await page.getByRole('button', { name: 'Delete key' }).click();
  await page.getByText('No keys stored').waitFor();
});

test('a version is compared with the one before and with now, and gone back to', async () => {
  const { page, tenant, api } = dashboard;
  const id = await tenant.gateway('old');
  const other = await person(api, { accountId: tenant.accountId });
  for (const cacheTtlSeconds of [60, 120, 180]) {
    (await other.call(UPDATE, { input: { id, settings: { cacheTtlSeconds } } })).expectData();
  }
  await dashboard.go(`${settingsOf('old')}?part=history`);
  await dashboard.expectClean();
  await dashboard.screenshots('settings-history');
  await page.getByRole('row', { name: /^3 / }).click();
  await page.getByRole('row', { name: 'settings.cacheTtlSeconds 60 120' }).waitFor();
  await page.getByRole('button', { name: 'From it to now' }).click();
  await page.getByRole('row', { name: 'settings.cacheTtlSeconds 120 180' }).waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('settings-version');
  await page.getByRole('button', { name: 'Go back to version 3' }).click();
  await page.getByRole('button', { name: 'Go back', exact: true }).click();
  await page.getByText('As it was at version 3: version 5').waitFor();
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  await page.getByLabel('Time to live, in seconds').waitFor();
  expect(await page.getByLabel('Time to live, in seconds').inputValue()).toBe('120');
});

test('who may only look is offered nothing to change', async () => {
  const { page, tenant, api, user } = dashboard;
  await tenant.gateway('looked-at');
  await dashboard.signIn(await createUser(api.owner, { accountId: tenant.accountId, role: 'VIEWER' }));
  await dashboard.go(settingsOf('looked-at'));
  await page.getByText('You may look at these settings').waitFor();
  expect(await page.getByRole('button', { name: /Add rule|Purge|Delete|Save/ }).count()).toBe(0);
  expect(await page.getByLabel('Description').isDisabled()).toBe(true);
  await dashboard.signIn(user);
});

test('a gateway is deleted once its name was typed', async () => {
  const { page, tenant } = dashboard;
  await tenant.gateway('doomed');
  await dashboard.go(settingsOf('doomed'));
  await page.getByRole('button', { name: 'Delete gateway' }).click();
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete gateway' });
  await page.getByLabel('Type doomed to go on').fill('doome');
  expect(await confirm.isDisabled()).toBe(true);
  await dashboard.expectClean();
  await dashboard.screenshots('settings-delete');
  await page.getByLabel('Type doomed to go on').fill('doomed');
  await confirm.click();
  await page.getByRole('heading', { name: 'Gateways' }).waitFor();
  expect((await ask('doomed')).status).toBe(400);
});
