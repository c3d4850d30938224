/** Every version of a gateway is kept, told, compared, and can be had again. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dropOldVersions } from '../../../api/modules/gateway/index.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createUser, type TestUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { accountRuns } from '../../support/test-size.js';

const SETTINGS = `settings { authentication collectLogs cacheTtlSeconds rateLimits { name limit intervalSeconds technique key keyName }
  retryMaxAttempts requestTimeoutMs logRetentionDays egressProxyUrl }`;
const GATEWAY = `query ($tag: String!, $name: String!, $first: Int, $after: String) { account(tag: $tag) { gateway(name: $name) {
  id configVersion description ${SETTINGS}
  versions(first: $first, after: $after) { pageInfo { hasNextPage endCursor } edges { node { number actor action description
    ${SETTINGS} providerKeys { provider alias version } customProviders { slug version } changes { path before after } } } } } } }`;
const DIFF = `query ($tag: String!, $name: String!, $from: Int!, $to: Int!) { account(tag: $tag) { gateway(name: $name) {
  versionDiff(from: $from, to: $to) { path before after } version(number: $to) { number } } } }`;

interface Config {
  readonly description: string | null;
  readonly settings: Readonly<Record<string, unknown>>;
}
interface Version extends Config {
  readonly number: number;
  readonly actor: string;
  readonly action: string;
  readonly providerKeys: readonly object[];
  readonly customProviders: readonly object[];
  readonly changes: readonly { readonly path: string; readonly before: unknown; readonly after: unknown }[] | null;
}
interface Gateway extends Config {
  readonly id: string;
  readonly configVersion: number;
  readonly versions: {
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    readonly edges: readonly { readonly node: Version }[];
  };
}

let api: TestApi;
let tenant: TestTenant;
let admin: TestUser;
let call: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(begin);
afterAll(() => api.stop());

async function begin(): Promise<void> {
  tenant = await createTenant(api.owner);
  admin = await createUser(api.owner, { accountId: tenant.accountId, role: 'ADMIN' });
  call = graphqlCaller(api.url, admin.token);
}

/** The id of what was made or changed. */
async function mutate(field: string, type: string, input: object): Promise<string> {
  const answer = await call(`mutation ($input: ${type}!) { it: ${field}(input: $input) { id } }`, { input });
  return answer.expectData<{ it: { id: string } }>().it.id;
}
const create = (name: string, more: object = {}): Promise<string> =>
  mutate('createGateway', 'CreateGatewayInput', { accountId: tenant.accountId, name, ...more });
const update = (input: object): Promise<string> => mutate('updateGateway', 'UpdateGatewayInput', input);
const ROLL_BACK = 'mutation ($input: RollbackGatewayInput!) { rollbackGateway(input: $input) { configVersion } }';
const rollBack = (input: object): ReturnType<GraphqlCaller> => call(ROLL_BACK, { input });

async function gateway(name: string, page: object = { first: 100 }): Promise<Gateway> {
  const answer = await call(GATEWAY, { tag: tenant.tag, name, ...page });
  return answer.expectData<{ account: { gateway: Gateway } }>().account.gateway;
}
const history = async (name: string): Promise<Version[]> =>
  (await gateway(name)).versions.edges.map(({ node }) => node);

const rule = fc.record({
  name: fc.constantFrom('a', 'b c', 'd'),
  limit: fc.integer({ min: 1, max: 3 }),
  intervalSeconds: fc.constant(60),
});
const changes = fc.record(
  {
    description: fc.option(fc.constantFrom('one', 'two')),
    settings: fc.record(
      {
        collectLogs: fc.option(fc.boolean()),
        cacheTtlSeconds: fc.option(fc.constantFrom(0, 60)),
        requestTimeoutMs: fc.option(fc.constantFrom(100, 200)),
        rateLimits: fc.option(fc.uniqueArray(rule, { selector: ({ name }) => name, maxLength: 3 })),
      },
      { requiredKeys: [] },
    ),
    ifVersion: fc.constantFrom(undefined, undefined, 2),
    /** back to so many versions ago, in place of a change */
    back: fc.constantFrom(undefined, undefined, 1, 2),
  },
  { requiredKeys: [] },
);

