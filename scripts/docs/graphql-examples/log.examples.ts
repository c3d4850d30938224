import type { GraphqlExamples } from './example.js';

export const EXAMPLES: GraphqlExamples = {
  'Gateway.logs': {
    says: 'The logs of a gateway, the newest first, with filters and other orders. `totalCount` counts to 10 000.',
    document: `query ($tag: String!, $name: String!, $filter: LogFilter) { account(tag: $tag) { gateway(name: $name) { logs(first: 20, filter: $filter) {
      totalCount totalCountIsExact edges { node { id createdAt provider model statusCode durationMs tokensIn tokensOut costUsd costStatus } } pageInfo { hasNextPage endCursor } } } } }`,
    variables: {
      tag: '{account.tag}',
      name: '{gateway.name}',
      filter: { from: '{day.from}', to: '{day.to}', success: true, providers: ['openai'] },
    },
  },
  'Gateway.log': {
    says: 'One log of a gateway, with its attempts and its bodies. Without `AI_GATEWAY_LOG_BODIES` both are null and `bodyState` is `HIDDEN`.',
    document:
      'query ($tag: String!, $name: String!, $id: ID!) { account(tag: $tag) { gateway(name: $name) { log(id: $id) { model bodyState requestBody responseBody attempts { number provider statusCode durationMs } } } } }',
    variables: { tag: '{account.tag}', name: '{gateway.name}', id: '{log.id}' },
  },
  'Account.log': {
    says: 'One log of any gateway of the account, and how its cost came about.',
    document:
      'query ($tag: String!, $id: ID!) { account(tag: $tag) { log(id: $id) { gateway { name } costUsd costBreakdown { recordedUsd totalUsd lines { unit quantity rateUsd amountUsd } } } } }',
    variables: { tag: '{account.tag}', id: '{log.id}' },
  },
  'Mutation.rateLog': {
    says: 'Says how good an answer was. A token may do it with the logs that it made.',
    document: 'mutation ($input: RateLogInput!) { rateLog(input: $input) { id feedback score metadata } }',
    variables: {
      input: {
        gatewayId: '{gateway.id}',
        logId: '{log.id}',
        feedback: 1,
        score: 92.5,
        metadata: { reviewed: true },
      },
    },
  },
  'Mutation.deleteLogs': {
    says: 'Deletes logs, with their bodies; no sum of the analytics changes. With `dryRun` it only counts.',
    document: 'mutation ($input: DeleteLogsInput!) { deleteLogs(input: $input) { count } }',
    variables: { input: { gatewayId: '{gateway.id}', filter: { models: ['gpt-test'] } } },
  },
  'Subscription.logs': {
    says: 'Each log that appears from now on, or after a cursor: by WebSocket (`graphql-ws`) on `/graphql`, or as server-sent events from `/graphql/stream`.',
    document:
      'subscription ($gatewayId: ID!) { logs(gatewayId: $gatewayId) { cursor node { id provider model statusCode tokensIn tokensOut } } }',
    variables: { gatewayId: '{gateway.id}' },
  },
};
