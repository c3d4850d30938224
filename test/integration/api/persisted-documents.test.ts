import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hashOfDocument, readManifest } from '../../../api/graphql/persisted-documents.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { makeDataDir } from '../../support/data-dir.js';
import { postGraphql, type GraphqlAnswer } from '../../support/graphql.js';
import { createUser, type TestUser } from '../../support/seed.js';
import { subscribeBySse } from '../../support/subscriber.js';
import { createTenant } from '../../support/tenant.js';

const VIEWER = '{ viewer { email } }';
const ACCOUNTS =
  'query ($first: Int) { viewer { accounts(first: $first) { edges { node { gateways(first: $first) { edges { node { id } } } } } } } }';
const TAIL = 'subscription ($id: ID!) { logs(gatewayId: $id) { cursor node { id } } }';
const documents = new Map([VIEWER, ACCOUNTS, TAIL].map((text) => [hashOfDocument(text), text]));
const graphql = { pointsPerMinute: 1_000_000_000, documents, documentsOnlyForCookies: false };

let api: TestApi;
let strict: TestApi;
let user: TestUser;

beforeAll(async () => {
  api = await startTestApi({ graphql });
  strict = await startTestApi({ graphql: { ...graphql, documentsOnlyForCookies: true } }, undefined, undefined, api);
  user = await createUser(api.owner);
});
afterAll(async () => {
  await strict.stop();
  await api.stop();
});

const sent = (to: TestApi, operation: object, headers: object = bearer()): Promise<GraphqlAnswer> =>
  postGraphql(to.url, JSON.stringify(operation), { ...headers });
const bearer = () => ({ authorization: `Bearer ${user.token}` });
const cookie = () => ({ cookie: `tollgate_session=${user.token}` });
const persisted = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });

test('a document of the manifest runs by its hash alone, in either form that clients have', async () => {
  const hash = hashOfDocument(VIEWER);
  for (const operation of [persisted(hash), { documentId: `sha256:${hash}` }, { documentId: hash }]) {
    expect((await sent(api, operation)).expectData()).toEqual({ viewer: { email: user.email } });
  }
});

test('an unknown hash is PERSISTED_QUERY_NOT_FOUND, and no request teaches the api another document', async () => {
  const text = '{ viewer { isOperator } }';
  const hash = hashOfDocument(text);
  (await sent(api, persisted(hash))).expectError('PERSISTED_QUERY_NOT_FOUND');
  (await sent(api, { ...persisted(hash), query: text })).expectData();
  (await sent(api, persisted(hash))).expectError('PERSISTED_QUERY_NOT_FOUND');
  (await sent(api, { documentId: 'constructor' })).expectError('PERSISTED_QUERY_NOT_FOUND');
});

test('a document that comes along with the hash of another one is refused', async () => {
  (await sent(api, { ...persisted(hashOfDocument(ACCOUNTS)), query: VIEWER })).expectError('BAD_USER_INPUT', 'query');
});

test('a document of the manifest costs what its variables make of it', async () => {
  const operation = persisted(hashOfDocument(ACCOUNTS));
  (await sent(api, { ...operation, variables: { first: 2 } })).expectData();
  (await sent(api, { ...operation, variables: { first: 100 } })).expectError('QUERY_TOO_COMPLEX');
});

test('where it is asked for, a session by cookie sends documents of the manifest only', async () => {
  const free = { query: '{ viewer { isOperator } }' };
  (await sent(strict, free, cookie())).expectError('FORBIDDEN');
  (await sent(strict, { query: VIEWER }, cookie())).expectData();
  (await sent(strict, persisted(hashOfDocument(VIEWER)), cookie())).expectData();
  (await sent(strict, free)).expectData();
  (await sent(api, free, cookie())).expectData();
});

test('subscriptions are named by their hashes as well', async () => {
  const tenant = await createTenant(api.owner);
  const id = await tenant.gateway('main');
  const token = await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'] });
  const operation = { documentId: hashOfDocument(TAIL), variables: { id } };
  const subscriber = await subscribeBySse(api.url, token, operation as never); // it knows those with a text
  await subscriber.stop();
  expect([subscriber.errors, subscriber.isEnded()]).toEqual([[], true]);
});

test.each<[string, object]>([
  ['a hash of another document', { ['0'.repeat(64)]: VIEWER }],
  ['a hash that is none', { abc: VIEWER }],
  ['a document that is no text', { [hashOfDocument(VIEWER)]: 1 }],
])('a manifest with %s is not taken', (_what, manifest) => {
  const file = path.join(makeDataDir('m'), 'manifest.json');
  writeFileSync(file, JSON.stringify(manifest));
  expect(() => readManifest(file)).toThrow(`The manifest of documents ${file} cannot be used`);
});

test.each<[string, string]>([
  ['is invalid', '{ nothing }'],
  ['is over a limit', `{ viewer { ${Array.from({ length: 40 }, (_, index) => `a${index}: email`).join(' ')} } }`],
])('an api with a document that %s does not start', async (_what, text) => {
  const bad = new Map([[hashOfDocument(text), text]]);
  await expect(startTestApi({ graphql: { ...graphql, documents: bad } }, undefined, undefined, api)).rejects.toThrow(
    `The persisted document ${hashOfDocument(text)} cannot be used`,
  );
});
