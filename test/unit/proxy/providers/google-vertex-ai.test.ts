/**
 * Hosts and paths: Vertex AI docs, "Locations" and "generateContent"; npm @google/genai and @anthropic-ai/vertex-sdk,
 * 2026-11-24.
 */
import { describe, expect, it } from '@jest/globals';
import { googleVertexAi } from '../../../../proxy/providers/google-vertex-ai.js';
import type { OutgoingCall, Provider, Route } from '../../../../proxy/providers/provider.js';
import { PROVIDERS } from '../../../../schema/contracts/providers.js';

const asked: string[] = [];
const tokens = {
  token(json: string): Promise<string> {
    asked.push(json);
    return Promise.resolve('ya29.minted');
  },
};
const row = PROVIDERS['google-vertex-ai'];
const vertex = googleVertexAi(tokens)(row, null);
const GEMINI = '/v1/projects/my-project/locations/us-east5/publishers/google/models/gemini-2.5-flash:generateContent';

const routeOf = (path: string, provider: Provider = vertex): Route =>
  provider.route({ path, headers: [], keyTarget: null });

const call: OutgoingCall = { method: 'POST', route: routeOf(GEMINI), query: '', headers: [], body: null, egress: null };
const stored = async (secret: string): Promise<string[]> => {
  if (vertex.credential.kind !== 'made') throw new Error('it makes its headers');
  return vertex.credential.headersFor(secret, call);
};

describe('where a call of Vertex goes', () => {
  it.each([
    [GEMINI, 'https://us-east5-aiplatform.googleapis.com', 'us-east5'],
    [GEMINI.replace('us-east5', 'global'), 'https://aiplatform.googleapis.com', 'global'],
    [
      GEMINI.replace('/v1/', '/v1beta1/').replace('us-east5', 'europe-west4'),
      'https://europe-west4-aiplatform.googleapis.com',
      'europe-west4',
    ],
    [
      '/v1/projects/my-project/locations/us-central1/endpoints/openapi/chat/completions',
      'https://us-central1-aiplatform.googleapis.com',
      'us-central1',
    ],
    [
      '/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/claude-opus-4-1@20250805:streamRawPredict',
      'https://us-east5-aiplatform.googleapis.com',
      'us-east5',
    ],
    [GEMINI.replace('us-east5', 'eu'), 'https://aiplatform.eu.rep.googleapis.com', 'eu'],
    [GEMINI.replace('us-east5', 'us'), 'https://aiplatform.us.rep.googleapis.com', 'us'],
  ])('%s', (path, origin, region) => {
    expect(routeOf(path)).toMatchObject({ origin, path, target: { project: 'my-project', region } });
  });

  it('is bound to the origin that the table names, for locations of several regions too', () => {
    expect(routeOf(GEMINI).keyOrigin).toBe('https://us-east5-aiplatform.googleapis.com');
    expect(routeOf(GEMINI.replace('us-east5', 'eu')).keyOrigin).toBe('https://eu-aiplatform.googleapis.com');
  });

  it('is the global host without a project, for which no stored key can be', () => {
    expect(routeOf('/v1/publishers/google/models/gemini-2.5-flash:generateContent')).toMatchObject({
      origin: 'https://aiplatform.googleapis.com',
      target: { project: '', region: 'global' },
    });
    expect(routeOf(GEMINI.replace('my-project', 'example.com:old')).target).toEqual({
      project: '',
      region: 'us-east5',
    });
  });

  it('follows the operator, and the path stays the same', () => {
    const provider = googleVertexAi(tokens)(row, 'http://127.0.0.1:9/{region}');
    for (const region of ['us-east5', 'eu'])
      expect(routeOf(GEMINI.replace('us-east5', region), provider)).toMatchObject({
        origin: 'http://127.0.0.1:9',
        keyOrigin: 'http://127.0.0.1:9',
        path: `/${region}${GEMINI.replace('us-east5', region)}`,
      });
  });

  it.each([
    '',
    '/v1/projects/p',
    '/v1/projects/p/locations/us-east5',
    '/v1/projects/p/locations/evil.example#/publishers/x',
    '/v1/projects/p/locations/evil.example/publishers/x',
    '/v1/projects/p/locations/us%2eevil/publishers/x',
    '/v1/projects/p/locations/user@evil/publishers/x',
    '/v1/projects/p/locations/xn--e1a/publishers/x',
    '/v2/projects/p/locations/us-east5/publishers/x',
    '/projects/p/locations/us-east5/publishers/x',
  ])('is nowhere for %j', (path) => {
    expect(() => routeOf(path)).toThrow(/the path must be \/v1\/projects/);
  });
});

describe('a credential for Vertex', () => {
  const json = '{"type":"service_account"}';

  it('is an access token for the service account that is stored, as JSON or in base64', async () => {
    asked.length = 0;
    for (const secret of [json, `${json}\n`, Buffer.from(json).toString('base64')])
      expect(await stored(secret)).toEqual(['authorization', 'Bearer ya29.minted']);
    expect(asked).toEqual([json, json, json]);
  });

  it('is an access token that is stored', async () => {
    expect(await stored('ya29.stored')).toEqual(['authorization', 'Bearer ya29.stored']);
  });

  it("is the client's own as it came, but for a service account's JSON, which never goes on", async () => {
    for (const value of ['Bearer ya29.own', 'Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln', 'AIzaSyOwn'])
      expect(vertex.convertCredential?.(value, call) ?? null).toBeNull();
    const encoded = Buffer.from(json).toString('base64');
    for (const value of [encoded, `Bearer ${encoded}`, json])
      expect(await vertex.convertCredential?.(value, call)).toEqual(['authorization', 'Bearer ya29.minted']);
  });
});
