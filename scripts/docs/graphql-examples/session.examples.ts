import type { ExampleStep, GraphqlExamples } from './example.js';

const SIGN_IN: ExampleStep = {
  as: 'anonymous',
  document: 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }',
  variables: { input: { email: '{owner.email}', password: '{owner.password}' } },
};

export const EXAMPLES: GraphqlExamples = {
  'Query.signInOptions': {
    says: 'Which ways in there are: `oidcUrl` is null where no OpenID provider is set up.',
    as: 'anonymous',
    document: '{ signInOptions { isSignUpOpen oidcUrl } }',
  },
  'Mutation.signUp': {
    says: "Makes a user and an account that he owns, where sign-up is open. The answer sets the session's cookie too.",
    as: 'anonymous',
    document: 'mutation ($input: SignUpInput!) { signUp(input: $input) { token expiresAt } }',
    variables: {
      input: { email: 'grace@example.com', password: 'a long enough password', accountName: 'compilers' },
    },
  },
  'Mutation.signIn': {
    says: 'Begins a session: send `token` as a bearer token, or go on with the cookie that comes along.',
    as: 'anonymous',
    document: 'mutation ($input: SignInInput!) { signIn(input: $input) { token expiresAt } }',
    variables: { input: { email: '{owner.email}', password: '{owner.password}' } },
  },
  'Mutation.signOut': {
    says: 'Ends the session of the caller.',
    document: 'mutation { signOut }',
  },
  'Viewer.sessions': {
    says: 'Where the caller is signed in, the latest sign-in first.',
    given: [SIGN_IN],
    document:
      '{ viewer { sessions(first: 10) { edges { node { id createdAt lastUsedAt expiresAt ip isCurrent } } pageInfo { hasNextPage endCursor } } } }',
  },
  'Mutation.revokeSession': {
    says: "Ends one of the caller's own sessions, with its next request.",
    given: [
      SIGN_IN,
      {
        document: '{ viewer { sessions(first: 1) { edges { node { id } } } } }',
        keep: { 'session.id': 'viewer.sessions.edges.0.node.id' },
      },
    ],
    document: 'mutation ($id: ID!) { revokeSession(id: $id) }',
    variables: { id: '{session.id}' },
  },
  'Mutation.revokeOtherSessions': {
    says: "Ends all of the caller's sessions but the one that asks.",
    given: [SIGN_IN],
    document: 'mutation { revokeOtherSessions { count } }',
  },
};
