/** The secrets that went upstream with a call, to be looked for in what comes back. */
import type { Arrival, UpstreamCall } from '../exchange.js';
import * as headers from '../upstream/headers.js';

/** Keys of others, which go along with the provider's own: Fireworks asks them in the client's name. */
const KEYS_OF_OTHERS = ['x-anthropic-api-key', 'x-openai-api-key'];

/** Whether a call bears a secret that its client does not know: a stored key, or a custom provider's headers. */
export function holdsOwnSecret({ storedKey, target }: UpstreamCall): boolean {
  return storedKey !== null || target.customProvider !== null;
}

/** What was sent in the client's place. */
export function addedSecrets(call: UpstreamCall, arrival: Pick<Arrival, 'head'>): string[] {
  return headers.addedSecrets(call.headers, arrival.head.rawHeaders);
}

/** The client's own credentials, in headers and query. */
export function clientSecrets(call: UpstreamCall, arrival: Arrival): string[] {
  const { provider } = call.target;
  const secrets: string[] = [];
  const add = (value: string): void => void secrets.push(...headers.secretsIn(value));
  for (let i = 0; i < call.headers.length; i += 2) {
    const name = call.headers[i]?.toLowerCase() ?? '';
    if (provider.credentialHeaders.includes(name) || KEYS_OF_OTHERS.includes(name)) add(call.headers[i + 1] ?? '');
  }
  for (const [name, value] of new URLSearchParams(arrival.query)) {
    if (provider.credentialParameters.includes(name)) add(value);
  }
  return secrets;
}
