/**
 * The one place where a stored secret becomes headers. It takes the route that the request goes by, checks that the
 * secret is bound to it, opens it under that binding, and takes out what the client sent in its place: no caller can
 * have the headers without the check, nor open the secret for another origin.
 */
import { z } from 'zod';
import type { PolicyProviderKey } from '../../schema/contracts/gateway-policy.js';
import { customHeadersContext, providerKeyContext } from '../../schema/contracts/seal-contexts.js';
import type { Arrival, Target } from '../exchange.js';
import type { OutgoingCall, Route } from '../providers/provider.js';
import { askingForReadable } from '../upstream/content-codings.js';
import type { EgressProxy } from '../upstream/destination.js';
import {
  clientHeaderCredential,
  replaceHeaders,
  withoutCredentialHeaders,
  withoutCredentialParameters,
} from './client-credential.js';
import { assertBound } from './key-binding.js';
import type { UsableChoice } from './select-credential.js';
import type { SecretOpener } from './secret-opener.js';

/** A call that lacks nothing but its credential. */
export interface Unsigned {
  readonly arrival: Arrival;
  readonly target: Target;
  readonly choice: UsableChoice;
  readonly route: Route;
  /** with its `?`, or empty */
  readonly query: string;
  /** the client's, as they go upstream */
  readonly headers: readonly string[];
  /** null: absent or streamed */
  readonly body: Buffer | null;
  readonly egress: EgressProxy | null;
}

export interface Credentialed {
  readonly query: string;
  readonly headers: readonly string[];
}

/** Whether a call goes upstream otherwise than the client sent it; most do not, and `applyCredential` is not called. */
export function changesCredential(target: Target, choice: UsableChoice): boolean {
  if (choice.kind === 'stored' || (target.customProvider?.sealedHeaders ?? null) !== null) return true;
  return choice.kind === 'client' && target.provider.convertCredential !== undefined;
}

/** Whether the credential can only be made from the whole body. */
export function needsWholeBody(target: Target, choice: UsableChoice): boolean {
  const form = target.provider.credential;
  return choice.kind === 'stored' && form.kind === 'made' && form.needsBody;
}

/**
 * Headers and query with the credential in them; at once where nothing has to be asked for. With a secret of ours in
 * them, they ask for no answer in which it could not be found again. Throws (or rejects with) GatewayError 2040 when
 * the key is not for this route, 9006 when it cannot be opened, and what the provider's own making of it says.
 */
export function applyCredential(opener: SecretOpener, asSent: Unsigned): Credentialed | Promise<Credentialed> {
  const { target, choice } = asSent;
  const own = openedHeaders(opener, target, asSent.route);
  const isOurs = own !== null || choice.kind === 'stored';
  const unsigned = isOurs ? { ...asSent, headers: askingForReadable(asSent.headers) } : asSent;
  switch (choice.kind) {
    case 'stored':
      return withStoredKey(opener, unsigned, choice.key, own);
    case 'client':
      return withConvertedCredential(laidOver(unsigned, own));
    case 'none':
      return laidOver(unsigned, own);
  }
}

/** `own`, a custom provider's headers, stand in place of the client's; null: there are none. */
function laidOver<Call extends Credentialed>(call: Call, own: readonly string[] | null): Call {
  return own === null ? call : { ...call, headers: replaceHeaders(call.headers, own) };
}

/**
 * What the client sent in its place goes; what a custom provider always sends stays, but where the key itself stands.
 */
function withStoredKey(
  opener: SecretOpener,
  unsigned: Unsigned,
  key: PolicyProviderKey,
  own: readonly string[] | null,
): Credentialed | Promise<Credentialed> {
  const { target, route } = unsigned;
  const { provider } = target;
  assertBound(key, provider, route);
  const secret = opener.open(
    key.sealed,
    providerKeyContext({
      accountId: target.policy.accountId,
      provider: provider.slug,
      id: key.id,
      origin: route.keyOrigin,
      target: route.target,
      version: key.version,
    }),
  );
  const call = laidOver(withoutCredential(unsigned), own);
  const form = provider.credential;
  if (form.kind === 'header') return credentialed(call, [form.name, form.prefix + secret.reveal()]);
  return whenMade(call, form.headersFor(secret.reveal(), call));
}

/** The client's own credential, in the provider's form where the provider says that it has another one. */
function withConvertedCredential(unsigned: Unsigned): Credentialed | Promise<Credentialed> {
  const { provider } = unsigned.target;
  const value = clientHeaderCredential(unsigned.arrival, provider);
  if (provider.convertCredential === undefined || value === null) return unsigned;
  const call = withoutCredential(unsigned);
  const made = provider.convertCredential(value, call);
  return made === null ? unsigned : whenMade(call, made);
}

function withoutCredential({ arrival, target, route, query, headers, body, egress }: Unsigned): OutgoingCall {
  return {
    method: arrival.method,
    route,
    query: withoutCredentialParameters(query, target.provider),
    headers: withoutCredentialHeaders(headers, target.provider),
    body,
    egress,
  };
}

function whenMade(call: OutgoingCall, made: string[] | Promise<string[]>): Credentialed | Promise<Credentialed> {
  return Array.isArray(made) ? credentialed(call, made) : made.then((headers) => credentialed(call, headers));
}

function credentialed(call: OutgoingCall, made: readonly string[]): Credentialed {
  return { query: call.query, headers: replaceHeaders(call.headers, made) };
}

const headersSchema = z.record(z.string(), z.string());

/** The headers that a custom provider's calls always carry, opened for the origin that this call goes to. */
function openedHeaders(opener: SecretOpener, { policy, customProvider }: Target, route: Route): string[] | null {
  if (customProvider === null || customProvider.sealedHeaders === null) return null;
  const secret = opener.open(
    customProvider.sealedHeaders,
    customHeadersContext({
      accountId: policy.accountId,
      slug: customProvider.slug,
      id: customProvider.id,
      baseUrl: route.origin,
      version: customProvider.version,
    }),
  );
  return Object.entries(headersSchema.parse(JSON.parse(secret.reveal()))).flat();
}
