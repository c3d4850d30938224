/** Accounts: making them and finding them. A tag or name, once given, is never given to another account. */
import { randomBytes } from 'node:crypto';
import { IsNull } from 'typeorm';
import { newUuidV7, type AccountId, type MembershipId, type UserId } from '../../../schema/contracts/ids.js';
import { isAccountName, isAccountTag } from '../../../schema/contracts/names.js';
import type { PolicyChange } from '../../../schema/contracts/redis-keys.js';
import { AccountKey } from '../../../schema/entities/account-key.js';
import { Account } from '../../../schema/entities/account.js';
import { Membership } from '../../../schema/entities/membership.js';
import type { Access } from '../../access.js';
import { badInput, conflict, forbidden } from '../../errors.js';
import { parseInput } from '../../input.js';
import type { UserPrincipal } from '../../principal.js';
import { nextRevision, recordFirstChange, type PolicyPublisher } from '../../policy-publisher/index.js';
import type { Actor } from '../../tenancy/account-scope.js';
import type { Database, LookupTransaction } from '../../tenancy/database.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import { recordFirstAudit } from '../audit/index.js';
import { accountNameSchema, type CreateAccountInput } from './account.inputs.js';

/** An account about to be made. */
export interface AccountDraft {
  readonly id: AccountId;
  readonly tag: string;
  readonly name: string;
}

export interface AccountDeps {
  readonly database: Database;
  readonly publisher: PolicyPublisher;
  /** whether any user may make an account, or the operator alone */
  readonly isSignUpOpen: boolean;
}

const NO_ACCOUNT = '00000000-0000-0000-0000-000000000000' as AccountId; // no UUIDv7, so nobody's

export class AccountService {
  constructor(private readonly deps: AccountDeps) {}

  /** A checked draft with a new id and tag; `field` is where the name stands in the caller's input. */
  draft(name: string, field: string): AccountDraft {
    const id = newUuidV7() as AccountId; // made here
    return { id, tag: randomBytes(16).toString('hex'), name: parseInput(accountNameSchema, name, field) };
  }

  /** Inserts the account and its owner; the transaction must have presented both ids. Answers what to publish. */
  async insert(
    tx: LookupTransaction,
    draft: AccountDraft,
    owner: { readonly userId: UserId; readonly actor: Actor },
  ): Promise<PolicyChange> {
    const { id, tag, name } = draft;
    await tx.manager.insert(Account, { id, tag, name });
    await tx.manager.insert(AccountKey, [
      { key: tag, accountId: id },
      { key: name, accountId: id },
    ]);
    const membershipId = newUuidV7() as MembershipId; // made here
    await tx.manager.insert(Membership, { id: membershipId, accountId: id, userId: owner.userId, role: 'OWNER' });
    const change: PolicyChange = { kind: 'account', accountId: id, revision: await nextRevision(tx) };
    await recordFirstChange(tx, id, change);
    await recordFirstAudit(tx, id, owner.actor, { action: 'account.create', before: null, after: { name } });
    return change;
  }

  async create(input: CreateAccountInput, principal: UserPrincipal, ip: string | null): Promise<Account> {
    if (!this.deps.isSignUpOpen && !principal.isOperator) throw forbidden('Only the operator may create accounts.');
    const draft = this.draft(input.name, 'input.name');
    const { userId, email } = principal;
    const owner = { userId, actor: { name: `user:${email}`, ip } };
    try {
      const { account, change } = await this.deps.database.inLookup(
        { 'app.user': userId, 'app.account': draft.id },
        async (tx) => ({
          change: await this.insert(tx, draft, owner),
          account: await tx.manager.findOneByOrFail(Account, { id: draft.id }),
        }),
      );
      await this.deps.publisher.publish(change);
      return account;
    } catch (error) {
      throw nameConflict(error, 'input.name');
    }
  }

  announce(change: PolicyChange): Promise<void> {
    return this.deps.publisher.publish(change);
  }

  /** The account behind a tag or name (a former name too) if the caller may see it; null otherwise. */
  async find(key: { tag?: string | null; name?: string | null }, access: Access): Promise<Account | null> {
    const { tag = null, name = null } = key;
    if (tag === null && name === null) throw badInput('tag', 'or name must be given');
    if (tag !== null && name !== null) throw badInput('name', 'must not be given beside tag');
    const segment = tag ?? name ?? '';
    if (tag === null ? !isAccountName(segment) : !isAccountTag(segment)) return null;
    const keys = await this.deps.database.inLookup({ 'app.account_key': segment }, (tx) =>
      tx.manager.findBy(AccountKey, { key: segment }),
    );
    // The same questions are asked for an account that is not there, so that time does not tell it from a foreign one.
    const id = keys[0]?.accountId ?? NO_ACCOUNT;
    if (!(await access.maySee(id))) return null;
    return this.deps.database.inLookup({ 'app.account': id }, (tx) =>
      tx.manager.findOneBy(Account, { id, deletedAt: IsNull() }),
    );
  }
}

/** The error of a name that is taken as CONFLICT at `field`; any other as it is. */
export function nameConflict(error: unknown, field: string): unknown {
  const isTaken = isUniqueViolation(error, 'account_name_key') || isUniqueViolation(error, 'account_key_pkey');
  return isTaken ? conflict('This account name is taken.', field) : error;
}
