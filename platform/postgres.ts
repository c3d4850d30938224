/**
 * Postgres for both tiers: one pool factory, and the only way to open a transaction.
 * Every transaction takes a NOLOGIN role and its row-level-security settings with SET LOCAL, in the same round trip
 * as BEGIN, so that nothing leaks through a pooled connection or a transaction pooler (no session SET, no LISTEN, no
 * named statements).
 */
import pg from 'pg';

/**
 * The roles that the migrations make. The tiers' login is a member of all but the last and uses none of its own rights;
 * the last is the owner's, who rotates the vault's keys.
 */
export type DatabaseRole =
  | 'tollgate_api'
  | 'tollgate_proxy'
  | 'tollgate_shipper'
  | 'tollgate_prover'
  | 'tollgate_rollup'
  | 'tollgate_log_finder'
  | 'tollgate_operator'
  | 'tollgate_upkeep'
  | 'tollgate_vault';

/**
 * Settings that the row-level-security policies read (`current_setting('app.…', true)`); values are data, never SQL.
 */
export type ScopeSettings = Readonly<Partial<Record<ScopeSetting, string>>>;
export type ScopeSetting =
  /** the account whose rows the transaction may see (uuid) */
  | 'app.account'
  /** the user whose own rows (memberships, sessions) the transaction may see (uuid) */
  | 'app.user'
  /** a tag or name: makes that one account row visible, nothing else of it */
  | 'app.account_key'
  /** the keyed hash (hex) of a presented API token: makes that one token row visible */
  | 'app.token_hash'
  /** the keyed hash (hex) of a presented session token: makes that one session row visible */
  | 'app.session_hash'
  /** a normalised email: makes that one user row visible (sign-in), and the invitations for it */
  | 'app.email'
  /** the keyed hash (hex) of a presented invitation: makes that one visible */
  | 'app.invitation_hash'
  /** the keyed hash (hex) of a presented link that sets a password anew: makes that one row visible */
  | 'app.reset_hash'
  /** the key of an identity that the OpenID provider proved: makes that one row visible */
  | 'app.identity'

  /** JSON: makes the account's records with this pair of metadata visible to whoever looks for them */
  | 'app.metadata';

export interface PoolOptions {
  readonly connectionString: string;
  readonly applicationName: string;
  readonly connectionsMax: number;
  readonly connectTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
}

/**
 * A connection whose loss never ends the process. Its pool hears the 'error' of idle connections only, and the server's
 * last word may stand in the very packet that made it ready: before whoever asked for it could listen. Nothing is
 * missed: the next query on it fails, and the pool does not take it back.
 */
export class PooledConnection extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/** A pool whose idle-connection errors are reported to `onError` instead of ending the process. */
export function createPool(options: PoolOptions, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    Client: PooledConnection,
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max: options.connectionsMax,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 3_000,
    query_timeout: options.statementTimeoutMs ?? 10_000,
    idleTimeoutMillis: 30_000,
  });
  pool.on('error', onError);
  return pool;
}

/**
 * What transactions of these roles begin with. The shipper gives a statement up after 10 s, and its server would not:
 * the backend would go on waiting, with the rows that it had locked, and each retry would bring one more. So Postgres
 * gives up first.
 */
const ROLE_LIMITS: Partial<Record<DatabaseRole, string>> = {
  tollgate_shipper: `; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '8s'`,
};

/**
 * Postgres would read the CHECK constraints of each partition of a statement to see whether they contradict what is
 * asked, which took two fifths of planning for 18 days of records. None does: partitions are left out by their bounds,
 * which is another thing.
 */
const PLANNED_QUICKLY = 'SET LOCAL constraint_exclusion = off';

/**
 * The SQL that begins a transaction in `role` with `settings`; one simple-protocol string, values quoted as literals.
 */
export function beginSql(role: DatabaseRole, settings: ScopeSettings): string {
  let sql = `BEGIN; SET LOCAL ROLE ${role}; ${PLANNED_QUICKLY}${ROLE_LIMITS[role] ?? ''}`;
  for (const [name, value] of Object.entries(settings)) {
    sql += `; SET LOCAL ${settingName(name)} = ${pg.escapeLiteral(value)}`;
  }
  return sql;
}

/** Quoted part by part: `user` is a reserved word. */
const settingName = (name: string): string => name.split('.').map(pg.escapeIdentifier).join('.');

/** Runs `work` in one transaction of `role`; commits what it returns, rolls back and rethrows what it throws. */
export function inTransaction<T>(
  pool: pg.Pool,
  role: DatabaseRole,
  settings: ScopeSettings,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return inEndedTransaction(pool, beginSql(role, settings), async (client) => {
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  });
}

/**
 * The same for work that sends COMMIT itself, at its end: with its last statement, both take one round trip. `begin`:
 * what `beginSql` says, and what the work adds to it.
 */
export async function inEndedTransaction<T>(
  pool: pg.Pool,
  begin: string,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(begin);
    return await work(client);
  } catch (error) {
    // A connection on which ROLLBACK fails is in an unknown state: it leaves the pool.
    await client.query('ROLLBACK').catch((rollbackError: Error) => (broken = rollbackError));
    throw error;
  } finally {
    client.release(broken);
  }
}
