/** Policies by the names in a URL, and token grants by token: two look-ups over three document caches. */
import { gatewayPolicySchema, type GatewayPolicy } from '../../schema/contracts/gateway-policy.js';
import type { AccountId } from '../../schema/contracts/ids.js';
import type { PolicyChange } from '../../schema/contracts/redis-keys.js';
import { tokenGrantSchema, type TokenGrant } from '../../schema/contracts/token-grant.js';
import type { TokenGrants } from '../stages/authenticate.js';
import type { Policies } from '../stages/resolve.js';
import { ApiTokenHashes } from './api-token-hashes.js';
import { DocumentCache, type DocumentCacheOptions } from './document-cache.js';
import { KeptDocuments } from './kept-documents.js';
import { PolicyKeys } from './policy-keys.js';
import {
  accountEntrySchema,
  accountStores,
  policyCacheKey,
  policyStores,
  tokenGrantStores,
  type AccountEntry,
  type StoreClients,
} from './policy-stores.js';

const COMMON = { freshMs: 10_000, absentMs: 5_000, absentEntriesMax: 10_000 } as const;

/** How long what is known is served while no store answers. */
export interface StaleBounds {
  readonly policyStaleMs: number;
  /** the revocation bound then */
  readonly tokenStaleMs: number;
}

const routing = ({ policyStaleMs: staleMs }: StaleBounds) =>
  ({ ...COMMON, entriesMax: 50_000, staleMs, isServedOutdated: true }) as const;
/** Most policies have few stored secrets or none; one that is full of them weighs as much as a hundred others. */
const policyOptions = (bounds: StaleBounds): DocumentCacheOptions<GatewayPolicy> => ({
  ...routing(bounds),
  sizes: { max: 256 * 1_048_576, of: addedCharacters },
});
/** A token that is known to have changed is most likely revoked. */
const grantOptions = ({ tokenStaleMs: staleMs }: StaleBounds): DocumentCacheOptions<TokenGrant> => ({
  ...COMMON,
  entriesMax: 100_000,
  staleMs,
  isServedOutdated: false,
});

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

/** The kinds of documents. */
export const DOCUMENT_NAMES = ['accounts', 'tokens', 'policies'] as const;
export type DocumentName = (typeof DOCUMENT_NAMES)[number];

export interface PolicyCache {
  readonly policies: Policies;
  readonly tokenGrants: Omit<TokenGrants, 'noteUse'>;
  /** takes an announced change into account at once */
  apply(change: PolicyChange): void;
  /** announcements may have been missed for too long to catch up */
  supersedeAll(): void;
  /** the database is an earlier one, or another */
  startOver(): void;
  readonly counts: () => Readonly<Record<DocumentName, DocumentCache<object>['counts']>>;
  /** all that it holds, to be kept on disk */
  readonly documents: Readonly<Record<DocumentName, Pick<DocumentCache<object>, 'texts' | 'changes'>>>;
  /** where what was kept is put, before anything is asked for */
  readonly kept: Readonly<Record<DocumentName, Pick<KeptDocuments<object>, 'add' | 'clear'>>>;
}

export function createPolicyCache(clients: StoreClients, tokenHashKey: Buffer, bounds: StaleBounds): PolicyCache {
  const kept = {
    accounts: new KeptDocuments(accountEntrySchema),
    policies: new KeptDocuments(gatewayPolicySchema),
    tokens: new KeptDocuments(tokenGrantSchema),
  };
  const accounts = new DocumentCache<AccountEntry>(accountStores(clients), routing(bounds), kept.accounts);
  const policies = new DocumentCache<GatewayPolicy>(policyStores(clients), policyOptions(bounds), kept.policies);
  const keys = new PolicyKeys();
  const hashes = new ApiTokenHashes(tokenHashKey);
  const grants = new DocumentCache<TokenGrant>(tokenGrantStores(clients), grantOptions(bounds), kept.tokens);
  return {
    policies: {
      held(accountKey, gatewayName) {
        const account = accounts.held(accountKey);
        return account ? policies.held(keys.of(account, gatewayName)) : account;
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
    apply: (change) => applyChange({ accounts, policies, grants }, change),
    supersedeAll() {
      accounts.forgetAbsent();
      policies.supersedeAll();
      grants.supersedeAll();
    },
    startOver() {
      for (const cache of [accounts, policies, grants]) cache.startOver();
    },
    counts: () => ({ accounts: accounts.counts, policies: policies.counts, tokens: grants.counts }),
    documents: { accounts, policies, tokens: grants },
    kept,
  };
}

interface Caches {
  readonly accounts: DocumentCache<AccountEntry>;
  readonly policies: DocumentCache<GatewayPolicy>;
  readonly grants: DocumentCache<TokenGrant>;
}

function applyChange({ accounts, policies, grants }: Caches, change: PolicyChange): void {
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
}
