import type { GraphqlExample, GraphqlExamples } from './example.js';

const VARIABLES = { tag: '{account.tag}', name: '{gateway.name}', from: '{day.from}', to: '{day.to}' };

/** Of the gateway, on the day of its log. */
const ofGateway = (says: string, selection: string): GraphqlExample => ({
  says,
  document: `query ($tag: String!, $name: String!, $from: DateTime!, $to: DateTime!) {
    account(tag: $tag) { gateway(name: $name) { insights(from: $from, to: $to) { ${selection} } } } }`,
  variables: VARIABLES,
});

export const EXAMPLES: GraphqlExamples = {
  'Account.insights': {
    says: 'What stands out in all gateways of an account: here, what each provider cost.',
    document: `query ($tag: String!, $from: DateTime!, $to: DateTime!) { account(tag: $tag) { insights(from: $from, to: $to) {
      topGroups(by: PROVIDER, first: 3) { key totals { requests costUsd } } } } }`,
    variables: { tag: VARIABLES.tag, from: VARIABLES.from, to: VARIABLES.to },
  },
  'Gateway.insights': ofGateway('What stands out in one gateway.', 'usage { metadataKeys }'),
  'UsageInsights.topGroups': ofGateway(
    'Who or what was asked for most, by cost, requests or tokens.',
    'usage { topGroups(by: MODEL, first: 3, orderBy: TOKENS) { key totals { requests tokensIn tokensOut } } }',
  ),
  'UsageInsights.slowestModels': ofGateway(
    'Models by how long their answers take.',
    'usage { slowestModels(first: 3) { key totals { requests durationP95Ms } } }',
  ),
  'GatewayInsights.clientAddresses': ofGateway(
    'The networks that calls came from, of the last 24 hours.',
    'clientAddresses(first: 3) { clients { network requests costUsd } }',
  ),
  'GatewayInsights.expensiveRequests': ofGateway(
    'The logs that cost most.',
    'expensiveRequests(first: 3) { covered { complete } logs { id model costUsd } }',
  ),
  'GatewayInsights.frequentErrors': ofGateway(
    'Errors by kind, each with a log that shows it.',
    'frequentErrors(first: 3) { errors { statusCode errorCode provider model requests exampleLogId } }',
  ),
  'GatewayInsights.promptFeedback': ofGateway(
    'How prompts were rated, by their system message or by a key of the metadata.',
    'promptFeedback(first: 3) { prompts { prompt requests positive negative meanScore } }',
  ),
  'GatewayInsights.repeatedRequests': ofGateway(
    'Identical requests, and what a cache of each lifetime would have saved.',
    'repeatedRequests(first: 3, ttlSeconds: [300, 3600]) { savedUsd groups { requests costUsd } simulations { ttlSeconds hits savedUsd } }',
  ),
};
