/**
 * T-KEY-6 over the real table: with a key that was stored for one place of each provider, every kind of path and header
 * that could mean another place is tried. Where keys may go stands here, host by host, and is not taken from the table.
 */
import { expect, test } from '@jest/globals';
import { applyCredential } from '../../../../proxy/credentials/apply-credential.js';
import type { SecretOpener } from '../../../../proxy/credentials/secret-opener.js';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import type { Provider, Route } from '../../../../proxy/providers/provider.js';
import { isSafePath } from '../../../../proxy/upstream/path.js';
import { createRegistry } from '../../../../proxy/providers/registry.js';
import { PROVIDER_SLUGS, type ProviderSlug } from '../../../../schema/contracts/providers.js';
import { arrivalOf, policyKey, targetOf } from '../../../support/credentialed-call.js';

const SECRET = 'canary-0123456789';
const ACCOUNT = 'a'.repeat(32);

interface Home {
  /** what the key is stored for, and a call that it is for */
  readonly target: Readonly<Record<string, string>>;
  readonly origin: string;
  readonly path: string;
  /** further hosts of the provider's own that its documentation sends the same key to */
  readonly also?: RegExp;
  /** how every path upstream begins when the target stands in it */
  readonly under?: string;
}

const plain = (origin: string, path = '/v1/chat/completions'): Home => ({ target: {}, origin, path });

const HOMES: Readonly<Record<ProviderSlug, Home>> = {
  openai: plain('https://api.openai.com'),
  anthropic: plain('https://api.anthropic.com', '/v1/messages'),
  'google-ai-studio': plain('https://generativelanguage.googleapis.com', '/v1beta/models/m:generateContent'),
  'google-vertex-ai': {
    target: { project: 'mine', region: 'us-east5' },
    origin: 'https://us-east5-aiplatform.googleapis.com',
    path: '/v1/projects/mine/locations/us-east5/publishers/google/models/m:generateContent',
    under: '/v1/projects/mine/locations/us-east5/',
  },
  'aws-bedrock': {
    target: { region: 'us-east-1' },
    origin: 'https://bedrock-runtime.us-east-1.amazonaws.com',
    path: '/bedrock-runtime/us-east-1/model/m/invoke',
    also: /^https:\/\/bedrock-mantle\.us-east-1\.api\.aws$/,
  },
  'azure-openai': {
    target: { resource: 'mine' },
    origin: 'https://mine.openai.azure.com',
    path: '/mine/deployment/chat/completions',
  },
  'workers-ai': {
    target: { account: ACCOUNT },
    origin: 'https://api.cloudflare.com',
    path: '/v1/chat/completions',
    under: `/client/v4/accounts/${ACCOUNT}/ai`,
  },
  groq: plain('https://api.groq.com'),
  grok: plain('https://api.x.ai'),
  mistral: plain('https://api.mistral.ai'),
  cohere: plain('https://api.cohere.com', '/v2/chat'),
  'perplexity-ai': plain('https://api.perplexity.ai'),
  deepseek: plain('https://api.deepseek.com'),
  cerebras: plain('https://api.cerebras.ai'),
  openrouter: plain('https://openrouter.ai'),
  replicate: plain('https://api.replicate.com', '/v1/predictions'),
  huggingface: plain('https://router.huggingface.co'),
  cartesia: plain('https://api.cartesia.ai', '/tts/bytes'),
  elevenlabs: plain('https://api.elevenlabs.io', '/v1/text-to-speech/v'),
  deepgram: plain('https://api.deepgram.com', '/v1/listen'),
  fal: {
    ...plain('https://fal.run', '/fal-ai/x'),
    also: /^https:\/\/(?:queue\.fal\.run|rest\.fal\.ai|rest\.alpha\.fal\.ai)$/,
  },
  ideogram: plain('https://api.ideogram.ai', '/v1/ideogram-v3/generate'),
  baseten: { ...plain('https://inference.baseten.co'), also: /^https:\/\/model-[a-z0-9-]+\.api\.baseten\.co$/ },
  parallel: plain('https://api.parallel.ai', '/v1/tasks/runs'),
  fireworks: plain('https://api.fireworks.ai'),
};

