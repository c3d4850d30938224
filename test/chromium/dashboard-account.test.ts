import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { builtInPrices, PriceListService } from '../../api/modules/pricing/index.js';
import { openDashboard, type TestDashboard } from '../support/dashboard.js';
import { auditOf, person } from '../support/people.js';
import { addMember, createLog, createUser } from '../support/seed.js';
import { createTenant } from '../support/tenant.js';
import { waitFor } from '../support/wait-for.js';

let dashboard: TestDashboard;
/** What nobody should ever run. */
const HOSTILE = '<img src=x onerror="document.title=1">';

beforeAll(async () => {
  dashboard = await openDashboard();
  await dashboard.signIn();
}, 60_000);
afterAll(() => dashboard.stop());

const pageOf = (name: string): string => `/accounts/${dashboard.tenant.name}/${name}`;

test('a token is made, used, limited, given another secret, revoked and refused', async () => {
  const { page, tenant, proxy } = dashboard;
  await tenant.gateway('guarded', { authentication: true });
  const call = async (token: string): Promise<number> => {
    const answer = await fetch(`${proxy.url}/v1/${tenant.tag}/guarded/openai/chat/completions`, {
      method: 'POST',
      headers: {
        'cf-aig-authorization': `Bearer ${token}`,
        authorization: 'Bearer sk-own',
        'content-type': 'application/json',
      },
      body: '{"model":"gpt-4o-mini","messages":[]}',
    });
    return answer.status;
  };
  await dashboard.go(pageOf('tokens'));
  await page.getByText('No API tokens yet').waitFor();
  await page.getByRole('button', { name: 'Create token' }).first().click();
  await page.getByLabel('Name', { exact: true }).fill(HOSTILE);
  await page.getByLabel('From these addresses only').fill('not-a-network');
  await page.getByRole('dialog').getByRole('button', { name: 'Create token' }).click();
  await page.getByText('Must be an IP address or a network').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('token-create');
  await page.getByLabel('From these addresses only').fill('');
  await page.getByRole('dialog').getByRole('button', { name: 'Create token' }).click();
  await page.getByText('Copy it now').waitFor();
  const secret = await page.getByRole('dialog').locator('pre').innerText();
  expect(secret).toMatch(/^tgt_[A-Za-z0-9]{40}$/);
  await dashboard.expectClean();
  await dashboard.screenshots('token-secret');
  await page.getByRole('button', { name: 'I have copied it' }).click();
  expect(await page.content()).not.toContain(secret);
  expect(await call(secret)).toBe(200);

  await page.getByRole('row', { name: /onerror/ }).click();
  await dashboard.expectClean();
  await dashboard.screenshots('token-drawer');
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Gateways', { exact: true }).selectOption('some');
  await page.getByLabel('guarded').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The token was changed').waitFor();
  await page.getByRole('button', { name: 'Rotate' }).click();
  await page.getByRole('button', { name: 'Make a new secret' }).click();
  const second = await page.getByRole('dialog').locator('pre').innerText();
  expect([await call(secret), await call(second)]).toEqual([200, 200]);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByRole('button', { name: 'Revoke token' }).click();
  await page.getByText('No API tokens yet').waitFor();
  await waitFor(
    async () => (await call(secret)) === 401 && (await call(second)) === 401,
    'the proxy refuses both secrets',
  );
  await page.getByRole('button', { name: 'Revoked', exact: true }).click();
  await page.getByRole('cell', { name: 'revoked', exact: true }).waitFor();
  await dashboard.screenshots('tokens-revoked');
});

