import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDashboard, type TestDashboard } from '../support/dashboard.js';
import { holdOperation } from '../support/held-operation.js';
import { dashboardTraffic } from '../support/dashboard-traffic.js';
import { givePassword, person } from '../support/people.js';
import { startTestProxy } from '../support/proxy.js';
import { createUser } from '../support/seed.js';
import { createTenant } from '../support/tenant.js';
import { waitFor } from '../support/wait-for.js';

let dashboard: TestDashboard;

beforeAll(async () => {
  dashboard = await openDashboard({ user: { isOperator: true } });
}, 60_000);
afterAll(() => dashboard.stop());

test('the operator sets quotas, suspends an account and resumes it', async () => {
  const { page, api } = dashboard;
  const other = await createTenant(api.owner);
  await dashboard.signIn();
  await dashboard.go('/operator');
  await page.getByLabel('Search accounts').fill(other.name);
  await page.getByRole('button', { name: `Quotas of ${other.name}` }).click();
  await page.getByLabel('Requests a month').fill('many');
  await page.getByText('Must be a whole number, or empty').waitFor();
  await page.getByLabel('Requests a month').fill('1000');
  await dashboard.expectClean();
  await dashboard.screenshots('operator-quotas');
  await page.getByRole('button', { name: 'Set quotas' }).click();
  await page.getByText('of 1K').waitFor();
  await page.getByRole('button', { name: `Suspend ${other.name}` }).click();
  await page.getByLabel('Reason').fill('<b>unpaid</b>');
  await page.getByRole('button', { name: 'Suspend account' }).click();
  await page.getByText('<b>unpaid</b>').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('operator-accounts');
  const member = await createUser(api.owner, { accountId: other.accountId });
  await dashboard.signIn(member);
  await dashboard.go(`/accounts/${other.name}`);
  await page.getByText('This account is suspended: <b>unpaid</b>').waitFor();
  await dashboard.signIn();
  await dashboard.go(`/operator?search=${other.name}`);
  await page.getByRole('button', { name: `Resume ${other.name}` }).click();
  await page.getByRole('button', { name: 'Resume account' }).click();
  await page.getByRole('button', { name: `Suspend ${other.name}` }).waitFor();
});

test('the operator sees how the instance is, and makes a link for a new password', async () => {
  const { page, api, tenant, upstream } = dashboard;
  const stores = { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url };
  const origins = { openai: `${upstream.origin}/v1` };
  const [second, ended] = [await startTestProxy(origins, stores), await startTestProxy(origins, stores)];
  await tenant.gateway('counted');
  for (const { url } of [dashboard.proxy, second, ended]) {
    const body = '{"model":"gpt-4o-mini","messages":[]}';
    const headers = { 'content-type': 'application/json' };
    await fetch(`${url}/v1/${tenant.tag}/counted/openai/chat/completions`, { method: 'POST', headers, body });
  }
  await waitFor(async () => {
    const { rows } = await api.owner.query('SELECT 1 FROM ledger_spool WHERE host = $1 AND shipped_seq > 0', [
      hostname(),
    ]);
    return rows.length === 3;
  }, 'each proxy has shipped its record');
  await ended.stop();
  // one of another release, that went away with records on its disk, and one that cannot keep any more
  await api.owner.query(`
    INSERT INTO ledger_spool (id, host, version, settled_seq, shipped_seq, opened_at, heard_at, is_gated) VALUES
      (gen_random_uuid(), 'proxy-gone', '0.0.9', 17, 5, now() - interval '3 days', now() - interval '2 hours', false),
      (gen_random_uuid(), 'proxy-full', '0.0.9', 9, 9, now() - interval '2 hours', now(), true)`);
  await dashboard.signIn();
  await dashboard.go('/operator?part=health');
  await page.getByText('reachable').waitFor();
  const proxies = page.getByRole('region', { name: 'Proxies' });
  const states = (): Promise<string[]> => proxies.locator('tbody tr .badge').allInnerTexts();
  expect((await states()).toSorted()).toEqual(['ended', 'gated', 'gone', 'live', 'live']);
  expect(await proxies.getByRole('row', { name: /proxy-gone/ }).innerText()).toMatch(/gone\s+0\.0\.9.*\b12\b/s);
  await page.getByText('1 of the proxies is gone with records that are not shipped').waitFor();
  await page.getByText('1 of the proxies takes no requests').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('operator-health');
  await second.stop();
  await page.getByRole('button', { name: 'Accounts' }).click();
  await page.getByRole('button', { name: 'Password reset' }).click();
  const other = await createUser(api.owner, { accountId: tenant.accountId });
  await page.getByLabel('Email').fill(other.email);
  await page.getByRole('button', { name: 'Make a link' }).click();
  await page.getByText('Nothing is mailed').waitFor();
  const link = new URL(await page.getByRole('dialog').locator('pre').innerText());
  await page.context().clearCookies();
  await dashboard.go(`${link.pathname}${link.hash}`);
  expect(new URL(page.url()).hash).toBe('');
  await dashboard.expectClean();
  await dashboard.screenshots('reset-password');
  await page.getByLabel('New password').fill('another one entirely');
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.getByRole('link', { name: `You: ${other.email}` }).waitFor();
}, 60_000);

