/**
 * Baseten: its shared models on one host, in OpenAI's dialect; an account's own on a host per model. `/model/{id}` is a
 * call of what is in production there, `/model/{id}/…` goes behind that host as it is. One key is for all of them: the
 * hosts are Baseten's, and which there can be is said here, not by the client.
 */
import type { ProviderRow } from '../../schema/contracts/provider-row.js';
import { GatewayError } from '../gateway-error.js';
import { authOf, isUnder, NO_TARGET, ownPath } from './plain-provider.js';
import type { Provider, Route } from './provider.js';
import { targetValue } from './target-value.js';
import { upstreamBase } from './upstream-base.js';

const MODEL_BASE = 'https://model-{model}.api.baseten.co';
const MODEL_PATH = '/model/';
const PRODUCTION = '/production/predict';

export function baseten(row: ProviderRow, override: string | null): Provider {
  const { origin, path: basePath } = upstreamBase(override ?? row.base).filled(NO_TARGET);
  const models = upstreamBase(override ?? MODEL_BASE);
  const modelRoute = (path: string): Route => {
    const end = path.indexOf('/', MODEL_PATH.length);
    const model = targetValue(path.slice(MODEL_PATH.length, end === -1 ? undefined : end));
    if (model === null) throw new GatewayError('badRequest', 'the path must be /model/{id}, or begin with it');
    const host = models.filled({ model });
    const rest = end === -1 || end === path.length - 1 ? PRODUCTION : path.slice(end);
    return { origin: host.origin, keyOrigin: origin, path: host.path + rest, target: NO_TARGET };
  };
  return {
    slug: 'baseten',
    ...authOf(row),
    // A model's own API wants `Api-Key` (docs.baseten.co, calling your model, 2026-11-24), OpenAI's SDK sends `Bearer`.
    credential: {
      kind: 'made',
      needsBody: false,
      headersFor: (secret, { route }) => [
        'authorization',
        `${isUnder(route.path, `${basePath}/v1`) ? 'Bearer' : 'Api-Key'} ${secret}`,
      ],
    },
    route: ({ path }) =>
      path.startsWith(MODEL_PATH)
        ? modelRoute(path)
        : { origin, keyOrigin: origin, path: basePath + ownPath(path, row) || '/', target: NO_TARGET },
  };
}
