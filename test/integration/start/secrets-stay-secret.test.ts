/**
 * One instance through a day in its life: set-up, traffic, mistakes, hostile callers, a provider that echoes, a crash.
 * Then every place that anything is written to is searched for what was planted.
 */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { postgresFolder } from '../../../platform/embedded/postgres-folder.js';
import { freePort } from '../../../platform/listen.js';
import { newVaultKeyPair } from '../../../schema/contracts/vault-keys.js';
import { Canaries } from '../../support/canaries.js';
import { makeDataDir } from '../../support/data-dir.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { graphqlCaller, postGraphql, type GraphqlCaller } from '../../support/graphql.js';
import { rawCall, type RawAnswer } from '../../support/raw-call.js';
import { startTollgate, type StartedProcess } from '../../support/start.js';

/** Where a secret may lie: the files that hold the instance's own, which only its owner can read. */
const SECRET_FILES = new Set(['postgres-password', 'secret-key', 'token-pepper', 'vault-private-key']);
const EMAIL = 'canary@example.com';
const TIMEOUT_MS = 180_000;

const canaries = new Canaries();
const dataDir = makeDataDir('canaries');
/** everything that any caller was answered, but for what it had to be told */
const answers: string[] = [];
let upstream: FakeUpstream;
let tollgate: StartedProcess;
let metricsPort: number;
let apiMetricsPort: number;

beforeAll(async () => {
  upstream = await startFakeUpstream(answerJson(200, chatCompletion()));
  [metricsPort, apiMetricsPort] = [await freePort(), await freePort()];
  const pair = newVaultKeyPair();
  tollgate = await startTollgate({
    DATA_DIR: dataDir,
    LOG_LEVEL: 'debug',
    METRICS_PORT: String(metricsPort),
    API_METRICS_PORT: String(apiMetricsPort),
    SIGNUP: 'open',
    BOOTSTRAP_EMAIL: EMAIL,
    BOOTSTRAP_PASSWORD: canaries.plant('the first password'),
    SECRET_KEY: canaries.plant('SECRET_KEY', 'a key that is long enough '),
    TOKEN_PEPPER: canaries.plant('TOKEN_PEPPER', 'a pepper that is long enough '),
    VAULT_PUBLIC_KEY: pair.publicKey,
    VAULT_PRIVATE_KEY: canaries.add('VAULT_PRIVATE_KEY', pair.privateKey),
    EGRESS_PROXY_URL: `http://op:${canaries.plant("the instance's egress password")}@127.0.0.1:${await freePort()}`,
    PROVIDER_ORIGINS: JSON.stringify({ openai: `${upstream.origin}/v1`, anthropic: upstream.origin }),
  });
  await tollgate.ready();
  canaries.add("Postgres's password", readFileSync(path.join(dataDir, 'postgres-password'), 'utf8').trim());
}, TIMEOUT_MS);

afterAll(async () => {
  await tollgate.end('SIGTERM');
  await upstream.close();
});

const apiUrl = (): string => `http://127.0.0.1:${tollgate.apiPort}`;

/** Asks, and keeps the answer to be searched. */
async function ask<T>(caller: GraphqlCaller, query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const answer = await caller(query, variables);
  answers.push(answer.text, JSON.stringify([...answer.headers]));
  return answer.data as T; // the test says what it asked for
}

/** Asks for what must succeed. */
async function askData<T>(caller: GraphqlCaller, query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const answer = await caller(query, variables);
  answers.push(answer.text);
  return answer.expectData<T>();
}

async function call(path_: string, headers: Record<string, string>): Promise<void> {
  const answer = await send(path_, headers);
  answers.push(answer.body.toString('latin1'), JSON.stringify(answer.headers));
}

function send(path_: string, headers: Record<string, string>): Promise<RawAnswer> {
  return rawCall(`http://127.0.0.1:${tollgate.proxyPort}/v1/${path_}`, {
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(CHAT),
  });
}
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] };

