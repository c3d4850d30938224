/** What the proof's gateway needs in the database: an account with prices of its own, and a gateway that keeps logs. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../migrations/run.js';
import { newUuidV7 } from '../schema/contracts/ids.js';
import { MODEL, POISON, REQUEST_TIMEOUT_MS } from './request-plan.js';

/** Pico-USD a token; primes, so that no wrong count costs the same by chance. */
export const RATES = { inputTokens: 150_011n, cachedInputTokens: 75_011n, outputTokens: 600_011n } as const;

export interface ProofTenant {
  readonly accountId: string;
  /** of a chat call through its gateway */
  readonly path: string;
}

/** Migrates the empty database at `databaseUrl` (as its owner, past row-level security) and fills it. */
export async function seedTenant(databaseUrl: string): Promise<ProofTenant> {
  await migrate(databaseUrl);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await refusePoison(client);
    return await insertTenant(client);
  } finally {
    await client.end();
  }
}

/** Makes records that Postgres refuses for good, whatever the proxy cleans before it writes. */
async function refusePoison(client: pg.Client): Promise<void> {
  const condition = `coalesce(metadata->>'${POISON.key}', '') <> '${POISON.value}'`;
  await client.query(`ALTER TABLE usage_record ADD CONSTRAINT usage_record_proof_check CHECK (${condition})`);
}

async function insertTenant(client: pg.Client): Promise<ProofTenant> {
  const [accountId, gatewayId] = [newUuidV7(), newUuidV7()];
  const tag = randomBytes(16).toString('hex');
  await client.query(`INSERT INTO account (id, tag, name) VALUES ($1, $2, 'proof')`, [accountId, tag]);
  await client.query(`INSERT INTO account_key (key, account_id) VALUES ($1, $2), ('proof', $2)`, [tag, accountId]);
  await client.query(`INSERT INTO gateway (id, account_id, name) VALUES ($1, $2, 'proof')`, [gatewayId, accountId]);
  await client.query('INSERT INTO gateway_settings (gateway_id, account_id, request_timeout_ms) VALUES ($1, $2, $3)', [
    gatewayId,
    accountId,
    REQUEST_TIMEOUT_MS,
  ]);
  const rates = Object.fromEntries(Object.entries(RATES).map(([unit, pico]) => [unit, String(pico)]));
  await client.query(
    `INSERT INTO price_override (id, account_id, provider, model, match, rates) VALUES ($1, $2, 'openai', $3, 'EXACT', $4)`,
    [newUuidV7(), accountId, MODEL, rates],
  );
  return { accountId, path: `/v1/${tag}/proof/openai/chat/completions` };
}
