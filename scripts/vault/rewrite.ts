/**
 * Rewrites sealed values while both tiers serve: in batches by id, each in a transaction of its own that also tells the
 * proxies. Stopped at any point, what was done is done; what was not still opens with the previous key.
 */
import type pg from 'pg';
import { inTransaction } from '../../platform/postgres.js';
import { SealedSecretError, type SealContext, type SealedSecretReason } from '../../schema/contracts/sealed-secret.js';
import { lockSql, pageSql, SEALED_TABLES, updateSql, type SealedRow, type SealedTable } from './sealed-tables.js';

/** The new sealed value; null: it is as it should be. Throws SealedSecretError. */
export type Rewrite = (sealed: Buffer, context: SealContext) => Buffer | null;

/** After which row of which table. */
export interface Position {
  readonly table: SealedTable['name'];
  readonly id: string;
}

export interface Failure extends Position {
  readonly reason: SealedSecretReason;
}

export interface TableCounts {
  rewritten: number;
  untouched: number;
  failed: number;
}

export interface RewriteOptions {
  readonly rewrite: Rewrite;
  /** null: from the beginning */
  readonly after: Position | null;
  readonly batchRows: number;
  readonly onBatch: (position: Position) => void;
  readonly onFailure: (failure: Failure) => void;
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Goes through every sealed value once. A value that cannot be rewritten is reported and left as it is. */
export async function rewriteAll(
  pool: pg.Pool,
  options: RewriteOptions,
): Promise<Record<SealedTable['name'], TableCounts>> {
  const none = (): TableCounts => ({ rewritten: 0, untouched: 0, failed: 0 });
  const counts = { provider_key: none(), custom_provider: none(), gateway_settings: none() };
  const first = SEALED_TABLES.findIndex((table) => table.name === (options.after?.table ?? SEALED_TABLES[0]?.name));
  for (const table of SEALED_TABLES.slice(first)) {
    let afterId: string | null = options.after?.table === table.name ? options.after.id : FIRST_ID;
    while (afterId !== null)
      afterId = await rewriteBatch(pool, { ...options, table, afterId, counts: counts[table.name] });
  }
  return counts;
}

interface Batch extends RewriteOptions {
  readonly table: SealedTable;
  readonly afterId: string;
  readonly counts: TableCounts;
}

/** The last id of the batch; null: there was none left. */
async function rewriteBatch(pool: pg.Pool, batch: Batch): Promise<string | null> {
  const { table } = batch;
  const lastId = await inTransaction(pool, 'tollgate_vault', {}, async (client) => {
    const page = await client.query<SealedRow>(pageSql(table), [batch.afterId, batch.batchRows]);
    if (page.rows.length === 0) return null;
    // Gateways first and in order, as every change of the api does: two changes never wait for each other.
    const gatewayIds = await lockGateways(client, page.rows);
    const { rows } = await client.query<SealedRow>(lockSql(table), [page.rows.map((row) => row.id)]);
    const changed = rows.flatMap((row) => rewritten(row, batch));
    if (changed.length > 0) {
      await client.query(updateSql(table), [changed.map(({ row }) => row.id), changed.map(({ sealed }) => sealed)]);
      await announce(
        client,
        gatewayIds,
        changed.map(({ row }) => row),
      );
    }
    return page.rows.at(-1)?.id ?? null;
  });
  if (lastId !== null) batch.onBatch({ table: table.name, id: lastId });
  return lastId;
}

function rewritten(row: SealedRow, { table, rewrite, counts, onFailure }: Batch): { row: SealedRow; sealed: Buffer }[] {
  try {
    const sealed = rewrite(row.sealed, table.contextOf(row));
    if (sealed === null) {
      counts.untouched += 1;
      return [];
    }
    counts.rewritten += 1;
    return [{ row, sealed }];
  } catch (error) {
    if (!(error instanceof SealedSecretError)) throw error;
    counts.failed += 1;
    onFailure({ table: table.name, id: row.id, reason: error.reason });
    return [];
  }
}

const GATEWAYS_OF_ROWS = `g.deleted_at IS NULL AND (g.id = ANY($1::uuid[]) OR g.account_id = ANY($2::uuid[]))`;

async function lockGateways(client: pg.PoolClient, rows: readonly SealedRow[]): Promise<string[]> {
  const { rows: locked } = await client.query<{ id: string }>(
    `SELECT g.id FROM gateway g WHERE ${GATEWAYS_OF_ROWS} ORDER BY g.id FOR UPDATE`,
    gatewaysOf(rows),
  );
  return locked.map(({ id }) => id);
}

/** A new revision for every policy that shows one of the rows. Settings are the same, so `config_version` is too. */
async function announce(
  client: pg.PoolClient,
  lockedIds: readonly string[],
  rows: readonly SealedRow[],
): Promise<void> {
  await client.query(
    `WITH renumbered AS (
       UPDATE gateway g SET revision = nextval('policy_revision')
       WHERE ${GATEWAYS_OF_ROWS} AND g.id = ANY($3::uuid[]) RETURNING g.account_id, g.name, g.revision)
     INSERT INTO policy_outbox (account_id, change)
     SELECT account_id, jsonb_build_object(
       'kind', 'gateway', 'accountId', account_id, 'gatewayName', name, 'revision', revision) FROM renumbered`,
    [...gatewaysOf(rows), lockedIds],
  );
}

/** Ids of gateways, and of accounts all of whose gateways are meant. */
function gatewaysOf(rows: readonly SealedRow[]): [string[], string[]] {
  const ofOne = rows.flatMap(({ gatewayId }) => (gatewayId === null ? [] : [gatewayId]));
  const ofAll = rows.flatMap(({ gatewayId, accountId }) => (gatewayId === null ? [accountId] : []));
  return [ofOne, ofAll];
}
