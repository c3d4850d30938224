/** An account of a test's own, written straight into the tables: what the proxy's tests need without an api. */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { deriveKey } from '../../platform/keys.js';
import { displayPrefix, hashApiToken, mintApiToken } from '../../schema/contracts/api-token.js';
import { newUuidV7 } from '../../schema/contracts/ids.js';
import type { Permission } from '../../schema/contracts/permissions.js';
import { TEST_PEPPER } from './proxy.js';
import { storeCustomProvider, storeProviderKey, type StoredCustomProvider, type StoredKey } from './stored-secrets.js';

export interface TestTenant {
  readonly accountId: string;
  readonly tag: string;
  readonly name: string;
  /** columns of `gateway_settings` that differ from their defaults */
  gateway(name: string, settings?: Readonly<Record<string, unknown>>): Promise<string>;
  /** the plaintext of a new token */
  apiToken(options?: TokenOptions): Promise<string>;
  /** id of a new stored key */
  providerKey(key: Omit<StoredKey, 'accountId'>): Promise<string>;
  /** id of a new custom provider */
  customProvider(custom: Omit<StoredCustomProvider, 'accountId'>): Promise<string>;
  /** id of a new price of the account's own: 1 pico-USD a token, unless `rates` say otherwise */
  priceOverride(override: TestPriceOverride): Promise<string>;
}

export interface TestPriceOverride {
  readonly provider: string;
  readonly model: string;
  readonly match?: 'EXACT' | 'PREFIX';
  readonly serviceTier?: string;
  readonly from?: Date;
  readonly rates?: Readonly<Record<string, string>>;
}

export interface TokenOptions {
  readonly permissions?: readonly Permission[];
  readonly gatewayIds?: readonly string[];
  readonly cidrs?: readonly string[];
  readonly expiresAt?: Date;
  readonly revokedAt?: Date;
}

/** `owner` must be allowed to bypass row-level security (the tests' superuser). */
export async function createTenant(owner: pg.Pool, pepper: string = TEST_PEPPER): Promise<TestTenant> {
  const accountId = newUuidV7();
  const tag = randomBytes(16).toString('hex');
  const name = `acme-${tag.slice(0, 8)}`;
  await owner.query('INSERT INTO account (id, tag, name) VALUES ($1, $2, $3)', [accountId, tag, name]);
  await owner.query('INSERT INTO account_key (key, account_id) VALUES ($1, $3), ($2, $3)', [tag, name, accountId]);
  return {
    accountId,
    tag,
    name,
    async gateway(gatewayName, settings = {}) {
      const id = newUuidV7();
      await owner.query('INSERT INTO gateway (id, account_id, name) VALUES ($1, $2, $3)', [id, accountId, gatewayName]);
      const row = { gateway_id: id, account_id: accountId, ...settings };
      const columns = Object.keys(row).join(', ');
      await owner.query(
        `INSERT INTO gateway_settings (${columns}) SELECT ${columns} FROM jsonb_populate_record(NULL::gateway_settings, $1)`,
        [JSON.stringify(row)],
      );
      return id;
    },
    providerKey: (key) => storeProviderKey(owner, { ...key, accountId }),
    customProvider: (custom) => storeCustomProvider(owner, { ...custom, accountId }),
    async priceOverride({ provider, model, match = 'EXACT', serviceTier = null, from = null, rates }) {
      const id = newUuidV7();
      await owner.query(
        `INSERT INTO price_override (id, account_id, provider, model, match, service_tier, effective_from, rates)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, accountId, provider, model, match, serviceTier, from, rates ?? { inputTokens: '1', outputTokens: '1' }],
      );
      return id;
    },
    async apiToken(options = {}) {
      const token = mintApiToken();
      await owner.query(
        `INSERT INTO api_token (id, account_id, name, token_hash, prefix, permissions, gateway_ids, cidrs, expires_at, revoked_at)
         VALUES ($1, $2, 'test', $3, $4, $5, $6, $7, $8, $9)`,
        [
          newUuidV7(),
          accountId,
          hashApiToken(deriveKey(pepper, 'api-token'), token),
          displayPrefix(token),
          options.permissions ?? ['AI_GATEWAY_RUN'],
          options.gatewayIds ?? null,
          options.cidrs ?? null,
          options.expiresAt ?? null,
          options.revokedAt ?? null,
        ],
      );
      return token;
    },
  };
}

/** What the api does when it revokes a token: the row, its new revision, and a row of the outbox. */
export async function revokeToken(owner: pg.Pool, token: string): Promise<void> {
  const tokenHash = hashApiToken(deriveKey(TEST_PEPPER, 'api-token'), token);
  const { rows } = await owner.query<{ account_id: string; revision: string }>(
    `UPDATE api_token SET revoked_at = now(), revision = nextval('policy_revision') WHERE token_hash = $1
     RETURNING account_id, revision`,
    [tokenHash],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('there is no such token');
  const change = { kind: 'token', accountId: row.account_id, tokenHash, revision: Number(row.revision) };
  await owner.query('INSERT INTO policy_outbox (account_id, change) VALUES ($1, $2)', [row.account_id, change]);
}
