/** What the measured gateway needs in the database: an account, authenticated gateways, a token, the real prices. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { importGenaiPrices } from '../../api/modules/pricing/genai-prices.js';
import { migrate } from '../../migrations/run.js';
import { deriveKey } from '../../platform/keys.js';
import { displayPrefix, hashApiToken, mintApiToken } from '../../schema/contracts/api-token.js';
import { newUuidV7 } from '../../schema/contracts/ids.js';

const RATE_LIMITS = [
  { name: 'all', limit: 1_000_000_000, intervalSeconds: 60, technique: 'SLIDING', key: 'GATEWAY', keyName: null },
];
/** The gateways by what is on: everything, a rate limit that never refuses alone, or neither that nor the cache. */
export const GATEWAYS = {
  tollgate: { name: 'bench', rateLimits: RATE_LIMITS, cacheTtlSeconds: 3_600 },
  limited: { name: 'bench-limited', rateLimits: RATE_LIMITS, cacheTtlSeconds: 0 },
  plain: { name: 'bench-plain', rateLimits: [], cacheTtlSeconds: 0 },
} as const;
type Gateway = (typeof GATEWAYS)[keyof typeof GATEWAYS];

export interface Seeded {
  readonly accountId: string;
  readonly accountTag: string;
  readonly apiToken: string;
}

/** Migrates the empty database at `databaseUrl` (as its owner, past row-level security) and fills it. */
export async function seed(databaseUrl: string, pepper: string): Promise<Seeded> {
  await migrate(databaseUrl);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await insertPrices(client);
    return await insertTenant(client, pepper);
  } finally {
    await client.end();
  }
}

async function insertPrices(client: pg.Client): Promise<void> {
  const rows = importGenaiPrices().prices.map((price, position) => ({ ...price, position, version: 1 }));
  await client.query(`INSERT INTO price_list (version, source, digest) VALUES (1, 'bench', '')`);
  await client.query('INSERT INTO model_price SELECT * FROM json_populate_recordset(NULL::model_price, $1)', [
    JSON.stringify(rows),
  ]);
}

async function insertTenant(client: pg.Client, pepper: string): Promise<Seeded> {
  const [accountId, tokenId] = [newUuidV7(), newUuidV7()];
  const accountTag = randomBytes(16).toString('hex');
  const apiToken = mintApiToken();
  await client.query(`INSERT INTO account (id, tag, name) VALUES ($1, $2, 'bench')`, [accountId, accountTag]);
  await client.query(`INSERT INTO account_key (key, account_id) VALUES ($1, $2), ('bench', $2)`, [
    accountTag,
    accountId,
  ]);
  for (const gateway of Object.values(GATEWAYS)) await insertGateway(client, accountId, gateway);
  await client.query(
    `INSERT INTO api_token (id, account_id, name, token_hash, prefix, permissions)
     VALUES ($1, $2, 'bench', $3, $4, '{AI_GATEWAY_RUN}')`,
    [tokenId, accountId, hashApiToken(deriveKey(pepper, 'api-token'), apiToken), displayPrefix(apiToken)],
  );
  return { accountId, accountTag, apiToken };
}

async function insertGateway(
  client: pg.Client,
  accountId: string,
  { name, rateLimits, cacheTtlSeconds }: Gateway,
): Promise<void> {
  const id = newUuidV7();
  await client.query('INSERT INTO gateway (id, account_id, name) VALUES ($1, $2, $3)', [id, accountId, name]);
  await client.query(
    `INSERT INTO gateway_settings (gateway_id, account_id, authentication, rate_limits, cache_ttl_seconds)
     VALUES ($1, $2, true, $3, $4)`,
    [id, accountId, JSON.stringify(rateLimits), cacheTtlSeconds],
  );
}
