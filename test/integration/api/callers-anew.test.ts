/** A caller who loses his place, or his token some of what it may, while a change of his is on its way. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Role } from '../../../schema/contracts/permissions.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlAnswer } from '../../support/graphql.js';
import { memberId, person, type Person } from '../../support/people.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

const UPDATE = 'updateMember(input: { accountId: $accountId, memberId: $memberId, role: OWNER }) { role }';
const REMOVE = 'removeMember(input: { accountId: $accountId, memberId: $memberId })';
const INVITE = 'createInvitation(input: { accountId: $accountId, email: "x@example.com", role: VIEWER }) { secret }';
const CREATE = 'createApiToken(input: { accountId: $accountId, name: "x", permissions: [AI_GATEWAY_READ] }) { secret }';

let api: TestApi;
let tenant: TestTenant;
let accountId: string;
let owner: Person;
let viewer: Person;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  accountId = tenant.accountId;
  owner = await member('OWNER');
  viewer = await member('VIEWER');
});

const member = (role: Role): Promise<Person> => person(api, { accountId, role });
const idOf = ({ id }: Person): Promise<string> => memberId(api, accountId, id);
const codes = ({ errors }: { errors: GraphqlAnswer['errors'] }): unknown[] =>
  errors.map(({ extensions }) => extensions.code);

test('who gave his account away in a document cannot take it back in the same one', async () => {
  const document = `mutation ($accountId: ID!, $memberId: ID!, $me: ID!) {
    transferAccount(input: { accountId: $accountId, memberId: $memberId }) { role }
    updateMember(input: { accountId: $accountId, memberId: $me, role: OWNER }) { role } }`;
  const answer = await owner.call(document, { accountId, memberId: await idOf(viewer), me: await idOf(owner) });
  expect(codes(answer)).toEqual(['FORBIDDEN']);
  const { rows } = await api.owner.query('SELECT role FROM membership WHERE account_id = $1 AND user_id = $2', [
    accountId,
    owner.id,
  ]);
  expect(rows).toEqual([{ role: 'ADMIN' }]);
});

test('who left an account in a document makes no token of it in the same one', async () => {
  const admin = await member('ADMIN');
  const document = `mutation ($accountId: ID!) { leaveAccount(accountId: $accountId) ${CREATE} }`;
  expect(codes(await admin.call(document, { accountId }))).toEqual(['NOT_FOUND']);
});

test('a token that was revoked in a document makes no other one in the same one', async () => {
  const secret = await tenant.apiToken({ permissions: ['ACCOUNT_EDIT', 'AI_GATEWAY_READ'] });
  const { rows } = await api.owner.query<{ id: string }>('SELECT id FROM api_token WHERE account_id = $1', [accountId]);
  const document = `mutation ($accountId: ID!, $id: ID!) { revokeApiToken(id: $id) { id } ${CREATE} }`;
  const answer = await graphqlCaller(api.url, secret)(document, { accountId, id: rows[0]?.id });
  expect(codes(answer)).toEqual(['UNAUTHENTICATED']);
});

test('a token that is limited to gateways neither sees nor changes what is the whole account’s', async () => {
  const permissions = ['ACCOUNT_EDIT', 'AI_GATEWAY_READ', 'AI_GATEWAY_EDIT'] as const;
  const limited = graphqlCaller(
    api.url,
    await tenant.apiToken({ permissions, gatewayIds: [await tenant.gateway('only')] }),
  );
  const listed = (field: string): string =>
    `query ($accountId: ID!) { account(tag: "${tenant.tag}") { id ${field}(first: 1) { edges { cursor } } } }`;
  for (const document of [
    listed('members').replace('($accountId: ID!)', ''),
    listed('invitations').replace('($accountId: ID!)', ''),
    'mutation ($accountId: ID!) { updateAccount(input: { id: $accountId, name: "taken-over" }) { id } }',
  ]) {
    expect(codes(await limited(document, { accountId }))).toEqual(['FORBIDDEN']);
  }
  const { secret } = (await owner.call(`mutation ($accountId: ID!) { ${INVITE} }`, { accountId })).expectData<{
    createInvitation: { secret: string };
  }>().createInvitation;
  expect(secret).toMatch(/^tgi_/);
  const { rows } = await api.owner.query<{ id: string }>('SELECT id FROM invitation WHERE account_id = $1', [
    accountId,
  ]);
  expect(codes(await limited('mutation ($id: ID!) { revokeInvitation(id: $id) }', { id: rows[0]?.id }))).toEqual([
    'FORBIDDEN',
  ]);
});

/** What comes of a mutation whose caller stops being an ADMIN (null: a member at all) while it waits for its turn. */
async function lateFor(selection: string, role: Role | null): Promise<unknown[]> {
  const admin = await member('ADMIN');
  const [memberOf, turn] = [await idOf(viewer), await api.owner.connect()];
  try {
    await turn.query('BEGIN');
    await turn.query("SELECT pg_advisory_xact_lock(hashtextextended('members/' || $1::text, 0))", [accountId]);
    const names = selection.includes('$memberId') ? ', $memberId: ID!' : '';
    const sent = admin.call(`mutation ($accountId: ID!${names}) { ${selection} }`, { accountId, memberId: memberOf });
    const WAITING = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    await waitFor(async () => (await turn.query(WAITING)).rows.length > 0, 'the mutation waits for its turn');
    const gone = role === null ? 'DELETE FROM membership' : `UPDATE membership SET role = '${role}'`;
    await turn.query(`${gone} WHERE user_id = $1`, [admin.id]);
    await turn.query('COMMIT');
    return codes(await sent);
  } finally {
    turn.release();
  }
}

test.each([
  ['changes a role', UPDATE.replace('OWNER', 'EDITOR')],
  ['removes a member', REMOVE],
  ['invites', INVITE],
  ['makes a token', CREATE],
])('whoever %s is looked at when it is his turn', async (_what, selection) => {
  expect(await lateFor(selection, 'VIEWER')).toEqual(['FORBIDDEN']);
  expect(await lateFor(selection, null)).toEqual(['NOT_FOUND']);
  expect(await lateFor(selection, 'ADMIN')).toEqual([]);
});
