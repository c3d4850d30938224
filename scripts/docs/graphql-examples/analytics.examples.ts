import type { GraphqlExamples } from './example.js';

export const EXAMPLES: GraphqlExamples = {
  'Account.analytics': {
    says: 'Sums over all gateways of an account, here grouped by gateway and model.',
    document:
      'query ($tag: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { analytics(filter: $filter) { totals { requests errors costUsd } groups { key totals { requests costUsd } } } } }',
    variables: {
      tag: '{account.tag}',
      filter: { from: '{day.from}', to: '{day.to}', groupBy: ['GATEWAY', 'MODEL'] },
    },
  },
  'Gateway.analytics': {
    says: 'Sums of one gateway, here as a series of days.',
    document:
      'query ($tag: String!, $name: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { gateway(name: $name) { analytics(filter: $filter) { totals { requests successRate tokensIn tokensOut durationP95Ms } series { at totals { requests costUsd } } } } } }',
    variables: {
      tag: '{account.tag}',
      name: '{gateway.name}',
      filter: { from: '{day.from}', to: '{day.to}', interval: 'DAY' },
    },
  },
};
