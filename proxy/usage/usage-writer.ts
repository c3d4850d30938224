/**
 * Writes batches of usage records and log bodies to Postgres: one statement each, its rows as one binary parameter.
 * Writing a batch again changes nothing. A row that Postgres can never take is found by halving, so that it cannot hold
 * up the others.
 */
import type pg from 'pg';
import { errorCode } from '../../platform/error-code.js';
import { inTransaction } from '../../platform/postgres.js';
import { insertArray } from './array-insert.js';
import type { CompositeRows } from './composite-rows.js';
import type { RecordStore } from './memory-ledger.js';
import { readableRows } from './readable-rows.js';
import { BODY_COLUMNS, RECORD_COLUMNS } from './usage-rows.js';

interface Target {
  readonly sql: string;
  readonly rowType: 'usage_record_row_2' | 'log_body_row';
  readonly columns: readonly string[];
}

const RECORDS: Target = {
  sql: `INSERT INTO usage_record (kind, request_count, ${RECORD_COLUMNS.join(', ')})
    SELECT 'USAGE', 1, ${RECORD_COLUMNS.map((name) => (name === 'client_ip' ? 'client_ip::inet' : name)).join(', ')}
    FROM unnest($1::usage_record_row_2[]) ON CONFLICT (day, id) DO NOTHING`,
  rowType: 'usage_record_row_2',
  columns: RECORD_COLUMNS,
};
const BODIES: Target = {
  sql: `INSERT INTO log_body (${BODY_COLUMNS.join(', ')}) SELECT ${BODY_COLUMNS.join(', ')}
    FROM unnest($1::log_body_row[]) ON CONFLICT (log_retention_days, day, id) DO NOTHING`,
  rowType: 'log_body_row',
  columns: BODY_COLUMNS,
};

type TypeOids = Readonly<Record<Target['rowType'], number>>;

/** What was refused for good: a usage record whole, so that it is never lost in silence; of bodies, only whose they are. */
export type OnPoison = (row: string, error: unknown) => void;

export function createUsageWriter(pool: pg.Pool, onPoison: OnPoison): RecordStore {
  let knownOids: TypeOids | null = null;

  const insert = async (target: Target, rows: CompositeRows, run: Run): Promise<void> => {
    if (run.from === run.to) return;
    try {
      const oids = (knownOids ??= await typeOids(pool));
      const array = rows.slice(run.from, run.to, oids[target.rowType]);
      await inTransaction(pool, 'tollgate_shipper', {}, (client) => insertArray(client, target.sql, array));
    } catch (error) {
      if (!isPoison(error)) {
        knownOids = null; // the types may have been made anew
        throw error;
      }
      if (run.to - run.from === 1) return onPoison(poisonText(target, rows, run), error);
      const middle = Math.ceil((run.from + run.to) / 2);
      await insert(target, rows, { from: run.from, to: middle });
      await insert(target, rows, { from: middle, to: run.to });
    }
    return undefined;
  };
  return {
    async write({ records, bodies }) {
      await insert(RECORDS, records, { from: 0, to: records.count });
      await insert(BODIES, bodies, { from: 0, to: bodies.count });
    },
    unwritable: (record, error) => {
      onPoison(
        JSON.stringify(record, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
        error,
      );
    },
  };
}

interface Run {
  readonly from: number;
  readonly to: number;
}

/** The OIDs of our row types, which every migrated database numbers for itself. */
async function typeOids(pool: pg.Pool): Promise<TypeOids> {
  const { rows } = await inTransaction(pool, 'tollgate_shipper', {}, (client) =>
    client.query<TypeOids>(
      `SELECT 'usage_record_row_2'::regtype::oid AS usage_record_row_2, 'log_body_row'::regtype::oid AS log_body_row`,
    ),
  );
  const found = rows[0];
  if (found === undefined) throw new Error('Postgres did not name the row types');
  return found;
}

function poisonText(target: Target, rows: CompositeRows, run: Run): string {
  const [row] = readableRows(rows.slice(run.from, run.to, 0), target.columns);
  return JSON.stringify({ ...row, request_body: undefined, response_body: undefined });
}

/** SQLSTATE classes that speak of the data, not of the server: 22 (data), 23 (integrity), 54 (limits). */
function isPoison(error: unknown): boolean {
  return /^(?:22|23|54)/.test(errorCode(error) ?? '');
}
