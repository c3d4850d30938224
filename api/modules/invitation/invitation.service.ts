/**
 * Invitations into an account, as links that whoever makes them hands over (there is no mail here). A link is for one
 * email and one use; it gives no role above that of who made it, neither when it is made nor when it is accepted.
 */
import { newUuidV7, type InvitationId } from '../../../schema/contracts/ids.js';
import { Invitation } from '../../../schema/entities/invitation.js';
import { assertReaches } from '../../authorization.js';
import { conflict, notFound } from '../../errors.js';
import { heldInTurn } from '../../held.js';
import { parseInput } from '../../input.js';
import type { Principal } from '../../principal.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import { emailSchema, type LinkSecrets } from '../session/index.js';
import { hoursSchema, type CreatedInvitation, type CreateInvitationInput } from './invitation.inputs.js';

/** Open ones of an account; more are refused. */
const OPEN_MAX = 500;
const HOUR_MS = 3_600_000;

export interface InvitationDeps {
  readonly database: Database;
  readonly links: LinkSecrets;
  readonly publicApiUrl: string;
}

export class InvitationService {
  constructor(private readonly deps: InvitationDeps) {}

  /** A new link; one that was open for the same email is replaced. */
  async create(
    scope: AccountScope<'invitation.create'>,
    input: CreateInvitationInput,
    caller: Principal,
  ): Promise<CreatedInvitation> {
    const { role } = input;
    const email = parseInput(emailSchema, input.email, 'input.email');
    const hours = parseInput(hoursSchema, input.expiresInHours, 'input.expiresInHours');
    const { secret, tokenHash } = this.deps.links.mint();
    const id = newUuidV7() as InvitationId; // made here
    const expiresAt = new Date(Date.now() + hours * HOUR_MS);
    const maker = makerOf(caller);
    try {
      const invitation = await this.deps.database.inAccount(scope, async (tx) => {
        const { role: held } = await heldInTurn(tx, caller);
        assertReaches(held, role);
        const replaced = await makeRoom(tx, email);
        if (replaced !== null) assertReaches(held, replaced.role);
        await tx.insert(Invitation, { id, email, role, tokenHash, expiresAt, ...maker });
        await recordAudit(tx, { action: 'invitation.create', before: replaced, after: { id, email, role, expiresAt } });
        return found(tx, id);
      });
      return { secret, url: `${this.deps.publicApiUrl}/invitation#${secret}`, invitation };
    } catch (error) {
      if (!isUniqueViolation(error, 'invitation_account_email_key')) throw error;
      throw conflict('This email is being invited right now.', 'input.email');
    }
  }

  async revoke(scope: AccountScope<'invitation.revoke'>, id: string, caller: Principal): Promise<string> {
    return this.deps.database.inAccount(scope, async (tx) => {
      const { role: held } = await heldInTurn(tx, caller);
      const rows = await tx.query<Told>(
        `WITH revoked AS (DELETE FROM invitation i WHERE ${tx.owned('i')} AND i.id = $2 RETURNING i.id, i.email, i.role)
         SELECT id, email, role FROM revoked`,
        [id],
      );
      const [revoked] = rows;
      if (revoked === undefined) throw notFound('invitation');
      assertReaches(held, revoked.role);
      await recordAudit(tx, { action: 'invitation.revoke', before: revoked, after: null });
      return revoked.id;
    });
  }
}

/** Who must still be able to give the role when the invitation is accepted. */
function makerOf(principal: Principal): Pick<Invitation, 'createdBy' | 'createdByToken'> {
  if (principal.kind === 'user') return { createdBy: principal.userId, createdByToken: null };
  return { createdBy: null, createdByToken: principal.kind === 'token' ? principal.tokenId : null };
}

type Told = Pick<Invitation, 'id' | 'email' | 'role'>;

/**
 * Throws CONFLICT for a member, and when there are too many; sweeps what has expired, and what is replaced, which it
 * answers.
 */
async function makeRoom(tx: TenantTransaction, email: string): Promise<Told | null> {
  const members = await tx.query(
    `SELECT 1 FROM membership m JOIN app_user u ON u.id = m.user_id WHERE ${tx.owned('m')} AND u.email = $2`,
    [email],
  );
  if (members.length > 0) throw conflict('This email is a member already.', 'input.email');
  const swept = await tx.query<Told>(
    `WITH swept AS (DELETE FROM invitation i WHERE ${tx.owned('i')} AND (i.expires_at < now() OR i.email = $2)
       RETURNING i.id, i.email, i.role, i.expires_at)
     SELECT id, email, role FROM swept WHERE email = $2 AND expires_at >= now()`,
    [email],
  );
  const rows = await tx.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM invitation i WHERE ${tx.owned('i')}`,
  );
  if ((rows[0]?.count ?? 0) >= OPEN_MAX) {
    throw conflict(`The account has ${OPEN_MAX} open invitations, as many as it may have.`, 'input.accountId');
  }
  return swept[0] ?? null;
}

async function found(tx: TenantTransaction, id: InvitationId): Promise<Invitation> {
  const invitation = await tx.findOne(Invitation, { id });
  if (invitation === null) throw new Error(`invitation ${id} is gone in the transaction that made it`);
  return invitation;
}
