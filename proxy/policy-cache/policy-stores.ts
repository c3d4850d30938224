/** Where documents come from: the shared copies in Redis, and the truth in Postgres. */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { z } from 'zod';
import { GATEWAY_POLICY_SQL, gatewayPolicySchema, type GatewayPolicy } from '../../schema/contracts/gateway-policy.js';
import type { AccountId } from '../../schema/contracts/ids.js';
import {
  accountKey,
  policyKey,
  POLICY_TTL_SECONDS,
  SET_IF_NEWER_LUA,
  tokenGrantKey,
} from '../../schema/contracts/redis-keys.js';
import { TOKEN_GRANT_SQL, tokenGrantSchema, type TokenGrant } from '../../schema/contracts/token-grant.js';
import { inTransaction, type ScopeSettings } from '../../platform/postgres.js';
import { Turns } from '../../platform/turns.js';
import type { DocumentStores, Versioned } from './document-cache.js';
import type { PostgresReach } from './postgres-reach.js';

export interface StoreClients {
  readonly pool: pg.Pool;
  readonly redis: Redis;
  readonly reach: PostgresReach;
}

export interface AccountEntry {
  readonly accountId: AccountId;
}

export const accountEntrySchema = z.object({
  accountId: z.string().transform((id) => id as AccountId), // our own document
});

/** How many loads may ask Postgres at a time: a cold start with ten thousand gateways must not be a stampede. */
const POSTGRES_LOADS_MAX = 4;

/** The id behind an account segment of a URL. */
export function accountStores(clients: StoreClients): DocumentStores<AccountEntry> {
  return storesOf(clients, {
    redisKey: accountKey,
    schema: accountEntrySchema,
    sql: `SELECT jsonb_build_object('accountId', account_id) AS document FROM account_key WHERE key = $1`,
    parameters: (key) => [key],
    settings: (key) => ({ 'app.account_key': key }),
  });
}

/** Keys of policies: the account's id and the gateway's name. */
export const policyCacheKey = (accountId: AccountId, gatewayName: string): string => `${accountId}/${gatewayName}`;

export function policyStores(clients: StoreClients): DocumentStores<GatewayPolicy> {
  const parts = (key: string): [AccountId, string] => {
    const slash = key.indexOf('/');
    return [key.slice(0, slash) as AccountId, key.slice(slash + 1)]; // made by policyCacheKey
  };
  return storesOf(clients, {
    redisKey: (key) => policyKey(...parts(key)),
    schema: gatewayPolicySchema,
    sql: GATEWAY_POLICY_SQL,
    parameters: parts,
    settings: (key) => ({ 'app.account': parts(key)[0] }),
  });
}

/** Keys of grants: the keyed hash of the token. */
export function tokenGrantStores(clients: StoreClients): DocumentStores<TokenGrant> {
  return storesOf(clients, {
    redisKey: tokenGrantKey,
    schema: tokenGrantSchema,
    sql: TOKEN_GRANT_SQL,
    parameters: (hash) => [hash],
    settings: (hash) => ({ 'app.token_hash': hash }),
  });
}

interface DocumentKind<T> {
  redisKey(key: string): string;
  readonly schema: z.ZodType<T>;
  /** selects one row with one jsonb column `document` */
  readonly sql: string;
  parameters(key: string): string[];
  settings(key: string): ScopeSettings;
}

function storesOf<T extends object>({ pool, redis, reach }: StoreClients, kind: DocumentKind<T>): DocumentStores<T> {
  const turns = new Turns(POSTGRES_LOADS_MAX);
  return {
    async fromRedis(key) {
      const [revision, document] = await redis.hmget(kind.redisKey(key), 'revision', 'document');
      if (typeof revision !== 'string' || typeof document !== 'string') return null;
      const parsed: unknown = JSON.parse(document);
      // A document of another shape (an older or newer version of us wrote it) is as good as none.
      const result = kind.schema.nullable().safeParse(parsed);
      return result.success ? { revision: Number(revision), document: result.data } : null;
    },
    fromPostgres: (key) =>
      turns.run(async () => {
        if (reach.isAway) throw new Error('Postgres is away');
        const rows = await inTransaction(pool, 'tollgate_proxy', kind.settings(key), (client) =>
          client.query<{ document: unknown }>(kind.sql, kind.parameters(key)),
        );
        const row = rows.rows[0];
        return row === undefined ? { revision: 0, document: null } : versioned(kind.schema.parse(row.document));
      }),
    toRedis(key, found) {
      redis
        .eval(
          SET_IF_NEWER_LUA,
          1,
          kind.redisKey(key),
          found.revision,
          JSON.stringify(found.document),
          POLICY_TTL_SECONDS,
        )
        .catch(() => undefined); // a shared copy that is not kept costs a query, no more
    },
  };
}

function versioned<T extends object>(document: T): Versioned<T> {
  return {
    revision: 'revision' in document && typeof document.revision === 'number' ? document.revision : 0,
    document,
  };
}
