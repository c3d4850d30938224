/**
 * Where each odd provider's paths lead, by the rules of cloudflare-wire §11; and that no path leads to another host.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { createRegistry } from '../../../../proxy/providers/registry.js';
import type { Route } from '../../../../proxy/providers/provider.js';
import { anyText } from '../../../support/any-text.js';
import { propertyRuns } from '../../../support/test-size.js';

const NO_TOKENS = { token: () => 'no token' };
const defaults = createRegistry(new Map(), null, NO_TOKENS);

function routeOf(slug: string, path: string, headers: readonly string[] = [], registry = defaults): Route {
  const provider = registry.find(slug);
  if (provider === null) throw new Error(`no provider ${slug}`);
  return provider.route({ path, headers, keyTarget: null });
}

const urlOf = (slug: string, path: string, headers?: readonly string[]): string => {
  const { origin, path: own, query = '' } = routeOf(slug, path, headers);
  return origin + own + query;
};

function refusalOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return `${error.definition.status}/${error.definition.code}`;
    throw error;
  }
  return 'none';
}

test.each([
  ['openai', '/v1', 'https://api.openai.com/v1'],
  ['openai', '/v10/x', 'https://api.openai.com/v1/v10/x'],
  ['groq', '/openai/v1/models', 'https://api.groq.com/openai/v1/models'],
  ['grok', '/chat/completions', 'https://api.x.ai/v1/chat/completions'],
  ['mistral', '/chat/completions', 'https://api.mistral.ai/v1/chat/completions'],
  ['mistral', '/v1/agents', 'https://api.mistral.ai/v1/agents'],
  ['openrouter', '/alpha/responses', 'https://openrouter.ai/api/alpha/responses'],
  ['fireworks', '/v1/embeddings', 'https://api.fireworks.ai/inference/v1/embeddings'],
  ['fireworks', '/inference/v1/embeddings', 'https://api.fireworks.ai/inference/v1/embeddings'],
  ['huggingface', '/v1', 'https://router.huggingface.co/v1'],
  ['huggingface', '/v1beta/model', 'https://router.huggingface.co/hf-inference/models/v1beta/model'],
  ['huggingface', '/hf-inference/models/a/b', 'https://router.huggingface.co/hf-inference/models/a/b'],
  ['baseten', '/chat/completions', 'https://inference.baseten.co/v1/chat/completions'],
  ['baseten', '/model/abc/', 'https://model-abc.api.baseten.co/production/predict'],
  ['azure-openai', '/My-Resource/d/embeddings', 'https://my-resource.openai.azure.com/openai/deployments/d/embeddings'],
  ['deepseek', '/beta/completions', 'https://api.deepseek.com/beta/completions'],
])('%s%s goes to %s', (slug, path, url) => {
  expect(urlOf(slug, path)).toBe(url);
});

test.each(['/@cf/m', '/run/@cf/m', '/%40cf/m'])('Workers AI runs %s in the account that the header names', (path) => {
  const url = urlOf('workers-ai', path, ['Tollgate-Workers-AI-Account', 'ACC0']);
  expect(url).toBe(
    `https://api.cloudflare.com/client/v4/accounts/acc0/ai${path.startsWith('/run') ? '' : '/run'}${path}`,
  );
});

test('Workers AI calls the account of the stored key, unless the header names one, and none is 400/9001', () => {
  const provider = defaults.find('workers-ai');
  const target = { account: 'abc' };
  const headers = ['tollgate-workers-ai-account', 'other'];
  expect(provider?.route({ path: '/v1/x', headers: [], keyTarget: target }).target).toEqual(target);
  expect(provider?.route({ path: '/v1/x', headers, keyTarget: target }).target).toEqual({ account: 'other' });
  expect(refusalOf(() => urlOf('workers-ai', '/v1/x'))).toBe('400/9001');
});

/** RFC 3986 §3.3: what a path segment holds as it is. */
const SEGMENT_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@";

const HOSTILE = [
  'evil.example',
  'evil.example#',
  'a.b',
  'a@evil.example',
  'a:80',
  'a%2eevil',
  '%61',
  'a_b',
  '-a',
  'a-',
  'xn--bcher-kva',
  'ａ',
  'a'.repeat(64),
  '..',
  ' ',
  '',
];

test.each(HOSTILE)('a host is never made of "%s"', (name) => {
  for (const path of [`/${name}/d/chat/completions`, `/${name}`, `/${name}/`]) {
    expect([path, refusalOf(() => routeOf('azure-openai', path))]).toEqual([path, '400/9002']);
  }
  for (const path of [`/model/${name}`, `/model/${name}/predict`]) {
    expect([path, refusalOf(() => routeOf('baseten', path))]).toEqual([path, '400/9002']);
  }
  const headers = ['tollgate-workers-ai-account', name];
  expect(refusalOf(() => routeOf('workers-ai', '/@cf/m', headers))).toBe('400/9001');
});

