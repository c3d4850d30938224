/**
 * Recalculation: what was recorded is priced anew, and each difference becomes an adjusting entry. One transaction
 * reads one snapshot and writes all entries or none; of an account one runs at a time, so that what comes after it
 * finds nothing left to do.
 */
import { z } from 'zod';
import { usdFromPico } from '../../../schema/contracts/decimal.js';
import { uuidV5 } from '../../../schema/contracts/ids.js';
import { badInput, conflict } from '../../errors.js';
import { parseInput } from '../../input.js';
import { notBefore1970 } from '../../iso-time.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { SqlConditions } from '../../tenancy/sql-conditions.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import {
  adjustmentsJoinSql,
  PRICED_COLUMNS_SQL,
  pricedAttempts,
  type PricedAttempt,
  type PricedRow,
} from '../log/index.js';
import { insertEntries, type AdjustedPart, type AdjustingEntry } from './adjusting-entries.js';
import { pricesInForce } from './prices-in-force.js';
import { RecalculationRoom } from './recalculation-room.js';
import { RecalculationTally } from './recalculation-tally.js';
import {
  recalculationSchema,
  type CheckedRecalculation,
  type CostRecalculation,
  type RecalculateCostsInput,
} from './recalculation.types.js';
import { LIST_PRICED, reprice, type PriceNow, type Repricing } from './repricing.js';

type Scope = AccountScope<'cost.recalculate'>;

/** Records of one recalculation: what one transaction may hold up. */
export const RECALCULATED_MAX = 100_000;
/** Records that are priced between two queries: the api's other requests wait that long. */
const BATCH_ROWS = 1_000;

export class RecalculationService {
  readonly room = new RecalculationRoom();

  constructor(
    private readonly database: Database,
    private readonly recordsMax: number = RECALCULATED_MAX,
  ) {}

  async recalculate(scope: Scope, input: RecalculateCostsInput): Promise<CostRecalculation> {
    const checked = parseInput(recalculationSchema, input, 'input');
    return this.room.enter(scope.accountId, () => this.run(scope, checked));
  }

  private run(scope: Scope, checked: CheckedRecalculation): Promise<CostRecalculation> {
    return this.database.inAccount(scope, async (tx) => {
      if (!checked.dryRun && !(await isLocked(tx))) throw this.room.taken();
      const { version, priceNow } = await pricesInForce(tx);
      const tally = await this.priceAnew(tx, checked, priceNow);
      assertExpected(tally.differencePico, checked);
      const result = tally.result({ dryRun: checked.dryRun, priceVersion: version === 0 ? null : version });
      if (!checked.dryRun && result.changed > 0n) await audit(tx, checked, result);
      return result;
    });
  }

  private async priceAnew(
    tx: TenantTransaction,
    checked: CheckedRecalculation,
    priceNow: PriceNow,
  ): Promise<RecalculationTally> {
    const tally = new RecalculationTally();
    let seen = 0;
    await openCursor(tx, checked);
    for (;;) {
      const rows = await tx.fetch<RecordRow>('recalculated', BATCH_ROWS);
      if (rows.length === 0) return tally;
      seen += rows.length;
      if (seen > this.recordsMax) {
        throw badInput('input.to', `reaches over more than ${this.recordsMax} records: take a shorter range`);
      }
      const entries = rows.flatMap((row) => entryOf(row, priceNow, tally));
      if (checked.dryRun || entries.length === 0) continue;
      if ((await insertEntries(tx, entries)) !== entries.length) {
        throw conflict('The same records were recalculated at the same time. Nothing was written.');
      }
    }
  }
}

/** Not the account's row, which every insert of something of the account's locks too. */
const LOCK_SQL = `SELECT pg_try_advisory_xact_lock(hashtextextended('recalculate/' || $1::text, 0)) AS is_locked`;

/** Does not wait: it would hold its connection meanwhile. */
async function isLocked(tx: TenantTransaction): Promise<boolean> {
  const [row] = await tx.query<{ is_locked: boolean }>(LOCK_SQL);
  return row?.is_locked === true;
}

interface RecordRow extends PricedRow {
  /** what earlier adjustments add up to, as digits; null: there are none */
  readonly adjusted_pico: string | null;
  readonly adjustment_count: number;
  /** what the newest of them says of each attempt; null: there is none */
  readonly adjusted_attempts: unknown;
}

