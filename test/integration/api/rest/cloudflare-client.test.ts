/** Cloudflare's own client, with nothing but its base URL changed. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Cloudflare from 'cloudflare';
import { openSealed } from '../../../../schema/contracts/sealed-secret.js';
import { providerKeyContext } from '../../../../schema/contracts/seal-contexts.js';
import { startTestApi, type TestApi } from '../../../support/api.js';
import { createLog, type LogOptions } from '../../../support/seed.js';
import { createTenant, type TestTenant } from '../../../support/tenant.js';
import { vaultPair } from '../../../support/vault.js';

const EVERYTHING = ['AI_GATEWAY_READ', 'AI_GATEWAY_LOG_BODIES', 'AI_GATEWAY_EDIT'] as const;
const SETTINGS = {
  cache_invalidate_on_update: true,
  cache_ttl: 0,
  collect_logs: true,
  rate_limiting_interval: 0,
  rate_limiting_limit: 0,
};

let api: TestApi;
let tenant: TestTenant;
let account_id: string;
let client: Cloudflare;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  account_id = tenant.tag;
  client = clientOf(await tenant.apiToken({ permissions: EVERYTHING }));
});
afterAll(() => api.stop());

const clientOf = (apiToken: string): Cloudflare =>
  new Cloudflare({ apiToken, baseURL: `${api.url}/client/v4`, maxRetries: 0 });

const collected = async <T>(pages: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const each of pages) found.push(each);
  return found;
};

test('a gateway is made, read, replaced and deleted', async () => {
  const made = await client.aiGateway.create({ account_id, id: 'my-gateway', ...SETTINGS });
  expect(made).toMatchObject({ id: 'my-gateway', ...SETTINGS, authentication: false, logpush: false, otel: null });
  expect(await client.aiGateway.get('my-gateway', { account_id })).toEqual(made);

  const wanted = {
    ...SETTINGS,
    authentication: true,
    cache_ttl: 600,
    rate_limiting_interval: 60,
    rate_limiting_limit: 100,
    rate_limiting_technique: 'sliding' as const,
    retry_backoff: 'linear' as const,
    retry_delay: 250,
    retry_max_attempts: 3,
  };
  const replaced = await client.aiGateway.update('my-gateway', { account_id, ...wanted });
  expect(replaced).toMatchObject({ id: 'my-gateway', ...wanted, created_at: made.created_at });
  expect(Date.parse(replaced.modified_at)).toBeGreaterThanOrEqual(Date.parse(made.modified_at));

  const reset = await client.aiGateway.update('my-gateway', { account_id, ...SETTINGS });
  expect({ ...reset, modified_at: '' }).toEqual({ ...made, modified_at: '' });

  expect(await client.aiGateway.delete('my-gateway', { account_id })).toMatchObject({ id: 'my-gateway' });
  await expect(client.aiGateway.get('my-gateway', { account_id })).rejects.toBeInstanceOf(Cloudflare.NotFoundError);
  expect(await collected(client.aiGateway.list({ account_id }))).toEqual([]);
});

test('the list is paged until a page is empty, and searched', async () => {
  for (const id of ['alpha', 'alphabet', 'beta', 'gamma', 'delta']) {
    await client.aiGateway.create({ account_id, id, ...SETTINGS });
  }
  const ids = async (query: object): Promise<string[]> =>
    (await collected(client.aiGateway.list({ account_id, ...query }))).map(({ id }) => id);
  expect(await ids({ per_page: 2 })).toEqual(['delta', 'gamma', 'beta', 'alphabet', 'alpha']);
  expect(await ids({ search: 'ALPHA' })).toEqual(['alphabet', 'alpha']);
  const page = await client.aiGateway.list({ account_id, per_page: 2, page: 3 });
  expect(page.result_info).toEqual({ count: 1, page: 3, per_page: 2, total_count: 5 });
});

test('the URL of a provider is a text, and one of no provider is refused', async () => {
  await client.aiGateway.create({ account_id, id: 'main', ...SETTINGS });
  await tenant.customProvider({ slug: 'ours', baseUrl: 'https://api.example.com' });
  const url = (provider: string) => client.aiGateway.urls.get(provider, { account_id, gateway_id: 'main' });
  expect(await url('openai')).toBe(`http://localhost:8787/v1/${tenant.tag}/main/openai`);
  expect(await url('universal')).toBe(`http://localhost:8787/v1/${tenant.tag}/main`);
  expect(await url('custom-ours')).toBe(`http://localhost:8787/v1/${tenant.tag}/main/custom-ours`);
  await expect(url('custom-theirs')).rejects.toThrow(/provider must be one of/);
});

describe('with a gateway', () => {
  let gatewayId: string;
  const gateway_id = 'main';
  beforeEach(async () => {
    gatewayId = await tenant.gateway(gateway_id);
  });
  const log = (options: LogOptions = {}): Promise<string> =>
    createLog(api.owner, { accountId: tenant.accountId, gatewayId }, options);

  test('logs are paged through, newest first', async () => {
    const nowMs = Date.now();
    const made: string[] = [];
    for (let index = 0; index < 7; index++) made.push(await log({ atMs: nowMs - index * 60_000 }));
    const listed = await collected(client.aiGateway.logs.list(gateway_id, { account_id, per_page: 3 }));
    expect(listed.map(({ id }) => id)).toEqual(made);
    const past = await client.aiGateway.logs.list(gateway_id, { account_id, per_page: 3, page: 1_000 });
    expect({ result: past.result, info: past.result_info }).toEqual({
      result: [],
      info: { count: 0, page: 1_000, per_page: 3, total_count: 7 },
    });
  });

  test('filters, order and search come in the encoding of the client', async () => {
    const cheap = await log({ columns: { model: 'gpt-4o', cost_pico: '100000', metadata: '{"team":"a b"}' } });
    const dear = await log({ columns: { model: 'gpt-4o', cost_pico: '2000000000000' } });
    const other = await log({ columns: { model: 'claude', provider: 'anthropic', cost_pico: '3000000000000' } });
    const ids = async (query: object): Promise<string[]> =>
      (await collected(client.aiGateway.logs.list(gateway_id, { account_id, ...query }))).map(({ id }) => id);
    const model = { key: 'model', operator: 'eq', value: ['gpt-4o', 'x'] };
    expect(await ids({ filters: [model] })).toEqual([dear, cheap]);
    expect(await ids({ filters: [model, { key: 'cost', operator: 'gt', value: [1e-7] }] })).toEqual([dear]);
    expect(await ids({ order_by: 'provider', order_by_direction: 'asc' })).toEqual([other, cheap, dear]);
    expect(await ids({ search: 'a b', meta_info: true })).toEqual([cheap]);
    expect(await ids({ max_cost: 1e-7, provider: 'openai' })).toEqual([cheap]);
  });

  test('a log tells of itself, and its bodies come as they are', async () => {
    const requestBody = JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content: 'Grüße' }] });
    const id = await log({
      columns: {
        request_content_type: 'application/json',
        response_content_type: 'text/event-stream; charset=utf-8',
        user_agent: 'curl/8',
        streamed: true,
        time_to_first_token_ms: 12,
        metadata: '{"team":"a"}',
      },
      bodies: { request_body: Buffer.from(requestBody), response_body: Buffer.from('data: [DONE]\n\n') },
    });
    const at = { account_id, gateway_id };
    expect(await client.aiGateway.logs.get(id, at)).toMatchObject({
      id,
      provider: 'openai',
      model: 'gpt-test',
      model_type: 'Text Generation',
      status_code: 200,
      success: true,
      duration: 50,
      timings: { total: 50, latency: 12 },
      tokens_in: 10,
      tokens_out: 5,
      usage_metadata: { total_tokens: 15 },
      cost: 0.000001,
      custom_cost: false,
      metadata: { team: 'a' },
      user_agent: 'curl/8',
      request_size: 100,
      request_head: requestBody,
      request_head_complete: true,
      response_head: 'data: [DONE]\n\n',
    });
    expect(await client.aiGateway.logs.request(id, at)).toEqual(JSON.parse(requestBody));
    expect(await client.aiGateway.logs.response(id, at)).toBe('data: [DONE]\n\n');
    const without = await log();
    await expect(client.aiGateway.logs.request(without, at)).rejects.toMatchObject({ status: 404 });
  });

  test('feedback, a score and metadata are sent, and taken back', async () => {
    const id = await log({ columns: { metadata: '{"team":"a"}' } });
    const edit = (rating: object) => client.aiGateway.logs.edit(id, { account_id, gateway_id, ...rating });
    const read = () => client.aiGateway.logs.get(id, { account_id, gateway_id });
    expect(await edit({ feedback: 1, score: 0.75, metadata: { run: 2 } })).toEqual({});
    expect(await read()).toMatchObject({ feedback: 1, score: 0.75, metadata: { team: 'a', run: 2 } });
    await edit({ feedback: null });
    expect(await read()).toMatchObject({ feedback: null, score: 0.75 });
    await expect(edit({ feedback: 5 })).rejects.toThrow(/feedback must be -1 or 1/);
  });

  test('the logs that filters keep are deleted, the first so many of them with a limit', async () => {
    const nowMs = Date.now();
    const kept = await log({ columns: { model: 'claude' } });
    const old = await log({ atMs: nowMs - 60_000, columns: { model: 'gpt-4o' } });
    await log({ columns: { model: 'gpt-4o' } });
    const filters = [{ key: 'model' as const, operator: 'eq' as const, value: ['gpt-4o'] }];
    expect(await client.aiGateway.logs.delete(gateway_id, { account_id, filters, limit: 1 })).toMatchObject({
      success: true,
      result: { count: 1 },
    });
    const ids = async (): Promise<string[]> =>
      (await collected(client.aiGateway.logs.list(gateway_id, { account_id }))).map(({ id }) => id);
    expect(await ids()).toEqual([kept, old]);
    await client.aiGateway.logs.delete(gateway_id, { account_id, filters });
    expect(await ids()).toEqual([kept]);
  });

  test('a provider key is stored, sealed, and listed without its secret', async () => {
    const config = await client.aiGateway.providerConfigs.create(gateway_id, {
      account_id,
      alias: 'default',
      default_config: true,
      provider_slug: 'openai',
      secret: 'sk-0123456789abcdef',
    });
    expect(config).toMatchObject({ alias: 'default', default_config: true, gateway_id, provider_slug: 'openai' });
    expect(config.secret_preview).toBe('…cdef');
    expect(await collected(client.aiGateway.providerConfigs.list(gateway_id, { account_id }))).toEqual([config]);
    const { rows } = await api.owner.query<{ sealed: Buffer }>('SELECT sealed FROM provider_key WHERE id = $1', [
      config.id,
    ]);
    const context = providerKeyContext({
      accountId: tenant.accountId,
      id: config.id,
      provider: 'openai',
      origin: 'https://api.openai.com',
      target: {},
      version: 1,
    });
    expect(openSealed([vaultPair().privateKey], rows[0]?.sealed ?? Buffer.alloc(0), context)).toBe(
      'sk-0123456789abcdef',
    );
  });
});

test('a custom provider is made, read, listed and deleted, and never shows its headers', async () => {
  const made = await client.aiGateway.customProviders.create({
    account_id,
    name: 'Ours',
    slug: 'ours',
    base_url: 'https://api.example.com/v1',
    headers: JSON.stringify({ 'x-secret': 'canary-value' }),
  });
  expect(made).toMatchObject({ slug: 'ours', enable: true, beta: false, headers: '{"x-secret":"***"}' });
  await client.aiGateway.customProviders.create({
    account_id,
    name: 'A',
    slug: 'other',
    base_url: 'https://b.example.com',
  });
  const list = (query: object) => collected(client.aiGateway.customProviders.list({ account_id, ...query }));
  expect((await list({ per_page: 1 })).map(({ slug }) => slug)).toEqual(['other', 'ours']);
  expect(await list({ search: 'OURS' })).toEqual([made]);
  expect(await list({ enable: false })).toEqual([]);
  expect(await client.aiGateway.customProviders.get(made.id, { account_id })).toEqual(made);
  const twice = client.aiGateway.customProviders.create({
    account_id,
    name: 'B',
    slug: 'ours',
    base_url: 'https://c.example.com',
  });
  await expect(twice).rejects.toMatchObject({ status: 409, errors: [{ code: 1003 }] });
  expect(await client.aiGateway.customProviders.delete(made.id, { account_id })).toEqual(made);
  const gone = client.aiGateway.customProviders.get(made.id, { account_id });
  await expect(gone).rejects.toMatchObject({ status: 404, errors: [{ code: 1004 }] });
});

test('what a token may not do, and what there is not, are errors of the client', async () => {
  const reader = clientOf(await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'] }));
  const create = (by: Cloudflare) => by.aiGateway.create({ account_id, id: 'main', ...SETTINGS });
  await expect(create(reader)).rejects.toBeInstanceOf(Cloudflare.PermissionDeniedError);
  await expect(create(clientOf('tgt_unknown'))).rejects.toBeInstanceOf(Cloudflare.AuthenticationError);
  await create(client);
  await expect(create(client)).rejects.toBeInstanceOf(Cloudflare.ConflictError);
  await expect(client.aiGateway.datasets.get('x', { account_id, gateway_id: 'main' })).rejects.toMatchObject({
    status: 404,
    errors: [{ code: 7003 }],
  });
});
