/**
 * Hugging Face's router, with two APIs beneath one host: `/v1/…` speaks OpenAI's dialect; `/{org}/{model}…` is the
 * model's own, which the router serves under `/hf-inference/models`. The older host api-inference.huggingface.co
 * answers 410.
 */
import type { ProviderRow } from '../../schema/contracts/provider-row.js';
import { authOf, isUnder, NO_TARGET } from './plain-provider.js';
import type { Provider } from './provider.js';
import { upstreamBase } from './upstream-base.js';

const MODELS = '/hf-inference/models';

export function huggingFace(row: ProviderRow, override: string | null): Provider {
  const { origin, path: basePath } = upstreamBase(override ?? row.base).filled(NO_TARGET);
  return {
    slug: 'huggingface',
    ...authOf(row),
    route({ path }) {
      const isOwn = path === '' || isUnder(path, '/v1') || isUnder(path, MODELS);
      return { origin, keyOrigin: origin, path: basePath + (isOwn ? path : MODELS + path) || '/', target: NO_TARGET };
    },
  };
}
