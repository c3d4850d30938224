/**
 * Ships runs of numbered records to Postgres: one transaction moves the spool's cursor and inserts the rows, so that a
 * run is shipped once, whoever tries and however often. A record that Postgres will never take goes to the quarantine
 * in the same transaction, under its own number.
 */
import type pg from 'pg';
import { errorCode, errorMessage } from '../../platform/error-code.js';
import { beginSql, inEndedTransaction, inTransaction } from '../../platform/postgres.js';
import { uuidDay } from '../../schema/contracts/ids.js';
import { insertArray } from '../usage/array-insert.js';
import type { CompositeRows } from '../usage/composite-rows.js';
import { readableRows } from '../usage/readable-rows.js';
import { RECORD_COLUMNS } from '../usage/usage-rows.js';
import type { ProcessReport } from './process-report.js';

const ROW_TYPE = 'usage_record_row_3';
/** A batch of which more than this is refused speaks of the table, not of its rows: nothing is quarantined. */
const POISON_SHARE_MAX = 0.2;
/** So many are never too many: a small batch may be all poison. */
const POISON_COUNT_UNSUSPECTED = 5;
const UNIQUE_VIOLATION = '23505';
/** What the quarantine says of a record whose id another record has. */
const CONFLICT = { sqlstate: UNIQUE_VIOLATION, error: 'another record has this id' };

/** A spool as Postgres knows it. */
export interface ShippedSpool {
  readonly id: string;
  /** what its rows name it by */
  readonly number: number;
  /** the last record that was shipped */
  readonly shippedSeq: number;
}

/** Records with numbers `firstSeq`, `firstSeq + 1`, … */
export interface RecordRun {
  readonly firstSeq: number;
  readonly rows: CompositeRows;
}

/** Another process has shipped what this one was about to ship. */
export class CursorMoved extends Error {}

export class Shipments {
  quarantined = 0;
  private typeOid: number | null = null;

  constructor(
    private readonly pool: pg.Pool,
    private readonly onQuarantined: (seq: number, row: string, error: string) => void,
  ) {}

  /** Makes the spool known, or finds it again. */
  open(id: string, host: string): Promise<ShippedSpool> {
    return this.transaction(async (client) => {
      const { rows } = await client.query<{ number: number; shipped_seq: string; type_oid: number }>(
        `INSERT INTO ledger_spool (id, host) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET heard_at = now()
         RETURNING number, shipped_seq, '${ROW_TYPE}'::regtype::oid AS type_oid`,
        [id, host],
      );
      const found = rows[0];
      if (found === undefined) throw new Error('Postgres did not name the spool');
      this.typeOid = found.type_oid;
      return { id, number: found.number, shippedSeq: Number(found.shipped_seq) };
    });
  }

  /**
   * Ships a run and returns the spool with its cursor behind it. Throws when Postgres cannot take it now (it is not
   * known then whether it did: `open` tells), and CursorMoved when it was shipped by another.
   */
  async ship(spool: ShippedSpool, run: RecordRun, settledSeq: number): Promise<ShippedSpool> {
    try {
      try {
        return await this.shipNew(spool, run, settledSeq);
      } catch (error) {
        if (!isConflict(error)) throw error;
        return await this.shipWithout([], spool, run, settledSeq);
      }
    } catch (error) {
      if (!isPoison(error)) throw error;
      return this.shipWithout(await this.poisonOf(spool, run, error), spool, run, settledSeq);
    }
  }

  /** Says how far the spool's owner has settled, and how it is. */
  async heartbeat(spool: ShippedSpool, settledSeq: number, report: ProcessReport): Promise<void> {
    const { version, lagMs, coverHours, isGated } = report;
    await this.transaction((client) =>
      client.query(
        `UPDATE ledger_spool SET settled_seq = GREATEST(settled_seq, $2), heard_at = now(), version = $3, lag_ms = $4,
           cover_hours = $5, is_gated = $6 WHERE id = $1`,
        [spool.id, settledSeq, version, lagMs, coverHours, isGated],
      ),
    );
  }

  /** The spool was read to its end, and will be no more; nothing, where Postgres never heard of it. */
  async close(spoolId: string): Promise<void> {
    await this.transaction((client) =>
      client.query('UPDATE ledger_spool SET closed_at = now(), heard_at = now() WHERE id = $1', [spoolId]),
    );
  }

