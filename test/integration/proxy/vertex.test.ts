import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DescribedRequest } from '../../../schema/contracts/explanation.js';
import { describedRequest, explainerOf, send } from '../../support/explain.js';
import {
  answerEvents,
  answerJson,
  startFakeUpstream,
  type FakeUpstream,
  type SeenRequest,
} from '../../support/fake-upstream.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { rawCall, type RawAnswer } from '../../support/raw-call.js';
import {
  createServiceAccount,
  tokenRequest,
  verifiedAssertion,
  type TestServiceAccount,
} from '../../support/service-account.js';
import { createTenant } from '../../support/tenant.js';

const GEMINI = '/v1/projects/my-project/locations/us-east5/publishers/google/models/gemini-2.5-flash:generateContent';
const BODY = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] });
const ANSWER = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 4 },
};

let vertex: FakeUpstream;
let google: FakeUpstream;
let proxy: TestProxy;
let granted = 0;
beforeAll(async () => {
  [vertex, google] = await Promise.all([startFakeUpstream(), startFakeUpstream()]);
  proxy = await startTestProxy({ 'google-vertex-ai': vertex.origin }, {}, { googleTokenUrl: `${google.origin}/token` });
});
beforeEach(() => {
  vertex.answer = answerJson(200, ANSWER);
  vertex.seen.length = 0;
  google.seen.length = 0;
  google.answer = (seen, response) =>
    answerJson(200, { access_token: `ya29.minted-${(granted += 1)}`, expires_in: 3_600 })(seen, response);
});
afterAll(async () => {
  await proxy.stop();
  await Promise.all([vertex.close(), google.close()]);
});

interface Gateway {
  readonly url: string;
  readonly token: string;
}

async function gatewayWith(secret: string | null): Promise<Gateway> {
  const tenant = await createTenant(proxy.owner);
  const gatewayId = await tenant.gateway('main');
  const target = { project: 'my-project', region: 'us-east5' };
  const key = { gatewayId, provider: 'google-vertex-ai', origin: vertex.origin, target };
  if (secret !== null) await tenant.providerKey({ ...key, secret });
  return { url: `${proxy.url}/v1/${tenant.tag}/main/google-vertex-ai`, token: await tenant.apiToken() };
}

