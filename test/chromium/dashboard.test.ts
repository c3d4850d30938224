import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { openDashboard, type TestDashboard } from '../support/dashboard.js';
import { givePassword, invite, PASSWORD, person } from '../support/people.js';
import { createUser } from '../support/seed.js';
import { createTenant } from '../support/tenant.js';

let dashboard: TestDashboard;

beforeAll(async () => {
  dashboard = await openDashboard({ api: { isSignUpOpen: true } });
}, 60_000);
beforeEach(() => dashboard.page.context().clearCookies());
afterAll(() => dashboard.stop());

const path = (): string => dashboard.page.url().slice(dashboard.api.url.length);

test('somebody signs in, creates a gateway and sees its endpoint', async () => {
  const { page, tenant, user, api } = dashboard;
  const answer = await page.goto(`${api.url}/`);
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');

  await page.getByLabel('Email').fill(user.email);
  await page.getByLabel('Password').fill('a wrong one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('sign-in');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();

  await page.getByText('No gateways yet').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('account-home-empty');
  await page.getByRole('button', { name: 'Create gateway' }).first().click();
  await page.getByLabel('Name').fill('not a name');
  await page.getByText('May hold letters of A to Z').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('create-gateway');
  await page.getByLabel('Name').fill('first');
  await page.getByLabel('Description').fill('for the test');
  await page.getByRole('dialog').getByRole('button', { name: 'Create gateway' }).click();

  await page.getByRole('heading', { name: 'first' }).waitFor();
  expect(path()).toBe(`/accounts/${tenant.name}/gateways/first`);
  expect(await page.locator('pre').first().innerText()).toContain(`${dashboard.proxy.url}/v1/`);
  await dashboard.expectClean();
});

test('T-WEB-4 who must sign in first comes back to where he was, and never to another site', async () => {
  const { page, user, tenant, api } = dashboard;
  const wanted = `/accounts/${tenant.name}?range=7d`;
  for (const [next, expected] of [
    [null, wanted],
    ['//evil.example/x', `/accounts/${tenant.name}`],
    [String.raw`/\evil.example`, `/accounts/${tenant.name}`],
    ['https://evil.example/', `/accounts/${tenant.name}`],
  ] as const) {
    await page.context().clearCookies();
    await page.goto(`${api.url}${next === null ? wanted : `/sign-in?next=${encodeURIComponent(next)}`}`);
    await page.getByLabel('Email').fill(user.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Gateways' }).waitFor();
    expect(path()).toBe(expected);
  }
});

test('an invitation is accepted by its link, whose secret leaves the address', async () => {
  const { page, api } = dashboard;
  const tenant = await createTenant(api.owner);
  const owner = await person(api, { accountId: tenant.accountId });
  const { secret } = await invite(owner.call, {
    accountId: tenant.accountId,
    email: 'new@example.com',
    role: 'EDITOR',
  });
  await dashboard.go(`/invitation#${secret}`);
  await page.getByText('new@example.com').waitFor();
  expect(path()).toBe('/invitation');
  await dashboard.expectClean();
  await dashboard.screenshots('invitation');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: `Join ${tenant.name}` }).click();
  await page.getByText('No gateways yet').waitFor();
  expect(path()).toBe(`/accounts/${tenant.name}`);
});

test('who mistypes his password on an invitation is told so, and joins with the right one', async () => {
  const { page, api } = dashboard;
  const tenant = await createTenant(api.owner);
  const { accountId } = tenant;
  const owner = await person(api, { accountId });
  const guest = await person(api);
  await givePassword(api, guest.id);
  const { secret } = await invite(owner.call, { accountId, email: guest.email, role: 'VIEWER' });
  await dashboard.go(`/invitation#${secret}`);
  await page.getByLabel('Password').fill('not his password');
  await page.getByRole('button', { name: `Join ${tenant.name}` }).click();
  await page.getByText('Is not the password of this user').waitFor();
  expect(path()).toBe('/invitation');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: `Join ${tenant.name}` }).click();
  await page.getByText('No gateways yet').waitFor();
});

test('somebody signs up where that is open, and is told what is wrong with what he typed', async () => {
  const { page } = dashboard;
  await dashboard.go('/sign-up');
  await page.getByLabel('Email').fill('me@example.com');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByLabel('Account name').fill('Not A Name');
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByText('Must be 1 to 64 of a-z').waitFor();
  await dashboard.expectClean();
  await dashboard.screenshots('sign-up');
  await page.getByLabel('Account name').fill('me-and-mine');
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByText('No gateways yet').waitFor();
  expect(path()).toBe('/accounts/me-and-mine');
});

test('what is not there, or in an account of others, is not found, whichever it is', async () => {
  const { page, api } = dashboard;
  const others = await createTenant(api.owner);
  await dashboard.signIn();
  for (const place of [
    `/accounts/${others.name}`,
    '/accounts/nobody',
    `/accounts/${dashboard.tenant.name}/gateways/none`,
  ]) {
    await dashboard.go(place);
    await page.getByText('There is nothing here').waitFor();
  }
  await dashboard.expectClean();
  await dashboard.screenshots('not-found');
});

test('rights that could not be asked for are not taken for none', async () => {
  const { page, tenant } = dashboard;
  await dashboard.signIn();
  await page.route('**/graphql', async (route) => {
    const { operationName } = route.request().postDataJSON() as { readonly operationName: string }; // of request.ts
    const errors = [{ message: 'Out of order', extensions: { code: 'INTERNAL' } }];
    await (operationName === 'AccountRights' ? route.fulfill({ json: { errors } }) : route.continue());
  });
  await dashboard.go(`/accounts/${tenant.name}`);
  await page.getByText('What you may do here could not be asked: Out of order').waitFor();
  await page.unrouteAll({ behavior: 'wait' });
});

test('usage of gateways that is refused is told, and can be asked for again', async () => {
  const { page, tenant } = dashboard;
  await dashboard.signIn();
  await tenant.gateway('unused');
  let isRefused = true;
  await page.route('**/graphql', async (route) => {
    const { operationName } = route.request().postDataJSON() as { readonly operationName: string }; // of request.ts
    const errors = [{ message: 'Too much was asked', extensions: { code: 'RATE_LIMITED' } }];
    await (isRefused && operationName === 'GatewaysUsage' ? route.fulfill({ json: { errors } }) : route.continue());
  });
  await dashboard.go(`/accounts/${tenant.name}`);
  await page.getByText('Too much was asked').waitFor();
  await page.getByRole('link', { name: 'unused' }).waitFor();
  await dashboard.expectClean();
  isRefused = false;
  await page.getByRole('button', { name: 'Ask again' }).click();
  await page.getByText('No requests in this range').first().waitFor();
  await page.getByText('Too much was asked').waitFor({ state: 'detached' });
  await page.unrouteAll({ behavior: 'wait' });
});

test('a session that ended leads to sign-in and back', async () => {
  const { page, api, tenant } = dashboard;
  const user = await createUser(api.owner, { accountId: tenant.accountId });
  await dashboard.signIn(user);
  await dashboard.go(`/accounts/${tenant.name}`);
  await api.owner.query('DELETE FROM session WHERE user_id = $1', [user.id]);
  await page.getByRole('button', { name: '7d' }).click();
  await page.getByLabel('Email').waitFor();
  expect(path()).toBe(`/sign-in?next=${encodeURIComponent(`/accounts/${tenant.name}?range=7d`)}`);
});