  /**
   * Those of the requests' ids that have a record, or one of this spool in quarantine: Postgres may take now what it
   * refused, and its next number would be refused again.
   */
  async recorded(spool: ShippedSpool, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.transaction((client) =>
      client.query<{ id: string }>(
        `SELECT id::text FROM usage_record WHERE id = ANY($1::uuid[]) AND day = ANY($2::date[])
         UNION SELECT readable->>'id' FROM ledger_quarantine WHERE spool = $3 AND readable->>'id' = ANY($1::text[])`,
        [ids, [...new Set(ids.map(uuidDay))], spool.number],
      ),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * All rows, as if none stood there already: Postgres takes in such a row with a tenth less than one for which it
   * first has to look, and then to claim its place (docs/performance.md). Fails as a whole where one does.
   */
  private shipNew(spool: ShippedSpool, run: RecordRun, settledSeq: number): Promise<ShippedSpool> {
    return this.shipBy(spool, run, settledSeq, async (client) => {
      await insertArray(client, insertSql(spool.number, run.firstSeq), run.rows.slice(0, run.rows.count, this.oid()));
    });
  }

  private shipWithout(
    poison: readonly Poison[],
    spool: ShippedSpool,
    run: RecordRun,
    settledSeq: number,
  ): Promise<ShippedSpool> {
    return this.shipBy(spool, run, settledSeq, async (client) => {
      const refused = [...poison];
      let from = 0;
      for (const { index } of [...poison, { index: run.rows.count }]) {
        if (from < index) refused.push(...(await this.insert(client, spool, run, { from, to: index })));
        from = index + 1;
      }
      for (const one of refused) await this.quarantine(client, spool, run, one);
    });
  }

  /** The transaction that moves the cursor behind the run, whose rows `write` sees to. */
  private shipBy(
    spool: ShippedSpool,
    run: RecordRun,
    settledSeq: number,
    write: (client: pg.PoolClient) => Promise<void>,
  ): Promise<ShippedSpool> {
    const toSeq = run.firstSeq + run.rows.count - 1;
    return inEndedTransaction(this.pool, BEGIN, async (client) => {
      await moveCursor(client, spool, toSeq, settledSeq);
      await write(client);
      await client.query(endSql(spool.number, run.firstSeq, toSeq));
      return { ...spool, shippedSeq: toSeq };
    });
  }

  /** Inserts rows; those whose id another record has are returned. */
  private async insert(client: pg.PoolClient, spool: ShippedSpool, run: RecordRun, part: Part): Promise<Poison[]> {
    const array = run.rows.slice(part.from, part.to, this.oid());
    const sql = `${insertSql(spool.number, run.firstSeq + part.from)} ON CONFLICT (day, id) DO NOTHING`;
    const inserted = await insertArray(client, sql, array);
    if (inserted === part.to - part.from) return [];
    const { rows } = await client.query<{ ordinality: string }>({
      text: conflictSql(spool.number, run.firstSeq + part.from),
      values: [array],
    });
    return rows.map(({ ordinality }) => ({ index: part.from + Number(ordinality) - 1, ...CONFLICT }));
  }

  /**
   * Finds the rows that Postgres refuses, by halving; writes nothing. Throws what it was given when they are too many.
   */
  private async poisonOf(spool: ShippedSpool, run: RecordRun, error: unknown): Promise<Poison[]> {
    const found: Poison[] = [];
    const countMax = Math.max(POISON_COUNT_UNSUSPECTED, run.rows.count * POISON_SHARE_MAX);
    const search = async (part: Part): Promise<void> => {
      const refusal = await this.refusalOf(spool, run, part);
      if (refusal === null) return undefined;
      if (part.to - part.from === 1) {
        found.push({ index: part.from, sqlstate: errorCode(refusal) ?? '', error: errorMessage(refusal) });
        if (found.length > countMax) throw new Error('Postgres refuses too many usage records', { cause: error });
        return undefined;
      }
      const middle = Math.ceil((part.from + part.to) / 2);
      await search({ from: part.from, to: middle });
      return search({ from: middle, to: part.to });
    };
    await search({ from: 0, to: run.rows.count });
    return found;
  }

  /** Why Postgres would not take these rows; null: it would. */
  private async refusalOf(spool: ShippedSpool, run: RecordRun, part: Part): Promise<unknown> {
    const tried = new Error('tried');
    try {
      await this.transaction(async (client) => {
        await this.insert(client, spool, run, part);
        throw tried; // rolled back
      });
    } catch (error) {
      if (error === tried) return null;
      if (isPoison(error)) return error;
      throw error;
    }
    return null;
  }

  private async quarantine(client: pg.PoolClient, spool: ShippedSpool, run: RecordRun, poison: Poison): Promise<void> {
    const array = run.rows.slice(poison.index, poison.index + 1, this.oid());
    const seq = run.firstSeq + poison.index;
    const text = JSON.stringify(readableRows(array, RECORD_COLUMNS)[0]);
    await client.query(
      `INSERT INTO ledger_quarantine (spool, spool_seq, record, readable, sqlstate, error)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [spool.number, seq, array.subarray(ROW_AT), asJsonb(text), poison.sqlstate, poison.error],
    );
    this.quarantined += 1;
    this.onQuarantined(seq, text, poison.error);
  }

  private oid(): number {
    if (this.typeOid === null) throw new Error('no spool was opened');
    return this.typeOid;
  }

  private transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return inTransaction(this.pool, 'tollgate_shipper', {}, work);
  }
}

interface Part {
  readonly from: number;
  readonly to: number;
}

/** A row of a run that Postgres will never take. */
interface Poison {
  readonly index: number;
  readonly sqlstate: string;
  readonly error: string;
}

/** Where the first row's columns begin in an array of rows: behind its head and the row's length. */
const ROW_AT = 24;

/**
 * The cursor's row stays locked until Postgres knows that this connection is lost, which without a word from it takes
 * two hours. Rows of which only a part has come count as idle too (`insertArray`).
 */
const SILENCE_MS_MAX = 5_000;
const BEGIN = `${beginSql('tollgate_shipper', {})}; SET LOCAL idle_in_transaction_session_timeout = ${SILENCE_MS_MAX}`;

/** Throws CursorMoved when the cursor is not where it was. */
async function moveCursor(
  client: pg.PoolClient,
  spool: ShippedSpool,
  toSeq: number,
  settledSeq: number,
): Promise<void> {
  const { rowCount } = await client.query(
    `UPDATE ledger_spool SET shipped_seq = $3, settled_seq = GREATEST(settled_seq, $3, $4), heard_at = now()
     WHERE id = $1 AND shipped_seq = $2`,
    [spool.id, spool.shippedSeq, toSeq, settledSeq],
  );
  if (rowCount !== 1) throw new CursorMoved(`the cursor of spool ${spool.id} is not at ${spool.shippedSeq} any more`);
}

/** Notes the shipment, and ends the transaction if that is noted. The numbers are ours. */
const endSql = (spool: number, from: number, to: number): string =>
  `INSERT INTO ledger_shipment (spool, shipped_on, from_seq, to_seq)
   VALUES (${spool}, (now() AT TIME ZONE 'UTC')::date, ${from}, ${to})
   ON CONFLICT (shipped_on, spool) DO UPDATE SET to_seq = excluded.to_seq; COMMIT`;

const COLUMNS = RECORD_COLUMNS.join(', ');
const VALUES = RECORD_COLUMNS.map((name) => (name === 'client_ip' ? 'client_ip::inet' : name)).join(', ');

/** Numbers that are ours stand in the text: the rows are the only parameter. */
const insertSql = (spool: number, firstSeq: number): string =>
  `INSERT INTO usage_record (kind, spool, spool_seq, ${COLUMNS})
   SELECT 'USAGE', ${spool}, ${firstSeq - 1} + ordinality, ${VALUES}
   FROM unnest($1::${ROW_TYPE}[]) WITH ORDINALITY AS shipped (${COLUMNS}, ordinality)`;

/** Which rows of an array do not stand in the table as they are. */
const conflictSql = (spool: number, firstSeq: number): string =>
  `SELECT ordinality FROM unnest($1::${ROW_TYPE}[]) WITH ORDINALITY AS shipped (${COLUMNS}, ordinality)
   JOIN usage_record stored USING (day, id)
   WHERE (stored.spool, stored.spool_seq) IS DISTINCT FROM (${spool}, ${firstSeq - 1} + ordinality)
     OR (${RECORD_COLUMNS.map((name) => `stored.${name}`).join(', ')}) IS DISTINCT FROM
        (${RECORD_COLUMNS.map((name) => (name === 'client_ip' ? 'shipped.client_ip::inet' : `shipped.${name}`)).join(', ')})`;

/** JSON that jsonb takes: it has no NUL. */
const asJsonb = (json: string): string => json.replaceAll('\\u0000', '\\ufffd');

/** A row stands there already. */
export const isConflict = (error: unknown): boolean => errorCode(error) === UNIQUE_VIOLATION;

/** SQLSTATE classes that speak of the data, not of the server: 22 (data), 23 (integrity), 54 (limits). */
export function isPoison(error: unknown): boolean {
  return /^(?:22|23|54)/.test(errorCode(error) ?? '');
}
