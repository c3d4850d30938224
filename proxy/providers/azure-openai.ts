/**
 * Azure OpenAI: a host per resource. `/{resource}/{deployment}/…` is a call of a deployment (cloudflare-wire §11);
 * `/{resource}/openai/…` is the resource's own path, as SDKs write it that were given the resource as their endpoint.
 */
import type { ProviderRow } from '../../schema/contracts/provider-row.js';
import { GatewayError } from '../gateway-error.js';
import { authOf } from './plain-provider.js';
import type { Provider } from './provider.js';
import { targetValue } from './target-value.js';
import { upstreamBase } from './upstream-base.js';

export function azureOpenAi(row: ProviderRow, override: string | null): Provider {
  const base = upstreamBase(override ?? row.base);
  return {
    slug: 'azure-openai',
    ...authOf(row),
    route({ path }) {
      const resourceEnd = path.indexOf('/', 1);
      const resource = targetValue(resourceEnd === -1 ? '' : path.slice(1, resourceEnd));
      const rest = path.slice(resourceEnd);
      if (resource === null || rest.length < 2)
        throw new GatewayError('badRequest', 'the path must be /{resource}/{deployment}/… or /{resource}/openai/…');
      const target = { resource };
      const { origin, path: basePath } = base.filled(target);
      const own = rest.startsWith('/openai/') ? rest : `/openai/deployments${rest}`;
      return { origin, keyOrigin: origin, path: basePath + own, target };
    },
  };
}
