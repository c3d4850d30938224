import type { GraphqlExamples } from './example.js';

const THE_MEMBER = { accountId: '{account.id}', memberId: '{member.id}' };
const TRANSFER = 'mutation ($input: TransferAccountInput!) { transferAccount(input: $input) { id email role } }';

export const EXAMPLES: GraphqlExamples = {
  'Account.members': {
    says: 'The people of an account, the latest first.',
    document:
      'query ($tag: String!) { account(tag: $tag) { members(first: 10) { edges { node { id userId email role createdAt } } pageInfo { hasNextPage endCursor } } } }',
    variables: { tag: '{account.tag}' },
  },
  'Mutation.updateMember': {
    says: "Gives a member another role: neither it nor the present one may be above the caller's.",
    document: 'mutation ($input: UpdateMemberInput!) { updateMember(input: $input) { id email role } }',
    variables: { input: { ...THE_MEMBER, role: 'VIEWER' } },
  },
  'Mutation.removeMember': {
    says: 'Ends a membership, at once. API tokens belong to the account, and stay.',
    document: 'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) }',
    variables: { input: THE_MEMBER },
  },
  'Mutation.leaveAccount': {
    says: "Ends the caller's own membership, which the last owner cannot; answers the account's id.",
    given: [{ document: TRANSFER, variables: { input: THE_MEMBER } }],
    document: 'mutation ($accountId: ID!) { leaveAccount(accountId: $accountId) }',
    variables: { accountId: '{account.id}' },
  },
  'Mutation.transferAccount': {
    says: "Makes another member the owner in the caller's place, who stays as an ADMIN.",
    document: TRANSFER,
    variables: { input: THE_MEMBER },
  },
};