/** What could be read as another host, account or region, in whatever place it stands. */
const OTHERS = ['theirs', 'evil.example', 'evil.example#', 'mine.evil.example', 'mine@evil.example', 'b'.repeat(32), 'eu-west-1']; // prettier-ignore
const SHAPES: readonly ((other: string) => string)[] = [
  (other) => `/${other}`,
  (other) => `/${other}/deployment/chat/completions`,
  (other) => `/${other}/openai/v1/chat/completions`,
  (other) => `/v1/projects/${other}/locations/us-east5/publishers/google/models/m:generateContent`,
  (other) => `/v1/projects/mine/locations/${other}/publishers/google/models/m:generateContent`,
  (other) => `/v1/projects/mine/locations/us-east5/../../../${other}/x`,
  (other) => `/bedrock-runtime/${other}/model/m/invoke`,
  (other) => `/bedrock-mantle/${other}/anthropic/v1/messages`,
  (other) => `/bedrock-${other}/us-east-1/model/m/invoke`,
  (other) => `/model/${other}`,
  (other) => `/model/${other}/production/predict`,
  (other) => `/accounts/${other}/ai/run/@cf/m`,
  (other) => `/@cf/${other}/m`,
  (other) => `/https://${other}/x`,
  (other) => `@${other}/x`,
  (other) => `.${other}/x`,
  (other) => `:443@${other}/x`,
];
const HEADERS: readonly ((other: string) => string[])[] = [
  () => [],
  (other) => ['x-fal-target-url', `https://${other}/x`],
  (other) => ['x-fal-target-url', `https://queue.fal.run@${other}/x`],
  (other) => ['x-fal-target-url', `https://queue.fal.run.${other}/x`],
  () => ['x-fal-target-url', 'https://queue.fal.run/fal-ai/x'],
  (other) => ['tollgate-workers-ai-account', other],
  (other) => ['tollgate-workers-ai-account', `${ACCOUNT}/../${other}`],
  (other) => ['host', other],
];

/** What should not happen: a key that was opened and not sent. */
const NOT_SENT: Route = { origin: 'opened for nothing', keyOrigin: '', path: '', target: {} };

/** Where a call went with the key in its headers; null: it was refused before the key was opened. */
function sentTo(provider: Provider, home: Home, call: { path: string; headers: string[] }): Route | null {
  let opened = false;
  const opener: SecretOpener = {
    open: () => {
      opened = true;
      return { reveal: () => SECRET };
    },
  };
  const { path } = call;
  if (path !== '' && !(path.startsWith('/') && isSafePath(path))) return null; // the guard's refusal
  const key = policyKey({ provider: provider.slug, origin: home.origin, target: { ...home.target } });
  try {
    const route = provider.route({ ...call, keyTarget: key.target });
    const target = { ...targetOf({ providerKeys: [key] }), provider };
    const choice = { kind: 'stored', key } as const;
    const unsigned = {
      arrival: arrivalOf({}),
      target,
      choice,
      route,
      query: '',
      headers: [],
      body: null,
      egress: null,
    };
    const applied = applyCredential(opener, unsigned);
    return applied instanceof Promise || !applied.headers.join().includes(SECRET) ? NOT_SENT : route;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return opened ? NOT_SENT : null;
  }
}

function isHome({ origin, also, under }: Home, route: Route): boolean {
  const isOwnHost = route.origin === origin || also?.test(route.origin) === true;
  return isOwnHost && (under === undefined || (route.path.startsWith(under) && !route.path.includes('..')));
}

const registry = createRegistry(new Map(), null, { token: () => 'no token is made here' });

test.each(PROVIDER_SLUGS.filter((slug) => registry.find(slug) !== null))(
  'T-KEY-6 a key of %s goes to its own hosts and target, or nowhere',
  (slug) => {
    const provider = registry.find(slug);
    if (provider === null) throw new Error('just found');
    const home = HOMES[slug];
    const own = sentTo(provider, home, { path: home.path, headers: [] });
    expect(own?.origin).toBe(home.origin);
    let [attempts, refused] = [0, 0];
    const astray: Route[] = [];
    for (const other of OTHERS) {
      for (const path of ['', home.path, ...SHAPES.map((shape) => shape(other))]) {
        for (const headers of HEADERS.map((header) => header(other))) {
          const route = sentTo(provider, home, { path, headers });
          attempts += 1;
          if (route === null) refused += 1;
          else if (!isHome(home, route)) astray.push(route);
        }
      }
    }
    expect(astray).toEqual([]);
    expect(attempts).toBeGreaterThan(1_000);
    // Where a path or a header can name another place, most of these did.
    if (Object.keys(home.target).length > 0) expect(refused).toBeGreaterThan(attempts / 10);
  },
);
