/**
 * Hosts and paths: Bedrock user guide, "Endpoints supported by Amazon Bedrock" and "bedrock-mantle" (2026-11-24).
 * Requests of clients: test/fixtures/aws-sig-v4/README.md.
 */
import { describe, expect, it, test } from '@jest/globals';
import { headerOf } from '../../../../proxy/header-list.js';
import type { OutgoingCall, Provider } from '../../../../proxy/providers/provider.js';
import { awsBedrock } from '../../../../proxy/providers/aws-bedrock.js';
import { upstreamHeaders } from '../../../../proxy/upstream/headers.js';
import { isSafePath } from '../../../../proxy/upstream/path.js';
import { PROVIDERS } from '../../../../schema/contracts/providers.js';
import { awsClientCalls } from '../../../support/aws-fixtures.js';
import { expectedAuthorization } from '../../../support/aws-verifier.js';

const AT_MS = Date.UTC(2026, 10, 24, 12, 0, 0);
const bedrock = awsBedrock(PROVIDERS['aws-bedrock'], null, () => AT_MS);
const RUNTIME = '/bedrock-runtime/us-east-1/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/invoke';
const MANTLE = '/bedrock-mantle/eu-central-1/anthropic/v1/messages';
const ACCESS_KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

const routeOf = (path: string, provider: Provider = bedrock) => provider.route({ path, headers: [], keyTarget: null });

function callOf(path: string, parts: Partial<OutgoingCall> = {}): OutgoingCall {
  const body = Buffer.from('{"max_tokens":16}');
  const headers = ['Content-Type', 'application/json', 'user-agent', 'test'];
  return { method: 'POST', route: routeOf(path), query: '', headers, body, egress: null, ...parts };
}

async function madeHeaders(secret: string, call: OutgoingCall): Promise<string[]> {
  if (bedrock.credential.kind !== 'made') throw new Error('it signs');
  return bedrock.credential.headersFor(secret, call);
}

/** What AWS would say of a call that the gateway signed. */
function isAccepted(call: OutgoingCall, made: readonly string[], service: string): boolean {
  const { host } = new URL(call.route.origin);
  const pairs = [...call.headers, ...made, 'host', host];
  const headers: Record<string, string> = {};
  for (let i = 0; i < pairs.length; i += 2) headers[(pairs[i] ?? '').toLowerCase()] = pairs[i + 1] ?? '';
  const arrived = { method: call.method, url: call.route.path + call.query, headers, body: call.body ?? '' };
  const region = call.route.target['region'] ?? '';
  return headers['authorization'] === expectedAuthorization(arrived, { ...ACCESS_KEY, region, service, host: null });
}

describe('where a call of Bedrock goes', () => {
  it.each([
    [
      RUNTIME,
      'https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/invoke',
    ],
    [
      '/bedrock-runtime/us-gov-west-1/model/amazon.nova-lite-v1:0/converse-stream',
      'https://bedrock-runtime.us-gov-west-1.amazonaws.com/model/amazon.nova-lite-v1:0/converse-stream',
    ],
    [
      '/bedrock-runtime/us-west-2/openai/v1/chat/completions',
      'https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions',
    ],
    [MANTLE, 'https://bedrock-mantle.eu-central-1.api.aws/anthropic/v1/messages'],
    ['/bedrock-mantle/us-east-1/v1/responses', 'https://bedrock-mantle.us-east-1.api.aws/v1/responses'],
  ])('%s', (path, url) => {
    const route = routeOf(path);
    expect(route.origin + route.path).toBe(url);
  });

  it('is bound to the region, and for both services to the origin that the table names', () => {
    const route = routeOf(MANTLE);
    expect(route.target).toEqual({ region: 'eu-central-1' });
    expect(route.keyOrigin).toBe('https://bedrock-runtime.eu-central-1.amazonaws.com');
  });

  it('follows the operator with both services, whose paths stay the same', () => {
    const provider = awsBedrock(PROVIDERS['aws-bedrock'], 'http://127.0.0.1:9/aws/{region}');
    expect(routeOf(MANTLE, provider)).toMatchObject({
      origin: 'http://127.0.0.1:9',
      keyOrigin: 'http://127.0.0.1:9',
      path: '/aws/eu-central-1/anthropic/v1/messages',
    });
  });

  it.each([
    '',
    '/model/x/invoke',
    '/bedrock-runtime/us-east-1',
    '/bedrock-runtime//model/x/invoke',
    '/bedrock-runtime/evil.example#/model/x/invoke',
    '/bedrock-runtime/evil.example/model/x/invoke',
    '/bedrock-runtime/us-east-1.evil/model/x/invoke',
    '/bedrock-runtime/us-east-1%2eevil/model/x/invoke',
    '/bedrock-runtime/us_east/model/x/invoke',
    '/bedrock-runtime/-east/model/x/invoke',
    '/bedrock-runtime/xn--e1a/model/x/invoke',
    '/bedrock-runtime/user@evil/model/x/invoke',
    '/bedrock-runtime/us-east-1:443/model/x/invoke',
    '/bedrock/us-east-1/model/x/invoke',
    '/constructor/us-east-1/model/x/invoke',
  ])('is nowhere for %j', (path) => {
    expect(() => routeOf(path)).toThrow(/the path must be \/bedrock-runtime/);
  });
});

