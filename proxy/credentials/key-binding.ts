/**
 * What a stored key is bound to: its provider, one origin, and every field of its target. All of it is worked out again
 * from the route that the request takes; a key that is for anything else is refused, never sent.
 */
import type { PolicyProviderKey } from '../../schema/contracts/gateway-policy.js';
import { GatewayError } from '../gateway-error.js';
import type { Provider, Route } from '../providers/provider.js';

/** Throws GatewayError 2040 unless the key is for exactly this provider and route. */
export function assertBound(key: PolicyProviderKey, provider: Pick<Provider, 'slug'>, route: Route): void {
  const problem = mismatch(key, provider, route);
  if (problem === null) return;
  throw new GatewayError(
    'noProviderKey',
    `The BYOK credential '${key.alias}' of provider '${provider.slug}' is not for this request: ${problem}`,
  );
}

function mismatch(key: PolicyProviderKey, provider: Pick<Provider, 'slug'>, route: Route): string | null {
  if (key.provider !== provider.slug) return `it is for provider '${key.provider}'`;
  const fields = new Set([...Object.keys(key.target), ...Object.keys(route.target)]);
  for (const field of fields) {
    const [bound, asked] = [fieldOf(key.target, field), fieldOf(route.target, field)];
    if (bound === null || asked === null || bound !== asked) {
      return `its ${field} is ${bound === null ? 'not set' : `'${bound}'`}, the request's ${asked === null ? 'is not' : `is '${asked}'`}`;
    }
  }
  // Last, so that a target that makes another origin is named by its own word.
  if (key.origin !== route.keyOrigin) return `it was stored for ${key.origin}, the request goes to another origin`;
  return null;
}

function fieldOf(target: Readonly<Record<string, string>>, field: string): string | null {
  return Object.hasOwn(target, field) ? (target[field] ?? null) : null;
}