test('whatever is changed and rolled back, the versions are what the gateway was, and a rollback is equal to the old one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(changes, { minLength: 1, maxLength: 5 }), async (steps) => {
      await begin();
      const id = await create('main');
      const seen = new Map<number, Config>();
      for (const { back, ...step } of [{ back: undefined }, ...steps]) {
        const before = await gateway('main');
        const { configVersion } = before;
        const version = configVersion - (back ?? configVersion);
        if (back !== undefined && version >= 1) {
          (await rollBack({ id, version })).expectData();
          const after = await gateway('main');
          expect([after.description, after.settings]).toEqual([
            seen.get(version)?.description,
            seen.get(version)?.settings,
          ]);
          expect(after.configVersion - configVersion).toBe(isSame(before, seen.get(version)) ? 0 : 1);
        } else if (seen.size > 0) {
          await call('mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) { id } }', {
            input: { id, ...step },
          });
        }
        const { configVersion: number, description, settings } = await gateway('main');
        seen.set(number, { description, settings });
      }
      const versions = await history('main');
      expect(versions.map(({ number }) => number)).toEqual([...seen.keys()].toReversed());
      for (const version of versions) {
        expect({ description: version.description, settings: version.settings }).toEqual(seen.get(version.number));
        expect(version.changes?.length).not.toBe(0);
        expect(version.actor).toBe(`user:${admin.email}`);
      }
    }),
    accountRuns,
  );
});

const isSame = (a: Config, b: Config | undefined): boolean =>
  JSON.stringify([a.description, a.settings]) === JSON.stringify([b?.description, b?.settings]);

test('a change of a key, a custom provider or a price is a version too, which says what it was', async () => {
  const gatewayId = await create('main');
  const { accountId } = tenant;
  const key = await mutate('createProviderKey', 'CreateProviderKeyInput', {
    gatewayId,
    provider: 'openai',
    secret: 'sk-test-canary-012345',
  });
  await mutate('rotateProviderKey', 'RotateProviderKeyInput', { id: key, secret: 'sk-test-canary-543210' });
  const custom = { accountId, slug: 'mine', name: 'Mine', baseUrl: 'https://api.example.com' };
  await mutate('createCustomProvider', 'CreateCustomProviderInput', { ...custom, headers: { 'x-key': 'canary' } });
  const rates = [{ unit: 'inputTokens', usdPerMillion: '1' }];
  await mutate('setPriceOverride', 'SetPriceOverrideInput', { accountId, provider: 'openai', model: 'm', rates });
  const versions = await history('main');
  expect(versions.map(({ number, action }) => [number, action])).toEqual([
    [5, 'priceOverride.set'],
    [4, 'customProvider.create'],
    [3, 'providerKey.rotate'],
    [2, 'providerKey.create'],
    [1, 'gateway.create'],
  ]);
  expect(versions.map((version) => version.changes)).toEqual([
    [],
    [{ path: 'customProviders.mine', before: null, after: { slug: 'mine', version: 1 } }],
    [{ path: 'providerKeys.openai/default.version', before: 1, after: 2 }],
    [
      {
        path: 'providerKeys.openai/default',
        before: null,
        after: { provider: 'openai', alias: 'default', version: 1 },
      },
    ],
    null,
  ]);
  const { rows } = await api.owner.query<{ text: string }>(
    'SELECT row_to_json(v)::text AS text FROM gateway_version v WHERE gateway_id = $1',
    [gatewayId],
  );
  expect(rows.filter(({ text }) => text.includes('canary'))).toEqual([]);
});

test('versions are paged and compared; what is not kept is null, and can be no one’s rollback', async () => {
  const id = await create('main');
  for (const limit of [1, 2, 3]) {
    await update({ id, settings: { rateLimits: [{ name: 'only', limit, intervalSeconds: 60 }] } });
  }
  const first = await gateway('main', { first: 3 });
  expect(first.versions.edges.map(({ node }) => node.number)).toEqual([4, 3, 2]);
  expect(first.versions.edges.at(-1)?.node.changes).toMatchObject([{ path: 'settings.rateLimits.only' }]);
  const { endCursor } = first.versions.pageInfo;
  const second = await gateway('main', { first: 3, after: endCursor });
  expect([second.versions.edges.map(({ node }) => node.number), second.versions.pageInfo.hasNextPage]).toEqual([
    [1],
    false,
  ]);
  const diff = async (from: number, to: number): Promise<unknown> =>
    (await call(DIFF, { tag: tenant.tag, name: 'main', from, to })).expectData<{ account: { gateway: object } }>()
      .account.gateway;
  expect(await diff(2, 4)).toEqual({
    versionDiff: [{ path: 'settings.rateLimits.only.limit', before: 1, after: 3 }],
    version: { number: 4 },
  });
  expect(await diff(4, 9)).toEqual({ versionDiff: null, version: null });
  (await rollBack({ id, version: 9 })).expectError('NOT_FOUND');
  (await rollBack({ id, version: 2, ifVersion: 3 })).expectError('CONFLICT', 'input.ifVersion');
  expect((await rollBack({ id, version: 2, ifVersion: 4 })).expectData()).toEqual({
    rollbackGateway: { configVersion: 5 },
  });
});

