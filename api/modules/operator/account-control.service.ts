/**
 * What the operator does to an account: suspending it, letting it go on, setting its quotas. Proxies hear of it at
 * once.
 */
import type { PolicyChange } from '../../../schema/contracts/redis-keys.js';
import { notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import { announceGateways, lockAllGateways, type PolicyPublisher } from '../../policy-publisher/index.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import type { AccountOverviewQueries } from './account-overview.queries.js';
import {
  quotasSchema,
  reasonSchema,
  type AccountOverview,
  type SetAccountQuotasInput,
  type SuspendAccountInput,
} from './operator.inputs.js';
import type { RequestCounts } from './request-counts.js';

export interface AccountControlDeps {
  readonly database: Database;
  readonly publisher: PolicyPublisher;
  readonly overviews: AccountOverviewQueries;
  readonly requestCounts: RequestCounts;
}

/** The columns of an account that are the operator's. */
interface ControlledRow {
  readonly suspended_at: Date | null;
  readonly suspension_reason: string | null;
  readonly gateways_max: number | null;
  readonly requests_per_month_max: string | null;
  readonly log_bytes_max: string | null;
}

export class AccountControl {
  constructor(private readonly deps: AccountControlDeps) {}

  /** Suspending again changes the reason alone. */
  async suspend(scope: AccountScope<'account.suspend'>, input: SuspendAccountInput): Promise<AccountOverview> {
    const reason = parseInput(reasonSchema, input.reason ?? null, 'input.reason');
    return this.change(scope, async (tx, before) => {
      await tx.query(
        'UPDATE account a SET suspended_at = coalesce(a.suspended_at, now()), suspension_reason = $2 WHERE a.id = $1',
        [reason],
      );
      const entry = { before: { isSuspended: before.suspended_at !== null }, after: { isSuspended: true, reason } };
      await recordAudit(tx, { action: 'account.suspend', ...entry });
    });
  }

  async resume(scope: AccountScope<'account.resume'>): Promise<AccountOverview> {
    return this.change(scope, async (tx, before) => {
      await tx.query('UPDATE account a SET suspended_at = NULL, suspension_reason = NULL WHERE a.id = $1');
      const entry = { before: { isSuspended: before.suspended_at !== null }, after: { isSuspended: false } };
      await recordAudit(tx, { action: 'account.resume', ...entry });
    });
  }

  /** What was counted of the month before a quota was set counts too. */
  async setQuotas(scope: AccountScope<'account.setQuotas'>, input: SetAccountQuotasInput): Promise<AccountOverview> {
    const set = async (tx: TenantTransaction, row: ControlledRow): Promise<void> => {
      const before = {
        gateways: row.gateways_max,
        requestsPerMonth: row.requests_per_month_max === null ? null : BigInt(row.requests_per_month_max),
        logStorageBytes: row.log_bytes_max === null ? null : BigInt(row.log_bytes_max),
      };
      const { gateways, requestsPerMonth, logStorageBytes } = input;
      const given = { gateways, requestsPerMonth, logStorageBytes };
      const sent = Object.fromEntries(Object.entries(given).filter(([, quota]) => quota !== undefined));
      const after = parseInput(quotasSchema, { ...before, ...sent }, 'input');
      await tx.query(
        `UPDATE account a SET gateways_max = $2, requests_per_month_max = $3, log_bytes_max = $4 WHERE a.id = $1`,
        [after.gateways, after.requestsPerMonth, after.logStorageBytes],
      );
      await recordAudit(tx, { action: 'account.setQuotas', before: readable(before), after: readable(after) });
    };
    return this.change(scope, set, () => this.deps.requestCounts.raise(scope.accountId));
  }

  /** Every policy of the account shows it, those of gateways that are made at the same time too. */
  private async change(
    scope: AccountScope,
    work: (tx: TenantTransaction, before: ControlledRow) => Promise<void>,
    prepare: () => Promise<void> = () => Promise.resolve(),
  ): Promise<AccountOverview> {
    const { database, publisher, overviews } = this.deps;
    const changes = await database.inAccount(scope, async (tx): Promise<PolicyChange[]> => {
      const gateways = await lockAllGateways(tx);
      await work(tx, await locked(tx));
      return announceGateways(tx, gateways);
    });
    await prepare();
    await publisher.publishAll(changes);
    const overview = await overviews.one(scope.accountId);
    if (overview === null) throw notFound('account');
    return overview;
  }
}

async function locked(tx: TenantTransaction): Promise<ControlledRow> {
  const rows = await tx.query<ControlledRow>(
    `SELECT a.suspended_at, a.suspension_reason, a.gateways_max, a.requests_per_month_max, a.log_bytes_max
     FROM account a WHERE a.id = $1 AND a.deleted_at IS NULL FOR NO KEY UPDATE`,
  );
  if (rows[0] === undefined) throw notFound('account');
  return rows[0];
}

/** As JSON has it: bigints are digits. */
const readable = (quotas: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(quotas).map(([name, quota]: [string, unknown]) => [
      name,
      typeof quota === 'bigint' ? quota.toString() : quota,
    ]),
  );
