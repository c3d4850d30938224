/** The price list in force: read from Postgres at start and when a new one is announced, kept until then. */
import type pg from 'pg';
import { inTransaction } from '../../platform/postgres.js';
import { modelPriceSchema } from '../../schema/contracts/prices.js';
import { createPriceBook, type PriceBook } from './price-book.js';

const PRICES_SQL = `SELECT version, provider, model, match, rules FROM model_price
  WHERE version = (SELECT max(version) FROM price_list) AND version > $1 ORDER BY provider, position`;

export class PriceSource {
  /** empty (everything UNPRICED) until the first load */
  current: PriceBook = createPriceBook(0, []);

  constructor(private readonly pool: pg.Pool) {}

  /**
   * Loads the newest list, unless it is in force already (a change may be announced many times, and of two loads the
   * older may end last). On failure the one in force stays, and the error goes to the caller.
   */
  async load(): Promise<void> {
    const result = await inTransaction(this.pool, 'tollgate_proxy', {}, (client) =>
      client.query<{ version: number }>(PRICES_SQL, [this.current.version]),
    );
    const version = result.rows[0]?.version ?? 0;
    if (version > this.current.version) {
      this.current = createPriceBook(
        version,
        result.rows.map((row) => modelPriceSchema.parse(row)),
      );
    }
  }
}
