import type { GraphqlExamples } from './example.js';

export const EXAMPLES: GraphqlExamples = {
  'Query.viewer': {
    says: 'Who is asking. A token has no email.',
    document: '{ viewer { email isOperator } }',
  },
  'Viewer.permissions': {
    says: 'What the caller may do in an account; empty where that is nothing.',
    document: 'query ($accountId: ID!) { viewer { permissions(accountId: $accountId) } }',
    variables: { accountId: '{account.id}' },
  },
  'Viewer.role': {
    says: 'His role in an account; null where he has none, and for a token.',
    document: 'query ($accountId: ID!) { viewer { role(accountId: $accountId) } }',
    variables: { accountId: '{account.id}' },
  },
  'Viewer.accounts': {
    says: 'The accounts that the caller is of. Go on with `after: endCursor`.',
    document:
      'query ($first: Int, $after: String) { viewer { accounts(first: $first, after: $after) { edges { node { id tag name } } pageInfo { hasNextPage endCursor } } } }',
    variables: { first: 10, after: null },
  },
  'Query.account': {
    says: "One account, by its tag or its name; null when there is none, or it is none of the caller's.",
    document: 'query ($name: String) { account(name: $name) { id tag name createdAt } }',
    variables: { name: '{account.name}' },
  },
  'Mutation.createAccount': {
    says: 'Makes an account that the caller owns: the operator may, and any user where sign-up is open.',
    document: 'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id tag name } }',
    variables: { input: { name: 'difference-engine' } },
  },
  'Mutation.updateAccount': {
    says: 'Renames an account. Its former names go on leading to it, and are never given to another.',
    document: 'mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) { id tag name } }',
    variables: { input: { id: '{account.id}', name: 'analytical-engine' } },
  },
  'Mutation.deleteAccount': {
    says: 'Deletes an account, for good; its name shows that no other is meant. [What is left of it](people.md#accounts).',
    document: 'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) }',
    variables: { input: { id: '{account.id}', name: '{account.name}' } },
  },
};
