import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applyCredential } from '../../../../proxy/credentials/apply-credential.js';
import type { SecretOpener } from '../../../../proxy/credentials/secret-opener.js';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import type { Route } from '../../../../proxy/providers/provider.js';
import { arrivalOf, policyKey, targetOf } from '../../../support/credentialed-call.js';
import { propertyRuns } from '../../../support/test-size.js';

const CANARY = 'sk-canary-0123456789';

interface Place {
  readonly provider: string;
  readonly origin: string;
  readonly target: Readonly<Record<string, string>>;
}

/**
 * Where providers that have a target send their calls, as their documentation writes the hosts (cloudflare-wire §11).
 */
const azure = (resource: string): Place => ({
  provider: 'azure-openai',
  origin: `https://${resource}.openai.azure.com`,
  target: { resource },
});
const vertex = (project: string, region: string): Place => ({
  provider: 'google-vertex-ai',
  origin: `https://${region}-aiplatform.googleapis.com`,
  target: { project, region },
});
const bedrock = (region: string): Place => ({
  provider: 'aws-bedrock',
  origin: `https://bedrock-runtime.${region}.amazonaws.com`,
  target: { region },
});
const workersAi = (account: string): Place => ({
  provider: 'workers-ai',
  origin: 'https://api.cloudflare.com',
  target: { account },
});
const plain = (origin: string): Place => ({ provider: 'openai', origin, target: {} });

interface Tried {
  /** whether the secret was so much as opened */
  readonly opened: boolean;
  readonly outcome: unknown;
}

/** What becomes of a key that was stored for `bound` when a call goes to `asked`. */
function tried(bound: Place, asked: Place): Tried {
  let opened = false;
  const opener: SecretOpener = {
    open: () => {
      opened = true;
      return { reveal: () => CANARY };
    },
  };
  const key = policyKey({ provider: bound.provider, origin: bound.origin, target: { ...bound.target } });
  const route: Route = { origin: asked.origin, keyOrigin: asked.origin, path: '/', target: asked.target };
  const unsigned = {
    arrival: arrivalOf({}),
    target: targetOf({ providerKeys: [key] }, { slug: asked.provider }),
    choice: { kind: 'stored', key } as const,
    route,
    query: '',
    headers: [],
    body: null,
    egress: null,
  };
  try {
    return { outcome: applyCredential(opener, unsigned), opened };
  } catch (error) {
    return { outcome: error, opened };
  }
}

test.each<[string, Place, Place]>([
  ['another Azure resource', azure('mine'), azure('theirs')],
  ['another Vertex project in the same region', vertex('mine', 'us-east1'), vertex('theirs', 'us-east1')],
  ['another Vertex region of the same project', vertex('mine', 'us-east1'), vertex('mine', 'europe-west4')],
  ['another Bedrock region', bedrock('us-east-1'), bedrock('eu-west-1')],
  ['another Workers AI account at the same origin', workersAi('a'.repeat(32)), workersAi('b'.repeat(32))],
  ['another origin of the same provider', plain('https://api.openai.com'), plain('https://elsewhere.example')],
  ['another port', plain('https://api.openai.com'), plain('https://api.openai.com:8443')],
  ['another scheme', plain('https://api.openai.com'), plain('http://api.openai.com')],
  [
    'another provider of the same origin',
    plain('https://x.example'),
    { ...plain('https://x.example'), provider: 'groq' },
  ],
  ['a route that says nothing of the target', azure('mine'), { ...azure('mine'), target: {} }],
  ['a key that says nothing of the target', { ...azure('mine'), target: {} }, azure('mine')],
  ['a target of another name', azure('mine'), { ...azure('mine'), target: { account: 'mine' } }],
  ['a target that every object has', { ...azure('mine'), target: {} }, { ...azure('mine'), target: { toString: 'x' } }],
])('T-KEY-6 a stored key is neither opened nor sent for %s', (_where, bound, asked) => {
  const { outcome, opened } = tried(bound, asked);
  expect(outcome).toBeInstanceOf(GatewayError);
  expect(outcome).toMatchObject({ definition: { code: 2040, status: 400 } });
  expect(opened).toBe(false);
});

test('T-KEY-6 a stored key is sent exactly when provider, origin and every field of the target agree', () => {
  const word = fc.constantFrom('a', 'b', 'A', '', 'a.b', '__proto__');
  const fields = fc.dictionary(fc.constantFrom('resource', 'region', 'project'), word, { maxKeys: 3 });
  const place: fc.Arbitrary<Place> = fc.record({
    provider: fc.constantFrom('openai', 'azure-openai'),
    origin: fc.constantFrom('https://a.example', 'https://b.example', 'https://a.example:444'),
    target: fields,
  });
  let sent = 0;
  const property = fc.property(place, fc.option(place, { nil: null }), (bound, other) => {
    const asked = other ?? bound;
    const { outcome, opened } = tried(bound, asked);
    const agree = JSON.stringify(sorted(bound)) === JSON.stringify(sorted(asked));
    if (agree) sent += 1;
    expect({ opened, isError: outcome instanceof GatewayError }).toEqual({ opened: agree, isError: !agree });
  });
  fc.assert(property, propertyRuns);
  expect(sent).toBeGreaterThan(0);
});

const sorted = ({ provider, origin, target }: Place): unknown => [
  provider,
  origin,
  Object.entries(target).map(String).toSorted(),
];
