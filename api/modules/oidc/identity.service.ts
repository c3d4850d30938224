/**
 * From an identity that the OpenID provider has proved to a user, and a session. A user is known by issuer and subject;
 * the first time by an email that the provider has verified. Whoever set the password of a user of that email never
 * proved that it was his: so the password ends then, and every session, except for the operator, whom the instance
 * itself made.
 */
import { createHash } from 'node:crypto';
import { newUuidV7, type UserId } from '../../../schema/contracts/ids.js';
import { UserIdentity } from '../../../schema/entities/user-identity.js';
import { User } from '../../../schema/entities/user.js';
import type { ClientAddress } from '../../context.js';
import { forbidden } from '../../errors.js';
import { parseInput } from '../../input.js';
import type { Database, LookupTransaction } from '../../tenancy/database.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import { recordUserAudit } from '../audit/index.js';
import { emailSchema, endAllSessions, type Session, type SessionService } from '../session/index.js';
import type { OidcClaims } from './oidc-client.js';

const RACES = ['app_user_email_key', 'user_identity_pkey', 'user_identity_user_issuer_key'];

/** Providers and mail differ in which letters beyond these are the same: a look-alike must not open somebody's user. */
const NOT_ASCII = /[^\x21-\x7e]/;
const NOT_LINKED = 'An email with letters beyond ASCII is not linked to the user that has it: sign in by password.';

export interface IdentityDeps {
  readonly database: Database;
  readonly sessions: SessionService;
  readonly isSignUpOpen: boolean;
}

export class IdentityService {
  constructor(private readonly deps: IdentityDeps) {}

  /** Throws FORBIDDEN, saying why, for somebody who may not come in. */
  async signIn(claims: OidcClaims, client: ClientAddress): Promise<Session> {
    try {
      return await this.open(claims, client);
    } catch (error) {
      if (!RACES.some((constraint) => isUniqueViolation(error, constraint))) throw error;
      return this.open(claims, client); // whoever came at the same moment is known by now
    }
  }

  private async open(claims: OidcClaims, client: ClientAddress): Promise<Session> {
    const key = identityKey(claims);
    const { database, sessions } = this.deps;
    const known = await database.inLookup({ 'app.identity': key }, (tx) => tx.manager.findOneBy(UserIdentity, { key }));
    if (known !== null) {
      return database.inLookup({ 'app.user': known.userId }, (tx) => sessions.open(tx, known.userId, client));
    }
    const email = verifiedEmail(claims);
    const user = await sessions.find(email);
    if (user === null) await this.assertWelcome(email);
    const userId = user?.id ?? (newUuidV7() as UserId); // made here
    return database.inLookup({ 'app.user': userId }, async (tx) => {
      if (user === null) await tx.manager.insert(User, { id: userId, email, passwordHash: null });
      else if (await isLinked(tx, user, claims)) return sessions.open(tx, userId, client);
      else if (NOT_ASCII.test(email)) throw forbidden(NOT_LINKED);
      else await linkTo(tx, user, { claims, client });
      await tx.manager.insert(UserIdentity, { key, userId, issuer: claims.issuer, subject: claims.subject });
      return sessions.open(tx, userId, client);
    });
  }

  /** Where sign-up is closed, somebody new needs an invitation; he still has to accept it by its link. */
  private async assertWelcome(email: string): Promise<void> {
    if (this.deps.isSignUpOpen) return;
    const invited = await this.deps.database.inLookup({ 'app.email': email }, (tx) =>
      tx.query('SELECT 1 FROM invitation i WHERE i.email = $1 AND i.expires_at > now() LIMIT 1', [email]),
    );
    if (invited.length === 0) throw forbidden('Sign-up is closed here: ask to be invited.');
  }
}

function identityKey({ issuer, subject }: OidcClaims): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex');
}

function verifiedEmail({ email, isEmailVerified }: OidcClaims): string {
  if (email === null || !isEmailVerified) throw forbidden('The OpenID provider has not verified your email.');
  return parseInput(emailSchema, email, 'email');
}

/**
 * Whether the user became known by this identity since it was looked for. Throws FORBIDDEN when he is somebody else at
 * the provider: an email may have been given on.
 */
async function isLinked(tx: LookupTransaction, { id: userId }: User, claims: OidcClaims): Promise<boolean> {
  const linked = await tx.manager.findOneBy(UserIdentity, { userId, issuer: claims.issuer });
  if (linked === null || linked.subject === claims.subject) return linked !== null;
  throw forbidden('The user of this email is somebody else at the OpenID provider: ask the operator.');
}

async function linkTo(
  tx: LookupTransaction,
  user: User,
  { claims, client }: { readonly claims: OidcClaims; readonly client: ClientAddress },
): Promise<void> {
  if (!user.isOperator) {
    await tx.manager.update(User, { id: user.id }, { passwordHash: null });
    await endAllSessions(tx, user.id);
  }
  const actor = { name: `user:${user.email}`, ip: client.ip };
  const after = { email: user.email, issuer: claims.issuer, passwordEnded: !user.isOperator };
  await recordUserAudit(tx, user.id, actor, { action: 'user.linkIdentity', before: null, after });
}
