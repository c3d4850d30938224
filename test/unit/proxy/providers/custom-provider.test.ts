import { expect, test } from '@jest/globals';
import { findCustomProvider } from '../../../../proxy/providers/custom-provider.js';
import type { GatewayPolicy, PolicyCustomProvider } from '../../../../schema/contracts/gateway-policy.js';
import { policyOf } from '../../../support/credentialed-call.js';

const custom = (slug: string, baseUrl: string): PolicyCustomProvider => ({
  id: `id of ${slug}`,
  slug,
  baseUrl,
  version: 1,
  sealedHeaders: null,
});
const policy: GatewayPolicy = policyOf({
  customProviders: [custom('mine', 'https://a.example/api/'), custom('root', 'https://b.example:8443')],
});
const routeOf = (slug: string, path: string): unknown =>
  findCustomProvider(policy, slug)?.provider.route({ path, headers: [], keyTarget: null });

test.each([
  ['custom-mine', '/v1/chat/completions', 'https://a.example', '/api/v1/chat/completions'],
  ['custom-mine', '', 'https://a.example', '/api'],
  ['custom-root', '/chat//x/', 'https://b.example:8443', '/chat//x/'],
  ['custom-root', '', 'https://b.example:8443', '/'],
])('%s%s goes to %s%s: the path stands behind the base as it is', (slug, path, origin, expected) => {
  expect(routeOf(slug, path)).toEqual({ origin, keyOrigin: origin, path: expected, target: {} });
});

test('each is made once for a policy document, and a new document has its own', () => {
  const first = findCustomProvider(policy, 'custom-mine');
  expect(findCustomProvider(policy, 'custom-mine')).toBe(first);
  expect(findCustomProvider({ ...policy }, 'custom-mine')?.provider).not.toBe(first?.provider);
});

test.each(['custom-other', 'custom-', 'mine', 'custom-MINE', 'custom-custom-mine', 'openai'])('%s is none', (slug) => {
  expect(findCustomProvider(policy, slug)).toBeNull();
  expect(findCustomProvider(policyOf(), slug)).toBeNull();
});
