/**
 * Accepting an invitation: by who is signed in under its email, or by whoever brings the password of that user, or,
 * where there is none yet, a new one. Whoever holds the link learns which of them it was, and nobody else does.
 */
import { newUuidV7, type AccountId, type MembershipId, type UserId } from '../../../schema/contracts/ids.js';
import type { Role } from '../../../schema/contracts/permissions.js';
import { Account } from '../../../schema/entities/account.js';
import { Membership } from '../../../schema/entities/membership.js';
import { User } from '../../../schema/entities/user.js';
import { highestRoleOfToken, reaches, ROLE_PERMISSIONS, type TokenGrant } from '../../authorization.js';
import type { ClientAddress } from '../../context.js';
import { ApiError, badInput, conflict, forbidden, notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import type { Principal } from '../../principal.js';
import type { Database, LookupTransaction } from '../../tenancy/database.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import { recordFirstAudit } from '../audit/index.js';
import {
  assertUnchanged,
  passwordSchema,
  type LinkSecrets,
  type Passwords,
  type SessionService,
  type SignInThrottle,
} from '../session/index.js';
import type { AcceptedInvitation, AcceptInvitationInput, InvitationOffer } from './invitation.inputs.js';

export interface AcceptanceDeps {
  readonly database: Database;
  readonly links: LinkSecrets;
  readonly sessions: SessionService;
  readonly passwords: Passwords;
  readonly throttle: SignInThrottle;
}

/** An invitation that a link opens. */
interface Offer extends InvitationOffer {
  readonly id: string;
  readonly accountId: AccountId;
  readonly tokenHash: string;
}

/** Who accepts. */
interface Joiner {
  readonly userId: UserId;
  /** null: he is a user already */
  readonly newPasswordHash: string | null;
  /** who he proved to be by his password; null: he is new, or signed in */
  readonly verified: User | null;
  readonly isSignedIn: boolean;
}

const OFFER_SQL = `
  SELECT i.id, i.account_id AS "accountId", i.email, i.role, i.expires_at AS "expiresAt", i.token_hash AS "tokenHash"
  FROM invitation i WHERE i.token_hash = $1 AND i.expires_at > now()`;

export class AcceptanceService {
  constructor(private readonly deps: AcceptanceDeps) {}

  /** What a link offers; null: it is none, or used, revoked or expired. */
  async offer(secret: string, client: ClientAddress): Promise<Offer | null> {
    const { throttle, links, database } = this.deps;
    const guess = await throttle.admit(null, client.ip);
    const tokenHash = links.hashOf(secret);
    if (tokenHash === null) return null;
    const offer = await database.inLookup({ 'app.invitation_hash': tokenHash }, async (tx) => {
      const [row] = await tx.query<Omit<Offer, 'accountName' | 'isAccountSuspended'>>(OFFER_SQL, [tokenHash]);
      if (row === undefined) return null;
      await tx.present('app.account', row.accountId);
      const account = await liveAccount(tx, row.accountId);
      if (account === null) return null;
      return { ...row, accountName: account.name, isAccountSuspended: account.suspendedAt !== null };
    });
    if (offer !== null) await throttle.forgive(guess);
    return offer;
  }

  async accept(input: AcceptInvitationInput, principal: Principal, client: ClientAddress): Promise<AcceptedInvitation> {
    const offer = await this.offer(input.secret, client);
    if (offer === null) throw notFound('invitation');
    if (offer.isAccountSuspended) throw suspended();
    const joiner = await this.joiner(offer, input.password ?? null, principal, client);
    const settings = {
      'app.user': joiner.userId,
      'app.account': offer.accountId,
      'app.invitation_hash': offer.tokenHash,
    };
    try {
      return await this.deps.database.inLookup(settings, (tx) => this.join(tx, offer, joiner, client));
    } catch (error) {
      if (isUniqueViolation(error, 'membership_account_user_key')) throw conflict('You are a member already.');
      if (isUniqueViolation(error, 'app_user_email_key')) throw conflict('Sign in, then accept the invitation.');
      throw error;
    }
  }

  private async joiner(
    offer: Offer,
    password: string | null,
    principal: Principal,
    client: ClientAddress,
  ): Promise<Joiner> {
    const { sessions, passwords } = this.deps;
    if (principal.kind === 'token') throw forbidden('An API token cannot become a member.');
    if (principal.kind === 'user') {
      if (principal.email !== offer.email) throw forbidden('This invitation is for another email than yours.');
      return { userId: principal.userId, newPasswordHash: null, verified: null, isSignedIn: true };
    }
    if (password === null) throw badInput('input.password', 'must be given by who is not signed in');
    if ((await sessions.find(offer.email)) !== null) {
      const verified = await sessions.verified(offer.email, password, client).catch((error: unknown) => {
        const isWrong = error instanceof ApiError && error.code === 'UNAUTHENTICATED';
        throw isWrong ? badInput('input.password', 'is not the password of this user') : error;
      });
      return { userId: verified.id, newPasswordHash: null, verified, isSignedIn: false };
    }
    const newPasswordHash = await passwords.hash(parseInput(passwordSchema, password, 'input.password'));
    const userId = newUuidV7() as UserId; // made here
    return { userId, newPasswordHash, verified: null, isSignedIn: false };
  }

  private async join(
    tx: LookupTransaction,
    offer: Offer,
    { userId, newPasswordHash, verified, isSignedIn }: Joiner,
    client: ClientAddress,
  ): Promise<AcceptedInvitation> {
    const { accountId, email, role } = offer;
    const account = await useUp(tx, offer);
    if (verified !== null) await assertUnchanged(tx, verified);
    if (newPasswordHash !== null) await tx.manager.insert(User, { id: userId, email, passwordHash: newPasswordHash });
    const id = newUuidV7() as MembershipId; // made here
    await tx.manager.insert(Membership, { id, accountId, userId, role });
    const actor = { name: `user:${email}`, ip: client.ip };
    const after = { id, email, role };
    await recordFirstAudit(tx, accountId, actor, { action: 'invitation.accept', before: { id: offer.id }, after });
    return { account, session: isSignedIn ? null : await this.deps.sessions.open(tx, userId, client) };
  }
}

/** Takes the invitation away: of two that accept it at once, one finds it gone. Answers the account. */
async function useUp(tx: LookupTransaction, offer: Offer): Promise<Account> {
  const [used] = await tx.query<{ created_by: UserId | null; created_by_token: string | null }>(
    `WITH used AS (DELETE FROM invitation i WHERE i.token_hash = $1 AND i.expires_at > now()
       RETURNING i.created_by, i.created_by_token)
     SELECT created_by, created_by_token FROM used`,
    [offer.tokenHash],
  );
  const account = await liveAccount(tx, offer.accountId);
  if (used === undefined || account === null) throw notFound('invitation');
  if (account.suspendedAt !== null) throw suspended();
  const held =
    used.created_by === null ? await roleOfToken(tx, used.created_by_token) : await roleOf(tx, used.created_by);
  if (!reaches(held, offer.role)) throw notFound('invitation');
  return account;
}

const suspended = (): ApiError => forbidden('The account is suspended by the operator: nobody can join it now.');

function liveAccount(tx: LookupTransaction, accountId: AccountId): Promise<Account | null> {
  return tx.manager
    .createQueryBuilder(Account, 'a')
    .where('a.id = :accountId AND a.deleted_at IS NULL', { accountId })
    .getOne();
}

/**
 * What the user who invited may give now, nothing if he may invite no more; the transaction has presented the account.
 */
async function roleOf(tx: LookupTransaction, userId: UserId): Promise<Role | null> {
  const rows = await tx.query<{ role: Role }>(
    'SELECT m.role FROM membership m WHERE m.account_id = app_account() AND m.user_id = $1',
    [userId],
  );
  const role = rows[0]?.role ?? null;
  return role !== null && ROLE_PERMISSIONS[role].includes('ACCOUNT_EDIT') ? role : null;
}

/** Likewise of the token that invited. */
async function roleOfToken(tx: LookupTransaction, tokenId: string | null): Promise<Role | null> {
  const rows = await tx.query<TokenGrant>(
    `SELECT t.permissions, t.gateway_ids AS "gatewayIds", t.cidrs, t.expires_at AS "expiresAt" FROM api_token t
     WHERE t.account_id = app_account() AND t.id = $1 AND t.revoked_at IS NULL`,
    [tokenId],
  );
  if (rows[0] === undefined) return null;
  const permissions = new Set(rows[0].permissions);
  return permissions.has('ACCOUNT_EDIT') ? highestRoleOfToken({ ...rows[0], permissions }) : null;
}
