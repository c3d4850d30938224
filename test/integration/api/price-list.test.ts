/** The price list in force, as everybody who is known may read it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant } from '../../support/tenant.js';

const LIST = `query ($first: Int, $after: String, $provider: String, $search: String) { priceList {
  version source origin importedAt
  models(first: $first, after: $after, provider: $provider, search: $search) {
    edges { node { provider model match rules { condition rates { unit usdPerMillion steps { aboveInputTokens usdPerMillion } } } } }
    pageInfo { hasNextPage endCursor } } } }`;
const IMPORT = 'mutation ($input: ImportPriceListInput!) { importPriceList(input: $input) { version } }';

interface Listed {
  readonly priceList: {
    readonly version: number;
    readonly source: string;
    readonly origin: string;
    readonly models: {
      readonly edges: readonly { readonly node: { readonly provider: string; readonly model: string } }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
  } | null;
}

let api: TestApi;
let viewer: GraphqlCaller;
let operator: GraphqlCaller;

const flat = { usdPerMillion: { inputTokens: '1', outputTokens: '2' } };
const MODELS = [
  { provider: 'openai', model: 'gpt-b', match: { starts_with: 'gpt-b' }, rules: [flat] },
  { provider: 'openai', model: 'GPT-a', rules: [flat] },
  {
    provider: 'anthropic',
    model: 'claude',
    match: { or: [{ equals: 'claude' }, { ends_with: '-claude' }] },
    rules: [flat],
  },
  {
    provider: 'google-ai-studio',
    model: 'gemini',
    match: { and: [{ contains: 'gemini' }, { or: [{ equals: 'a' }, { equals: 'b' }] }] },
    rules: [
      {
        usdPerMillion: { inputTokens: { base: '1.25', tiers: [{ start: 200_000, price: '2.5' }] }, outputTokens: '10' },
      },
      { condition: { type: 'start_date', startDate: '2026-12-01' }, usdPerMillion: { inputTokens: '0.000001' } },
      { condition: { type: 'service_tier', tier: 'flex' }, usdPerMillion: { inputTokens: '0.5' } },
    ],
  },
];

beforeAll(async () => {
  api = await startTestApi();
  const tenant = await createTenant(api.owner);
  const { token } = await createUser(api.owner, { accountId: tenant.accountId, role: 'VIEWER' });
  viewer = graphqlCaller(api.url, token);
  operator = graphqlCaller(api.url, (await createUser(api.owner, { isOperator: true })).token);
});
afterAll(() => api.stop());

const importList = async (models: readonly object[]): Promise<void> => {
  const input = {
    format: 'TOLLGATE',
    mode: 'REPLACE',
    source: 'a test',
    document: JSON.stringify({ models }),
    dryRun: false,
  };
  (await operator(IMPORT, { input })).expectData();
};
const list = async (variables: object = {}): Promise<NonNullable<Listed['priceList']>> => {
  const { priceList } = (await viewer(LIST, { ...variables })).expectData<Listed>();
  if (priceList === null) throw new Error('there is no list');
  return priceList;
};
const names = ({ models }: NonNullable<Listed['priceList']>): string[] =>
  models.edges.map(({ node }) => `${node.provider} ${node.model}`);

test('before there is one, the list is null; who is nobody may not ask', async () => {
  expect((await viewer(LIST, {})).expectData()).toEqual({ priceList: null });
  (await graphqlCaller(api.url, null)(LIST, {})).expectError('UNAUTHENTICATED');
});

test('the list in force is the newest one, in pages by provider and model, each model once', async () => {
  await importList(MODELS.slice(0, 1));
  await importList(MODELS);
  const first = await list({ first: 3 });
  expect(first).toMatchObject({ version: 2, source: 'a test', origin: 'IMPORT' });
  const rest = await list({ first: 3, after: first.models.pageInfo.endCursor });
  expect([first.models.pageInfo.hasNextPage, rest.models.pageInfo.hasNextPage]).toEqual([true, false]);
  const all = [...names(first), ...names(rest)];
  expect(new Set(all)).toEqual(new Set(MODELS.map(({ provider, model }) => `${provider} ${model}`)));
  expect(all.map((name) => name.split(' ')[0])).toEqual(['anthropic', 'google-ai-studio', 'openai', 'openai']);
  (await viewer(LIST, { after: 'made up' })).expectError('BAD_USER_INPUT', 'after');
});

test('models are searched by a part of a name in any case of letters, and by provider', async () => {
  expect(names(await list({ search: 'gPt-A' }))).toEqual(['openai GPT-a']);
  expect(names(await list({ search: 'anthro' }))).toEqual(['anthropic claude']);
  expect(names(await list({ provider: 'openai', search: 'b' }))).toEqual(['openai gpt-b']);
  expect(names(await list({ search: '%' }))).toEqual([]);
  (await viewer(LIST, { search: 'a\0' })).expectError('BAD_USER_INPUT', 'search');
});

test('each model says which ids it is for, and what each of its rules costs, to the last digit', async () => {
  const [gemini] = (await list({ search: 'gemini' })).models.edges;
  expect(gemini?.node).toEqual({
    provider: 'google-ai-studio',
    model: 'gemini',
    match: 'contains gemini and (is a or is b)',
    rules: [
      {
        condition: null,
        rates: [
          { unit: 'inputTokens', usdPerMillion: '1.25', steps: [{ aboveInputTokens: '200000', usdPerMillion: '2.5' }] },
          { unit: 'outputTokens', usdPerMillion: '10', steps: [] },
        ],
      },
      { condition: 'from 2026-12-01', rates: [{ unit: 'inputTokens', usdPerMillion: '0.000001', steps: [] }] },
      { condition: 'tier flex', rates: [{ unit: 'inputTokens', usdPerMillion: '0.5', steps: [] }] },
    ],
  });
  const [claude] = (await list({ search: 'claude' })).models.edges;
  expect(claude?.node).toMatchObject({ match: 'is claude or ends with -claude' });
});
