/**
 * An account's own prices: setting and removing them. They are in the policy of every gateway of the account, so each
 * change renumbers all of them. A row that was in force only ends; the records that it priced name it.
 */
import { IsNull } from 'typeorm';
import { newUuidV7, type PriceOverrideId } from '../../../schema/contracts/ids.js';
import { PriceOverride } from '../../../schema/entities/price-override.js';
import { conflict, forbidden, notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import { lockAllGateways, renumberGateways, type PolicyPublisher } from '../../policy-publisher/index.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import { overrideSchema, type CheckedOverride, type SetPriceOverrideInput } from './price-override.inputs.js';

/** In force at a time: the policy of each gateway carries them. */
const ACTIVE_MAX = 200;
/** Those that have ended too: they are kept for ever. */
const ALL_MAX = 10_000;

export class PriceOverrideService {
  constructor(
    private readonly database: Database,
    private readonly publisher: PolicyPublisher,
  ) {}

  /** Ends the one in force for the same calls, if there is one, and puts a new one in its place. */
  async set(scope: AccountScope<'priceOverride.set'>, input: SetPriceOverrideInput): Promise<PriceOverride> {
    const checked = parseInput(overrideSchema, input, 'input');
    return this.inChange(scope, (tx) => putOverride(tx, checked));
  }

  async remove(scope: AccountScope<'priceOverride.remove'>, id: string): Promise<string> {
    await this.inChange(scope, async (tx) => endOverride(tx, await found(tx, id)));
    return id;
  }

  /** Runs a change with the account's gateways locked: changes of its prices happen one after the other. */
  private async inChange(
    scope: AccountScope,
    work: (tx: TenantTransaction) => Promise<PriceOverride>,
  ): Promise<PriceOverride> {
    if (scope.gatewayIds !== null) {
      throw forbidden("This token is limited to gateways: an account's own prices are all gateways'.");
    }
    const { override, changes } = await this.database.inAccount(scope, async (tx) => {
      const gatewayIds = await lockAllGateways(tx);
      const override = await work(tx);
      return { override, changes: await renumberGateways(tx, gatewayIds) };
    });
    await this.publisher.publishAll(changes);
    return override;
  }
}

/** Puts a price in force in the place of the one for the same calls; the account's gateways are locked. */
export async function putOverride(tx: TenantTransaction, checkedOverride: CheckedOverride): Promise<PriceOverride> {
  const { from, ...checked } = checkedOverride;
  const before = await endSame(tx, checkedOverride);
  const id = newUuidV7() as PriceOverrideId; // made here
  const row = { id, ...checked, effectiveFrom: from };
  await tx.insert(PriceOverride, row);
  await assertBounds(tx);
  await recordAudit(tx, { action: 'priceOverride.set', before, after: shown(row) });
  return found(tx, id);
}

/** Ends a price that is in force; the account's gateways are locked. */
export async function endOverride(tx: TenantTransaction, override: PriceOverride): Promise<PriceOverride> {
  await tx.update(PriceOverride, { id: override.id, endedAt: IsNull() }, { endedAt: () => 'now()' });
  await recordAudit(tx, { action: 'priceOverride.remove', before: shown(override), after: null });
  return override;
}

/** Ends the override of exactly these calls; answers what it was. */
async function endSame(tx: TenantTransaction, checked: CheckedOverride): Promise<object | null> {
  const rows = await tx.query<{ id: PriceOverrideId }>(
    `SELECT o.id FROM price_override o WHERE ${tx.owned('o')} AND o.ended_at IS NULL AND o.provider = $2
       AND o.model = $3 AND o.match = $4 AND o.service_tier IS NOT DISTINCT FROM $5
       AND o.effective_from IS NOT DISTINCT FROM $6::timestamptz`,
    [checked.provider, checked.model, checked.match, checked.serviceTier, checked.from],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const before = await found(tx, row.id);
  await tx.update(PriceOverride, { id: row.id }, { endedAt: () => 'now()' });
  return shown(before);
}

/** Looked at after the change, under the account's lock: what passes a bound is rolled back with it. */
async function assertBounds(tx: TenantTransaction): Promise<void> {
  const rows = await tx.query<{ active: number; total: number }>(
    `SELECT count(*) FILTER (WHERE o.ended_at IS NULL)::int AS active, count(*)::int AS total
     FROM price_override o WHERE ${tx.owned('o')}`,
  );
  const { active, total } = rows[0] ?? { active: 0, total: 0 };
  if (active > ACTIVE_MAX) {
    throw conflict(`The account has ${ACTIVE_MAX} prices of its own, as many as it may have.`, 'input.accountId');
  }
  if (total > ALL_MAX) {
    throw conflict(`The account has changed its own prices ${ALL_MAX} times, as often as it may.`, 'input.accountId');
  }
}

async function found(tx: TenantTransaction, id: string): Promise<PriceOverride> {
  // looked up in the account alone
  const override = await tx.findOne(PriceOverride, { id: id as PriceOverrideId, endedAt: IsNull() });
  if (override === null) throw notFound('price override');
  return override;
}

type Shown = Pick<PriceOverride, 'id' | 'provider' | 'model' | 'match' | 'serviceTier' | 'effectiveFrom' | 'rates'>;

const shown = ({ id, provider, model, match, serviceTier, effectiveFrom, rates }: Shown) => ({
  id,
  provider,
  model,
  match,
  serviceTier,
  from: effectiveFrom,
  picoPerUnit: rates,
});
