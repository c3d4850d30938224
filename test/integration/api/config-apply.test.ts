/** Applying a configuration: what comes of any two documents, one after the other, and that it is all or nothing. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { instanceScope } from '../../../api/access.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlAnswer, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { accountRuns } from '../../support/test-size.js';

const APPLY = `mutation ($input: ApplyConfigInput!) { applyConfig(input: $input) {
  dryRun revision secrets steps { kind path changes { path before after } } } }`;
const EXPORT = 'query ($tag: String!) { account(tag: $tag) { configuration { document revision } } }';

interface Applied {
  readonly revision: string;
  readonly secrets: readonly string[];
  readonly steps: readonly { readonly kind: string; readonly path: string }[];
}
interface Exported {
  readonly document: object;
  readonly revision: string;
}

let api: TestApi;
let tenant: TestTenant;
let call: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(begin);
afterAll(() => api.stop());

async function begin(): Promise<void> {
  tenant = await createTenant(api.owner);
  const admin = await createUser(api.owner, { accountId: tenant.accountId, role: 'ADMIN' });
  call = graphqlCaller(api.url, admin.token);
}

/** A secret that any provider takes. */
const valueOf = (from: string): string => `value-of-${from.replace(':', '-')}`;

async function send(document: object, more: object = {}): Promise<GraphqlAnswer> {
  const secrets = [...JSON.stringify(document).matchAll(/env:\w+/g)].map(([from]) => ({ from, value: valueOf(from) }));
  return call(APPLY, {
    input: { accountId: tenant.accountId, document, dryRun: false, prune: true, secrets, ...more },
  });
}
const applied = async (document: object, more: object = {}): Promise<Applied> =>
  (await send(document, more)).expectData<{ applyConfig: Applied }>().applyConfig;
async function exported(): Promise<Exported> {
  const answer = await call(EXPORT, { tag: tenant.tag });
  return answer.expectData<{ account: { configuration: Exported } }>().account.configuration;
}

const references = fc.constantFrom('env:ONE', 'env:TWO');
const custom = fc.record({
  slug: fc.constantFrom('mine', 'yours'),
  name: fc.constantFrom('M', 'N'),
  baseUrl: fc.constantFrom('https://a.example.com', 'https://b.example.com/v1'),
  headers: fc.uniqueArray(fc.record({ name: fc.constantFrom('x-a', 'X-B'), secretFrom: references }), {
    selector: ({ name }) => name,
    maxLength: 2,
  }),
});
const key = fc.record({
  provider: fc.constantFrom('openai', 'anthropic'),
  alias: fc.constantFrom('default', 'b'),
  secretFrom: references,
});
const gateway = fc.record({
  name: fc.constantFrom('a', 'B', 'c_d'),
  description: fc.option(fc.constantFrom('x', 'yes')),
  settings: fc.record(
    { collectLogs: fc.boolean(), requestTimeoutMs: fc.option(fc.constant(100)), cacheInvalidateOnUpdate: fc.boolean() },
    { requiredKeys: [] },
  ),
  providerKeys: fc.uniqueArray(key, { selector: ({ provider, alias }) => `${provider}/${alias}`, maxLength: 3 }),
});
const override = fc.record({
  provider: fc.constant('openai'),
  model: fc.constantFrom('m', 'n'),
  rates: fc.record({ inputTokens: fc.constantFrom('1', '0.5', '10') }),
});
const section = <T>(item: fc.Arbitrary<T>, nameOf: (item: T) => string): fc.Arbitrary<T[]> =>
  fc.uniqueArray(item, { selector: nameOf, maxLength: 3 });
const documents = fc.record(
  {
    version: fc.constant(1),
    customProviders: section(custom, ({ slug }) => slug),
    gateways: section(gateway, ({ name }) => name),
    priceOverrides: section(override, ({ model }) => model),
  },
  { requiredKeys: ['version'] },
);

test('whatever stood before: a dry run tells the steps and does none, they lead to the document, and then nothing is left to do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(documents, { minLength: 2, maxLength: 3 }), async (wanted) => {
      await begin();
      for (const document of wanted) {
        const before = await exported();
        const plan = await applied(document, { dryRun: true, secrets: [] });
        expect(await exported()).toEqual(before);
        const done = await applied(document, { ifRevision: plan.revision });
        expect([done.steps, done.secrets]).toEqual([plan.steps, plan.secrets]);
        expect(done.revision === before.revision).toBe(plan.steps.length === 0);
        const after = await exported();
        expect(after.revision).toBe(done.revision);
        expect((await applied(document, { secrets: [] })).steps).toEqual([]);
        expect((await applied(after.document, { secrets: [] })).steps).toEqual([]);
        for (const name of ['customProviders', 'gateways', 'priceOverrides'] as const) {
          const [old, now] = [before.document, after.document].map((each) => Reflect.get(each, name) as object[]);
          if (document[name] === undefined) expect(now).toEqual(old);
          else expect(now?.length).toBe(document[name].length);
        }
      }
    }),
    accountRuns,
  );
});

