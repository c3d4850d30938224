import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ROLES, type Role } from '../../../schema/contracts/permissions.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller } from '../../support/graphql.js';
import { auditOf, memberId, person, type Person } from '../../support/people.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const MEMBERS = `query ($tag: String!, $first: Int, $after: String) { account(tag: $tag) {
  members(first: $first, after: $after) { edges { node { id userId email role createdAt } } pageInfo { hasNextPage endCursor } } } }`;
const UPDATE = 'mutation ($input: UpdateMemberInput!) { updateMember(input: $input) { role } }';
const REMOVE = 'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) }';
const LEAVE = 'mutation ($accountId: ID!) { leaveAccount(accountId: $accountId) }';
const TRANSFER = 'mutation ($input: TransferAccountInput!) { transferAccount(input: $input) { email role } }';

let api: TestApi;
let tenant: TestTenant;
let owner: Person;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  owner = await member('OWNER');
});

const member = (role: Role): Promise<Person> => person(api, { accountId: tenant.accountId, role });

async function on({ id }: Person): Promise<{ accountId: string; memberId: string }> {
  return { accountId: tenant.accountId, memberId: await memberId(api, tenant.accountId, id) };
}

async function roles(): Promise<string[]> {
  const { rows } = await api.owner.query<{ role: string }>(
    'SELECT role FROM membership WHERE account_id = $1 ORDER BY role',
    [tenant.accountId],
  );
  return rows.map(({ role }) => role);
}

test('members are listed page by page, those who came last in front', async () => {
  const [second, third] = [await member('EDITOR'), await member('VIEWER')];
  const page = async (after: string | null) => {
    const answer = await owner.call(MEMBERS, { tag: tenant.tag, first: 2, after });
    return answer.expectData<{
      account: { members: { edges: { node: { email: string } }[]; pageInfo: { endCursor: string } } };
    }>().account.members;
  };
  const first = await page(null);
  expect(first.edges.map(({ node }) => node.email)).toEqual([third.email, second.email]);
  const rest = await page(first.pageInfo.endCursor);
  expect(rest).toMatchObject({
    edges: [{ node: { email: owner.email, userId: owner.id, role: 'OWNER' } }],
    pageInfo: { hasNextPage: false },
  });
});

test('a role changes at once, in both directions, and the audit log says from what to what', async () => {
  const editor = await member('EDITOR');
  const input = { ...(await on(editor)), role: 'ADMIN' };
  (await editor.call(MEMBERS, { tag: tenant.tag })).expectError('FORBIDDEN');
  expect((await owner.call(UPDATE, { input })).expectData()).toEqual({ updateMember: { role: 'ADMIN' } });
  (await editor.call(MEMBERS, { tag: tenant.tag })).expectData();
  expect(await auditOf(api, tenant.accountId)).toMatchObject([
    {
      action: 'member.update',
      actor: `user:${owner.email}`,
      before: { role: 'EDITOR' },
      after: { email: editor.email, role: 'ADMIN' },
    },
  ]);
});

test('nobody gives or takes a role above his own: all pairs of caller, present and wanted role', async () => {
  const ranks: readonly Role[] = [...ROLES].reverse();
  for (const caller of ranks) {
    const actor = await member(caller);
    for (const present of ranks) {
      const target = await member(present);
      for (const wanted of ranks) {
        const answer = await actor.call(UPDATE, { input: { ...(await on(target)), role: wanted } });
        const reach = ranks.indexOf(caller);
        const isAllowed =
          reach >= ranks.indexOf('ADMIN') && reach >= Math.max(ranks.indexOf(present), ranks.indexOf(wanted));
        expect([caller, present, wanted, answer.errors[0]?.extensions.code]).toEqual([
          caller,
          present,
          wanted,
          isAllowed ? undefined : 'FORBIDDEN',
        ]);
        await api.owner.query('UPDATE membership SET role = $2 WHERE user_id = $1', [target.id, present]);
      }
    }
  }
});

test('an API token gives the roles that it could fill itself, and none when it is limited', async () => {
  const viewer = await on(await member('VIEWER'));
  const all = ['AI_GATEWAY_READ', 'AI_GATEWAY_LOG_BODIES', 'AI_GATEWAY_EDIT', 'ACCOUNT_EDIT'] as const;
  const call = async (options: Parameters<TestTenant['apiToken']>[0], role: Role) =>
    graphqlCaller(api.url, await tenant.apiToken(options))(UPDATE, { input: { ...viewer, role } });
  (await call({ permissions: ['ACCOUNT_EDIT'] }, 'EDITOR')).expectError('FORBIDDEN');
  (await call({ permissions: ['ACCOUNT_EDIT', 'AI_GATEWAY_READ'] }, 'EDITOR')).expectError('FORBIDDEN');
  (await call({ permissions: all }, 'OWNER')).expectError('FORBIDDEN');
  (await call({ permissions: all, expiresAt: new Date(Date.now() + 60_000) }, 'EDITOR')).expectError('FORBIDDEN');
  (await call({ permissions: all, cidrs: ['127.0.0.0/8'] }, 'EDITOR')).expectError('FORBIDDEN');
  (await call({ permissions: all, gatewayIds: [await tenant.gateway('only')] }, 'EDITOR')).expectError('FORBIDDEN');
  (await call({ permissions: all }, 'ADMIN')).expectData();
});

test('who is removed, or leaves, is out with his next request', async () => {
  const [removed, leaving] = [await member('EDITOR'), await member('VIEWER')];
  (await owner.call(REMOVE, { input: await on(removed) })).expectData();
  (await leaving.call(LEAVE, { accountId: tenant.accountId })).expectData();
  for (const { call } of [removed, leaving]) {
    expect((await call(`{ account(tag: "${tenant.tag}") { id } }`)).expectData()).toEqual({ account: null });
    (await call(LEAVE, { accountId: tenant.accountId })).expectError('NOT_FOUND');
  }
  const actions = (await auditOf(api, tenant.accountId)).map(({ action, actor }) => [action, actor]);
  expect(actions).toEqual([
    ['member.remove', `user:${owner.email}`],
    ['member.leave', `user:${leaving.email}`],
  ]);
});

test('the last owner can neither be demoted nor removed, nor leave', async () => {
  await member('ADMIN');
  const input = await on(owner);
  (await owner.call(UPDATE, { input: { ...input, role: 'ADMIN' } })).expectError('CONFLICT');
  (await owner.call(REMOVE, { input })).expectError('CONFLICT');
  (await owner.call(LEAVE, { accountId: tenant.accountId })).expectError('CONFLICT');
  expect(await roles()).toEqual(['ADMIN', 'OWNER']);
});

test('owners who end each other at the same moment leave one behind, whatever they do it by', async () => {
  const other = await member('OWNER');
  const [input, otherInput] = [await on(owner), await on(other)];
  const attempts = [
    owner.call(REMOVE, { input: otherInput }),
    other.call(UPDATE, { input: { ...input, role: 'VIEWER' } }),
    owner.call(LEAVE, { accountId: tenant.accountId }),
    other.call(LEAVE, { accountId: tenant.accountId }),
  ];
  await Promise.all(attempts);
  expect((await roles()).filter((role) => role === 'OWNER')).toHaveLength(1);
});

test('an owner hands the account over and stays as an admin; nobody else can', async () => {
  const [admin, viewer] = [await member('ADMIN'), await member('VIEWER')];
  const input = await on(viewer);
  (await admin.call(TRANSFER, { input })).expectError('FORBIDDEN');
  (await owner.call(TRANSFER, { input: await on(owner) })).expectError('BAD_USER_INPUT', 'input.memberId');
  expect((await owner.call(TRANSFER, { input })).expectData()).toEqual({
    transferAccount: { email: viewer.email, role: 'OWNER' },
  });
  expect(await roles()).toEqual(['ADMIN', 'ADMIN', 'OWNER']);
  (await owner.call(TRANSFER, { input })).expectError('FORBIDDEN');
  expect(await auditOf(api, tenant.accountId)).toMatchObject([
    {
      action: 'account.transfer',
      before: { owner: owner.email },
      after: { owner: viewer.email, roleBefore: 'VIEWER' },
    },
  ]);
});

test('T-ISO-4 a member named beside another account than his own is not there', async () => {
  const foreign = await createTenant(api.owner);
  const stranger = await person(api, { accountId: foreign.accountId });
  const theirs = await memberId(api, foreign.accountId, stranger.id);
  const input = { accountId: tenant.accountId, memberId: theirs };
  (await owner.call(REMOVE, { input })).expectError('NOT_FOUND');
  (await owner.call(UPDATE, { input: { ...input, role: 'VIEWER' } })).expectError('NOT_FOUND');
  (await owner.call(TRANSFER, { input })).expectError('NOT_FOUND');
  (await owner.call(REMOVE, { input: { ...input, accountId: foreign.accountId } })).expectError('NOT_FOUND');
});
