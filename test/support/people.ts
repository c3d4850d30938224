/**
 * People as the tests of members, invitations and sessions meet them: signed-in callers, and what they commonly send.
 */
import { graphqlCaller, type GraphqlCaller } from './graphql.js';
import type { TestApi } from './api.js';
import { createUser, type TestUser, type UserOptions } from './seed.js';

export const PASSWORD = 'correct horse battery';

export interface Person extends TestUser {
  readonly call: GraphqlCaller;
}

/** A user who is signed in. */
export async function person(api: TestApi, options: UserOptions = {}): Promise<Person> {
  const user = await createUser(api.owner, options);
  return { ...user, call: graphqlCaller(api.url, user.token) };
}

/** Gives a user a password, as the api would store it. */
export async function givePassword(api: TestApi, userId: string, password: string = PASSWORD): Promise<void> {
  const hash = await api.api.services.passwords.hash(password);
  await api.owner.query('UPDATE app_user SET password_hash = $2 WHERE id = $1', [userId, hash]);
}

/** The membership's id of a user in an account. */
export async function memberId(api: TestApi, accountId: string, userId: string): Promise<string> {
  const { rows } = await api.owner.query<{ id: string }>(
    'SELECT id FROM membership WHERE account_id = $1 AND user_id = $2',
    [accountId, userId],
  );
  return rows[0]?.id ?? 'no member';
}

export interface AuditRow {
  readonly action: string;
  readonly actor: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** The account's audit events, oldest first. */
export async function auditOf(api: TestApi, accountId: string): Promise<AuditRow[]> {
  const { rows } = await api.owner.query<AuditRow>(
    'SELECT action, actor, before, after FROM audit_event WHERE account_id = $1 ORDER BY id',
    [accountId],
  );
  return rows;
}

export interface Invited {
  readonly secret: string;
  readonly url: string;
  readonly invitation: { readonly id: string; readonly email: string; readonly role: string };
}

const INVITE = `mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) {
  secret url invitation { id email role expiresAt } } }`;

/** Invites somebody; fails when that is refused. */
export async function invite(
  call: GraphqlCaller,
  input: { readonly accountId: string; readonly email: string; readonly role: string },
): Promise<Invited> {
  return (await call(INVITE, { input })).expectData<{ createInvitation: Invited }>().createInvitation;
}

export const ACCEPT = `mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
  account { id name } session { token } } }`;
export const VIEWER = '{ viewer { id email isOperator hasPassword } }';