describe('a stored key of Bedrock', () => {
  it('that is an AWS access key signs path, query, body, type and host, for the region of its target', async () => {
    const call = callOf(RUNTIME, { query: '?beta=true' });
    const made = await madeHeaders(JSON.stringify(ACCESS_KEY), call);
    expect(isAccepted(call, made, 'bedrock')).toBe(true);
    expect(headerOf(made, 'authorization')).toContain('/20261124/us-east-1/bedrock/aws4_request');
    for (const changed of [
      { body: Buffer.from('{"max_tokens":17}') },
      { query: '' },
      { method: 'PUT' },
      { route: routeOf(RUNTIME.replace('%3A', ':')) },
      { headers: ['content-type', 'text/plain'] },
    ])
      expect(isAccepted({ ...call, ...changed }, made, 'bedrock')).toBe(false);
  });

  it('signs for the name bedrock-mantle there', async () => {
    const call = callOf(MANTLE);
    expect(isAccepted(call, await madeHeaders(JSON.stringify(ACCESS_KEY), call), 'bedrock-mantle')).toBe(true);
  });

  it('signs its session token, and its own date and hash in place of those of the client', async () => {
    const secret = JSON.stringify({ ...ACCESS_KEY, region: 'us-east-1', sessionToken: 'token==' });
    const headers = [
      'x-amz-date',
      '20200101T000000Z',
      'x-amz-content-sha256',
      'UNSIGNED-PAYLOAD',
      'x-amz-user-agent',
      'a',
    ];
    const call = callOf(RUNTIME, { headers });
    const made = await madeHeaders(secret, call);
    expect(headerOf(made, 'x-amz-security-token')).toBe('token==');
    expect(headerOf(made, 'x-amz-date')).toBe('20261124T120000Z');
    expect(headerOf(made, 'authorization')).toContain(
      'SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-amz-user-agent,',
    );
    expect(isAccepted(call, made, 'bedrock')).toBe(true);
  });

  it('never shows the secret key in what is sent', async () => {
    const made = await madeHeaders(JSON.stringify(ACCESS_KEY), callOf(RUNTIME, { body: null }));
    expect(made.join('\n')).not.toContain(ACCESS_KEY.secretAccessKey);
    expect(headerOf(made, 'x-amz-content-sha256')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', // of nothing (FIPS 180-4)
    );
  });

  it("that is a Bedrock API key goes as a bearer token, and on Anthropic's paths as x-api-key", async () => {
    expect(await madeHeaders('ABSK-key', callOf(RUNTIME))).toEqual(['authorization', 'Bearer ABSK-key']);
    expect(await madeHeaders('ABSK-key', callOf('/bedrock-mantle/us-east-1/v1/responses'))).toEqual([
      'authorization',
      'Bearer ABSK-key',
    ]);
    expect(await madeHeaders('ABSK-key', callOf(MANTLE))).toEqual(['x-api-key', 'ABSK-key']);
  });

  it.each(['{', '{}', '{"accessKeyId":"AKIA"}', '{"accessKeyId":1,"secretAccessKey":"canary"}', '{"canary'])(
    'that is JSON of another shape is refused without being shown: %s',
    async (secret) => {
      const refusal = await madeHeaders(secret, callOf(RUNTIME)).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ errorName: 'noProviderKey' });
      expect(String(refusal)).not.toContain('canary');
    },
  );
});

describe("a client's own credential for Bedrock", () => {
  const convert = (value: string, path: string) => bedrock.convertCredential?.(value, callOf(path)) ?? null;

  it('is a Bedrock API key or a signature, which both go as they are', () => {
    expect(convert('Bearer ABSK-key', RUNTIME)).toBeNull();
    expect(
      convert('AWS4-HMAC-SHA256 Credential=AKIA/20261124/us-east-1/bedrock-mantle/aws4_request', MANTLE),
    ).toBeNull();
    expect(convert('ABSK-key', MANTLE)).toBeNull();
  });

  it("is an API key in x-api-key on Anthropic's paths", () => {
    expect(convert('Bearer ABSK-key', MANTLE)).toEqual(['x-api-key', 'ABSK-key']);
  });
});

const { cases, ...keys } = awsClientCalls();
const signedCalls = cases.filter(({ headers }) => headers.some(([, value]) => value.startsWith('AWS4-HMAC-SHA256')));

test('there are recordings of both services and both kinds of credential', () => {
  expect(signedCalls.map(({ service }) => service).sort()).toEqual([
    ...Array<string>(5).fill('bedrock'),
    'bedrock-mantle',
  ]);
  expect(cases.length - signedCalls.length).toBe(2);
});

test.each(signedCalls.map((call) => [call.name, call] as const))(
  'what a client signed is still signed when it leaves: %s',
  (_name, { url, headers, host, method, body, service, region }) => {
    const path = `/bedrock-${service === 'bedrock' ? 'runtime' : 'mantle'}/${region}${url}`;
    expect(isSafePath(path)).toBe(true);
    const route = routeOf(path);
    expect(route.origin).toBe(`https://${host}`);
    const arrived = ['host', 'gateway.example', 'connection', 'keep-alive', 'content-length', String(body.length)];
    const up = upstreamHeaders([...arrived, ...headers.flat()], { isIdentityWanted: false, loopMark: 'tollgate-test' });
    const sent: Record<string, string> = { host, 'content-length': String(Buffer.byteLength(body)) };
    for (let i = 0; i < up.length; i += 2) sent[(up[i] ?? '').toLowerCase()] = up[i + 1] ?? '';
    const wanted = expectedAuthorization(
      { method, url: route.path, headers: sent, body },
      { ...keys, region, service, host },
    );
    expect(sent['authorization']).toBe(wanted);
  },
);
