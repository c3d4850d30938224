/** The matrix' rows for what concerns people: members, invitations, sessions, and accounts as such. */
import { holds, isKnown, ofAccount, ofCaller, onAccount, onThing, ROWS, type Row } from './rows.js';

/** A mutation on a member of an account, which is named beside him. Tokens of one permission hold no role to give. */
function onMember(document: string): Row {
  return {
    document,
    variables: ({ accountId, memberId }) => ({ accountId, memberId }),
    isMutation: true,
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if (target === 'deleted' || target === 'malformed') return 'NOT_FOUND';
      if (caller.kind === 'operator') return 'FORBIDDEN';
      if (target !== 'own') return 'NOT_FOUND';
      return caller.kind === 'user' && holds(caller, 'ACCOUNT_EDIT') ? 'data' : 'FORBIDDEN';
    },
  };
}

const PEOPLE_ROWS: Readonly<Record<string, Row>> = {
  'Viewer.role': ofCaller('role(accountId: $accountId)'),
  'Viewer.sessions': {
    ...ofCaller('sessions { edges { node { id ip isCurrent } } }'),
    expected: (caller) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      return caller.kind === 'token' ? 'FORBIDDEN' : 'data';
    },
  },
  'Mutation.revokeSession': {
    document: 'mutation ($id: ID!) { revokeSession(id: $id) }',
    variables: ({ sessionId }) => ({ id: sessionId }),
    isMutation: true,
    expected: (caller) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      return caller.kind === 'token' ? 'FORBIDDEN' : 'NOT_FOUND'; // another user's
    },
  },
  'Mutation.createPasswordReset': {
    document: 'mutation ($email: String!) { createPasswordReset(input: { email: $email }) { expiresAt } }',
    variables: ({ memberEmail }) => ({ email: memberEmail }),
    isMutation: true,
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if (caller.kind !== 'operator') return 'FORBIDDEN';
      return target === 'malformed' ? 'BAD_USER_INPUT' : 'data';
    },
  },
  'Account.members': ofAccount('members { edges { node { id userId email role } } }', 'ACCOUNT_EDIT'),
  'Account.invitations': ofAccount('invitations { edges { node { id email role } } }', 'ACCOUNT_EDIT'),
  'Mutation.updateAccount': onAccount(
    'mutation ($accountId: ID!) { updateAccount(input: { id: $accountId, name: "renamed" }) { id name } }',
    'ACCOUNT_EDIT',
  ),
  // Whoever may delete it gives a name that is not its own: the next cells need the account.
  'Mutation.deleteAccount': {
    ...onAccount(
      'mutation ($accountId: ID!) { deleteAccount(input: { id: $accountId, name: "other" }) }',
      'AI_GATEWAY_READ',
    ),
    expected: (caller, target) => {
      const expected = onAccount('', 'AI_GATEWAY_READ').expected(caller, target);
      if (expected !== 'data') return expected;
      return caller.name === 'OWNER' ? 'BAD_USER_INPUT' : 'FORBIDDEN';
    },
  },
  // To himself, which is refused: the next cells need the owner.
  'Mutation.transferAccount': {
    ...onMember(
      'mutation ($accountId: ID!) { transferAccount(input: { accountId: $accountId, memberId: "nobody" }) { id } }',
    ),
    expected: (caller, target) => {
      const expected = onMember('').expected(caller, target);
      if (expected !== 'data') return expected;
      return caller.name === 'OWNER' ? 'NOT_FOUND' : 'FORBIDDEN';
    },
  },
  'Mutation.updateMember': onMember(
    `mutation ($accountId: ID!, $memberId: ID!) {
      updateMember(input: { accountId: $accountId, memberId: $memberId, role: EDITOR }) { id email role } }`,
  ),
  'Mutation.removeMember': onMember(
    `mutation ($accountId: ID!, $memberId: ID!) {
      removeMember(input: { accountId: $accountId, memberId: $memberId }) }`,
  ),
  // The callers' memberships are needed on: of an account that is not theirs.
  'Mutation.leaveAccount': {
    ...onAccount('mutation ($accountId: ID!) { leaveAccount(accountId: $accountId) }', 'AI_GATEWAY_READ'),
    variables: ({ foreignAccountId }) => ({ accountId: foreignAccountId }),
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      return caller.kind === 'operator' && target !== 'malformed' ? 'FORBIDDEN' : 'NOT_FOUND';
    },
  },
  'Mutation.createInvitation': {
    ...onAccount(
      `mutation ($accountId: ID!, $name: String!) { createInvitation(
        input: { accountId: $accountId, email: $name, role: VIEWER }) { url invitation { id email role } } }`,
      'ACCOUNT_EDIT',
    ),
    variables: ({ accountId }) => ({ accountId, name: `${Math.random().toString(36).slice(2)}@example.com` }),
    expected: (caller, target) => onMember('').expected(caller, target),
  },
  'Mutation.revokeInvitation': onThing(
    'mutation ($id: ID!) { revokeInvitation(id: $id) }',
    'invitationId',
    'ACCOUNT_EDIT',
    ['AI_GATEWAY_READ'], // or it holds not even the role of a VIEWER
  ),
};

/** Every row of the matrix. */
export const ALL_ROWS: Readonly<Record<string, Row>> = { ...ROWS, ...PEOPLE_ROWS };
