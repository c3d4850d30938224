/**
 * Fields that everybody may call; those that have a link's secret for their only argument; and those that would end the
 * caller's sessions for the cells after them.
 */
export const FIELDS_WITHOUT_TENANT: readonly string[] = [
  'Query.signInOptions',
  'Query.invitation',
  'Mutation.acceptInvitation',
  'Mutation.resetPassword',
  'Mutation.signIn',
  'Mutation.signUp',
  'Mutation.signOut',
  'Mutation.revokeOtherSessions',
  'Mutation.changePassword',
];
