import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDashboard, type TestDashboard } from '../support/dashboard.js';
import { givePassword, person } from '../support/people.js';
import { createUser } from '../support/seed.js';
import { createTenant } from '../support/tenant.js';

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
  const { page, user } = dashboard;
  await dashboard.signIn();
  await dashboard.go('/operator?part=health');
  await page.getByText('reachable').waitFor();
  await page.getByRole('heading', { name: 'Proxies' }).waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('operator-health');
  await page.getByRole('button', { name: 'Accounts' }).click();
  await page.getByRole('button', { name: 'Password reset' }).click();
  await page.getByLabel('Email').fill(user.email);
  await page.getByRole('button', { name: 'Make a link' }).click();
  await page.getByText('Nothing is mailed').waitFor();
  expect(await page.getByRole('dialog').locator('pre').innerText()).toContain('/reset-password#');
});

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