test('a version comes back with a rate rule that would be taken no more', async () => {
  const perHeader = { name: 'each', limit: 1, intervalSeconds: 60, key: 'HEADER', keyName: 'x-key' };
  const id = await create('main', { settings: { rateLimits: [perHeader] } });
  await update({ id, settings: { rateLimits: [] } });
  await api.owner.query(
    `UPDATE gateway_version SET settings = jsonb_set(settings, '{rateLimits,0,keyName}', '"no header"')
     WHERE gateway_id = $1 AND number = 1`,
    [id],
  );
  (await rollBack({ id, version: 1 })).expectData();
  expect((await gateway('main')).settings).toMatchObject({ rateLimits: [{ ...perHeader, keyName: 'no header' }] });
});

test('a version with a number that none has is null', async () => {
  await create('main');
  const ONE = `query ($tag: String!, $number: Int!) { account(tag: $tag) { gateway(name: "main") {
    version(number: $number) { number } } } }`;
  for (const number of [-2_147_483_648, 0, 2_147_483_647]) {
    expect((await call(ONE, { tag: tenant.tag, number })).expectData()).toEqual({
      account: { gateway: { version: null } },
    });
  }
});

test('credentials of an egress proxy come back only while they stand', async () => {
  const whole = 'http://robot:hunter2@proxy.example.com:3128';
  const id = await create('main', { settings: { egressProxyUrl: whole } });
  await update({ id, settings: { collectLogs: false } });
  (await rollBack({ id, version: 1 })).expectData();
  expect((await gateway('main')).settings).toMatchObject({
    collectLogs: true,
    egressProxyUrl: whole.replace('hunter2', '***'),
  });
  await update({ id, settings: { egressProxyUrl: 'http://plain.example.com:3128' } });
  (await rollBack({ id, version: 1 })).expectError('CONFLICT', 'input.version');
  await update({ id, settings: { egressProxyUrl: null } });
  (await rollBack({ id, version: 4 })).expectData();
  expect((await gateway('main')).settings).toMatchObject({ egressProxyUrl: 'http://plain.example.com:3128' });
});

test('the last thousand versions are kept, for as long as the ledger is after another followed', async () => {
  const id = await create('main');
  await api.owner.query('UPDATE gateway SET config_version = 1000 WHERE id = $1', [id]);
  await api.owner.query('UPDATE gateway_version SET number = 1000 WHERE gateway_id = $1', [id]);
  // What Postgres knows of the table is that it has no old versions.
  await api.owner.query('ANALYZE gateway_version');
  await api.owner.query(
    `INSERT INTO gateway_version (gateway_id, number, account_id, created_at, actor, action, settings)
     SELECT $1, g, $2, now() - make_interval(days => 1000 - g), 'instance', 'gateway.update', '{}' FROM generate_series(1, 999) g`,
    [id, tenant.accountId],
  );
  const numbers = async (): Promise<number[]> => {
    const { rows } = await api.owner.query<{ number: number }>(
      'SELECT number FROM gateway_version WHERE gateway_id = $1 ORDER BY number',
      [id],
    );
    return rows.map(({ number }) => number);
  };
  expect((await numbers()).length).toBe(1_000);
  await update({ id, description: 'the 1001st' });
  const kept = await numbers();
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([1_000, 2, 1_001]);
  expect(await dropOldVersions(api.api.services.database, 400)).toBe(598);
  expect([(await numbers())[0], (await numbers()).at(-1)]).toEqual([600, 1_001]);
});

test('no role rewrites a version, and the api removes none of the last thousand', async () => {
  await create('main');
  const client = await api.owner.connect();
  try {
    for (const [sql, outcome] of [
      [`UPDATE gateway_version SET actor = 'nobody'`, '42501'],
      ['DELETE FROM gateway_version', '0 rows'],
    ] as const) {
      await client.query(`BEGIN; SET LOCAL ROLE tollgate_api; SET LOCAL "app"."account" = '${tenant.accountId}'`);
      const said = await client.query(sql).then(
        ({ rowCount }) => `${String(rowCount)} rows`,
        (error: Error & { code?: string }) => error.code,
      );
      await client.query('ROLLBACK');
      expect(said).toBe(outcome);
    }
  } finally {
    client.release();
  }
});
