import type { ExampleStep, GraphqlExamples } from './example.js';

const CREATE =
  'mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { secret url invitation { id email role expiresAt } } }';

/** Somebody who is no user yet is invited. */
const invited = (email: string): ExampleStep => ({
  document: CREATE,
  variables: { input: { accountId: '{account.id}', email, role: 'VIEWER' } },
  keep: { 'invitation.id': 'createInvitation.invitation.id', 'invitation.secret': 'createInvitation.secret' },
});

export const EXAMPLES: GraphqlExamples = {
  'Account.invitations': {
    says: 'Those that can still be accepted, without their secrets.',
    given: [invited('mary@example.com')],
    document:
      'query ($tag: String!) { account(tag: $tag) { invitations(first: 10) { edges { node { id email role createdAt expiresAt } } pageInfo { hasNextPage endCursor } } } }',
    variables: { tag: '{account.tag}' },
  },
  'Mutation.createInvitation': {
    says: 'A link that makes whoever it is handed to a member; one that is open for the same email is replaced. `secret` is shown here and never again.',
    document: CREATE,
    variables: { input: { accountId: '{account.id}', email: 'mary@example.com', role: 'EDITOR', expiresInHours: 24 } },
  },
  'Mutation.revokeInvitation': {
    says: 'Ends an invitation: its link is good for nothing any more.',
    given: [invited('mary@example.com')],
    document: 'mutation ($id: ID!) { revokeInvitation(id: $id) }',
    variables: { id: '{invitation.id}' },
  },
  'Query.invitation': {
    says: 'What a link offers; null: it is none, or used, revoked or expired.',
    given: [invited('mary@example.com')],
    as: 'anonymous',
    document: 'query ($secret: String!) { invitation(secret: $secret) { accountName email role expiresAt } }',
    variables: { secret: '{invitation.secret}' },
  },
  'Mutation.acceptInvitation': {
    says: 'Makes the caller a member, or whoever brings the password of the invited user; somebody new sets it here. Who was not signed in is, by `session`.',
    given: [invited('joan@example.com')],
    as: 'anonymous',
    document:
      'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { account { id name } session { token expiresAt } } }',
    variables: { input: { secret: '{invitation.secret}', password: 'a long enough password' } },
  },
};