const call = ({ url, token }: Gateway, path = GEMINI, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  rawCall(url + path, {
    headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${token}`, ...headers },
    body: BODY,
  });

function assertionIn(seen: SeenRequest | undefined, account: TestServiceAccount): unknown {
  return verifiedAssertion(tokenRequest(seen?.body ?? Buffer.alloc(0)).assertion, account).claims;
}

/** The private key, in any spelling that a request could carry it in. */
function isKeySeen(account: TestServiceAccount): boolean {
  const all = [...vertex.seen, ...google.seen].map(
    (seen) => seen.url + seen.rawHeaders.join(' ') + seen.body.toString('latin1'),
  );
  const spellings = all.flatMap((text) => [
    text,
    decodeURIComponent(text),
    Buffer.from(text, 'base64').toString('latin1'),
  ]);
  return spellings.some((text) => text.includes(account.privateKeyText.slice(0, 40)));
}

describe('a stored service account', () => {
  it('is one access token for fifty calls at a time; its private key goes nowhere', async () => {
    const account = createServiceAccount();
    const gateway = await gatewayWith(account.json);
    const answers = await Promise.all(Array.from({ length: 50 }, () => call(gateway)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(google.seen).toHaveLength(1);
    expect(assertionIn(google.seen[0], account)).toMatchObject({
      iss: account.email,
      aud: 'https://oauth2.googleapis.com/token',
    });
    expect(new Set(vertex.seen.map(({ headers }) => headers.authorization))).toEqual(
      new Set([`Bearer ya29.minted-${granted}`]),
    );
    expect([vertex.seen[0]?.url, vertex.seen[0]?.body.toString()]).toEqual([GEMINI, BODY]);
    expect(isKeySeen(account)).toBe(false);
  });

  it('streams', async () => {
    const gateway = await gatewayWith(createServiceAccount().json);
    vertex.answer = answerEvents([`data: ${JSON.stringify(ANSWER)}\n\n`]);
    const path = `${GEMINI.replace(':generate', ':streamGenerate')}?alt=sse`;
    const answer = await call(gateway, path);
    expect(answer.headers['content-type']).toBe('text/event-stream');
    expect(answer.body.toString()).toBe(`data: ${JSON.stringify(ANSWER)}\n\n`);
    expect(vertex.seen[0]?.url).toBe(path);
  });

  it.each([
    ['another project', GEMINI.replace('my-project', 'your-project')],
    ['another region', GEMINI.replace('us-east5', 'europe-west4')],
    ['the global location', GEMINI.replace('us-east5', 'global')],
    ['no project', '/v1/publishers/google/models/gemini-2.5-flash:generateContent'],
  ])('is refused for %s before anything is asked or sent', async (_what, path) => {
    const answer = await call(await gatewayWith(createServiceAccount().json), path);
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([400, { internalCode: 2040 }]);
    expect([google.seen.length, vertex.seen.length]).toEqual([0, 0]);
  });

  it.each([
    [400, 2040, answerJson(400, { error: 'invalid_grant', error_description: 'canary' })],
    [502, 2005, answerJson(503, { error: 'canary' })],
  ])('without an access token is %i/%i, and nothing is sent to Vertex', async (status, internalCode, tokenAnswer) => {
    google.answer = tokenAnswer;
    const answer = await call(await gatewayWith(createServiceAccount().json));
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([status, { internalCode }]);
    expect(answer.body.toString()).not.toContain('canary');
    expect(vertex.seen).toHaveLength(0);
  });
});

describe("the client's own credential", () => {
  it('that is an access token goes as it is, before the stored key', async () => {
    const gateway = await gatewayWith(createServiceAccount().json);
    await call(gateway, GEMINI, { authorization: 'Bearer ya29.own' });
    expect(vertex.seen[0]?.headers.authorization).toBe('Bearer ya29.own');
    expect(google.seen).toHaveLength(0);
  });

  it.each(['', 'Bearer '])('that is the base64 JSON of a service account becomes a token: %j', async (scheme) => {
    const account = createServiceAccount({ region: 'us-east5' });
    const authorization = scheme + Buffer.from(account.json).toString('base64');
    expect((await call(await gatewayWith(null), GEMINI, { authorization })).status).toBe(200);
    expect(assertionIn(google.seen[0], account)).toMatchObject({ iss: account.email });
    expect(vertex.seen[0]?.headers.authorization).toBe(`Bearer ya29.minted-${granted}`);
    expect(isKeySeen(account)).toBe(false);
  });

  it('that is such JSON finds what it asked before, whichever access token it becomes', async () => {
    google.answer = (seen, response) =>
      answerJson(200, { access_token: `ya29.minted-${(granted += 1)}`, expires_in: 0.001 })(seen, response);
    const tenant = await createTenant(proxy.owner);
    await tenant.gateway('main');
    const requestOf = ({ json }: TestServiceAccount): DescribedRequest => {
      const headers = { authorization: Buffer.from(json).toString('base64'), 'cf-aig-cache-ttl': '60' };
      return describedRequest(tenant, { provider: 'google-vertex-ai', path: GEMINI, headers, body: BODY });
    };
    const [asked, another] = [requestOf(createServiceAccount()), requestOf(createServiceAccount())];
    const statusOf = async (described: DescribedRequest): Promise<string | null> =>
      (await send(proxy, described)).headers.get('cf-aig-cache-status');
    expect(await statusOf(asked)).toBe('MISS');
    expect(await statusOf(asked)).toBe('HIT');
    expect(google.seen).toHaveLength(2);
    expect(await explainerOf(proxy).explain(asked)).toMatchObject({ outcome: 'CACHED' });
    expect(await statusOf(another)).toBe('MISS');
    expect(vertex.seen).toHaveLength(2);
  });

  it('that is JSON of another kind is refused, not sent on', async () => {
    const authorization = Buffer.from('{"private_key":"canary"}').toString('base64');
    const answer = await call(await gatewayWith(null), GEMINI, { authorization });
    expect([answer.status, vertex.seen.length, google.seen.length]).toEqual([400, 0, 0]);
  });
});
