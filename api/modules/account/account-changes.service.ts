/**
 * Renaming and deleting accounts. A name that was given once goes on leading to its account, and to no other, for ever.
 * A deleted account stops at once: its gateways and tokens end, its stored credentials go with the same transaction,
 * and its bodies are erased behind it (`AccountErasure`); its usage records stay, without a reader.
 */
import type { PolicyChange } from '../../../schema/contracts/redis-keys.js';
import { AccountKey } from '../../../schema/entities/account-key.js';
import type { Account } from '../../../schema/entities/account.js';
import { badInput, conflict, notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import {
  announceGateways,
  lockAllGateways,
  nextRevision,
  recordChange,
  type PolicyPublisher,
} from '../../policy-publisher/index.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import { eraseCredentialsSql } from './account-credentials.js';
import { accountNameSchema, type DeleteAccountInput, type UpdateAccountInput } from './account.inputs.js';
import { nameConflict } from './account.service.js';

/** Names that one account may ever have: none of them is free again. */
const NAMES_MAX = 20;

export class AccountChangesService {
  constructor(
    private readonly database: Database,
    private readonly publisher: PolicyPublisher,
  ) {}

  async rename(scope: AccountScope<'account.rename'>, input: UpdateAccountInput): Promise<Account> {
    const name = parseInput(accountNameSchema, input.name, 'input.name');
    try {
      const { account, change } = await this.database.inAccount(scope, async (tx) => {
        const before = await locked(tx);
        if (before.name === name) return { account: before, change: null };
        await takeName(tx, name);
        await tx.query('UPDATE account a SET name = $2 WHERE a.id = $1', [name]);
        const change = await accountChange(tx);
        await recordAudit(tx, { action: 'account.rename', before: { name: before.name }, after: { name } });
        return { account: await locked(tx), change };
      });
      if (change !== null) await this.publisher.publish(change);
      return account;
    } catch (error) {
      throw nameConflict(error, 'input.name');
    }
  }

  /** `name`, which must be the account's, shows that the caller knows what he is deleting. */
  async delete(scope: AccountScope<'account.delete'>, { name }: DeleteAccountInput): Promise<string> {
    const changes = await this.database.inAccount(scope, async (tx) => {
      const gatewayIds = await lockAllGateways(tx);
      const account = await locked(tx);
      if (account.name !== name) throw badInput('input.name', 'must be the name of the account that is to be deleted');
      const gateways = await announceGateways(tx, gatewayIds); // they end, which makes no version of them
      await tx.query('UPDATE account a SET deleted_at = now() WHERE a.id = $1');
      await tx.query(`UPDATE gateway g SET deleted_at = now() WHERE ${tx.owned('g')} AND g.deleted_at IS NULL`);
      for (const sql of eraseCredentialsSql((alias) => tx.owned(alias))) await tx.query(sql);
      const tokens = await endTokens(tx);
      const members = await endMemberships(tx);
      const before = { name, gateways: gateways.length, tokens: tokens.count, members };
      await recordAudit(tx, { action: 'account.delete', before, after: null });
      return [...gateways, ...tokens.changes, await accountChange(tx)];
    });
    await this.publisher.publishAll(changes);
    return scope.accountId;
  }
}

/** The living account, locked until the transaction ends. */
async function locked(tx: TenantTransaction): Promise<Account> {
  const account = await tx.lockedAccount();
  if (account === null) throw notFound('account');
  return account;
}

/** Throws the error of `account_key_pkey` for a name that another account has, or had. */
async function takeName(tx: TenantTransaction, name: string): Promise<void> {
  const own = await tx.find(AccountKey, {});
  if (own.some(({ key }) => key === name)) return;
  // its tag is one of them
  if (own.length > NAMES_MAX) {
    throw conflict(`The account has had ${NAMES_MAX} names, as many as it may: take one of those.`, 'input.name');
  }
  await tx.insert(AccountKey, { key: name });
}

async function accountChange(tx: TenantTransaction): Promise<PolicyChange> {
  const change: PolicyChange = { kind: 'account', accountId: tx.accountId, revision: await nextRevision(tx) };
  await recordChange(tx, change);
  return change;
}

/** Answers how many there were, and the change of each of their secrets. */
async function endTokens(tx: TenantTransaction): Promise<{ count: number; changes: PolicyChange[] }> {
  const rows = await tx.query<{ token_hash: string; revision: string }>(
    // the secret before the last rotation may be in its time of grace
    `WITH ended AS (
       UPDATE api_token t SET revoked_at = now(), revision = nextval('policy_revision')
       WHERE ${tx.owned('t')} AND t.revoked_at IS NULL RETURNING t.token_hash, t.retired_hash, t.revision
     ), secrets AS (
       SELECT token_hash, revision FROM ended
       UNION ALL SELECT retired_hash, revision FROM ended WHERE retired_hash IS NOT NULL
     ), announced AS (
       INSERT INTO policy_outbox (account_id, change)
       SELECT $1, jsonb_build_object('kind', 'token', 'accountId', $1::text, 'tokenHash', token_hash, 'revision', revision)
       FROM secrets
     ) SELECT token_hash, revision FROM secrets`,
  );
  const { accountId } = tx;
  const changes = rows.map(({ token_hash: tokenHash, revision }): PolicyChange => ({
    kind: 'token',
    accountId,
    tokenHash,
    revision: Number(revision),
  }));
  return { count: new Set(changes.map(({ revision }) => revision)).size, changes };
}

/** Answers how many there were. */
async function endMemberships(tx: TenantTransaction): Promise<number> {
  await tx.query(`DELETE FROM invitation i WHERE ${tx.owned('i')}`);
  const rows = await tx.query<{ count: number }>(
    `WITH ended AS (DELETE FROM membership m WHERE ${tx.owned('m')} RETURNING 1)
     SELECT count(*)::int AS count FROM ended`,
  );
  return rows[0]?.count ?? 0;
}
