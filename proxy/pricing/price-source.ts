/** The price list in force: read from Postgres at start and when a new one is announced, kept until then. */
import type pg from 'pg';
import { z } from 'zod';
import { inTransaction } from '../../platform/postgres.js';
import { modelPriceSchema, type ModelPrice } from '../../schema/contracts/prices.js';
import { createPriceBook, type PriceBook } from './price-book.js';

const PRICES_SQL = `SELECT version, provider, model, match, rules FROM model_price
  WHERE version = (SELECT max(version) FROM price_list) AND version > $1 ORDER BY provider, position`;

const listSchema = z.array(modelPriceSchema);

export class PriceSource {
  /** empty (everything UNPRICED) until the first load */
  current: PriceBook = createPriceBook(0, []);
  /** the list in force as JSON */
  text = '[]';
  /** what is in force gives way to whatever the database has, though its number be lower */
  private isProvisional = false;

  constructor(private readonly pool: pg.Pool) {}

  /**
   * Loads the newest list, unless it is in force already (a change may be announced many times, and of two loads the
   * older may end last). On failure the one in force stays, and the error goes to the caller.
   */
  async load(): Promise<void> {
    const result = await inTransaction(this.pool, 'tollgate_proxy', {}, (client) =>
      client.query<{ version: number }>(PRICES_SQL, [this.isProvisional ? 0 : this.current.version]),
    );
    const version = result.rows[0]?.version ?? 0;
    if (version > this.current.version || this.isProvisional) this.put(version, listSchema.parse(result.rows));
  }

  /** Puts a list in force that was read earlier, until the database answers. Throws when it is none. */
  restore(version: number, list: unknown): void {
    this.put(version, listSchema.parse(list));
    this.giveWay();
  }

  /** The list in force was not read from the database as it is now: the next load puts that one's in its place. */
  giveWay(): void {
    this.isProvisional = true;
  }

  private put(version: number, list: readonly ModelPrice[]): void {
    this.isProvisional = false;
    this.current = createPriceBook(version, list);
    this.text = JSON.stringify(list);
  }
}
