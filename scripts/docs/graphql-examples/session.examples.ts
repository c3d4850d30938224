import type { GraphqlExamples } from './example.js';

export const EXAMPLES: GraphqlExamples = {
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
};