interface World {
  readonly accountTag: string;
  readonly owner: GraphqlCaller;
  readonly gatewayId: string;
  readonly accountId: string;
  readonly apiToken: string;
}

/** Signs in, and makes a gateway, a token, and a stored credential of every kind. */
async function setUp(): Promise<World> {
  const anonymous = graphqlCaller(apiUrl(), null);
  const password = canaries.all.find(({ name }) => name === 'the first password')?.value;
  const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
  const session = await anonymous(signIn, { input: { email: EMAIL, password } });
  const { token } = session.expectData<{ signIn: { token: string } }>().signIn;
  canaries.add('a session', token);
  const owner = graphqlCaller(apiUrl(), token);
  const { viewer } = await askData<{ viewer: { accounts: { edges: { node: { id: string; tag: string } }[] } } }>(
    owner,
    '{ viewer { accounts { edges { node { id tag } } } } }',
  );
  const account = viewer.accounts.edges[0]?.node ?? { id: '', tag: '' };
  const gateway = await askData<{ createGateway: { id: string } }>(
    owner,
    'mutation ($input: CreateGatewayInput!) { createGateway(input: $input) { id settings { egressProxyUrl } } }',
    { input: { accountId: account.id, name: 'canary' } },
  );
  const created = await owner('mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }', {
    input: { accountId: account.id, name: 'run', permissions: ['AI_GATEWAY_RUN'] },
  });
  const { secret } = created.expectData<{ createApiToken: { secret: string } }>().createApiToken;
  canaries.add('an API token', secret);
  return {
    owner,
    accountTag: account.tag,
    accountId: account.id,
    gatewayId: gateway.createGateway.id,
    apiToken: secret,
  };
}

const CREATE_KEY = `mutation ($input: CreateProviderKeyInput!) {
  createProviderKey(input: $input) { id provider alias origin lastFour createdAt } }`;

async function storeCredentials({ owner, gatewayId, accountId }: World): Promise<void> {
  const store = (provider: string, secret: string, more: Record<string, unknown> = {}): Promise<unknown> =>
    askData(owner, CREATE_KEY, { input: { gatewayId, provider, secret, ...more } });
  const refuse = (provider: string, secret: string, more: Record<string, unknown> = {}): Promise<unknown> =>
    ask(owner, CREATE_KEY, { input: { gatewayId, provider, secret, ...more } });
  const first = await askData<{ createProviderKey: { id: string } }>(owner, CREATE_KEY, {
    input: { gatewayId, provider: 'openai', secret: canaries.plant('a replaced key', 'sk-') },
  });
  const rotate = 'mutation ($input: RotateProviderKeyInput!) { rotateProviderKey(input: $input) { id lastFour } }';
  await askData(owner, rotate, {
    input: { id: first.createProviderKey.id, secret: canaries.plant('the OpenAI key', 'sk-') },
  });
  await store('openai', canaries.plant('a second OpenAI key', 'sk-'), { alias: 'second' });
  await store('anthropic', canaries.plant('the Anthropic key', 'sk-ant-'));
  await store('google-ai-studio', canaries.plant('the Google key', 'AIza'));
  await store('azure-openai', canaries.plant('the Azure key'), { target: { resource: 'acme' } });
  const bedrock = { accessKeyId: 'AKIAEXAMPLE000000001', secretAccessKey: canaries.plant('the AWS secret') };
  await store('aws-bedrock', JSON.stringify(bedrock), { target: { region: 'us-east-1' } });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  canaries.add("a service account's private key", pem.toString().split('\n')[5] ?? '');
  const account = { type: 'service_account', client_email: 'a@b.iam.gserviceaccount.com', private_key: pem };
  await store('google-vertex-ai', JSON.stringify(account), { target: { project: 'acme', region: 'europe-west4' } });
  // refused, each in its own way, with a secret in hand
  await refuse('openai', canaries.plant('a key of a taken alias', 'sk-'));
  await refuse('openai', canaries.plant('a key of a bad alias', 'sk-'), { alias: '../etc' });
  await refuse('nobody', canaries.plant('a key of no provider', 'sk-'));
  await refuse('openai', canaries.plant('a key with a needless target', 'sk-'), { target: { resource: 'x' } });
  await askData(
    owner,
    'mutation ($input: CreateCustomProviderInput!) { createCustomProvider(input: $input) { id headerNames baseUrl } }',
    {
      input: {
        accountId,
        slug: 'acme',
        name: 'Acme',
        baseUrl: 'https://api.acme.example',
        headers: { authorization: canaries.plant("a custom provider's header", 'Bearer ') },
      },
    },
  );
  const egressProxyUrl = `http://user:${canaries.plant("the egress proxy's password")}@proxy.example:3128`;
  await askData(
    owner,
    'mutation ($input: CreateGatewayInput!) { createGateway(input: $input) { settings { egressProxyUrl } } }',
    { input: { accountId, name: 'away', settings: { egressProxyUrl } } },
  );
}

