/**
 * DataLoaders of one request: nested fields of a page are read together. Each key carries the scope under which it may
 * be read, so that one caller's accounts never mix in a batch, and no loader outlives its request.
 */
import DataLoader from 'dataloader';
import type { AccountId, ApiTokenId, GatewayId } from '../schema/contracts/ids.js';
import type { ApiToken } from '../schema/entities/api-token.js';
import type { CustomProvider } from '../schema/entities/custom-provider.js';
import type { GatewaySettings } from '../schema/entities/gateway-settings.js';
import type { Gateway } from '../schema/entities/gateway.js';
import type { AccountQueries } from './modules/account/index.js';
import type { ApiTokenQueries } from './modules/api-token/index.js';
import type { CustomProviderQueries } from './modules/custom-provider/index.js';
import type { GatewayQueries } from './modules/gateway/index.js';
import type { BodyRoom, CostBreakdown, CostBreakdownQueries, LogBodies, LogBodyQueries } from './modules/log/index.js';
import type { AccountScope } from './tenancy/account-scope.js';

export interface ScopedKey<Id extends string, Scope extends AccountScope> {
  readonly scope: Scope;
  readonly id: Id;
}
type ScopedLoader<Id extends string, T, Scope extends AccountScope = AccountScope> = DataLoader<
  ScopedKey<Id, Scope>,
  T | null,
  string
>;

export interface Loaders {
  readonly accountTag: DataLoader<AccountId, string>;
  readonly gateway: ScopedLoader<GatewayId, Gateway>;
  readonly settings: ScopedLoader<GatewayId, GatewaySettings>;
  readonly apiToken: ScopedLoader<ApiTokenId, ApiToken, AccountScope<'log.readApiToken'>>;
  /** by slug, without its `custom-` */
  readonly customProvider: ScopedLoader<string, CustomProvider, AccountScope<'gateway.endpoint'>>;
  readonly costBreakdown: ScopedLoader<string, CostBreakdown, AccountScope<'log.read'>>;
  readonly logBodies: ScopedLoader<string, LogBodies, AccountScope<'log.readBodies'>>;
}

export interface LoaderDeps {
  readonly accounts: AccountQueries;
  readonly gateways: GatewayQueries;
  readonly apiTokens: ApiTokenQueries;
  readonly customProviders: CustomProviderQueries;
  readonly costBreakdowns: CostBreakdownQueries;
  readonly logBodies: LogBodyQueries;
}

/** `room`: for the bodies of logs that the answer holds. */
export function createLoaders(deps: LoaderDeps, room: BodyRoom): Loaders {
  return {
    accountTag: new DataLoader((ids) => deps.accounts.tags(ids)),
    gateway: scoped(
      (scope, ids) => deps.gateways.byIds(scope, ids),
      (row) => row.id,
    ),
    settings: scoped(
      (scope, ids) => deps.gateways.settings(scope, ids),
      (row) => row.gatewayId,
    ),
    apiToken: scoped(
      (scope, ids) => deps.apiTokens.byIds(scope, ids),
      (row) => row.id,
    ),
    customProvider: scoped(
      (scope, slugs) => deps.customProviders.bySlugs(scope, slugs),
      (row) => row.slug,
    ),
    costBreakdown: scoped(
      (scope, ids) => deps.costBreakdowns.byIds(scope, ids),
      (row) => row.id,
    ),
    logBodies: scoped(
      (scope, ids) => deps.logBodies.byIds(scope, ids, room),
      (row) => row.id,
      { cache: false }, // large: nothing but the answer holds them
    ),
  };
}

function scoped<Id extends string, T, Scope extends AccountScope>(
  load: (scope: Scope, ids: readonly Id[]) => Promise<readonly T[]>,
  idOf: (row: T) => Id,
  options: { readonly cache: boolean } = { cache: true },
): ScopedLoader<Id, T, Scope> {
  return new DataLoader<ScopedKey<Id, Scope>, T | null, string>(
    async (keys) => {
      const found = new Map<string, T>();
      for (const group of byAccount(keys).values()) {
        const [first] = group;
        if (first === undefined) continue;
        const rows = await load(first.scope, [...new Set(group.map((key) => key.id))]);
        for (const row of rows) found.set(`${first.scope.accountId}/${idOf(row)}`, row);
      }
      return keys.map((key) => found.get(cacheKey(key)) ?? null);
    },
    { ...options, cacheKeyFn: cacheKey },
  );
}

const cacheKey = (key: ScopedKey<string, AccountScope>): string => `${key.scope.accountId}/${key.id}`;

function byAccount<Id extends string, Scope extends AccountScope>(
  keys: readonly ScopedKey<Id, Scope>[],
): Map<AccountId, ScopedKey<Id, Scope>[]> {
  const groups = new Map<AccountId, ScopedKey<Id, Scope>[]>();
  for (const key of keys) {
    const group = groups.get(key.scope.accountId);
    if (group === undefined) groups.set(key.scope.accountId, [key]);
    else group.push(key);
  }
  return groups;
}
