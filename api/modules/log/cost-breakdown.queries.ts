/** Reads what explains the costs of logs: the records, their adjustments, and the prices that both name. */
import { uuidDay } from '../../../schema/contracts/ids.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { appliedRules } from './applied-rules.js';
import { costBreakdown, type AdjustmentRow } from './cost-breakdown.js';
import type { CostBreakdown } from './cost-breakdown.types.js';
import { PRICED_COLUMNS_SQL, pricedAttempts, type PricedRow } from './stored-attempts.js';

export class CostBreakdownQueries {
  constructor(private readonly database: Database) {}

  async byIds(scope: AccountScope<'log.read'>, ids: readonly string[]): Promise<CostBreakdown[]> {
    const days = [...new Set(ids.map(uuidDay))];
    return this.database.inAccount(scope, async (tx) => {
      const rows = await tx.query<PricedRow>(
        `SELECT ${PRICED_COLUMNS_SQL} FROM usage_record u
         WHERE ${tx.owned('u')} AND u.kind = 'USAGE' AND u.day = ANY($2::date[]) AND u.id = ANY($3::uuid[])
           AND ($4::uuid[] IS NULL OR u.gateway_id = ANY($4))`,
        [days, ids, scope.gatewayIds],
      );
      const adjustments = await tx.query<AdjustmentRow>(
        `SELECT a.id, a.adjusts, a.received_at, a.cost_pico, a.cost_status, a.price_version, a.price_rule
         FROM usage_record a WHERE ${tx.owned('a')} AND a.day = ANY($2::date[]) AND a.adjusts = ANY($3::uuid[])
           AND ($4::uuid[] IS NULL OR a.gateway_id = ANY($4))
         ORDER BY a.received_at, a.id`,
        [days, ids, scope.gatewayIds],
      );
      const rules = await appliedRules(tx, rows.flatMap(pricedAttempts));
      return rows.map((row) =>
        costBreakdown(
          row,
          adjustments.filter(({ adjusts }) => adjusts === row.id),
          rules,
        ),
      );
    });
  }
}
