import { generateKeyPairSync } from 'node:crypto';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const CREATE_KEY = `mutation ($input: CreateProviderKeyInput!) { createProviderKey(input: $input) { id origin target } }`;
const ROTATE_KEY = `mutation ($input: RotateProviderKeyInput!) { rotateProviderKey(input: $input) { id version } }`;
const CREATE_CUSTOM = `mutation ($input: CreateCustomProviderInput!) { createCustomProvider(input: $input) { id headerNames } }`;
const UPDATE_CUSTOM = `mutation ($input: UpdateCustomProviderInput!) { updateCustomProvider(input: $input) { id headerNames } }`;
const UPDATE_GATEWAY = `mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) { settings { egressProxyUrl } } }`;
const READ = `query ($tag: String!) { account(tag: $tag) {
  customProviders { edges { node { id slug name baseUrl headerNames } } }
  gateways { edges { node { settings { egressProxyUrl } providerKeys { edges { node {
    id provider alias origin target lastFour version createdAt } } } } } } } }`;

let api: TestApi;
let tenant: TestTenant;
let gatewayId: string;
let editor: GraphqlCaller;
const planted: string[] = [];
const answers: string[] = [];
const logged: string[] = [];

beforeAll(async () => {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(chunk.toString());
      done();
    },
  });
  api = await startTestApi({}, pino({ level: 'trace' }, stream));
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  editor = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId })).token);
});
afterAll(() => api.stop());

/** A secret that stands nowhere else. */
function canary(name: string): string {
  const secret = `canary-${name}-${Math.random().toString(36).slice(2).padEnd(16, 'x')}`;
  planted.push(secret);
  return secret;
}

/** Sends it; refusals are wanted too: their answers and log lines are read with the rest. */
async function send(document: string, input: object): Promise<Record<string, unknown>> {
  const answer = await editor(document, { input });
  answers.push(answer.text);
  return answer.data ?? {};
}

function serviceAccount(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  planted.push(...pem.split('\n').filter((line) => line.length === 64));
  return JSON.stringify({ client_email: 'robot@acme.example', private_key: pem, private_key_id: '0123456789abcdef' });
}

async function plantKeys(): Promise<void> {
  const key = { gatewayId, provider: 'openai', secret: canary('first') };
  const created = await send(CREATE_KEY, key);
  const { id } = created['createProviderKey'] as { id: string };
  await send(ROTATE_KEY, { id, secret: canary('rotated') });
  await send(CREATE_KEY, { ...key, secret: canary('conflict') });
  await send(CREATE_KEY, { ...key, alias: 'a b', secret: canary('bad-alias') });
  await send(CREATE_KEY, { ...key, provider: 'nobody', secret: canary('nobody') });
  await send(CREATE_KEY, { ...key, alias: 'x', secret: `${canary('line')}\n` });
  await send(CREATE_KEY, { provider: 'openai', secret: canary('forgotten') });
  await send(CREATE_KEY, { ...key, secret: [canary('listed')] });
  const vertex = { provider: 'google-vertex-ai', target: { project: 'acme', region: 'global' } };
  await send(CREATE_KEY, { ...key, ...vertex, secret: serviceAccount() });
  const bedrock = { ...key, provider: 'aws-bedrock', target: { region: 'us-east-1' } };
  const aws = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: canary('aws'), sessionToken: canary('session') };
  await send(CREATE_KEY, { ...bedrock, secret: JSON.stringify(aws) });
  await send(CREATE_KEY, {
    ...bedrock,
    alias: 'x',
    secret: JSON.stringify({ ...aws, sessionToken: `${canary('w')} y` }),
  });
}

