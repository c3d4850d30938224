/**
 * Price lists: the one in force is the newest. A start of the api brings the prices of its build, as a new version when
 * they are others; what an operator imported stands until he imports again.
 */
import { modelPriceSchema, type ModelPrice } from '../../../schema/contracts/prices.js';
import type { PolicyChange } from '../../../schema/contracts/redis-keys.js';
import { ModelPriceRecord } from '../../../schema/entities/model-price.js';
import { PriceList } from '../../../schema/entities/price-list.js';
import { nextRevision, recordFirstChange } from '../../policy-publisher/index.js';
import type { Database, LookupTransaction } from '../../tenancy/database.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import { priceDigest } from './price-digest.js';

/** Rows of one INSERT: bounded by Postgres's 65 535 parameters at 6 a row. */
const ROWS_PER_INSERT = 1_000;

export interface PriceSource {
  /** where the prices are from, as the list's row says it */
  readonly name: string;
  readonly prices: readonly ModelPrice[];
}

/** A list that is to be stored, and by whom; null: a build brings it. */
export interface NewPriceList extends PriceSource {
  readonly importedBy: string | null;
}

/** Tells the proxies; they find by themselves what they were not told, within a second. */
export type Announce = (change: PolicyChange) => Promise<void>;

export class PriceListService {
  constructor(
    private readonly database: Database,
    private readonly announce: Announce,
  ) {}

  /**
   * Stores a build's prices as a new version unless they are the newest already, or an operator's are. Answers the
   * version in force.
   */
  async ensure(source: PriceSource): Promise<number> {
    try {
      return await this.store((newest) => (newest?.origin === 'IMPORT' ? null : { ...source, importedBy: null }));
    } catch (error) {
      // Another api stored the same version at the same moment: its list is the newest now.
      if (!isUniqueViolation(error, 'price_list_pkey')) throw error;
      return this.ensure(source);
    }
  }

  /**
   * Stores what `make` makes of the newest list (null: nothing), in one transaction, and announces it. Equal prices are
   * no new version. Answers the version in force. Throws the violation of `price_list_pkey` when another list was
   * stored at the same moment.
   */
  async store(
    make: (
      newest: PriceList | null,
      prices: () => Promise<ModelPrice[]>,
    ) => NewPriceList | null | Promise<NewPriceList | null>,
  ): Promise<number> {
    const { version, change } = await this.database.inLookup({}, async (tx) => {
      const [newest = null] = await tx.manager.find(PriceList, { order: { version: 'DESC' }, take: 1 });
      const list = await make(newest, () => pricesOf(tx, newest));
      return list === null ? { version: newest?.version ?? 0, change: null } : insertList(tx, newest, list);
    });
    if (change !== null) await this.announce(change);
    return version;
  }
}

/** In the order in which their matches are tried. */
async function pricesOf(tx: LookupTransaction, list: PriceList | null): Promise<ModelPrice[]> {
  if (list === null) return [];
  const rows = await tx.manager.find(ModelPriceRecord, {
    where: { version: list.version },
    order: { position: 'ASC' },
  });
  return rows.map((row) => modelPriceSchema.parse(row));
}

async function insertList(
  tx: LookupTransaction,
  newest: PriceList | null,
  { name, prices, importedBy }: NewPriceList,
): Promise<{ version: number; change: PolicyChange | null }> {
  const digest = priceDigest(prices);
  if (newest?.digest === digest) return { version: newest.version, change: null };
  const version = (newest?.version ?? 0) + 1;
  const origin = importedBy === null ? 'BUILT_IN' : 'IMPORT';
  await tx.manager.insert(PriceList, { version, source: name, digest, origin, importedBy });
  const rows = prices.map((price, position) => ({ ...price, version, position }));
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
    await tx.manager
      .createQueryBuilder()
      .insert()
      .into(ModelPriceRecord)
      .values(rows.slice(at, at + ROWS_PER_INSERT))
      .updateEntity(false)
      .execute();
  }
  const change: PolicyChange = { kind: 'prices', revision: await nextRevision(tx) };
  await recordFirstChange(tx, null, change);
  return { version, change };
}