test('the operator imports prices once he has seen what they change', async () => {
  const { page, api } = dashboard;
  await dashboard.signIn();
  await dashboard.go('/operator?part=prices');
  await page.getByLabel('Document').fill('{"models":[{"provider":"openai"}]}');
  await page.getByRole('button', { name: 'See what would change' }).click();
  await page.getByText(/^input\.document\.models\.0\.model /).waitFor();
  const rates = { inputTokens: '0.15', outputTokens: '0.6' };
  const models = [{ provider: 'openai', model: 'gpt-imported', rules: [{ usdPerMillion: rates }] }];
  await page.getByLabel('Document').fill(JSON.stringify({ models }));
  await page.getByLabel('Source').fill('our contract');
  const release = await holdOperation(page, 'ImportPriceList');
  await page.getByRole('button', { name: 'See what would change' }).click();
  await page.getByLabel('Mode').selectOption('REPLACE');
  await release();
  await page.getByRole('button', { name: 'See what would change', disabled: false }).waitFor();
  expect(await page.getByRole('button', { name: /^Import/ }).count()).toBe(0); // it would be another import than was told
  await page.getByLabel('Mode').selectOption('MERGE');
  await page
    .getByRole('region', { name: 'Differences' })
    .getByRole('row', { name: /added openai gpt-imported/ })
    .waitFor();
  const versions = (): Promise<readonly { readonly source: string }[]> =>
    api.owner.query<{ source: string }>('SELECT source FROM price_list').then(({ rows }) => rows);
  expect(await versions()).toEqual([]);
  await dashboard.expectClean();
  await dashboard.screenshots('operator-prices');
  await page.getByRole('button', { name: 'Import 1 change' }).click();
  await page.getByText('Version 1 is in force').waitFor();
  expect(await versions()).toEqual([{ source: 'our contract' }]);
}, 60_000);

test('the operator has the ledger of a day proved, and sees what is lost of it', async () => {
  const { page, api } = dashboard;
  const traffic = await dashboardTraffic(dashboard, 'proved');
  const lost = await traffic.send();
  await traffic.settled();
  await api.owner.query(
    `INSERT INTO ledger_spool (id, host, settled_seq, shipped_seq) VALUES (gen_random_uuid(), 'proxy-behind', 17, 5)`,
  );
  await dashboard.signIn();
  await dashboard.go('/operator?part=ledger');
  await page.getByText('stands in the ledger once').waitFor();
  const figure = (name: string): Promise<string> =>
    page.getByLabel('Records of the day').locator('.figure', { hasText: name }).locator('dd').first().innerText();
  expect([await figure('Shipped'), await figure('Lost')]).toEqual([await figure('Recorded'), '0']);
  await page
    .getByRole('region', { name: 'Open spools' })
    .getByRole('row', { name: /proxy-behind 12/ })
    .waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('operator-ledger');
  await api.owner.query('DELETE FROM usage_record WHERE id = $1', [lost]);
  await dashboard.go('/operator?part=ledger');
  await page.getByText('not whole').waitFor();
  expect(await figure('Lost')).toBe('1');
  await page.getByLabel('Day, in UTC').fill('2020-01-01');
  await page.getByText('Nothing is known of this day').waitFor();
}, 60_000);

test('for anybody else there is no operator page, and no way to it', async () => {
  const { page, api, tenant } = dashboard;
  await dashboard.signIn(await createUser(api.owner, { accountId: tenant.accountId }));
  await dashboard.go('/operator');
  await page.getByText('There is nothing here').waitFor();
  expect(await page.getByRole('link', { name: 'Operator' }).count()).toBe(0);
});

test('somebody ends his other sessions and changes his password', async () => {
  const { page, api, tenant } = dashboard;
  const own = await person(api, { accountId: tenant.accountId });
  await givePassword(api, own.id, 'the first of mine');
  const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
  (await own.call(SIGN_IN, { input: { email: own.email, password: 'the first of mine' } })).expectData();
  await dashboard.signIn(own);
  await dashboard.go(`/accounts/${tenant.name}`);
  await page.getByRole('link', { name: `You: ${own.email}` }).click();
  await page.getByText('this one').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('profile');
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('button', { name: 'End them' }).click();
  await page.getByText('One session has ended').waitFor();
  await page.getByLabel('Present password').fill('a wrong one');
  await page.getByLabel('New password').fill('the second of mine');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('Is not your password').waitFor();
  await page.getByLabel('Present password').fill('the first of mine');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('Your password was changed').waitFor();
  await page.getByRole('button', { name: 'End this session' }).click();
  await page.getByRole('button', { name: 'End session' }).click();
  await page.waitForURL('**/sign-in*');
});