test('members are invited by a link, given roles and removed', async () => {
  const { page, tenant, api } = dashboard;
  const other = await createUser(api.owner, { accountId: tenant.accountId, role: 'VIEWER' });
  await dashboard.go(pageOf('members'));
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByLabel('Email').fill('new@example.com');
  await page.getByLabel('Role', { exact: true }).selectOption('EDITOR');
  await page.getByRole('button', { name: 'Make a link' }).click();
  await page.getByText('Nothing is mailed').waitFor();
  expect(await page.getByRole('dialog').locator('pre').innerText()).toContain('/invitation#');
  await dashboard.expectClean();
  await dashboard.screenshots('member-invited');
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await page.getByRole('row', { name: /^new@example\.com Editor/ }).waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('members');
  await page.getByLabel(`Role of ${other.email}`).selectOption('ADMIN');
  await page.getByRole('button', { name: 'Change role' }).click();
  await page.getByText(`${other.email} is admin now`).waitFor();
  await page.getByRole('button', { name: `Remove ${other.email}` }).click();
  await page.getByRole('button', { name: 'Remove member' }).click();
  await page.getByText(`${other.email} was removed`).waitFor();
  await page.getByRole('button', { name: 'Revoke the invitation of new@example.com' }).click();
  await page.getByRole('button', { name: 'Revoke invitation', exact: true }).click();
  await page.getByText('Nobody is invited at present').waitFor();
  await page.getByRole('button', { name: 'Leave account' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave account' }).click();
  await page.getByText('An account has to keep an owner').waitFor();
});

test('a custom provider is added, changed and deleted, and its headers are not shown again', async () => {
  const { page } = dashboard;
  await dashboard.go(pageOf('providers'));
  await page.getByText('No custom providers').waitFor();
  await dashboard.screenshots('providers-empty');
  await page.getByRole('button', { name: 'Add provider' }).first().click();
  await page.getByLabel('Slug').fill('mine');
  await page.getByLabel('Name', { exact: true }).fill(HOSTILE);
  await page.getByLabel('Base URL').fill('http://127.0.0.1/');
  await page.getByRole('button', { name: 'Add header' }).click();
  await page.getByLabel('Header 1', { exact: true }).fill('x-secret');
  await page.getByLabel('Value 1', { exact: true }).fill('of-the-header');
  await page.getByRole('button', { name: 'Add header' }).click();
  await page.getByLabel('Value 2', { exact: true }).fill('of-no-header');
  await page.getByText('Header 2 has a value and no name').waitFor();
  await page.getByRole('button', { name: 'Remove header 2' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Add provider' }).click();
  await page.getByRole('dialog').locator('.has-problem').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('provider-add');
  await page.getByLabel('Base URL').fill('https://models.example.com/v1');
  await page.getByRole('dialog').getByRole('button', { name: 'Add provider' }).click();
  await page.getByText('x-secret').waitFor();
  expect(await page.content()).not.toContain('of-the-header');
  await page.getByText('custom-mine').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('providers');
  await page.getByRole('button', { name: /^Edit/ }).click();
  await page.getByLabel('Name', { exact: true }).fill('Mine');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Mine was changed').waitFor();
  await page.getByRole('button', { name: 'Delete Mine' }).click();
  await page.getByRole('button', { name: 'Delete provider' }).click();
  await page.getByText('No custom providers').waitFor();
});

test('a price is set, and what was recorded is recalculated once its difference was seen', async () => {
  const { page, tenant, api } = dashboard;
  const gatewayId = await tenant.gateway('priced');
  await createLog(api.owner, { accountId: tenant.accountId, gatewayId }, { atMs: Date.now() - 3_600_000 });
  await dashboard.go(pageOf('prices'));
  await page.getByText('No prices of your own').waitFor();
  await page.getByRole('button', { name: 'Set price' }).first().click();
  await page.getByLabel('Model', { exact: true }).fill('gpt-test');
  await page.getByLabel('USD for a million input tokens').fill('1.2345678');
  await page.getByLabel('USD for a million output tokens').fill('4');
  await page.getByRole('dialog').getByRole('button', { name: 'Set price' }).click();
  await page.getByText('at most 6 fraction digits', { exact: false }).first().waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('price-set');
  await page.getByLabel('USD for a million input tokens').fill('2.5');
  await page.getByRole('dialog').getByRole('button', { name: 'Set price' }).click();
  await page.getByText('The price of gpt-test is set').waitFor();
  await page.getByRole('button', { name: 'Edit openai gpt-test' }).click();
  for (const label of ['Provider', 'Match', 'Model', 'Service tier', 'From']) {
    expect([label, await page.getByLabel(label, { exact: true }).isDisabled()]).toEqual([label, true]);
  }
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'See what would change' }).click();
  await page.getByRole('button', { name: 'Write 1 adjustment' }).waitFor();
  // 10 tokens in at 2.5, 5 out at 4 USD a million
  await page.getByTitle('0.000045 USD').first().waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('prices');
  await page.getByRole('button', { name: 'Write 1 adjustment' }).click();
  await page.getByText('Written: 1 adjustment').waitFor();
  await page.getByRole('button', { name: 'Remove openai gpt-test' }).click();
  await page.getByRole('button', { name: 'Remove price' }).click();
  await page.getByText('No prices of your own').waitFor();
});

test('the price list in force is searched, and says what a model costs, when and above which size', async () => {
  const { page, api } = dashboard;
  await new PriceListService(api.api.services.database, () => Promise.resolve()).ensure({
    name: 'a test of lists',
    prices: builtInPrices(true),
  });
  await dashboard.go(pageOf('prices'));
  await page.getByRole('button', { name: 'Price list' }).click();
  const list = page.getByRole('region', { name: 'Price list' });
  await list.waitFor();
  expect(await list.locator('tbody tr').count()).toBe(50);
  const first = await list.locator('tbody tr').first().innerText();
  await page.getByRole('button', { name: 'Next' }).click();
  await waitFor(async () => (await list.locator('tbody tr').first().innerText()) !== first, 'another page is shown');
  await page.getByLabel('Search the price list').fill('demo-sm');
  const row = list.getByRole('row', { name: /^demo demo-small/ });
  await row.waitFor();
  expect(await row.innerText()).toMatch(
    /^demo\s+demo-small\s+0\.15 input tokens\s+0\.6 output tokens\s+0\.075 cached input tokens$/,
  );
  await page.getByText(/^Version 1, of this build: a test of lists/).waitFor();
  expect(new URL(page.url()).search).toBe('?part=list&search=demo-sm');
  await page.getByLabel('Search the price list').fill('gemini-2.5-pro');
  await list
    .getByText(/above 200,000 input tokens/)
    .first()
    .waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('price-list');
  await page.getByLabel('Search the price list').fill('no such model');
  await page.getByText('No model is called so').waitFor();
}, 60_000);

test('the audit log is filtered, opened and exported, and shows hostile names as text', async () => {
  const { page, tenant, api } = dashboard;
  const other = await person(api, { accountId: tenant.accountId });
  const CREATE = 'mutation ($input: CreateGatewayInput!) { createGateway(input: $input) { id } }';
  const input = { accountId: tenant.accountId, name: 'audited', description: HOSTILE };
  (await other.call(CREATE, { input })).expectData();
  await dashboard.go(pageOf('audit'));
  await page.getByLabel('What', { exact: true }).selectOption('gateway');
  await page.getByLabel('Who').fill(other.email);
  await page.getByLabel('Who').press('Enter');
  await page.getByRole('row', { name: new RegExp(`gateway.create user:${other.email}`) }).waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('audit');
  await page.getByRole('row', { name: /gateway.create/ }).click();
  await page.getByText(HOSTILE).waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('audit-event');
  await page.getByRole('button', { name: 'Close' }).click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n');
  expect(lines[0]).toMatch(/^id,createdAt,actor,action/);
  expect(lines).toHaveLength(2);
  await page.getByLabel('To', { exact: true }).fill('2020-01-01');
  await page.getByText('Nothing that these filters let through').waitFor();
  expect(await page.title()).toBe('Audit log · Tollgate');
});

test('an account is renamed, and deleted once its name was typed', async () => {
  const { page, tenant, api } = dashboard;
  const own = await createUser(api.owner);
  const doomed = await createTenant(api.owner);
  await addMember(api.owner, own.id, doomed.accountId, 'OWNER');
  await dashboard.signIn(own);
  await dashboard.go(`/accounts/${doomed.name}/settings`);
  await dashboard.expectClean();
  await dashboard.screenshots('account-settings');
  await page.getByLabel('Account name').fill(tenant.name);
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByText('This account name is taken').waitFor();
  await page.getByLabel('Account name').fill(`${doomed.name}-new`);
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.waitForURL(`**/accounts/${doomed.name}-new/settings`);
  await page.getByRole('button', { name: 'Delete account' }).click();
  await page.getByLabel(`Type ${doomed.name}-new to go on`).fill(`${doomed.name}-new`);
  await page.getByRole('dialog').getByRole('button', { name: 'Delete account' }).click();
  await page.getByText('in no account yet').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('start');
  expect((await auditOf(api, doomed.accountId)).map(({ action }) => action)).toContain('account.delete');
});
