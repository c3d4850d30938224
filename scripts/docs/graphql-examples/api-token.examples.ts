import type { GraphqlExamples } from './example.js';

export const EXAMPLES: GraphqlExamples = {
  'Account.apiTokens': {
    says: 'The API tokens of an account, without their secrets.',
    document:
      'query ($tag: String!) { account(tag: $tag) { apiTokens(first: 10) { edges { node { id name prefix permissions gateways { name } cidrs expiresAt revokedAt } } } } }',
    variables: { tag: '{account.tag}' },
  },
  'Mutation.createApiToken': {
    says: 'Makes a token, limited as you like. `secret` is shown here and never again.',
    document:
      'mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret token { id name prefix permissions gateways { name } cidrs } } }',
    variables: {
      input: {
        accountId: '{account.id}',
        name: 'checkout service',
        permissions: ['AI_GATEWAY_RUN'],
        gatewayIds: ['{gateway.id}'],
        cidrs: ['203.0.113.0/24'],
      },
    },
  },
  'Mutation.revokeApiToken': {
    says: 'Ends a token: within a second nothing accepts it any more.',
    document: 'mutation ($id: ID!) { revokeApiToken(id: $id) { id revokedAt } }',
    variables: { id: '{token.id}' },
  },
  'Mutation.updateApiToken': {
    says: 'Changes what is given: an absent field stays, null takes a limit away. The secret stays.',
    document:
      'mutation ($input: UpdateApiTokenInput!) { updateApiToken(input: $input) { id name permissions gateways { name } cidrs expiresAt } }',
    variables: {
      input: { id: '{token.id}', name: 'checkout', permissions: ['AI_GATEWAY_RUN'], cidrs: ['198.51.100.0/24'] },
    },
  },
  'Mutation.rotateApiToken': {
    says: 'Gives a token another secret. The former one goes on for `graceSeconds`, until `retiredUntil`; 0 ends it at once.',
    document:
      'mutation ($input: RotateApiTokenInput!) { rotateApiToken(input: $input) { secret token { id name prefix retiredUntil } } }',
    variables: { input: { id: '{token.id}', graceSeconds: 3600 } },
  },
};