test.each([
  'http://fal.run/x',
  'https://fal.run.evil.example/x',
  'https://evil-fal.run/x',
  'https://evil.example/fal.run',
  'https://evil.example#.fal.run/x',
  'https://evil.example?.fal.run/x',
  'https://evil.example\\.fal.run/x',
  'https://user@fal.run/x',
  'https://fal.run:8443/x',
  'https://fal.run./x',
  'https://FAL.RUN/x',
  'https://some.fal.run/x',
  'https://fal.run/../x',
  'https://fal.run/%2e%2e/x',
  'https://fal.run//x',
  'https://fal.run/x#y',
  'https://fal.run/x y',
  '//fal.run/x',
  'fal.run/x',
  'https:/fal.run/x',
  'file:///etc/passwd',
  '',
])('"%s" in x-fal-target-url is refused', (url) => {
  expect(refusalOf(() => routeOf('fal', '', ['x-fal-target-url', url]))).toBe('400/9001');
});

test('a target URL counts on the bare base only: there is one way to name what is called', () => {
  expect(refusalOf(() => routeOf('fal', '/x', ['x-fal-target-url', 'https://fal.run/y']))).toBe('400/9001');
});

test('an override stands in the place of the whole base, and the same rest of the path follows', () => {
  const base = 'http://127.0.0.1:9/base/';
  const slugs = ['openai', 'grok', 'azure-openai', 'workers-ai', 'huggingface', 'baseten', 'fal'];
  const registry = createRegistry(new Map(slugs.map((slug) => [slug, base])), null, NO_TOKENS);
  const at = (slug: string, path: string, headers?: readonly string[]): string => {
    const { origin, keyOrigin, path: own, query = '' } = routeOf(slug, path, headers, registry);
    expect([slug, keyOrigin]).toEqual([slug, 'http://127.0.0.1:9']);
    return origin + own + query;
  };
  expect(at('openai', '/v1/chat/completions')).toBe('http://127.0.0.1:9/base/chat/completions');
  expect(at('grok', '/chat/completions')).toBe('http://127.0.0.1:9/base/v1/chat/completions');
  expect(at('azure-openai', '/r/d/x')).toBe('http://127.0.0.1:9/base/openai/deployments/d/x');
  expect(at('workers-ai', '/@cf/m', ['tollgate-workers-ai-account', 'a'])).toBe('http://127.0.0.1:9/base/run/@cf/m');
  expect(at('huggingface', '/o/m')).toBe('http://127.0.0.1:9/base/hf-inference/models/o/m');
  expect(at('baseten', '/model/m')).toBe('http://127.0.0.1:9/base/production/predict');
  expect(at('fal', '', ['x-fal-target-url', 'https://queue.fal.run/a?b=1'])).toBe('http://127.0.0.1:9/base/a?b=1');
});

test('an override may have the placeholders of the base', () => {
  const overrides = new Map([['azure-openai', 'https://{resource}.privatelink.example/eu']]);
  const route = routeOf('azure-openai', '/r/d/x', [], createRegistry(overrides, null, NO_TOKENS));
  expect(route.origin + route.path).toBe('https://r.privatelink.example/eu/openai/deployments/d/x');
});

test('T-PATH-1 whatever the path, a call stays on its provider’s host, and under its base', () => {
  const within: Readonly<Record<string, RegExp>> = {
    'azure-openai': /^https:\/\/[a-z0-9-]+\.openai\.azure\.com\/openai\//,
    baseten: /^https:\/\/(?:inference\.baseten\.co|model-[a-z0-9-]+\.api\.baseten\.co)(?:\/|$)/,
    'workers-ai': /^https:\/\/api\.cloudflare\.com\/client\/v4\/accounts\/acc\/ai(?:\/|$)/,
    huggingface: /^https:\/\/router\.huggingface\.co(?:\/|$)/,
    fal: /^https:\/\/fal\.run(?:\/|$)/,
  };
  const piece = fc.oneof(
    fc.constantFrom(...SEGMENT_CHARACTERS.split('')),
    anyText({ maxLength: 1 }).map(encodeURIComponent),
  );
  const webSegment = fc.array(piece).map((pieces) => pieces.join(''));
  const segment = fc.oneof(webSegment, fc.constantFrom(...HOSTILE), fc.string());
  const paths = fc.array(segment, { maxLength: 5 }).map((parts) => parts.map((part) => `/${part}`).join(''));
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(within)), paths, (slug, path) => {
      const headers = slug === 'workers-ai' ? ['tollgate-workers-ai-account', 'acc'] : [];
      try {
        expect(urlOf(slug, path, headers)).toMatch(within[slug] ?? /^$/);
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
      }
    }),
    propertyRuns,
  );
});
