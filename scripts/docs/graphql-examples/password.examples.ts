import type { GraphqlExamples } from './example.js';

const CREATE_RESET =
  'mutation ($input: CreatePasswordResetInput!) { createPasswordReset(input: $input) { secret url expiresAt } }';
const RESET = { input: { email: '{owner.email}' } };

export const EXAMPLES: GraphqlExamples = {
  'Mutation.changePassword': {
    says: 'Sets another password and ends every session of the caller; the answer is a new one.',
    document: 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { token expiresAt } }',
    variables: { input: { currentPassword: '{owner.password}', newPassword: 'another long enough password' } },
  },
  'Mutation.createPasswordReset': {
    says: 'A link by which a user sets his password anew, to be handed to him: good for one use and a day.',
    as: 'operator',
    document: CREATE_RESET,
    variables: RESET,
  },
  'Mutation.resetPassword': {
    says: 'Uses such a link, and ends every session of its user; the answer is a new one.',
    given: [
      {
        as: 'operator',
        document: CREATE_RESET,
        variables: RESET,
        keep: { 'reset.secret': 'createPasswordReset.secret' },
      },
    ],
    as: 'anonymous',
    document: 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { token expiresAt } }',
    variables: { input: { secret: '{reset.secret}', newPassword: 'another long enough password' } },
  },
};
