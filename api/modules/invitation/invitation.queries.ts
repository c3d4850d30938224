/** Reads of open invitations. */
import { In } from 'typeorm';
import type { InvitationId } from '../../../schema/contracts/ids.js';
import { Invitation } from '../../../schema/entities/invitation.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';

export class InvitationQueries {
  constructor(private readonly database: Database) {}

  /** Those that can still be accepted, newest first. */
  async page(
    scope: AccountScope<'invitation.list'>,
    request: PageRequest,
    cursorOf: (id: string) => string,
  ): Promise<Page<Invitation>> {
    const rows = await this.database.inAccount(scope, async (tx) => {
      const ids = await tx.query<{ id: InvitationId }>(
        `SELECT i.id FROM invitation i
         WHERE ${tx.owned('i')} AND i.expires_at > now() AND ($2::uuid IS NULL OR i.id < $2) ORDER BY i.id DESC LIMIT $3`,
        [request.after, request.first + 1],
      );
      return tx.find(Invitation, { id: In(ids.map((row) => row.id)) }, { order: { id: 'DESC' } });
    });
    return pageOf(rows, request, (row) => cursorOf(row.id));
  }
}
