import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { answerJson, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { rawCall, type RawAnswer } from '../../support/raw-call.js';
import { post } from '../../support/rig.js';
import { createTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

const MEBIBYTE = 1024 * 1024;
const ACCESS_KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

let aws: FakeUpstream;
let proxy: TestProxy;
let url: string;
let token: string;

beforeAll(async () => {
  aws = await startFakeUpstream();
  const heldBodies = { bodyBytesMax: 4 * MEBIBYTE, totalBytesMax: 6 * MEBIBYTE };
  proxy = await startTestProxy({ 'aws-bedrock': aws.origin }, {}, { heldBodies });
  const tenant = await createTenant(proxy.owner);
  const gatewayId = await tenant.gateway('main');
  await tenant.providerKey({
    gatewayId,
    provider: 'aws-bedrock',
    origin: aws.origin,
    target: { region: 'us-east-1' },
    secret: JSON.stringify(ACCESS_KEY),
  });
  token = await tenant.apiToken();
  url = `${proxy.url}/v1/${tenant.tag}/main/aws-bedrock/bedrock-runtime/us-east-1/model/m/invoke`;
});
beforeEach(() => {
  aws.answer = answerJson(200, {});
});
afterAll(async () => {
  await proxy.stop();
  await aws.close();
});

function send(body: Buffer, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  return rawCall(url, { headers: { 'cf-aig-authorization': `Bearer ${token}`, ...headers }, body });
}

/** For refusals: fetch reads an answer that comes before it has written everything. */
const fetched = (body: string): Promise<Response> => post(url, body, { 'cf-aig-authorization': `Bearer ${token}` });

test('a body that other calls would stream is held whole and signed, in whatever pieces it comes', async () => {
  const body = Buffer.alloc(3 * MEBIBYTE, 'é');
  for (const headers of [{ 'content-length': String(body.length) }, { 'transfer-encoding': 'chunked' }]) {
    expect((await send(body, headers)).status).toBe(200);
    const seen = aws.seen.at(-1);
    expect(seen?.body.equals(body)).toBe(true);
    expect(seen?.headers['x-amz-content-sha256']).toBe(createHash('sha256').update(body).digest('hex'));
    expect(seen?.headers['content-length']).toBe(String(body.length));
  }
});

test('one that is larger than may be held is 413/9004, and nothing goes upstream', async () => {
  const before = aws.seen.length;
  const response = await fetched('x'.repeat(4 * MEBIBYTE + 1));
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ internalCode: 9004 });
  expect(aws.seen.length).toBe(before);
});

test('what the client signed itself is not held: it streams, whatever its size', async () => {
  const body = Buffer.alloc(8 * MEBIBYTE, 'x');
  const authorization = 'AWS4-HMAC-SHA256 Credential=AKIAOTHER/20261124/us-east-1/bedrock/aws4_request, Signature=0';
  expect((await send(body, { authorization })).status).toBe(200);
  expect(aws.seen.at(-1)?.headers['authorization']).toBe(authorization);
  expect(aws.seen.at(-1)?.body.length).toBe(body.length);
});

test('when running calls hold all the room, the next one is 503/9006, and passes once one of them has its answer', async () => {
  const body = Buffer.alloc(3.5 * MEBIBYTE);
  const answers: (() => void)[] = [];
  aws.answer = (request, response) => void answers.push(() => void answerJson(200, {})(request, response));
  const first = send(body);
  const answer = await waitFor(() => answers[0], 'the first call is upstream');
  const refused = await fetched('x'.repeat(body.length));
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ internalCode: 9006 });
  expect(refused.headers.get('retry-after')).toBe('1');
  answer();
  expect((await first).status).toBe(200);
  aws.answer = answerJson(200, {});
  await waitFor(async () => (await send(body)).status === 200, 'the room is free again');
});
