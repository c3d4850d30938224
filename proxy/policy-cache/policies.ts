/** Policies by the names in a URL, and token grants by token: two look-ups over three document caches. */
import type { GatewayPolicy } from '../../schema/contracts/gateway-policy.js';
import type { AccountId } from '../../schema/contracts/ids.js';
import type { PolicyChange } from '../../schema/contracts/redis-keys.js';
import type { TokenGrant } from '../../schema/contracts/token-grant.js';
import type { TokenGrants } from '../stages/authenticate.js';
import type { Policies } from '../stages/resolve.js';
import { ApiTokenHashes } from './api-token-hashes.js';
import { DocumentCache, type DocumentCacheOptions } from './document-cache.js';
import {
  accountStores,
  policyCacheKey,
  policyStores,
  tokenGrantStores,
  type AccountEntry,
  type StoreClients,
} from './policy-stores.js';

const COMMON = { freshMs: 10_000, absentMs: 5_000, absentEntriesMax: 10_000 } as const;
/** Routing policy may serve a day without any store; identity a quarter of an hour (the revocation bound then). */
const ROUTING = { ...COMMON, entriesMax: 50_000, staleMs: 86_400_000 } as const;
/** Most policies have few stored secrets or none; one that is full of them weighs as much as a hundred others. */
const POLICY: DocumentCacheOptions<GatewayPolicy> = {
  ...ROUTING,
  sizes: { max: 256 * 1_048_576, of: addedCharacters },
};
const GRANT: DocumentCacheOptions<TokenGrant> = { ...COMMON, entriesMax: 100_000, staleMs: 900_000 };

/** About what one of an account's own prices takes, in characters. */
const OVERRIDE_CHARACTERS = 400;
/** About what one purge of its cache takes. */
const PURGE_CHARACTERS = 300;

/** What stored secrets add to a policy, in characters of base64, and the account's own prices; without any, 1. */
export function addedCharacters(policy: GatewayPolicy): number {
  const { providerKeys, customProviders, egressProxySealed, priceOverrides, cachePurges } = policy;
  let characters = 1 + (egressProxySealed?.length ?? 0) + priceOverrides.length * OVERRIDE_CHARACTERS;
  characters += cachePurges.length * PURGE_CHARACTERS;
  for (const { sealed } of providerKeys) characters += sealed.length;
  for (const { sealedHeaders } of customProviders) characters += sealedHeaders?.length ?? 0;
  return characters;
}

export interface PolicyCache {
  readonly policies: Policies;
  readonly tokenGrants: TokenGrants;
  /** takes an announced change into account at once */
  apply(change: PolicyChange): void;
  /** announcements may have been missed for too long to catch up */
  supersedeAll(): void;
  readonly counts: () => Readonly<Record<'accounts' | 'policies' | 'tokens', DocumentCache<object>['counts']>>;
}

export function createPolicyCache(clients: StoreClients, tokenPepper: Buffer): PolicyCache {
  const accounts = new DocumentCache<AccountEntry>(accountStores(clients), ROUTING);
  const policies = new DocumentCache<GatewayPolicy>(policyStores(clients), POLICY);
  const hashes = new ApiTokenHashes(tokenPepper);
  const grants = new DocumentCache<TokenGrant>(tokenGrantStores(clients), GRANT);
  return {
    policies: {
      held(accountKey, gatewayName) {
        const account = accounts.held(accountKey);
        return account ? policies.held(policyCacheKey(account.accountId, gatewayName)) : account;
      },
      async find(accountKey, gatewayName) {
        const account = await accounts.find(accountKey);
        return account && policies.find(policyCacheKey(account.accountId, gatewayName));
      },
    },
    tokenGrants: {
      hashOf: (text) => hashes.of(text),
      held: (hash) => grants.held(hash),
      find: (hash) => grants.find(hash),
    },
    apply(change) {
      switch (change.kind) {
        case 'gateway':
          // ids in our own announcements were parsed when they were made
          return policies.supersede(policyCacheKey(change.accountId as AccountId, change.gatewayName), change.revision);
        case 'token':
          return grants.supersede(change.tokenHash, change.revision);
        case 'account':
          return accounts.forgetAbsent();
        case 'prices':
          return undefined;
      }
    },
    supersedeAll() {
      accounts.forgetAbsent();
      policies.supersedeAll();
      grants.supersedeAll();
    },
    counts: () => ({ accounts: accounts.counts, policies: policies.counts, tokens: grants.counts }),
  };
}
