/** Stored credentials of a test's account, sealed and written straight into the tables as the api would write them. */
import { Redis } from 'ioredis';
import type pg from 'pg';
import { newUuidV7 } from '../../schema/contracts/ids.js';
import { POLICY_CHANNEL } from '../../schema/contracts/redis-keys.js';
import { customHeadersContext, egressProxyContext, providerKeyContext } from '../../schema/contracts/seal-contexts.js';
import { sealSecret } from '../../schema/contracts/sealed-secret.js';
import type { TestProxy } from './proxy.js';
import { vaultPair } from './vault.js';

const { publicKey } = vaultPair();

export interface StoredKey {
  readonly accountId: string;
  readonly gatewayId: string;
  readonly provider: string;
  readonly origin: string;
  readonly secret: string;
  readonly alias?: string;
  readonly target?: Readonly<Record<string, string>>;
}

/** The id of the new row. */
export async function storeProviderKey(owner: pg.Pool, key: StoredKey): Promise<string> {
  const id = newUuidV7();
  const target = key.target ?? {};
  const sealed = sealSecret(publicKey, key.secret, providerKeyContext({ ...key, target, id, version: 1 }));
  await owner.query(
    `INSERT INTO provider_key (id, account_id, gateway_id, provider, alias, origin, target, sealed, last_four)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '')`,
    [
      id,
      key.accountId,
      key.gatewayId,
      key.provider,
      key.alias ?? 'default',
      key.origin,
      JSON.stringify(target),
      sealed,
    ],
  );
  return id;
}

/** A new secret under the next version; what a rotation through the api comes to. Proxies know after `announce`. */
export async function rotateProviderKey(owner: pg.Pool | pg.PoolClient, id: string, secret: string): Promise<number> {
  const { rows } = await owner.query<{
    accountId: string;
    provider: string;
    origin: string;
    target: Record<string, string>;
    version: number;
  }>('SELECT account_id AS "accountId", provider, origin, target, version FROM provider_key WHERE id = $1', [id]);
  const row = rows[0];
  if (row === undefined) throw new Error('no such provider key');
  const version = row.version + 1;
  const sealed = sealSecret(publicKey, secret, providerKeyContext({ ...row, id, version }));
  await owner.query('UPDATE provider_key SET sealed = $2, version = $3 WHERE id = $1', [id, sealed, version]);
  return version;
}

export interface StoredCustomProvider {
  readonly accountId: string;
  readonly slug: string;
  readonly baseUrl: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The id of the new row. */
export async function storeCustomProvider(owner: pg.Pool, custom: StoredCustomProvider): Promise<string> {
  const id = newUuidV7();
  const names = Object.keys(custom.headers ?? {});
  const context = customHeadersContext({ ...custom, id, version: 1 });
  const sealed = names.length === 0 ? null : sealSecret(publicKey, JSON.stringify(custom.headers), context);
  await owner.query(
    `INSERT INTO custom_provider (id, account_id, slug, name, base_url, header_names, sealed_headers)
     VALUES ($1, $2, $3, $3, $4, $5, $6)`,
    [id, custom.accountId, custom.slug, custom.baseUrl, names, sealed],
  );
  return id;
}

/** Columns of `gateway_settings` for an egress proxy at `url`; the gateway's row has to be there. */
export async function storeEgressProxy(
  owner: pg.Pool,
  gateway: { readonly accountId: string; readonly gatewayId: string; readonly url: string },
): Promise<void> {
  const masked = new URL(gateway.url);
  if (masked.password !== '') masked.password = '***';
  const sealed = sealSecret(publicKey, gateway.url, egressProxyContext({ ...gateway, maskedUrl: masked.href }));
  await owner.query(
    'UPDATE gateway_settings SET egress_proxy_url = $2, egress_proxy_sealed = $3 WHERE gateway_id = $1',
    [gateway.gatewayId, masked.href, sealed],
  );
}

/** Tells the proxies that a gateway's policy changed, as the api does after its transaction. */
export async function announce(
  proxy: TestProxy,
  gateway: { readonly accountId: string; readonly gatewayId: string; readonly gatewayName: string },
): Promise<void> {
  const result = await proxy.owner.query<{ revision: string }>(
    `UPDATE gateway SET config_version = config_version + 1, revision = nextval('policy_revision') WHERE id = $1 RETURNING revision`,
    [gateway.gatewayId],
  );
  const { accountId, gatewayName } = gateway;
  const change = JSON.stringify({
    kind: 'gateway',
    accountId,
    gatewayName,
    revision: Number(result.rows[0]?.revision),
  });
  await proxy.owner.query('INSERT INTO policy_outbox (account_id, change) VALUES ($1, $2)', [accountId, change]);
  const redis = new Redis({ path: proxy.redis.url.slice('unix://'.length) });
  await redis.publish(POLICY_CHANNEL, change);
  redis.disconnect();
}
