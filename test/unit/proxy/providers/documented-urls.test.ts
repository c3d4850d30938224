/** Without any override, what the SDKs send through us goes to the URL that they call by themselves. */
import { expect, test } from '@jest/globals';
import { createRegistry } from '../../../../proxy/providers/registry.js';
import { PROVIDERS, PROVIDER_SLUGS } from '../../../../schema/contracts/providers.js';
import { providerCases, providerFixtures } from '../../../support/provider-requests.js';

const registry = createRegistry(new Map(), null, { token: () => 'no token' });

test.each(providerCases())('%s goes to the URL that the provider documents', (_title, { slug, target }, each) => {
  const [path = '', query = ''] = each.client.path.split(/(?=\?)/);
  const headers = Object.entries(each.client.headers).flat();
  const route = registry.find(slug)?.route({ path, headers, keyTarget: null });
  expect(`${route?.origin}${route?.path}${route?.query ?? query}`).toBe(each.upstream.url);
  expect(route?.target).toEqual(target);
});

test('every provider has documented examples, and the credential header is the one that its own document names', () => {
  const fixtures = new Map(providerFixtures().map((fixture) => [fixture.slug, fixture]));
  const others = PROVIDER_SLUGS.filter((slug) => !fixtures.has(slug));
  expect(others).toEqual(['aws-bedrock']); // signed: test/fixtures/aws-sig-v4/clients.json
  for (const [slug, { credential }] of fixtures) {
    expect([slug, registry.find(slug)?.credentialHeaders[0]]).toEqual([slug, credential.header]);
  }
});

test("whoever speaks Anthropic's format is sent a key where Anthropic's SDKs write it", () => {
  const { 'google-vertex-ai': _takesNoKey, ...others } = PROVIDERS;
  const speaking = Object.entries(others).filter(([, { speaks }]) => speaks.some((format) => format === 'anthropic'));
  expect(speaking.map(([slug]) => slug)).toEqual(expect.arrayContaining(['anthropic', 'aws-bedrock', 'deepseek']));
  for (const [slug] of speaking) {
    expect({ slug, headers: registry.find(slug)?.credentialHeaders }).toEqual({
      slug,
      headers: expect.arrayContaining(['authorization', 'x-api-key']),
    });
  }
});
