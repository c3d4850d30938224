/**
 * Authenticate: who calls. A token counts when it is well-formed, known, alive, of this account, allowed on this
 * gateway and from this address, and may run. On an open gateway a token that does not count is as good as none; on an
 * authenticated one it is refused. Identity that cannot be checked is refused, never assumed.
 */
import type { GatewayPolicy } from '../../schema/contracts/gateway-policy.js';
import type { ApiTokenId } from '../../schema/contracts/ids.js';
import { networksOf, type NetworkList } from '../../schema/contracts/networks.js';
import type { TokenGrant } from '../../schema/contracts/token-grant.js';
import type { Arrival, Caller, Target } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { headerOf } from '../header-list.js';

/** Where token grants come from, by the token's hash; `find` throws (503/9006) when it cannot be known. */
export interface TokenGrants {
  /** null: the text is no well-formed API token */
  hashOf(text: string): string | null;
  held(tokenHash: string): TokenGrant | null | undefined;
  find(tokenHash: string): Promise<TokenGrant | null>;
  /** the token has let somebody in */
  noteUse(tokenId: ApiTokenId): void;
}

export interface AuthenticateDeps {
  readonly tokenGrants: TokenGrants;
}

const ANONYMOUS: Caller = Object.freeze({ apiTokenId: null, unchecked: null });

/**
 * Of a universal request, whose steps name providers: it says who calls, if not in a header of ours, in the usual one.
 */
export const ANY_PROVIDER = Object.freeze({ credentialHeaders: ['authorization'] });

/** What is called, as far as it matters here. */
interface AuthenticatedTarget {
  readonly policy: GatewayPolicy;
  readonly provider: Pick<Target['provider'], 'credentialHeaders'>;
}

/**
 * Throws GatewayError 2009 (no valid token), 9003 (the account is suspended; a token is valid, but not for this) or
 * 9006 (cannot be known now). A promise only when a store has to be asked.
 */
export function authenticate(
  deps: AuthenticateDeps,
  arrival: Arrival,
  target: AuthenticatedTarget,
): Caller | Promise<Caller> {
  const { policy, provider } = target;
  if (policy.isSuspended) throw new GatewayError('accountSuspended', 'the account is suspended by the operator');
  const isRequired = policy.settings.authentication;
  const tokenHash = presentedToken(deps.tokenGrants, arrival, provider.credentialHeaders);
  if (tokenHash === null) {
    if (isRequired) throw new GatewayError('unauthorized', 'this gateway needs an API token in cf-aig-authorization');
    return ANONYMOUS;
  }
  const held = deps.tokenGrants.held(tokenHash);
  if (held !== undefined) return callerBy(deps, held, arrival, policy);
  return findGrant(deps, tokenHash, isRequired).then((found) =>
    found instanceof GatewayError ? { apiTokenId: null, unchecked: found } : callerBy(deps, found, arrival, policy),
  );
}

/** Who calls with a token of which this is known. */
function callerBy(
  { tokenGrants }: AuthenticateDeps,
  grant: TokenGrant | null,
  arrival: Arrival,
  policy: GatewayPolicy,
): Caller {
  const isRequired = policy.settings.authentication;
  if (grant === null || grant.accountId !== policy.accountId || !isAlive(grant)) {
    if (isRequired) throw new GatewayError('unauthorized', 'the API token is not valid');
    return ANONYMOUS;
  }
  const problem = whyNotHere(grant, policy, arrival.clientIp);
  if (problem === null) {
    tokenGrants.noteUse(grant.tokenId);
    return { apiTokenId: grant.tokenId, unchecked: null };
  }
  if (isRequired) throw new GatewayError('forbidden', problem);
  return ANONYMOUS;
}

/** An open gateway goes on without the identity when it cannot be had; an authenticated one refuses. */
async function findGrant(
  deps: AuthenticateDeps,
  tokenHash: string,
  isRequired: boolean,
): Promise<TokenGrant | GatewayError | null> {
  try {
    return await deps.tokenGrants.find(tokenHash);
  } catch (error) {
    if (isRequired || !(error instanceof GatewayError)) throw error;
    return error;
  }
}

/** The hash of the API token of `cf-aig-authorization`, else of one that stands where the provider's own key would. */
function presentedToken(grants: TokenGrants, arrival: Arrival, credentialHeaders: readonly string[]): string | null {
  const own = arrival.options.authorization;
  const ownHash = own === null ? null : hashOf(grants, arrival, own);
  if (ownHash !== null) return ownHash;
  for (const name of credentialHeaders) {
    const value = headerOf(arrival.head.rawHeaders, name);
    if (value === null) continue;
    // Behind whatever scheme the provider's SDK writes: `Bearer`, `Token`, `Key`, `Api-Key`, or none.
    const tokenHash = hashOf(grants, arrival, value.slice(value.lastIndexOf(' ') + 1));
    if (tokenHash !== null) return tokenHash;
  }
  return null;
}

/** Of a head that is said again, the text was there before. */
function hashOf(grants: TokenGrants, { head: { reading } }: Arrival, text: string): string | null {
  if (reading?.token?.text === text) return reading.token.hash;
  const hash = grants.hashOf(text);
  if (reading !== undefined) reading.token = { text, hash };
  return hash;
}

function isAlive(grant: TokenGrant): boolean {
  return !grant.revoked && (grant.expiresAtMs === null || grant.expiresAtMs > Date.now());
}

/** Why a live token of this account may not make this call; null when it may. */
function whyNotHere(grant: TokenGrant, policy: GatewayPolicy, ip: string | null): string | null {
  if (!grant.permissions.includes('AI_GATEWAY_RUN')) return 'the API token has no AI_GATEWAY_RUN permission';
  if (grant.gatewayIds !== null && !grant.gatewayIds.includes(policy.gatewayId)) {
    return 'the API token is not valid for this gateway';
  }
  if (grant.cidrs !== null && (ip === null || !allowedFrom(grant, grant.cidrs).has(ip))) {
    return 'the API token is not valid from this address';
  }
  return null;
}

/** Lists are made once per grant document. */
const networks = new WeakMap<TokenGrant, NetworkList>();

function allowedFrom(grant: TokenGrant, cidrs: readonly string[]): NetworkList {
  let list = networks.get(grant);
  if (list === undefined) networks.set(grant, (list = networksOf(cidrs)));
  return list;
}