/** Its snapshot is the one of this moment: entries that are written meanwhile are not read. */
async function openCursor(tx: TenantTransaction, { from, to, gatewayIds }: CheckedRecalculation): Promise<void> {
  const day = (at: Date): string => at.toISOString().slice(0, 10);
  const where = new SqlConditions()
    .and(tx.owned('u'))
    .and("u.kind = 'USAGE'")
    .where(LIST_PRICED, (statuses) => `u.cost_status = ANY(${statuses}::text[])`)
    .where(tx.scope.gatewayIds, (ids) => `u.gateway_id = ANY(${ids}::uuid[])`)
    .where(gatewayIds, (ids) => `u.gateway_id = ANY(${ids}::uuid[])`)
    .where(day(notBefore1970(from)), (first) => `u.day >= ${first}::date`)
    .where(day(notBefore1970(to)), (last) => `u.day <= ${last}::date`)
    .where(notBefore1970(from), (first) => `u.created_at >= ${first}`)
    .where(notBefore1970(to), (end) => `u.created_at < ${end}`);
  await tx.query(
    `DECLARE recalculated NO SCROLL CURSOR FOR
     SELECT ${PRICED_COLUMNS_SQL}, adj.cost_pico AS adjusted_pico, adj.count AS adjustment_count,
       adj.attempts AS adjusted_attempts
     FROM usage_record u ${adjustmentsJoinSql(tx)} WHERE ${where.sql}`,
    where.parameters,
  );
}

/** The entry that a record needs, none or one; tells `tally` of the record in any case. */
function entryOf(row: RecordRow, priceNow: PriceNow, tally: RecalculationTally): AdjustingEntry[] {
  const before = pricedAttempts(row);
  const repricing = reprice(before, row.created_at.getTime(), priceNow);
  const { cost, attempts } = repricing;
  const beforePico = BigInt(row.cost_pico ?? 0) + BigInt(row.adjusted_pico ?? 0);
  const hadPrice = row.cost_pico !== null || row.adjustment_count > 0;
  const afterPico = cost?.costPico ?? beforePico;
  const isChanged = cost !== null && (afterPico !== beforePico || !hadPrice);
  const { provider, model } = row;
  tally.add({ provider, model, beforePico, afterPico, isChanged, isNewlyPriced: !hadPrice, hasPrice: cost !== null });
  if (!isChanged) return [];
  return [
    {
      id: uuidV5(row.id, `adj${row.adjustment_count + 1}`),
      adjusts: row.id,
      day: row.day,
      differencePico: afterPico - beforePico,
      repricing: { cost, attempts },
      parts: partsOf(before, attempts, hadPrice ? row.adjusted_attempts : 'UNPRICED'),
      pricesUnpriced: !hadPrice,
    },
  ];
}

/** Of an attempt's cost as an adjusting entry holds it. */
const adjustedSchema = z.array(z.object({ number: z.int(), costPico: z.string().nullable() })).nullable();

/** How much each attempt's cost changes. What has no price costs nothing so far, whatever attempts of it had one. */
function partsOf(attempts: readonly PricedAttempt[], now: Repricing['attempts'], adjusted: unknown): AdjustedPart[] {
  const costs = adjusted === 'UNPRICED' ? null : adjustedSchema.parse(adjusted);
  return attempts.map(({ number, provider, model, costPico }, index) => {
    const newest = costs?.find((one) => one.number === number);
    const beforePico =
      adjusted === 'UNPRICED' ? 0n : BigInt(newest === undefined ? (costPico ?? 0n) : (newest.costPico ?? 0));
    return { provider, model, differencePico: (now[index]?.costPico ?? 0n) - beforePico };
  });
}

function assertExpected(differencePico: bigint, { expectedDifferenceUsd }: CheckedRecalculation): void {
  if (expectedDifferenceUsd === null || expectedDifferenceUsd === undefined) return;
  const difference = usdFromPico(differencePico); // both are in the one notation of Decimal
  if (expectedDifferenceUsd !== difference) {
    throw conflict(`The difference is ${difference} USD now.`, 'input.expectedDifferenceUsd');
  }
}

async function audit(tx: TenantTransaction, checked: CheckedRecalculation, result: CostRecalculation): Promise<void> {
  const { from, to, gatewayIds } = checked;
  const { priceVersion, costBeforeUsd, costAfterUsd, differenceUsd } = result;
  const counts = { records: result.records.toString(), changed: result.changed.toString() };
  await recordAudit(tx, {
    action: 'cost.recalculate',
    before: { costUsd: costBeforeUsd },
    after: { costUsd: costAfterUsd, differenceUsd, priceVersion, ...counts, from, to, gatewayIds },
  });
}
