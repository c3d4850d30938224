import type { ExampleStep, GraphqlExamples } from './example.js';

const OVERRIDE = {
  accountId: '{account.id}',
  provider: 'openai',
  model: 'gpt-test',
  rates: [
    { unit: 'inputTokens', usdPerMillion: '0.12' },
    { unit: 'outputTokens', usdPerMillion: '0.48' },
  ],
};
const SET_OVERRIDE =
  'mutation ($input: SetPriceOverrideInput!) { setPriceOverride(input: $input) { id provider model match rates { unit usdPerMillion } from } }';

/** The same prices again make no new version. */
const IMPORT_LISTED: ExampleStep = {
  as: 'operator',
  document: 'mutation ($input: ImportPriceListInput!) { importPriceList(input: $input) { version } }',
  variables: {
    input: {
      format: 'TOLLGATE',
      mode: 'REPLACE',
      dryRun: false,
      source: 'our contract of March',
      document:
        '{"models":[{"provider":"openai","model":"gpt-listed","match":{"starts_with":"gpt-listed"},"rules":[{"usdPerMillion":{"inputTokens":{"base":"1.25","tiers":[{"start":200000,"price":"2.5"}]},"outputTokens":"10"}},{"condition":{"type":"service_tier","tier":"flex"},"usdPerMillion":{"inputTokens":"0.5","outputTokens":"4"}}]}]}',
    },
  },
};

export const EXAMPLES: GraphqlExamples = {
  'Account.priceOverrides': {
    says: "Prices of the account's own that are in force.",
    document:
      'query ($tag: String!) { account(tag: $tag) { priceOverrides(first: 10) { edges { node { id provider model match serviceTier rates { unit usdPerMillion } from } } } } }',
    variables: { tag: '{account.tag}' },
  },
  'Mutation.setPriceOverride': {
    says: 'Prices a model for one account, from now on or from a moment in the past on ([what a rule may say](prices.md)).',
    document: SET_OVERRIDE,
    variables: { input: OVERRIDE },
  },
  'Mutation.removePriceOverride': {
    says: "Ends a price of the account's own; what it priced stays as it is.",
    document: 'mutation ($id: ID!) { removePriceOverride(id: $id) }',
    variables: { id: '{priceOverride.id}' },
  },
  'Mutation.recalculateCosts': {
    says: 'Prices a range anew by the prices in force, and writes the differences as corrections. First look (`dryRun`), then write what you saw, which `expectedDifferenceUsd` makes sure of.',
    given: [{ document: SET_OVERRIDE, variables: { input: { ...OVERRIDE, from: '{day.from}' } } }],
    document:
      'mutation ($input: RecalculateCostsInput!) { recalculateCosts(input: $input) { dryRun records changed costBeforeUsd costAfterUsd differenceUsd models { provider model records differenceUsd } } }',
    variables: { input: { accountId: '{account.id}', from: '{day.from}', to: '{day.to}', dryRun: true } },
  },
  'Query.priceList': {
    says: 'The price list in force, which prices what the account has no price of its own for; null: there is none yet. For every caller.',
    given: [IMPORT_LISTED],
    document: '{ priceList { version source origin importedAt } }',
  },
  'PriceListInForce.models': {
    says: 'Its models by provider and name, with the rates of each of their rules: a later rule takes the place of those before it when its condition holds.',
    given: [IMPORT_LISTED],
    document:
      'query ($search: String!) { priceList { models(first: 2, search: $search) { edges { node { provider model match rules { condition rates { unit usdPerMillion steps { aboveInputTokens usdPerMillion } } } } } pageInfo { hasNextPage } } } }',
    variables: { search: 'listed' },
  },
  'Mutation.importPriceList': {
    says: 'Replaces or completes the price list of the instance; as a dry run it says what would change.',
    as: 'operator',
    document:
      'mutation ($input: ImportPriceListInput!) { importPriceList(input: $input) { dryRun version models added changed removed differences { kind provider model rates { unit from to } } } }',
    variables: {
      input: {
        format: 'TOLLGATE',
        mode: 'MERGE',
        dryRun: true,
        document:
          '{"models":[{"provider":"openai","model":"gpt-example","rules":[{"usdPerMillion":{"inputTokens":"0.15","outputTokens":"0.6"}}]}]}',
      },
    },
  },
};
