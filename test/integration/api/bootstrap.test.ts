import { afterEach, expect, test } from '@jest/globals';
import { bootstrap, firstAccountName } from '../../../api/bootstrap.js';
import { createDemoGateway, hasDemoGateway } from '../../../api/demo-gateway.js';
import { DEMO_PRICES } from '../../../api/modules/pricing/demo-prices.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller } from '../../support/graphql.js';

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
const OPTIONS = { email: 'admin@localhost', password: null, accountName: 'main' };
const started: TestApi[] = [];

afterEach(() => Promise.all(started.splice(0).map((api) => api.stop())));

async function fresh(): Promise<TestApi> {
  const api = await startTestApi();
  started.push(api);
  return api;
}

test('the first start makes a user who can sign in, owns the first account and operates the instance', async () => {
  const { api, url } = await fresh();
  const first = await bootstrap(api.services, OPTIONS);
  const input = { email: first?.email, password: first?.password };
  const signedIn = (await graphqlCaller(url, null)(SIGN_IN, { input })).expectData<{ signIn: { token: string } }>();
  const VIEWER = '{ viewer { isOperator accounts { edges { node { name gateways { edges { node { name } } } } } } } }';
  await createDemoGateway(api.services.database, api.services.gateways);
  expect((await graphqlCaller(url, signedIn.signIn.token)(VIEWER)).expectData()).toEqual({
    viewer: {
      isOperator: true,
      accounts: { edges: [{ node: { name: 'main', gateways: { edges: [{ node: { name: 'demo' } }] } } }] },
    },
  });
});

test('a demo gateway is made by the start that finds no gateway, and never again', async () => {
  const { api, owner } = await fresh();
  const { database, gateways } = api.services;
  await createDemoGateway(database, gateways); // before the first account: nothing
  await bootstrap(api.services, OPTIONS);
  await Promise.all([1, 2].map(() => createDemoGateway(database, gateways)));
  await owner.query('UPDATE gateway SET deleted_at = now()');
  await createDemoGateway(database, gateways);
  expect((await owner.query('SELECT name FROM gateway')).rows).toEqual([{ name: 'demo' }]);
});

test('an account that was deleted before it had a gateway gets none, and keeps no api from starting', async () => {
  const { api, owner } = await fresh();
  const { database, gateways } = api.services;
  await bootstrap(api.services, OPTIONS);
  await owner.query('UPDATE account SET deleted_at = now()');
  await createDemoGateway(database, gateways);
  expect(await hasDemoGateway(database)).toBe(false);
  expect((await owner.query('SELECT name FROM gateway')).rows).toEqual([]);
});

test('later starts make nothing and change no password, whatever they are told', async () => {
  const { api, owner } = await fresh();
  await bootstrap(api.services, { ...OPTIONS, password: 'the first password' });
  const before = await owner.query('SELECT email, password_hash FROM app_user');
  expect(
    await bootstrap(api.services, { email: 'b@example.com', password: 'another password', accountName: 'other' }),
  ).toBeNull();
  expect((await owner.query('SELECT email, password_hash FROM app_user')).rows).toEqual(before.rows);
  expect(await firstAccountName(api.services.database)).toBe('main');
});

test('of several apis that start at once, one makes the first user', async () => {
  const { api, owner } = await fresh();
  const made = await Promise.all([1, 2, 3].map(() => bootstrap(api.services, OPTIONS)));
  expect(made.filter((first) => first !== null)).toHaveLength(1);
  const { rows } = await owner.query(
    'SELECT (SELECT count(*) FROM app_user) AS users, (SELECT count(*) FROM account) AS accounts',
  );
  expect(rows).toEqual([{ users: '1', accounts: '1' }]);
});

test('a bad email or account name is refused by the name of its variable', async () => {
  const { api } = await fresh();
  await expect(bootstrap(api.services, { ...OPTIONS, email: 'nobody' })).rejects.toThrow('BOOTSTRAP_EMAIL');
  await expect(bootstrap(api.services, { ...OPTIONS, accountName: 'No Name' })).rejects.toThrow('BOOTSTRAP_ACCOUNT');
});

test('what an operator imported stands at the next starts, until he takes the build’s prices again', async () => {
  const { api, owner } = await fresh();
  const { priceLists, priceImports } = api.services;
  const build = { name: 'build', prices: DEMO_PRICES };
  await priceLists.ensure(build);
  const rules = [{ usdPerMillion: { inputTokens: '1' } }];
  const document = JSON.stringify({ models: [{ provider: 'openai', model: 'own', rules }] });
  const request = {
    format: 'TOLLGATE',
    document,
    mode: 'REPLACE',
    source: null,
    dryRun: false,
    importedBy: 'x',
  } as const;
  expect(await priceImports.import(request)).toMatchObject({ version: 2, models: 1 });
  expect(await priceLists.ensure(build)).toBe(2);
  expect((await priceImports.import({ ...request, format: 'BUILT_IN', document: null })).version).toBe(3);
  expect((await priceImports.import({ ...request, format: 'BUILT_IN', document: null })).version).toBe(3);
  expect(await priceLists.ensure(build)).toBe(4);
  const { rows } = await owner.query('SELECT origin, imported_by FROM price_list ORDER BY version');
  expect(rows).toEqual([
    { origin: 'BUILT_IN', imported_by: null },
    { origin: 'IMPORT', imported_by: 'x' },
    { origin: 'BUILT_IN', imported_by: null },
    { origin: 'BUILT_IN', imported_by: null },
  ]);
});

test('equal prices are stored once, other prices are a new version that proxies hear of', async () => {
  const { api, owner } = await fresh();
  const { priceLists } = api.services;
  const source = { name: 'test', prices: DEMO_PRICES };
  expect(await Promise.all([priceLists.ensure(source), priceLists.ensure(source)])).toEqual([1, 1]);
  expect(
    await priceLists.ensure({
      name: 'test',
      prices: [...DEMO_PRICES, ...DEMO_PRICES.map((price) => ({ ...price, model: 'two' }))],
    }),
  ).toBe(2);
  const { rows } = await owner.query('SELECT version, count(*)::int AS models FROM model_price GROUP BY 1 ORDER BY 1');
  expect(rows).toEqual([
    { version: 1, models: 1 },
    { version: 2, models: 2 },
  ]);
  const changes = await owner.query<{ kind: string }>("SELECT change->>'kind' AS kind FROM policy_outbox");
  expect(changes.rows).toEqual([{ kind: 'prices' }, { kind: 'prices' }]);
});
