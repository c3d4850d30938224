/** Recorded clients: test/fixtures/aws-sig-v4/README.md. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { answerJson, startFakeUpstream, type FakeUpstream, type SeenRequest } from '../../support/fake-upstream.js';
import { awsClientCalls, awsEventFrames } from '../../support/aws-fixtures.js';
import { expectedAuthorization } from '../../support/aws-verifier.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { rawCall, type RawAnswer } from '../../support/raw-call.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const ACCESS_KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const CONVERSE = '/bedrock-runtime/us-east-1/model/us.amazon.nova-lite-v1%3A0/converse';
const BODY = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hello' }] }] });

let aws: FakeUpstream;
let proxy: TestProxy;
beforeAll(async () => {
  aws = await startFakeUpstream();
  proxy = await startTestProxy({ 'aws-bedrock': aws.origin });
});
beforeEach(() => {
  aws.answer = answerJson(200, { output: {} });
});
afterAll(async () => {
  await proxy.stop();
  await aws.close();
});

interface Gateway {
  readonly tenant: TestTenant;
  readonly url: string;
  readonly token: string;
}

async function gatewayWith(secret: string | null, region = 'us-east-1'): Promise<Gateway> {
  const tenant = await createTenant(proxy.owner);
  const gatewayId = await tenant.gateway('main');
  const key = { gatewayId, provider: 'aws-bedrock', origin: aws.origin, target: { region } };
  if (secret !== null) await tenant.providerKey({ ...key, secret });
  return { tenant, url: `${proxy.url}/v1/${tenant.tag}/main/aws-bedrock`, token: await tenant.apiToken() };
}

const call = ({ url, token }: Gateway, path: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  rawCall(url + path, {
    headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${token}`, ...headers },
    body: BODY,
  });

function lastSeen(): SeenRequest {
  const seen = aws.seen.at(-1);
  if (seen === undefined) throw new Error('nothing went upstream');
  return seen;
}

describe('a stored AWS access key', () => {
  it.each([
    ['the runtime', CONVERSE, 'bedrock', '/model/us.amazon.nova-lite-v1%3A0/converse'],
    [
      'bedrock-mantle',
      '/bedrock-mantle/us-east-1/anthropic/v1/messages?beta=true',
      'bedrock-mantle',
      '/anthropic/v1/messages?beta=true',
    ],
    [
      'a profile named by its ARN',
      '/bedrock-runtime/us-east-1/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fa1/invoke',
      'bedrock',
      '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fa1/invoke',
    ],
  ])('signs what arrives at %s', async (_what, path, service, url) => {
    const gateway = await gatewayWith(JSON.stringify({ ...ACCESS_KEY, sessionToken: 'token==' }));
    expect((await call(gateway, path)).status).toBe(200);
    const seen = lastSeen();
    expect(seen.url).toBe(url);
    expect(seen.body.toString()).toBe(BODY);
    expect(seen.headers['x-amz-security-token']).toBe('token==');
    expect(seen.headers.authorization).toBe(
      expectedAuthorization(seen, { ...ACCESS_KEY, region: 'us-east-1', service, host: null }),
    );
    const all = JSON.stringify([seen.url, seen.rawHeaders]);
    expect(all).not.toContain(ACCESS_KEY.secretAccessKey);
    expect(all).not.toContain(gateway.token);
  });

  it('replaces a Tollgate token in the place of the credential', async () => {
    const gateway = await gatewayWith(JSON.stringify(ACCESS_KEY));
    const headers = { authorization: `Bearer ${gateway.token}`, 'cf-aig-authorization': '' };
    expect((await call(gateway, CONVERSE, headers)).status).toBe(200);
    expect(lastSeen().headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\//);
  });

  it('signs bodies of several mebibytes', async () => {
    const gateway = await gatewayWith(JSON.stringify(ACCESS_KEY));
    const body = Buffer.alloc(3 * 1024 * 1024, 'a');
    const headers = { 'content-type': 'application/octet-stream', 'cf-aig-authorization': `Bearer ${gateway.token}` };
    expect((await rawCall(gateway.url + CONVERSE, { headers, body })).status).toBe(200);
    const seen = lastSeen();
    expect(seen.body.equals(body)).toBe(true);
    expect(seen.headers.authorization).toBe(
      expectedAuthorization(seen, { ...ACCESS_KEY, region: 'us-east-1', service: 'bedrock', host: null }),
    );
  });

  it.each([
    ['another region', CONVERSE.replace('us-east-1', 'eu-west-1')],
    ['another region of bedrock-mantle', '/bedrock-mantle/eu-west-1/anthropic/v1/messages'],
  ])('is refused, and nothing sent, for %s', async (_what, path) => {
    const gateway = await gatewayWith(JSON.stringify(ACCESS_KEY));
    const before = aws.seen.length;
    const answer = await call(gateway, path);
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([400, { internalCode: 2040 }]);
    expect(aws.seen).toHaveLength(before);
  });

  it('that is JSON of another shape is 400/2040 without a word of it', async () => {
    const gateway = await gatewayWith('{"accessKeyId":"canary-1","secret":"canary-2"}');
    const answer = await call(gateway, CONVERSE);
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toContain('2040');
    expect(answer.body.toString()).not.toContain('canary');
  });
});

describe('a Bedrock API key', () => {
  it('that is stored goes as a bearer token', async () => {
    expect((await call(await gatewayWith('ABSK-stored'), CONVERSE)).status).toBe(200);
    expect(lastSeen().headers.authorization).toBe('Bearer ABSK-stored');
  });

  it("that the client sends goes before the stored key, and on Anthropic's paths as x-api-key", async () => {
    const gateway = await gatewayWith(JSON.stringify(ACCESS_KEY));
    await call(gateway, CONVERSE, { authorization: 'Bearer ABSK-own' });
    expect(lastSeen().headers.authorization).toBe('Bearer ABSK-own');
    await call(gateway, '/bedrock-mantle/us-east-1/anthropic/v1/messages', { authorization: 'Bearer ABSK-own' });
    expect(lastSeen().headers).toMatchObject({ 'x-api-key': 'ABSK-own' });
    expect(lastSeen().headers.authorization).toBeUndefined();
  });
});

describe('what a client signed for AWS', () => {
  const { cases, ...keys } = awsClientCalls();
  const signed = cases.filter(({ headers }) => headers.some(([, value]) => value.startsWith('AWS4-')));

  it.each(signed.map((recorded) => [recorded.name, recorded] as const))(
    'reaches it with its signature intact, beside a stored key too: %s',
    async (_name, { method, url, headers, body, service, region, host }) => {
      const gateway = await gatewayWith('ABSK-stored');
      const path = `/bedrock-${service === 'bedrock' ? 'runtime' : 'mantle'}/${region}${url}`;
      const sent: Record<string, string> = {
        ...Object.fromEntries(headers),
        'cf-aig-authorization': `Bearer ${gateway.token}`,
      };
      expect((await rawCall(gateway.url + path, { method, headers: sent, body })).status).toBe(200);
      const seen = lastSeen();
      expect([seen.method, seen.url, seen.body.toString()]).toEqual([method, url, body]);
      expect(seen.headers.authorization).toBe(sent['authorization']);
      expect(seen.headers.authorization).toBe(expectedAuthorization(seen, { ...keys, region, service, host }));
    },
  );
});

describe('a binary event stream', () => {
  it('passes byte for byte, each frame as it comes', async () => {
    const frames = awsEventFrames();
    aws.answer = async (_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': 'r-1' });
      for (const frame of frames) await new Promise<void>((resolve) => response.write(frame, () => resolve()));
      response.end();
    };
    const gateway = await gatewayWith(JSON.stringify(ACCESS_KEY));
    const answer = await call(gateway, `${CONVERSE}-stream`, { accept: 'application/vnd.amazon.eventstream' });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/vnd.amazon.eventstream',
      'x-amzn-requestid': 'r-1',
    });
    expect(answer.body.equals(Buffer.concat(frames))).toBe(true);
  });
});
