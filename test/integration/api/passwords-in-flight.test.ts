/** Checking a password takes long: what becomes of who was on his way in with one that is ended meanwhile. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { ACCEPT, givePassword, invite, memberId, PASSWORD, person, type Person } from '../../support/people.js';
import { createTenant } from '../../support/tenant.js';

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
const CHANGE = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { token } }';
const ISSUE = 'mutation ($email: String!) { createPasswordReset(input: { email: $email }) { secret } }';
const RESET = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { token } }';
const REVOKE_OTHERS = 'mutation { revokeOtherSessions { count } }';
const NEW = 'the owner took it back';

let api: TestApi;
let anonymous: GraphqlCaller;
let user: Person;

beforeAll(async () => {
  api = await startTestApi();
  anonymous = graphqlCaller(api.url, null);
});
afterAll(() => api.stop());
beforeEach(async () => {
  user = await person(api);
  await givePassword(api, user.id);
});
afterEach(() => void jest.restoreAllMocks());

/** The next password that is found right is told about only after `meanwhile`. */
function onceVerified(meanwhile: () => Promise<unknown>): void {
  const { passwords } = api.api.services;
  const verify = passwords.verify.bind(passwords);
  jest.spyOn(passwords, 'verify').mockImplementationOnce(async (password, hash) => {
    const isRight = await verify(password, hash);
    await meanwhile();
    return isRight;
  });
}

async function resetPassword(): Promise<void> {
  const operator = await person(api, { isOperator: true });
  const issued = (await operator.call(ISSUE, { email: user.email })).expectData<{
    createPasswordReset: { secret: string };
  }>();
  const input = { secret: issued.createPasswordReset.secret, newPassword: NEW };
  (await anonymous(RESET, { input })).expectData();
}

/** As linking an identity does. */
const endPassword = (): Promise<unknown> =>
  api.owner.query('UPDATE app_user SET password_hash = NULL WHERE id = $1', [user.id]);

const changePassword = async (): Promise<void> =>
  void (await user.call(CHANGE, { input: { currentPassword: PASSWORD, newPassword: NEW } })).expectData();

const liveSessions = async (): Promise<number> => {
  const { rows } = await api.owner.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM session WHERE user_id = $1 AND revoked_at IS NULL',
    [user.id],
  );
  return rows[0]?.count ?? -1;
};

test.each([
  ['set anew', resetPassword],
  ['changed', changePassword],
  ['ended', endPassword],
])('nobody signs in by a password that was %s while it was checked', async (_what, meanwhile) => {
  onceVerified(meanwhile);
  (await anonymous(SIGN_IN, { input: { email: user.email, password: PASSWORD } })).expectError('UNAUTHENTICATED');
  expect(await liveSessions()).toBe(1); // of whoever was in before, or has the new one
});

test('nobody joins an account by a password that was set anew while it was checked', async () => {
  const { accountId } = await createTenant(api.owner);
  const owner = await person(api, { accountId });
  const { secret } = await invite(owner.call, { accountId, email: user.email, role: 'VIEWER' });
  onceVerified(resetPassword);
  (await anonymous(ACCEPT, { input: { secret, password: PASSWORD } })).expectError('UNAUTHENTICATED');
  expect(await memberId(api, accountId, user.id)).toBe('no member');
});

test.each([
  ['its password was set anew', resetPassword],
  ['its password was ended', endPassword],
])('a change of the password is refused when %s meanwhile', async (_what, meanwhile) => {
  onceVerified(meanwhile);
  const input = { currentPassword: PASSWORD, newPassword: 'what a thief would like' };
  (await user.call(CHANGE, { input })).expectError('UNAUTHENTICATED');
  const taken = await anonymous(SIGN_IN, { input: { email: user.email, password: input.newPassword } });
  taken.expectError('UNAUTHENTICATED');
});

test('a change of the password is refused when its session was ended meanwhile', async () => {
  const signedIn = await anonymous(SIGN_IN, { input: { email: user.email, password: PASSWORD } });
  const other = graphqlCaller(api.url, signedIn.expectData<{ signIn: { token: string } }>().signIn.token);
  onceVerified(async () => (await other(REVOKE_OTHERS)).expectData());
  const input = { currentPassword: PASSWORD, newPassword: NEW };
  (await user.call(CHANGE, { input })).expectError('UNAUTHENTICATED');
  (await anonymous(SIGN_IN, { input: { email: user.email, password: PASSWORD } })).expectData();
});
