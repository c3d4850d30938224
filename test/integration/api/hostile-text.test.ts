import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant } from '../../support/tenant.js';
import { ALL_ROWS } from '../../support/tenant-matrix/people-rows.js';
import { hostileTextShare, sampled } from '../../support/test-size.js';

const HOSTILE = [
  '',
  '\0',
  'a\0b',
  "'; DROP TABLE account; --",
  '" OR ""="',
  '\\',
  '%_%',
  '\ud800',
  '\u202eright to left',
  '🧑‍🚀',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '${7*7}{{7*7}}',
  'x'.repeat(20_000),
  '00000000-0000-0000-0000-000000000000',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
  '-1',
  '9'.repeat(400),
];

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ isSignUpOpen: true });
});
afterAll(() => api.stop());

test('T-SQL-2 hostile text in any argument is refused or finds nothing; nothing fails inside', async () => {
  const tenant = await createTenant(api.owner);
  const owner = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId })).token);
  const failed: unknown[] = [];
  for (const [turn, [coordinate, row]] of Object.entries(ALL_ROWS).entries()) {
    const answers = sampled(HOSTILE, hostileTextShare, turn).map(async (text) => {
      const target = {
        gatewayName: text,
        gatewayId: text,
        tokenId: text,
        logId: text,
        providerKeyId: text,
        customProviderId: text,
        priceOverrideId: text,
        invitationId: text,
        memberId: text,
        memberEmail: text,
        sessionId: text,
        foreignAccountId: text,
      };
      const variables = row.variables({ tag: tenant.tag, accountId: tenant.accountId, ...target });
      const named = 'name' in variables ? { ...variables, name: text } : variables;
      const everywhere = row.variables({ tag: text, accountId: text, ...target });
      for (const sent of [named, everywhere]) {
        const { errors } = await owner(row.document, sent);
        if (errors.some((error) => error.extensions.code === 'INTERNAL')) failed.push([coordinate, text.slice(0, 40)]);
      }
    });
    await Promise.all(answers);
  }
  expect(failed).toEqual([]);
});

/** INTERNAL would be a text that reached the statement itself. */
test('T-SQL-2 hostile text in filters, sign-in and sign-up does not fail inside either', async () => {
  const tenant = await createTenant(api.owner);
  await tenant.gateway('busy');
  const owner = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId })).token);
  const FILTERS = `query ($tag: String!, $text: String!, $texts: [String!], $ids: [ID!]) { account(tag: $tag) {
    gateways(search: $text) { edges { cursor } }
    gateway(name: "busy") {
      logs(filter: { providers: $texts, models: $texts, apiTokenIds: $ids, eventId: $text }) { edges { cursor } totalCount } }
    analytics(filter: { from: "0000-01-01T00:00:00Z", to: "9999-12-31T23:59:59Z", models: $texts, gatewayIds: $ids }) {
      totals { requests } } } }`;
  const SIGN = `mutation ($text: String!) { signIn(input: { email: $text, password: $text }) { token } }`;
  const SIGN_UP = `mutation ($text: String!) { signUp(input: { email: $text, password: $text, accountName: $text }) { token } }`;
  const anonymous = graphqlCaller(api.url, null);
  const codes = new Set<string>();
  for (const text of HOSTILE) {
    const answers = await Promise.all([
      owner(FILTERS, { tag: tenant.tag, text, texts: [text], ids: [text] }),
      anonymous(SIGN, { text }),
      anonymous(SIGN_UP, { text }),
      anonymous(SIGN, { text: `${text}@example.com` }),
    ]);
    for (const answer of answers) for (const error of answer.errors) codes.add(error.extensions.code);
  }
  expect([...codes].sort()).toEqual(['BAD_USER_INPUT', 'UNAUTHENTICATED']);
});

test.each([
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '9999-12-31T23:59:59.999Z',
  '2026-02-30T00:00:00Z',
  'yesterday',
])('the time %s is taken or refused, and does not fail inside', async (time) => {
  const tenant = await createTenant(api.owner);
  await tenant.gateway('busy');
  const owner = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId })).token);
  const TIMES = `query ($tag: String!, $time: DateTime!) { account(tag: $tag) { gateway(name: "busy") {
      a: logs(filter: { from: $time }) { totalCount } b: logs(filter: { to: $time }) { totalCount }
      analytics(filter: { from: $time, to: "9999-12-31T23:59:59.999Z" }) { totals { requests } } } } }`;
  const codes = (await owner(TIMES, { tag: tenant.tag, time })).errors.map((error) => error.extensions.code);
  expect(codes.filter((code) => code !== 'BAD_USER_INPUT')).toEqual([]);
});

const GATEWAYS = 'query ($tag: String!) { account(tag: $tag) { gateways { edges { cursor } } } }';

test('T-SQL-1 hostile bearers are anonymous, and none of their text reaches a statement', async () => {
  const tenant = await createTenant(api.owner);
  // what a header can carry at all
  const carried = HOSTILE.filter((text) => /^[\x20-\x7e]*$/.test(text) && text.length < 10_000);
  for (const text of carried.flatMap((each) => [each, `tgt_${each}`, `tgs_${each}`])) {
    api.takeQueries();
    (await graphqlCaller(api.url, text)(GATEWAYS, { tag: tenant.tag })).expectError('UNAUTHENTICATED');
    expect(api.takeQueries().filter((sql) => text.length > 2 && sql.includes(text))).toEqual([]);
  }
});

test('T-SQL-3 a statement that fails inside is told as INTERNAL, without the statement', async () => {
  const tenant = await createTenant(api.owner);
  const { token } = await createUser(api.owner, { accountId: tenant.accountId });
  await api.owner.query('ALTER TABLE gateway RENAME TO gateway_away');
  try {
    const answer = await graphqlCaller(api.url, token)(GATEWAYS, { tag: tenant.tag });
    answer.expectError('INTERNAL');
    expect(answer.text).not.toMatch(/select|relation|gateway_away|does not exist|at \w+ \(/i);
    expect(answer.text).not.toContain(token);
  } finally {
    await api.owner.query('ALTER TABLE gateway_away RENAME TO gateway');
  }
});
