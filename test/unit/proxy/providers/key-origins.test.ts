/** The tier that stores a key and the tier that uses it work out its origin apart: they have to agree. */
import { expect, test } from '@jest/globals';
import { createRegistry } from '../../../../proxy/providers/registry.js';
import { isProviderSlug, keyOriginOf, type ProviderOrigins } from '../../../../schema/contracts/provider-origins.js';
import { PROVIDERS } from '../../../../schema/contracts/providers.js';
import { providerCases } from '../../../support/provider-requests.js';

/** None; one place for all; one place for each target. */
const OVERRIDES: readonly ((slug: string, fields: readonly string[]) => ProviderOrigins)[] = [
  () => new Map(),
  (slug) => new Map([[slug, 'http://10.0.0.1:8080/base/v1']]),
  (slug, fields) => new Map([[slug, `https://x${fields.map((field) => `.{${field}}`).join('')}.example/base`]]),
];

test.each(providerCases())(
  '%s: the api binds a key to the origin and target that its route asks for',
  (_title, { slug, target }, each) => {
    if (!isProviderSlug(slug)) throw new Error(`no such provider: ${slug}`);
    const { targetFields } = PROVIDERS[slug];
    const [path = ''] = each.client.path.split('?');
    const headers = Object.entries(each.client.headers).flat();
    for (const overridesFor of OVERRIDES) {
      const overrides = overridesFor(slug, targetFields);
      const route = createRegistry(overrides, null, { token: () => 'no token is made here' })
        .find(slug)
        ?.route({ path, headers, keyTarget: target });
      expect(route?.keyOrigin).toBe(keyOriginOf(slug, target, overrides));
      expect(Object.keys(route?.target ?? {}).toSorted()).toEqual([...targetFields].toSorted());
    }
  },
);
