/** Parts of a request as the choosing of its credential sees them, for unit tests: no socket, no store. */
import type { ClientRequest, ClientResponse } from '../../proxy/client/client-exchange.js';
import type { Arrival, Caller, Target } from '../../proxy/exchange.js';
import type { Provider } from '../../proxy/providers/provider.js';
import { parseRequestOptions } from '../../proxy/request-options.js';
import type { GatewayPolicy, PolicyProviderKey } from '../../schema/contracts/gateway-policy.js';
import { DEFAULT_GATEWAY_SETTINGS, type GatewaySettingsValues } from '../../schema/contracts/gateway-settings.js';
import {
  newUuidV7,
  type AccountId,
  type ApiTokenId,
  type GatewayId,
  type RequestId,
} from '../../schema/contracts/ids.js';

export const ACCOUNT_ID = newUuidV7() as AccountId; // made here: this test's account
export const ORIGIN = 'https://api.provider.example';

export const STRANGER: Caller = { apiTokenId: null, unchecked: null };
export const KNOWN: Caller = { apiTokenId: newUuidV7() as ApiTokenId, unchecked: null }; // made here, likewise

/** A stored key of provider `openai` for `ORIGIN`; its sealed form is whatever the test's opener understands. */
export function policyKey(columns: Partial<PolicyProviderKey> = {}): PolicyProviderKey {
  return {
    id: newUuidV7(),
    provider: 'openai',
    alias: 'default',
    origin: ORIGIN,
    target: {},
    version: 1,
    sealed: 'c2VhbGVk',
    ...columns,
  };
}

interface PolicyParts {
  readonly settings?: Partial<GatewaySettingsValues>;
  readonly providerKeys?: readonly PolicyProviderKey[];
  readonly customProviders?: GatewayPolicy['customProviders'];
  readonly egressProxySealed?: string | null;
}

export function policyOf(parts: PolicyParts = {}): GatewayPolicy {
  return {
    accountId: ACCOUNT_ID,
    accountTag: 'a'.repeat(32),
    gatewayId: newUuidV7() as GatewayId, // made here: this test's gateway
    gatewayName: 'main',
    revision: 1,
    configVersion: 1,
    isSuspended: false,
    requestsPerMonthMax: null,
    settings: { ...DEFAULT_GATEWAY_SETTINGS, ...parts.settings },
    providerKeys: [...(parts.providerKeys ?? [])],
    customProviders: [...(parts.customProviders ?? [])],
    priceOverrides: [],
    egressProxySealed: parts.egressProxySealed ?? null,
    cacheEpoch: 0,
    cachePurges: [],
  };
}

/** A provider that stands for `openai` and whose route is always `ORIGIN` and the client's path. */
export function providerOf(parts: Partial<Provider> = {}): Provider {
  return {
    slug: 'openai',
    credentialHeaders: ['authorization'],
    credentialParameters: [],
    credential: { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
    route: ({ path }) => ({ origin: ORIGIN, keyOrigin: ORIGIN, path, target: {} }),
    ...parts,
  };
}

export function targetOf(policy: PolicyParts | GatewayPolicy, provider: Partial<Provider> = {}): Target {
  return {
    policy: 'accountId' in policy ? policy : policyOf(policy),
    provider: providerOf(provider),
    customProvider: null,
  };
}

interface ArrivalParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly byokAlias?: string | null;
}

export function arrivalOf({ headers = {}, query = '', byokAlias = null }: ArrivalParts): Arrival {
  const id = newUuidV7() as RequestId; // made here: this test's request
  const head = { rawHeaders: Object.entries(headers).flat() };
  return {
    request: head as unknown as ClientRequest, // all that is read of it
    response: {} as unknown as ClientResponse, // never written to
    head,
    body: null,
    step: null,
    id,
    eventId: id,
    arrivedAtMs: 0,
    method: 'POST',
    accountKey: 'acme',
    gatewayName: 'main',
    providerSlug: 'openai',
    path: '/chat/completions',
    query,
    options: { ...parseRequestOptions([]), byokAlias },
    clientIp: null,
  };
}
