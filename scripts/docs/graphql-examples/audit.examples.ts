import type { GraphqlExamples } from './example.js';

export const EXAMPLES: GraphqlExamples = {
  'Account.auditLog': {
    says: 'Who changed what, the newest first. `gateway.*` is everything that was done to gateways.',
    given: [
      {
        document: 'mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) { id } }',
        variables: { input: { id: '{gateway.id}', settings: { cacheTtlSeconds: 300 } } },
      },
    ],
    document: `query ($tag: String!, $filter: AuditFilter) { account(tag: $tag) { auditLog(first: 10, filter: $filter) {
      edges { node { id createdAt actor ip action before after } } pageInfo { hasNextPage endCursor } } } }`,
    variables: { tag: '{account.tag}', filter: { actions: ['gateway.*'] } },
  },
};