async function plantOthers(): Promise<void> {
  const custom = { accountId: tenant.accountId, slug: 'acme', name: 'Acme', baseUrl: 'https://api.example.com' };
  const created = await send(CREATE_CUSTOM, { ...custom, headers: { 'x-key': canary('header') } });
  const { id } = created['createCustomProvider'] as { id: string };
  await send(UPDATE_CUSTOM, { id, headers: { authorization: `Bearer ${canary('new-header')}` } });
  await send(UPDATE_CUSTOM, { id, headers: { authorization: `${canary('bad-header')}\r\n` } });
  await send(CREATE_KEY, { gatewayId, provider: 'custom-acme', secret: canary('custom') });
  for (const url of [
    `http://robot:${canary('egress')}@proxy.example.com:3128`,
    `socks5://${canary('user')}@proxy.example.com`,
  ]) {
    await send(UPDATE_GATEWAY, { id: gatewayId, settings: { egressProxyUrl: url } });
  }
  await send(UPDATE_GATEWAY, { id: gatewayId, settings: { egressProxyUrl: `http://u:${canary('loop')}@127.0.0.1` } });
}

/** An error of ours in the middle of it is logged with its statement and parameters. */
async function plantInFailure(): Promise<void> {
  await api.owner.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON provider_key FOR EACH ROW WHEN (NEW.alias = 'fails') EXECUTE FUNCTION refuse();
    CREATE TRIGGER refuse BEFORE INSERT ON custom_provider FOR EACH ROW EXECUTE FUNCTION refuse()`);
  await send(CREATE_KEY, { gatewayId, provider: 'openai', alias: 'fails', secret: canary('failing') });
  const custom = { accountId: tenant.accountId, slug: 'fails', name: 'Fails', baseUrl: 'https://api.example.com' };
  await send(CREATE_CUSTOM, { ...custom, headers: { 'x-key': canary('failing-header') } });
}

/** Every row of every table, bytes in hexadecimal. */
async function tablesText(): Promise<string> {
  const { rows } = await api.owner.query<{ name: string }>(
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  const texts = await Promise.all(
    rows.map(async ({ name }) => {
      const dump = await api.owner.query<{ text: string }>(`SELECT row_to_json(t)::text AS text FROM ${name} t`);
      return dump.rows.map((row) => row.text).join('\n');
    }),
  );
  expect(rows.length).toBeGreaterThan(15);
  return texts.join('\n');
}

/** Every key of Redis with its value. */
async function redisText(): Promise<string> {
  const redis = new Redis({ path: api.redis.url.replace('unix://', '') });
  const keys = await redis.keys('*');
  const values = await Promise.all(keys.map((key) => redis.hgetall(key)));
  redis.disconnect();
  expect(keys.length).toBeGreaterThan(0);
  return JSON.stringify([keys, values]);
}

/** The secret as text, in base64 wherever it begins within three bytes, in hexadecimal, and as a list of bytes. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) => {
    const whole = bytes.subarray(offset, offset + 3 * Math.floor((bytes.length - offset) / 3));
    return whole.toString('base64');
  });
  return [secret, bytes.toString('hex'), bytes.toString('hex').toUpperCase(), [...bytes].join(','), ...base64];
}

test('T-KEY-5 no table, no key of Redis, no log line and no answer has a stored secret, in whatever form', async () => {
  await plantKeys();
  await plantOthers();
  await plantInFailure();
  const read = await editor(READ, { tag: tenant.tag });
  read.expectData();
  const places = {
    tables: await tablesText(),
    redis: await redisText(),
    logs: logged.join('\n'),
    answers: [...answers, read.text].join('\n'),
  };
  // What is looked through is there: sealed rows, published policies, and the two failures.
  expect(places.tables.match(/"sealed":"\\\\x01/g)?.length).toBe(4);
  expect(places.redis).toContain('sealedHeaders');
  expect(logged.filter((line) => line.includes('a GraphQL request failed')).length).toBe(2);
  const sightings = Object.entries(places).flatMap(([place, text]) =>
    planted.filter((secret) => formsOf(secret).some((form) => text.includes(form))).map((secret) => [place, secret]),
  );
  expect(sightings).toEqual([]);
  process.stderr.write(
    `T-KEY-5: ${planted.length} secrets, ${planted.length * formsOf('').length} forms, 0 sightings\n`,
  );
});
