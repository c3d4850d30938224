import type { ExampleStep, GraphqlExamples } from './example.js';

const update = (version: number, settings: object): ExampleStep => ({
  document: 'mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) { configVersion } }',
  variables: { input: { id: '{gateway.id}', ifVersion: version, settings } },
});
/** After these the gateway is at version 3. */
const GIVEN = [
  update(1, { cacheTtlSeconds: 300 }),
  update(2, { cacheTtlSeconds: 600, rateLimits: [{ name: 'all', limit: 1000, intervalSeconds: 60 }] }),
];
const GATEWAY = { tag: '{account.tag}', name: '{gateway.name}' };

export const EXAMPLES: GraphqlExamples = {
  'Gateway.versions': {
    says: 'What the gateway was, the newest first: the last thousand versions, as far as the ledger is kept.',
    given: GIVEN,
    document: `query ($tag: String!, $name: String!) { account(tag: $tag) { gateway(name: $name) { versions(first: 1) {
      edges { node { number createdAt actor action changes { path before after } } } pageInfo { hasNextPage endCursor } } } } }`,
    variables: GATEWAY,
  },
  'Gateway.version': {
    says: 'One version, whole: the one that a log names, for instance. null: it is not kept.',
    given: GIVEN,
    document: `query ($tag: String!, $name: String!, $number: Int!) { account(tag: $tag) { gateway(name: $name) { version(number: $number) {
      number createdAt actor action description settings { cacheTtlSeconds retryMaxAttempts } providerKeys { provider alias version } } } } }`,
    variables: { ...GATEWAY, number: 2 },
  },
  'Gateway.versionDiff': {
    says: 'What differs from one version to another; null: one of them is not kept.',
    given: GIVEN,
    document: `query ($tag: String!, $name: String!, $from: Int!, $to: Int!) { account(tag: $tag) { gateway(name: $name) {
      versionDiff(from: $from, to: $to) { path before after } } } }`,
    variables: { ...GATEWAY, from: 2, to: 3 },
  },
  'Mutation.rollbackGateway': {
    says: 'Makes a new version with the description and the settings of an old one. Keys, custom providers and prices stay.',
    given: GIVEN,
    document:
      'mutation ($input: RollbackGatewayInput!) { rollbackGateway(input: $input) { configVersion settings { cacheTtlSeconds rateLimits { name } } } }',
    variables: { input: { id: '{gateway.id}', version: 2, ifVersion: 3 } },
  },
};
