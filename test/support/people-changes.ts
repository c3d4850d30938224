/**
 * Changes for the audit gate that end what their caller needs (his session, his membership, his account) or take a
 * link's secret: each has people and an account of its own.
 */
import type { TestApi } from './api.js';
import { ACCEPT, givePassword, invite, memberId, PASSWORD, person } from './people.js';
import { addMember } from './seed.js';
import { createTenant } from './tenant.js';

interface PeopleChange {
  readonly document: string;
  /** who calls, and with what; null: nobody is signed in */
  make(api: TestApi): Promise<{ readonly token: string | null; readonly variables: Readonly<Record<string, unknown>> }>;
}

const NEW_PASSWORD = 'another correct horse';

/** By the mutation's name. */
export const PEOPLE_CHANGES: Readonly<Record<string, PeopleChange>> = {
  revokeSession: {
    document: 'mutation ($id: ID!) { revokeSession(id: $id) }',
    make: async (api) => {
      const { owner } = await household(api);
      return { token: owner.token, variables: { id: await openSession(api, owner.id) } };
    },
  },
  revokeOtherSessions: {
    document: 'mutation { revokeOtherSessions { count } }',
    make: async (api) => {
      const { owner } = await household(api);
      await openSession(api, owner.id);
      return { token: owner.token, variables: {} };
    },
  },
  changePassword: {
    document: `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { expiresAt } }`,
    make: async (api) => {
      const { owner } = await household(api);
      await givePassword(api, owner.id);
      return { token: owner.token, variables: { input: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD } } };
    },
  },
  resetPassword: {
    document: 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { expiresAt } }',
    make: async (api) => {
      const { owner } = await household(api);
      const operator = await person(api, { isOperator: true });
      const RESET = 'mutation ($email: String!) { createPasswordReset(input: { email: $email }) { secret } }';
      const answer = await operator.call(RESET, { email: owner.email });
      const { createPasswordReset } = answer.expectData<{ createPasswordReset: { secret: string } }>();
      return { token: null, variables: { input: { ...createPasswordReset, newPassword: NEW_PASSWORD } } };
    },
  },
  acceptInvitation: {
    document: ACCEPT,
    make: async (api) => {
      const { accountId, owner } = await household(api);
      const { secret } = await invite(owner.call, { accountId, email: 'invited@example.com', role: 'VIEWER' });
      return { token: null, variables: { input: { secret, password: PASSWORD } } };
    },
  },
  leaveAccount: {
    document: 'mutation ($accountId: ID!) { leaveAccount(accountId: $accountId) }',
    make: async (api) => {
      const { accountId, viewer } = await household(api);
      return { token: viewer.token, variables: { accountId } };
    },
  },
  transferAccount: {
    document: `mutation ($input: TransferAccountInput!) { transferAccount(input: $input) { id } }`,
    make: async (api) => {
      const { accountId, owner, viewer } = await household(api);
      const input = { accountId, memberId: await memberId(api, accountId, viewer.id) };
      return { token: owner.token, variables: { input } };
    },
  },
  deleteAccount: {
    document: 'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) }',
    make: async (api) => {
      const { accountId, name, owner } = await household(api);
      return { token: owner.token, variables: { input: { id: accountId, name } } };
    },
  },
};

/** An account with a gateway, an owner and a viewer. */
async function household(api: TestApi) {
  const tenant = await createTenant(api.owner);
  await tenant.gateway('main');
  const { accountId, name } = tenant;
  const [owner, viewer] = [await person(api, { accountId }), await person(api)];
  await addMember(api.owner, viewer.id, accountId, 'VIEWER');
  return { accountId, name, owner, viewer };
}

/** Another session of a user's; answers its id. */
async function openSession(api: TestApi, userId: string): Promise<string> {
  const { rows } = await api.owner.query<{ id: string }>(
    `INSERT INTO session (id, user_id, token_hash, expires_at)
     VALUES (gen_random_uuid(), $1, encode(sha256(gen_random_uuid()::text::bytea), 'hex'), now() + interval '1 hour') RETURNING id`,
    [userId],
  );
  return rows[0]?.id ?? 'none';
}
