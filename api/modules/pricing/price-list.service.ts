/** Price lists: a new version whenever the prices that this build brings differ from those of the newest list. */
import { createHash } from 'node:crypto';
import type { ModelPrice } from '../../../schema/contracts/prices.js';
import type { PolicyChange } from '../../../schema/contracts/redis-keys.js';
import { ModelPriceRecord } from '../../../schema/entities/model-price.js';
import { PriceList } from '../../../schema/entities/price-list.js';
import { nextRevision, recordFirstChange, type PolicyPublisher } from '../../policy-publisher/index.js';
import type { Database, LookupTransaction } from '../../tenancy/database.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';

/** Rows of one INSERT: bounded by Postgres's 65 535 parameters at 6 a row. */
const ROWS_PER_INSERT = 1_000;

export interface PriceSource {
  /** where the prices are from, as the list's row says it */
  readonly name: string;
  readonly prices: readonly ModelPrice[];
}

export class PriceListService {
  constructor(
    private readonly database: Database,
    private readonly publisher: PolicyPublisher,
  ) {}

  /** Stores `source` as a new version unless it is the newest one already. Answers the version in force. */
  async ensure(source: PriceSource): Promise<number> {
    const digest = createHash('sha256').update(JSON.stringify(source.prices)).digest('hex');
    try {
      const { version, change } = await this.database.inLookup({}, (tx) => store(tx, source, digest));
      if (change !== null) await this.publisher.publish(change);
      return version;
    } catch (error) {
      // Another api stored the same version at the same moment: its list is the newest now.
      if (!isUniqueViolation(error, 'price_list_pkey')) throw error;
      return this.ensure(source);
    }
  }
}

async function store(
  tx: LookupTransaction,
  source: PriceSource,
  digest: string,
): Promise<{ version: number; change: PolicyChange | null }> {
  const [newest] = await tx.manager.find(PriceList, { order: { version: 'DESC' }, take: 1 });
  if (newest?.digest === digest) return { version: newest.version, change: null };
  const version = (newest?.version ?? 0) + 1;
  await tx.manager.insert(PriceList, { version, source: source.name, digest });
  const rows = source.prices.map((price, position) => ({ ...price, version, position }));
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
