/** The secrets that went upstream with a call, to be looked for in what comes back. */
import type { Arrival, UpstreamCall } from '../exchange.js';
import { OF_THE_BODY } from '../header-list.js';

/** Keys of others, which go along with the provider's own: Fireworks asks them in the client's name. */
const KEYS_OF_OTHERS = ['x-anthropic-api-key', 'x-openai-api-key'];
/** Shorter values are no secrets, and would be found in anything. */
const SECRET_CHARACTERS_MIN = 8;
/**
 * What we add that is no secret: our own, and what a custom provider's headers may say besides. Any other name may hold
 * one.
 */
const OPEN = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'anthropic-beta',
  'anthropic-version',
  'cdn-loop',
  'content-length',
  'content-type',
  'host',
  'openai-beta',
  'openai-organization',
  'openai-project',
  'user-agent',
  'x-amz-content-sha256',
  'x-amz-date',
]);
/** Of one header: each is looked for in all of an answer. */
const SECRETS_MAX = 16;
const BETWEEN_SECRETS = /[\s;,"]+/;
/** Of a signed request's line, the signature alone: errors speak of what was signed in the same words. */
const BEFORE_SIGNATURE = /^AWS4-HMAC-SHA256 .*Signature=/;

/** Whether a call bears a secret that its client does not know: a stored key, or a custom provider's headers. */
export function holdsOwnSecret({ storedKey, target }: UpstreamCall): boolean {
  return storedKey !== null || target.customProvider !== null;
}

/**
 * The secrets among the headers that went up which the client had not sent: the difference between the two is ours, and
 * no client may read it.
 */
export function addedSecrets(call: Pick<UpstreamCall, 'headers'>, arrival: Pick<Arrival, 'head'>): string[] {
  const sent = call.headers;
  const clients = new Set(arrival.head.rawHeaders.filter((_text, i) => i % 2 === 1));
  const secrets: string[] = [];
  for (let i = 0; i < sent.length; i += 2) {
    const value = sent[i + 1] ?? '';
    if (clients.has(value) || OPEN.has(sent[i]?.toLowerCase() ?? '')) continue;
    secrets.push(...secretsIn(value));
  }
  return secrets;
}

/** The client's own credentials, in headers and query. */
export function clientSecrets(call: UpstreamCall, arrival: Arrival): string[] {
  const { provider } = call.target;
  const secrets: string[] = [];
  const add = (value: string): void => void secrets.push(...secretsIn(value));
  for (let i = 0; i < call.headers.length; i += 2) {
    const name = call.headers[i]?.toLowerCase() ?? '';
    if (provider.credentialHeaders.includes(name) || KEYS_OF_OTHERS.includes(name)) add(call.headers[i + 1] ?? '');
  }
  for (const [name, value] of new URLSearchParams(arrival.query)) {
    if (provider.credentialParameters.includes(name)) add(value);
  }
  return secrets;
}

/**
 * The secrets in a header's value: the whole, what stands behind its scheme (`Bearer …`), and the values of a list
 * (`a=…; b=…`), of many the longest.
 */
export function secretsIn(value: string): string[] {
  const whole = value.replace(BEFORE_SIGNATURE, '');
  const parts = whole.split(BETWEEN_SECRETS).map(valueOf);
  if (parts.length === 1) return parts.filter(isLong);
  const all = [whole, ...parts].filter(isLong);
  return all.length > SECRETS_MAX ? all.toSorted((one, other) => other.length - one.length).slice(0, SECRETS_MAX) : all;
}

const isLong = (text: string): boolean => text.length >= SECRET_CHARACTERS_MIN;

/** Behind its name; what pads a key is none of a name's. */
function valueOf(part: string): string {
  const value = part.slice(part.indexOf('=') + 1);
  return isLong(value) ? value : part;
}

/** An answer's headers without those that repeat one of `secrets`. */
export function withoutEchoes(headers: readonly string[], secrets: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (OF_THE_BODY.has(name.toLowerCase()) || !secrets.some((secret) => value.includes(secret)))
      kept.push(name, value);
  }
  return kept;
}
