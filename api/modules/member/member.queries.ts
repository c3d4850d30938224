/** Reads of an account's members. */
import type { MembershipId, UserId } from '../../../schema/contracts/ids.js';
import type { Role } from '../../../schema/contracts/permissions.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import type { Member } from './member.inputs.js';

interface MemberRow {
  readonly id: MembershipId;
  readonly user_id: UserId;
  readonly email: string;
  readonly role: Role;
  readonly created_at: Date;
}

const SELECT =
  'SELECT m.id, m.user_id, u.email, m.role, m.created_at FROM membership m JOIN app_user u ON u.id = m.user_id';

export class MemberQueries {
  constructor(private readonly database: Database) {}

  /** The account's members, those who came last in front. */
  async page(
    scope: AccountScope<'member.list'>,
    request: PageRequest,
    cursorOf: (id: string) => string,
  ): Promise<Page<Member>> {
    const rows = await this.database.inAccount(scope, (tx) =>
      tx.query<MemberRow>(
        `${SELECT} WHERE ${tx.owned('m')} AND ($2::uuid IS NULL OR m.id < $2) ORDER BY m.id DESC LIMIT $3`,
        [request.after, request.first + 1],
      ),
    );
    return pageOf(rows.map(memberOf), request, (row) => cursorOf(row.id));
  }
}

/** One member of the transaction's account; null: there is none of that id. */
export async function findMember(tx: TenantTransaction, by: 'id' | 'user_id', id: string): Promise<Member | null> {
  const rows = await tx.query<MemberRow>(`${SELECT} WHERE ${tx.owned('m')} AND m.${by} = $2`, [id]);
  return rows[0] === undefined ? null : memberOf(rows[0]);
}

const memberOf = ({ id, user_id: userId, email, role, created_at: createdAt }: MemberRow): Member => ({
  id,
  userId,
  email,
  role,
  createdAt,
});
