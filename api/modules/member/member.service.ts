/**
 * Members: their roles, and how they leave. Nobody gives or takes a role above his own, and an account always keeps an
 * owner: changes of one account's members happen one after the other, and what would leave it without one is refused.
 */
import { isUuid, type UserId } from '../../../schema/contracts/ids.js';
import type { Role } from '../../../schema/contracts/permissions.js';
import { Membership } from '../../../schema/entities/membership.js';
import { assertReaches } from '../../authorization.js';
import { badInput, conflict, forbidden, notFound } from '../../errors.js';
import { heldInTurn, takeTurn } from '../../held.js';
import type { Principal, UserPrincipal } from '../../principal.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import type { Member, TransferAccountInput, UpdateMemberInput } from './member.inputs.js';
import { findMember } from './member.queries.js';

export class MemberService {
  constructor(private readonly database: Database) {}

  async update(
    scope: AccountScope<'member.update'>,
    { memberId, role }: UpdateMemberInput,
    caller: Principal,
  ): Promise<Member> {
    return this.database.inAccount(scope, async (tx) => {
      const { role: held } = await heldInTurn(tx, caller);
      const before = await found(tx, memberId);
      assertReaches(held, before.role);
      assertReaches(held, role);
      if (before.role === role) return before;
      await setRole(tx, before, role);
      await assertOwned(tx);
      await recordAudit(tx, { action: 'member.update', before: shown(before), after: { ...shown(before), role } });
      return found(tx, before.id);
    });
  }

  async remove(scope: AccountScope<'member.remove'>, memberId: string, caller: Principal): Promise<string> {
    return this.database.inAccount(scope, async (tx) => {
      const { role: held } = await heldInTurn(tx, caller);
      const member = await found(tx, memberId);
      assertReaches(held, member.role);
      await end(tx, member);
      await recordAudit(tx, { action: 'member.remove', before: shown(member), after: null });
      return member.id;
    });
  }

  /** Ends the caller's own membership. */
  async leave(scope: AccountScope<'member.leave'>, userId: UserId): Promise<string> {
    return this.inTurn(scope, async (tx) => {
      const member = await findMember(tx, 'user_id', userId);
      if (member === null) throw notFound('account');
      await end(tx, member);
      await recordAudit(tx, { action: 'member.leave', before: shown(member), after: null });
      return tx.accountId;
    });
  }

  /** Makes another member the owner in the caller's place, who stays as an ADMIN. */
  async transfer(
    scope: AccountScope<'account.transfer'>,
    { memberId }: TransferAccountInput,
    { userId }: UserPrincipal,
  ): Promise<Member> {
    return this.inTurn(scope, async (tx) => {
      const [from, to] = [await findMember(tx, 'user_id', userId), await found(tx, memberId)];
      // His role was looked at before it was his turn.
      if (from?.role !== 'OWNER') throw forbidden('This needs OWNER in the account.');
      if (to.id === from.id) throw badInput('input.memberId', 'is you: name another member');
      await setRole(tx, to, 'OWNER');
      await setRole(tx, from, 'ADMIN');
      await recordAudit(tx, {
        action: 'account.transfer',
        before: { owner: from.email },
        after: { owner: to.email, roleBefore: to.role },
      });
      return found(tx, to.id);
    });
  }

  /** Runs a change of the caller's own place while no other one of the account's members runs. */
  private inTurn<T>(scope: AccountScope, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    return this.database.inAccount(scope, async (tx) => {
      await takeTurn(tx);
      return work(tx);
    });
  }
}

async function found(tx: TenantTransaction, memberId: string): Promise<Member> {
  const member = isUuid(memberId) ? await findMember(tx, 'id', memberId) : null;
  if (member === null) throw notFound('member');
  return member;
}

async function setRole(tx: TenantTransaction, { id }: Member, role: Role): Promise<void> {
  await tx.update(Membership, { id }, { role });
}

async function end(tx: TenantTransaction, { id }: Member): Promise<void> {
  await tx.query(`DELETE FROM membership m WHERE ${tx.owned('m')} AND m.id = $2`, [id]);
  await assertOwned(tx);
}

/** Looked at after the change: what leaves the account without an owner is rolled back. */
async function assertOwned(tx: TenantTransaction): Promise<void> {
  const owners = await tx.query(`SELECT 1 FROM membership m WHERE ${tx.owned('m')} AND m.role = 'OWNER' LIMIT 1`);
  if (owners.length === 0) throw conflict('An account has to keep an owner: make another member one first.');
}

const shown = ({ id, email, role }: Member): object => ({ id, email, role });
