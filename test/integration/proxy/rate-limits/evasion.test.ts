/** Who a request is counted for cannot be chosen by whoever sends it (T-XFF-1 … T-XFF-4). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../../support/fake-upstream.js';
import { limitedBy, limitRule } from '../../../support/rate-limits.js';
import { CHAT, post, startRig, type Rig } from '../../../support/rig.js';
import { limitedRequests } from '../../../support/test-size.js';

const FORGED_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip'] as const;

let direct: Rig;
/** behind one proxy that writes `X-Forwarded-For` */
let behindOne: Rig;

beforeAll(async () => {
  [direct, behindOne] = await Promise.all([startRig(), startRig({ TRUST_PROXY: '1' })]);
  for (const rig of [direct, behindOne]) rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => Promise.all([direct.stop(), behindOne.stop()]));

type Tenant = Awaited<ReturnType<Rig['tenant']>>;

const perAddress = (limit: number): Readonly<Record<string, unknown>> => limitedBy(limitRule({ limit, key: 'IP' }));

async function call(tenant: Tenant, headers: Readonly<Record<string, string>>): Promise<number> {
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, headers);
  await response.arrayBuffer();
  return response.status;
}

const addressOf = (index: number): string => `203.0.${index >> 8}.${index & 255}`;

test(`T-XFF-1 of ${limitedRequests} requests that forge their address none has a limit of its own`, async () => {
  const tenant = await direct.tenant(perAddress(3));
  const trusting = await behindOne.tenant(perAddress(3));
  const statuses: number[] = [];
  for (let index = 0; index < limitedRequests; index++) {
    const name = FORGED_HEADERS[index % FORGED_HEADERS.length] ?? 'x-forwarded-for';
    const forged = name === 'forwarded' ? `for=${addressOf(index)}` : addressOf(index);
    if (index % 2 === 0) statuses.push(await call(tenant, { [name]: forged }));
    // What stands before the entry of our own load balancer was sent by the client.
    else statuses.push(await call(trusting, { [name]: forged, 'x-forwarded-for': `${forged}, 198.51.100.7` }));
  }
  expect(statuses.filter((status) => status === 200)).toHaveLength(6);
  expect(statuses.filter((status) => status === 429)).toHaveLength(limitedRequests - 6);
  expect(await call(trusting, { 'x-forwarded-for': '198.51.100.8' })).toBe(200);
});

test('T-XFF-2 all addresses of an IPv6 /64 share a limit, in whatever spelling', async () => {
  const tenant = await behindOne.tenant(perAddress(2));
  const statuses: number[] = [];
  for (const address of [
    '2001:db8:1:2::1',
    '2001:DB8:1:2:ffff:ffff:ffff:ffff',
    '2001:0db8:0001:0002:0:0:0:3',
    '2001:db8:1:2:3::',
    '2001:db8:1:3::1',
  ]) {
    statuses.push(await call(tenant, { 'x-forwarded-for': address }));
  }
  expect(statuses).toEqual([200, 200, 429, 429, 200]);
});

test('T-XFF-3 another spelling of the names in the URL is the same limit, or no gateway or provider', async () => {
  const tenant = await direct.tenant(limitedBy(limitRule({ limit: 2 })));
  const { url } = direct.proxy;
  const send = async (path: string): Promise<string> => {
    const response = await post(`${url}${path}`, CHAT);
    const body = (await response.json()) as { internalCode?: number }; // an answer, or the gateway's own error
    return `${response.status}/${body.internalCode ?? ''}`;
  };
  expect(await send(`/v1/${tenant.tag}/main/openai/chat/completions`)).toBe('200/');
  expect(await send(`/v1/${tenant.name}/main/openai/chat/completions/`)).toBe('200/');
  const upper = tenant.tag.toUpperCase();
  const variants = [
    `/v1/${upper}/main/openai/chat/completions`,
    `/v1/${tenant.name.toUpperCase()}/main/openai/chat/completions`,
    `/v1/%${tenant.tag.charCodeAt(0).toString(16)}${tenant.tag.slice(1)}/main/openai/chat/completions`,
    `/v1/${tenant.tag}/MAIN/openai/chat/completions`,
    `/v1/${tenant.tag}/m%61in/openai/chat/completions`,
    `/v1/${tenant.tag}/main/OpenAI/chat/completions`,
    `/v1/${tenant.tag}/main/open%61i/chat/completions`,
    `/v1/${tenant.tag}//main/openai/chat/completions`,
    `/v1/${tenant.tag}/main//openai/chat/completions`,
    `/v1//${tenant.tag}/main/openai/chat/completions`,
  ];
  for (const path of variants)
    expect({ path, got: await send(path) }).toEqual({ path, got: expect.stringMatching(NONE) });
  for (const path of [
    `/v1/${tenant.tag}/main/openai/chat/completions`,
    `/v1/${tenant.name}/main/openai/chat/completions?x=1`,
    `/v1/${tenant.name}/main/anthropic/v1/messages`,
    `/v1/${tenant.tag}/main/openai/`.concat('models'),
  ]) {
    expect({ path, got: await send(path) }).toEqual({ path, got: '429/2003' });
  }
});
const NONE = /^400\/(?:2001|2008)$/;

test('T-XFF-4 many tokens of an account share the limit of its gateway', async () => {
  const tenant = await direct.tenant(limitedBy(limitRule({ limit: 5 })));
  const statuses: number[] = [];
  for (let index = 0; index < 10; index++) {
    const token = await tenant.apiToken();
    statuses.push(await call(tenant, { 'cf-aig-authorization': `Bearer ${token}` }));
  }
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 429, 429]);
});