/** Mistakes and attacks at the api, each with something that must not be repeated. */
async function failAtApi({ owner }: World): Promise<void> {
  const anonymous = graphqlCaller(apiUrl(), null);
  const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
  await ask(anonymous, signIn, { input: { email: EMAIL, password: canaries.plant('a wrong password') } });
  const signUp = 'mutation ($input: SignUpInput!) { signUp(input: $input) { expiresAt } }';
  const password = canaries.plant("a newcomer's password");
  await ask(anonymous, signUp, { input: { email: 'new@example.com', password, accountName: 'newcomer' } });
  await ask(graphqlCaller(apiUrl(), canaries.plant('a session of nobody')), '{ viewer { email } }');
  await ask(owner, `{ gateway(id: "${canaries.plant('a secret in a query')}") { nothing } }`);
  await ask(owner, CREATE_KEY, { input: { secret: canaries.plant('a secret in a wrong input') } });
  const broken = await postGraphql(
    apiUrl(),
    `{"query":"{ x", "variables": {"a":"${canaries.plant('a secret in a broken document')}"}}`,
    {
      authorization: `Bearer ${canaries.plant('a bearer beside it')}`,
    },
  );
  answers.push(broken.text);
}

/** Traffic with stored and with clients' own credentials, through answers, refusals and faults. */
async function callProviders({ accountTag, apiToken }: World): Promise<void> {
  const base = `${accountTag}/canary`;
  const known = { 'cf-aig-authorization': `Bearer ${apiToken}` };
  await call(`${base}/openai/chat/completions`, known);
  await call(`${base}/openai/chat/completions`, { authorization: `Bearer ${apiToken}` });
  await call(`${base}/anthropic/v1/messages`, known);
  const own = { authorization: `Bearer ${canaries.plant("a client's own key", 'sk-')}` };
  await call(`${base}/openai/chat/completions`, { ...known, ...own });
  await call(`${base}/openai/chat/completions?api_key=${canaries.plant('a key in the query')}`, own);
  await call(`${base}/anthropic/v1/messages`, { 'x-api-key': canaries.plant("a client's Anthropic key", 'sk-ant-') });
  await call(`${base}/azure-openai/other/gpt/chat/completions`, known);
  await call(`${base}/custom-acme/v1/chat`, known);
  // by way of egress proxies that are not there
  await call(`${base}/groq/chat/completions`, known);
  await call(`${accountTag}/away/groq/chat/completions`, known);
  await call(`${base}/openai/chat/completions`, { ...known, 'cf-aig-byok-alias': 'nobody' });
  await call(`${base}/openai/chat/completions`, {
    'cf-aig-authorization': canaries.plant('a token of nobody', 'tgt_'),
  });
  await call(`${base}/openai/chat/completions`, {
    ...own,
    'cf-aig-metadata': canaries.plant('broken metadata', '{"a":'),
  });
  await call(`nobody/canary/openai/chat/completions`, { authorization: canaries.plant('a key to a wrong account') });
}

