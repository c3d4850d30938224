import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { inBatches } from '../../support/in-batches.js';
import { NAUGHTY_STRINGS } from '../../support/naughty-strings.js';
import { createUser } from '../../support/seed.js';
import { hostileTextShare, sampled } from '../../support/test-size.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const TEXTS = sampled(NAUGHTY_STRINGS, hostileTextShare);

let api: TestApi;
let tenant: TestTenant;
let owner: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
  tenant = await createTenant(api.owner);
  owner = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId })).token);
});
afterAll(() => api.stop());

const CREATE_GATEWAY = `mutation ($accountId: ID!, $name: String!, $text: String!) {
  createGateway(input: { accountId: $accountId, name: $name, description: $text }) { id } }`;
const CREATE_TOKEN = `mutation ($accountId: ID!, $text: String!) {
  createApiToken(input: { accountId: $accountId, name: $text, permissions: [AI_GATEWAY_READ] }) { token { id } } }`;

/** Sends every string; gives what was taken, by the new row's id. Whatever is not taken is refused as the caller's. */
async function taken(document: string, idOf: (data: never) => string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const items = TEXTS.map((text, i) => ({ text, name: `gateway-${i}` }));
  await inBatches(items, 8, async (item) => {
    const answer = await owner(document, { accountId: tenant.accountId, ...item });
    if (answer.errors.length === 0) texts.set(idOf(answer.data as never), item.text);
    else expect([item.text, answer.errors[0]?.extensions.code]).toEqual([item.text, 'BAD_USER_INPUT']);
  });
  return texts;
}

async function storedTexts(sql: string): Promise<Map<string, string>> {
  const { rows } = await api.owner.query<{ id: string; text: string }>(sql, [tenant.accountId]);
  return new Map(rows.map(({ id, text }) => [id, text]));
}

test("T-UNI-1 naughty strings come back as a gateway's description, or are refused as the caller's", async () => {
  const texts = await taken(CREATE_GATEWAY, (data: { createGateway: { id: string } }) => data.createGateway.id);
  expect(texts.size).toBeGreaterThan(0.9 * TEXTS.length);
  expect(await storedTexts('SELECT id, description AS text FROM gateway WHERE account_id = $1')).toEqual(texts);
});

test("T-UNI-1 naughty strings come back as an API token's name, less the space around them, or are refused as the caller's", async () => {
  const texts = await taken(
    CREATE_TOKEN,
    (data: { createApiToken: { token: { id: string } } }) => data.createApiToken.token.id,
  );
  expect(texts.size).toBeGreaterThan(0.7 * TEXTS.length);
  const trimmed = new Map([...texts].map(([id, text]) => [id, text.trim()]));
  expect(await storedTexts('SELECT id, name AS text FROM api_token WHERE account_id = $1')).toEqual(trimmed);
});
