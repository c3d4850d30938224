/** Users, sessions and logs of a test's own, written straight into the tables; accounts come from `createTenant`. */
import type pg from 'pg';
import { hashSessionToken, mintSessionToken } from '../../api/modules/session/index.js';
import { deriveKey } from '../../platform/keys.js';
import { newUuidV7, uuidDay } from '../../schema/contracts/ids.js';
import type { Role } from '../../schema/contracts/permissions.js';
import { TEST_SECRET_KEY } from './api.js';

export interface TestUser {
  readonly id: string;
  readonly email: string;
  /** a session's token */
  readonly token: string;
}

export interface UserOptions {
  readonly accountId?: string;
  readonly role?: Role;
  readonly isOperator?: boolean;
  readonly expiresAt?: Date;
}

export async function createUser(owner: pg.Pool, options: UserOptions = {}): Promise<TestUser> {
  const id = newUuidV7();
  const email = `user-${id}@example.com`;
  await owner.query('INSERT INTO app_user (id, email, is_operator) VALUES ($1, $2, $3)', [
    id,
    email,
    options.isOperator ?? false,
  ]);
  if (options.accountId !== undefined) await addMember(owner, id, options.accountId, options.role ?? 'OWNER');
  const token = mintSessionToken();
  await owner.query('INSERT INTO session (id, user_id, token_hash, expires_at) VALUES ($1, $2, $3, $4)', [
    newUuidV7(),
    id,
    hashSessionToken(deriveKey(TEST_SECRET_KEY, 'session'), token),
    options.expiresAt ?? new Date(Date.now() + 3_600_000),
  ]);
  return { id, email, token };
}

export async function addMember(owner: pg.Pool, userId: string, accountId: string, role: Role): Promise<void> {
  await owner.query('INSERT INTO membership (id, account_id, user_id, role) VALUES ($1, $2, $3, $4)', [
    newUuidV7(),
    accountId,
    userId,
    role,
  ]);
}

/** Columns of a usage record that differ from those of a plain, priced call of now; times decide id and day. */
export interface LogOptions {
  readonly atMs?: number;
  readonly columns?: Readonly<Record<string, unknown>>;
  readonly bodies?: Readonly<Record<string, unknown>>;
}

/** A usage record that is a log, of 10 tokens in and 5 out for 0.000001 USD; answers its id. */
export async function createLog(
  owner: pg.Pool,
  of: { readonly accountId: string; readonly gatewayId: string },
  options: LogOptions = {},
): Promise<string> {
  const atMs = options.atMs ?? Date.now();
  const id = newUuidAt(atMs);
  const row = { ...plainCall(id, atMs, of), ...options.columns };
  await insert(owner, 'usage_record', row);
  if (options.bodies !== undefined) {
    await insert(owner, 'log_body', {
      log_retention_days: row.log_retention_days,
      day: row.day,
      id,
      account_id: of.accountId,
      gateway_id: of.gatewayId,
      ...options.bodies,
    });
  }
  return id;
}

/** A UUIDv7 of that very moment: `newUuidV7` never goes back. */
function newUuidAt(atMs: number): string {
  const time = Math.floor(atMs).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${newUuidV7().slice(13)}`;
}

function plainCall(id: string, atMs: number, of: { readonly accountId: string; readonly gatewayId: string }) {
  const attempt = {
    number: 1,
    step: 0,
    provider: 'openai',
    model: 'gpt-test',
    statusCode: 200,
    errorCode: null,
    startedAtMs: atMs,
    durationMs: 40,
    units: { inputTokens: 10, outputTokens: 5 }, // those that are zero are left out
    usageSource: 'PROVIDER',
    costPico: '1000000',
    costStatus: 'PRICED',
    priceVersion: 1,
    priceRule: 'openai/gpt-test',
  };
  return {
    day: uuidDay(id),
    id,
    account_id: of.accountId,
    gateway_id: of.gatewayId,
    event_id: id,
    config_version: 1,
    created_at: new Date(atMs),
    provider: 'openai',
    model: 'gpt-test',
    method: 'POST',
    path: 'chat/completions',
    status_code: 200,
    cached: false,
    streamed: false,
    client_aborted: false,
    interrupted: false,
    duration_ms: 50,
    input_tokens: 10,
    cached_input_tokens: 0,
    cache_write_tokens: 0,
    cache_write_1h_tokens: 0,
    output_tokens: 5,
    reasoning_tokens: 0,
    audio_input_tokens: 0,
    audio_output_tokens: 0,
    image_input_tokens: 0,
    image_output_tokens: 0,
    requests: 0,
    web_searches: 0,
    usage_source: 'PROVIDER',
    cost_pico: '1000000',
    cost_status: 'PRICED',
    is_log: true,
    log_retention_days: 30,
    attempts: JSON.stringify([attempt]),
    request_bytes: 100,
    response_bytes: 200,
  };
}

async function insert(owner: pg.Pool, table: string, row: Readonly<Record<string, unknown>>): Promise<void> {
  const columns = Object.keys(row);
  const placeholders = columns.map((_, index) => `$${index + 1}`);
  await owner.query(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${placeholders.join(', ')})`,
    Object.values(row),
  );
}