/** What a careless provider does: it repeats the credential, in its answer and in its headers; then it is gone. */
async function callHostileProviders({ accountTag, apiToken }: World): Promise<void> {
  const base = `${accountTag}/canary`;
  const known = { 'cf-aig-authorization': `Bearer ${apiToken}` };
  upstream.answer = (request, response) => {
    const key = String(request.headers.authorization ?? request.headers['x-api-key']);
    const document = JSON.stringify({ error: { message: `Incorrect API key provided: ${key}` } });
    response.writeHead(401, { 'content-type': 'application/json', 'x-debug': key }).end(document);
  };
  await call(`${base}/openai/chat/completions`, known);
  await call(`${base}/anthropic/v1/messages`, known);
  // What a client sent itself comes back to it as the provider wrote it; only its log keeps silent.
  const key = canaries.plant('a key that the provider repeats', 'sk-');
  const repeated = await send(`${base}/openai/chat/completions`, { authorization: `Bearer ${key}` });
  expect(repeated.body.toString()).toContain(key);
  upstream.answer = (_request, response) => void response.destroy();
  await call(`${base}/openai/chat/completions`, known);
}

async function dumpOfTables(): Promise<string> {
  const pid = readFileSync(path.join(postgresFolder(dataDir).cluster, 'postmaster.pid'), 'utf8').split('\n');
  const password = readFileSync(path.join(dataDir, 'postgres-password'), 'utf8').trim();
  const client = new pg.Client({
    host: '127.0.0.1',
    port: Number(pid[3]),
    user: 'tollgate',
    password,
    database: 'tollgate',
  });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    let dump = '';
    for (const { name } of tables.rows) {
      const rows = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      dump += rows.rows.map(({ row }) => row).join('\n');
    }
    const bodies = await client.query<{ bytes: Buffer }>(
      `SELECT coalesce(request_body, '') || coalesce(response_body, '') AS bytes FROM log_body`,
    );
    return dump + bodies.rows.map(({ bytes }) => bytes.toString('latin1')).join('\n');
  } finally {
    await client.end();
  }
}

test(
  'T-SEC-1: after set-up, traffic, mistakes, attacks and a crash, no planted secret stands anywhere',
  async () => {
    const world = await setUp();
    await storeCredentials(world);
    await failAtApi(world);
    await callProviders(world);
    await callHostileProviders(world);
    const told = [metricsPort, apiMetricsPort].map((port) => fetch(`http://127.0.0.1:${port}/metrics`));
    const [proxyMetrics, apiMetrics] = await Promise.all(told.map(async (answer) => (await answer).text()));
    expect(proxyMetrics).toContain('tollgate_proxy_requests_total');
    expect(apiMetrics).toContain('tollgate_api_operations_refused_total');
    const [, proxyPid] = /"pid":(\d+)/.exec(readFileSync(path.join(dataDir, 'logs', 'proxy.log'), 'utf8')) ?? [];
    const tables = await dumpOfTables();
    process.kill(Number(proxyPid), 'SIGKILL');
    await tollgate.ended;

    expect(canaries.all.length).toBeGreaterThanOrEqual(25);
    expect(upstream.seen.length).toBeGreaterThanOrEqual(6);
    expect(canaries.foundIn(tollgate.output())).toEqual([]);
    expect(canaries.foundIn(`${proxyMetrics}${apiMetrics}`)).toEqual([]);
    expect(canaries.foundIn(tables)).toEqual([]);
    expect(canaries.foundIn(answers.join('\n'))).toEqual([]);
    expect(canaries.foundBelow(dataDir, (file) => SECRET_FILES.has(file))).toEqual([]);
    process.stderr.write(`${canaries.all.length} secrets planted, none found\n`);
  },
  TIMEOUT_MS,
);
