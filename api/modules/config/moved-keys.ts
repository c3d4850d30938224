/**
 * Stored keys of custom providers whose base URL is, or is to be, of another origin than the key is bound to: the proxy
 * refuses such a key, so its secret has to be given again.
 */
import type { ConfigDocument } from '../../../schema/contracts/config-document.js';
import { CUSTOM_PREFIX } from '../../../schema/contracts/providers.js';
import type { MovedKeys } from './config-plan.js';
import type { ConfigState } from './config-state.js';

export function movedKeys(state: ConfigState, wanted: ConfigDocument): MovedKeys {
  const providers = wanted.customProviders ?? state.document.customProviders;
  const origins = new Map(providers.map(({ slug, baseUrl }) => [CUSTOM_PREFIX + slug, new URL(baseUrl).origin]));
  const moved = [...state.providerKeys].flatMap(([name, { provider, origin: before }]) => {
    const after = origins.get(provider) ?? before; // of no custom provider, or of one that goes
    return after === before ? [] : [[`gateways.${name}`, { path: 'origin', before, after }] as const];
  });
  return new Map(moved);
}