const WHOLE = {
  version: 1,
  gateways: [{ name: 'a' }, { name: 'b', providerKeys: [{ provider: 'openai', secretFrom: 'env:ONE' }] }],
  priceOverrides: [{ provider: 'openai', model: 'm', rates: { inputTokens: '1' } }],
};

async function rowsOf(table: string): Promise<number> {
  const { rows } = await api.owner.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${table} WHERE account_id = $1`,
    [tenant.accountId],
  );
  return rows[0]?.count ?? 0;
}

test('an application that fails at its last step has done nothing of it', async () => {
  const before = await exported();
  (await send(WHOLE, { secrets: [] })).expectError(
    'BAD_USER_INPUT',
    'input.document.gateways.1.providerKeys.0.secretFrom',
  );
  // done in the order of names, of which m99 is the last: the 201st price is one too many
  const many = Array.from({ length: 201 }, (_, index) => ({ ...WHOLE.priceOverrides[0], model: `m${index}` }));
  (await send({ ...WHOLE, priceOverrides: many })).expectError('CONFLICT', 'input.document.priceOverrides.99');
  expect(await exported()).toEqual(before);
  for (const table of ['gateway', 'audit_event', 'gateway_version', 'policy_outbox'])
    expect([table, await rowsOf(table)]).toEqual([table, 0]);
});

test('a reference to a secret is text that can be stored', async () => {
  const document = {
    version: 1,
    gateways: [{ name: 'a', settings: { egressProxyUrl: { secretFrom: 'file:\ud800' } } }],
  };
  (await send(document, { secrets: [{ from: 'file:\ud800', value: 'http://u:p@example.com:8080' }] })).expectError(
    'BAD_USER_INPUT',
    'input.document.gateways.0.settings.egressProxyUrl.secretFrom',
  );
});

test('an application makes one version of each gateway that it changes, says so, and leaves an event of every step', async () => {
  await applied(WHOLE);
  await applied({ ...WHOLE, gateways: [{ name: 'a', settings: { collectLogs: false } }, ...WHOLE.gateways.slice(1)] });
  const versions = await api.owner.query<{ version: string }>(
    `SELECT concat_ws(' ', g.name, v.number, v.action) AS version FROM gateway_version v JOIN gateway g ON g.id = v.gateway_id
     WHERE v.account_id = $1 ORDER BY 1`,
    [tenant.accountId],
  );
  expect(versions.rows.map(({ version }) => version)).toEqual([
    'a 1 config.apply',
    'a 2 config.apply',
    'b 1 config.apply',
  ]);
  const events = await api.owner.query<{ action: string }>(
    'SELECT action FROM audit_event WHERE account_id = $1 ORDER BY id',
    [tenant.accountId],
  );
  expect(events.rows.map(({ action }) => action)).toEqual([
    'gateway.create',
    'gateway.create',
    'providerKey.create',
    'priceOverride.set',
    'config.apply',
    'gateway.update',
    'config.apply',
  ]);
});

test('of two applications from one plan, one is a conflict', async () => {
  const { revision } = await exported();
  const answers = await Promise.all(
    ['x', 'y'].map((description) =>
      send({ version: 1, gateways: [{ name: 'a', description }] }, { ifRevision: revision }),
    ),
  );
  expect(answers.map(({ errors }) => errors[0]?.extensions.code ?? 'done').toSorted()).toEqual(['CONFLICT', 'done']);
});

test('a token that is limited to gateways has no configuration of the account', async () => {
  const gatewayIds = [await tenant.gateway('main')];
  const token = await tenant.apiToken({
    permissions: ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT', 'ACCOUNT_EDIT'],
    gatewayIds,
  });
  call = graphqlCaller(api.url, token);
  (await send({ version: 1 })).expectError('FORBIDDEN');
  (await call(EXPORT, { tag: tenant.tag })).expectError('FORBIDDEN');
});

test('who may change the account and not read it is shown no plan, and applies none', async () => {
  await applied(WHOLE);
  const editor = await tenant.apiToken({ permissions: ['AI_GATEWAY_EDIT', 'ACCOUNT_EDIT'] });
  call = graphqlCaller(api.url, editor);
  for (const dryRun of [true, false]) {
    const answer = await send({ version: 1, gateways: [] }, { dryRun });
    answer.expectError('FORBIDDEN');
    expect(answer.data).toBeNull();
  }
});

const CREATE_PROVIDER = 'mutation ($input: CreateCustomProviderInput!) { createCustomProvider(input: $input) { id } }';

test('T-GQL-8 a header named like what every object has is exported with a reference, as any other', async () => {
  const headers = { constructor: 'a', 'x-other': 'b' };
  const input = { accountId: tenant.accountId, slug: 'mine', name: 'M', baseUrl: 'https://a.example.com', headers };
  (await call(CREATE_PROVIDER, { input })).expectData();
  const { document } = await exported();
  expect(document).toMatchObject({
    customProviders: [
      {
        headers: [
          { name: 'constructor', secretFrom: expect.stringMatching(/^env:\w+$/) },
          { name: 'x-other', secretFrom: expect.stringMatching(/^env:\w+$/) },
        ],
      },
    ],
  });
  expect((await applied(document, { secrets: [] })).steps).toEqual([]);
});

const lab = (baseUrl: string) => ({ slug: 'lab', name: 'Lab', baseUrl, headers: [] });
const WITH_KEY = [
  { name: 'main', providerKeys: [{ provider: 'custom-lab', alias: 'default', secretFrom: 'env:LAB' }] },
];
const KEY_PATH = 'gateways.main.providerKeys.custom-lab/default';
const boundTo = async (): Promise<string[]> =>
  (
    await api.owner.query<{ origin: string }>('SELECT origin FROM provider_key WHERE account_id = $1', [
      tenant.accountId,
    ])
  ).rows.map(({ origin }) => origin);

test('a key whose provider gets another origin is a step that takes its secret, also where the provider moved before', async () => {
  const at = (baseUrl: string) => ({ version: 1, customProviders: [lab(baseUrl)], gateways: WITH_KEY });
  await applied(at('https://a.example.com/v1'));
  expect((await applied(at('https://a.example.com/v2'))).steps.map(({ path }) => path)).toEqual([
    'customProviders.lab',
  ]);
  const moved = await applied(at('https://b.example.com'));
  expect(moved.steps.map(({ kind, path }) => [kind, path])).toEqual([
    ['UPDATE', 'customProviders.lab'],
    ['UPDATE', KEY_PATH],
  ]);
  expect(moved.secrets).toEqual(['env:LAB']);
  expect(await boundTo()).toEqual(['https://b.example.com']);
  // As a mutation of the provider leaves it: the document is the same then, and the key is good for nothing.
  await api.owner.query("UPDATE provider_key SET origin = 'https://a.example.com' WHERE account_id = $1", [
    tenant.accountId,
  ]);
  expect((await applied(at('https://b.example.com'))).steps).toMatchObject([
    { path: KEY_PATH, changes: [{ path: 'origin', before: 'https://a.example.com', after: 'https://b.example.com' }] },
  ]);
  expect((await applied(at('https://b.example.com'))).steps).toEqual([]);
});

test('keys that go with their provider are steps, though the document leaves gateways out', async () => {
  await applied({ version: 1, customProviders: [lab('https://a.example.com')], gateways: WITH_KEY });
  const gone = await applied({ version: 1, customProviders: [] });
  expect(gone.steps.map(({ kind, path }) => [kind, path])).toEqual([
    ['DELETE', KEY_PATH],
    ['DELETE', 'customProviders.lab'],
  ]);
  expect(await boundTo()).toEqual([]);
});

test('an export waits for nobody who changes a gateway, and is of one moment', async () => {
  await applied(WHOLE);
  const before = await exported();
  const changing = await api.owner.connect();
  try {
    await changing.query('BEGIN');
    await changing.query(`UPDATE gateway SET description = 'later' WHERE account_id = $1`, [tenant.accountId]);
    expect(await exported()).toEqual(before);
  } finally {
    await changing.query('ROLLBACK');
    changing.release();
  }
  const scope = instanceScope('config.export', tenant.accountId as AccountId); // a tenant's id is one
  const { database } = api.api.services;
  const [first, second] = await database.inSnapshot(scope, async (tx) => {
    const early = await tx.find(Gateway, {});
    await tenant.gateway('later');
    return [early, await tx.find(Gateway, {})];
  });
  expect(second).toEqual(first);
  const write = database.inSnapshot(scope, (tx) => tx.update(Gateway, {}, { description: 'x' }));
  await expect(write).rejects.toThrow('read-only transaction');
});
