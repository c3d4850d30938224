/**
 * Cloudflare Workers AI. Whose account is called stands in no path: the header `tollgate-workers-ai-account` says it,
 * or the target of the stored key. `/@cf/…` is short for `/run/@cf/…`; `/v1/…` is its API in OpenAI's dialect.
 */
import type { ProviderRow } from '../../schema/contracts/provider-row.js';
import { GatewayError } from '../gateway-error.js';
import { headerOf } from '../header-list.js';
import { authOf } from './plain-provider.js';
import type { Provider, RouteRequest } from './provider.js';
import { targetValue } from './target-value.js';
import { upstreamBase } from './upstream-base.js';

const ACCOUNT_HEADER = 'tollgate-workers-ai-account';

export function workersAi(row: ProviderRow, override: string | null): Provider {
  const base = upstreamBase(override ?? row.base);
  return {
    slug: 'workers-ai',
    ...authOf(row),
    route(request) {
      const target = { account: accountOf(request) };
      const { origin, path: basePath } = base.filled(target);
      const { path } = request;
      const own = path.startsWith('/@') || path.startsWith('/%40') ? `/run${path}` : path;
      return { origin, keyOrigin: origin, path: basePath + own || '/', target };
    },
  };
}

/** The header goes first: a stored key of another account is then refused, and not the request rerouted. */
function accountOf({ headers, keyTarget }: RouteRequest): string {
  const named = headerOf(headers, ACCOUNT_HEADER);
  const account = targetValue(named ?? keyTarget?.['account'] ?? '');
  if (account !== null) return account;
  throw new GatewayError(
    'badHeader',
    `${ACCOUNT_HEADER} ${named === null ? 'must name the Cloudflare account, because no stored key does' : 'is no account id'}`,
  );
}
