import type { GraphqlExamples } from './example.js';

export const EXAMPLES: GraphqlExamples = {
  'Account.gateways': {
    says: 'The gateways of an account, the newest first; `search` is part of a name.',
    document:
      'query ($tag: String!, $search: String) { account(tag: $tag) { gateways(first: 10, search: $search) { edges { node { id name description } } pageInfo { hasNextPage endCursor } } } }',
    variables: { tag: '{account.tag}', search: 'prod' },
  },
  'Account.gateway': {
    says: 'One gateway, by its name, with its settings.',
    document: `query ($tag: String!, $name: String!) { account(tag: $tag) { gateway(name: $name) { id configVersion settings {
      authentication collectLogs cacheTtlSeconds rateLimits { name limit intervalSeconds technique key } retryMaxAttempts logRetentionDays } } } }`,
    variables: { tag: '{account.tag}', name: '{gateway.name}' },
  },
  'Gateway.endpointUrl': {
    says: "What to use as the base URL of a provider's SDK.",
    document:
      'query ($tag: String!, $name: String!) { account(tag: $tag) { gateway(name: $name) { endpointUrl(provider: "openai") } } }',
    variables: { tag: '{account.tag}', name: '{gateway.name}' },
  },
  'Mutation.createGateway': {
    says: 'Makes a gateway; settings that are left out have their defaults. Its name can never change.',
    document:
      'mutation ($input: CreateGatewayInput!) { createGateway(input: $input) { id name configVersion endpointUrl settings { authentication cacheTtlSeconds rateLimits { name limit intervalSeconds technique key } } } }',
    variables: {
      input: {
        accountId: '{account.id}',
        name: 'staging',
        description: 'before it goes live',
        settings: {
          authentication: true,
          cacheTtlSeconds: 300,
          rateLimits: [{ name: 'all', limit: 1000, intervalSeconds: 60 }],
        },
      },
    },
  },
  'Mutation.updateGateway': {
    says: 'Changes what is given: an absent setting stays, null resets it. With `ifVersion` it is a conflict when somebody was faster.',
    document:
      'mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) { configVersion settings { retryMaxAttempts requestTimeoutMs } } }',
    variables: {
      input: { id: '{gateway.id}', ifVersion: 1, settings: { retryMaxAttempts: 3, requestTimeoutMs: null } },
    },
  },
  'Mutation.deleteGateway': {
    says:
      "Ends a gateway: its URL answers 400/2001 within a second. Its records stay in the account's analytics, and its logs can be " +
      'rated, exported and deleted by its id until their time is over.',
    document: 'mutation ($id: ID!) { deleteGateway(id: $id) }',
    variables: { id: '{gateway.id}' },
  },
  'Mutation.purgeCache': {
    says: 'Forgets cached answers: of one model, of one `cf-aig-cache-key`, or of the whole gateway.',
    document: 'mutation ($input: PurgeCacheInput!) { purgeCache(input: $input) { id name } }',
    variables: { input: { gatewayId: '{gateway.id}', model: 'gpt-4o-mini' } },
  },
  'Query.explainRequest': {
    says: 'What would become of a request, without sending it: which stage would refuse it, or which calls would be made, with which credential, at which price.',
    document:
      'query ($input: ExplainRequestInput!) { explainRequest(input: $input) { outcome refusal { stage statusCode errorCode message } calls { provider model plan { credential { kind } cache { verdict reason } timeoutMs } } } }',
    variables: {
      input: {
        gatewayId: '{gateway.id}',
        provider: 'openai',
        path: '/chat/completions',
        headers: [
          { name: 'content-type', value: 'application/json' },
          { name: 'authorization', value: 'Bearer sk-my-own-key' },
        ],
        body: '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}',
      },
    },
  },
};
