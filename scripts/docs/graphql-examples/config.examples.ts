import type { ExampleVariables, GraphqlExamples } from './example.js';

const APPLY = `mutation ($input: ApplyConfigInput!) { applyConfig(input: $input) {
  dryRun revision secrets steps { kind path changes { path before after } } } }`;

/** What it is to be: the gateway that is there, another setting, and one more key. */
const DOCUMENT: ExampleVariables = {
  version: 1,
  gateways: [
    {
      name: '{gateway.name}',
      settings: { cacheTtlSeconds: 300 },
      providerKeys: [
        { provider: 'openai', secretFrom: 'env:TOLLGATE_PRODUCTION_OPENAI_DEFAULT' },
        { provider: 'anthropic', secretFrom: 'env:ANTHROPIC_KEY' },
      ],
    },
  ],
};

export const EXAMPLES: GraphqlExamples = {
  'Mutation.applyConfig': {
    says: "Makes the account's configuration what a document says, all of it or nothing ([what it may say](configuration-as-code.md)). Unless `dryRun` is false it answers the plan alone: `secrets` are those that it takes, and `ifRevision` makes sure that what is done is what it showed. `Account.configuration` is the document of what there is.",
    given: [
      {
        document: APPLY,
        variables: { input: { accountId: '{account.id}', document: DOCUMENT } },
        keep: { 'plan.revision': 'applyConfig.revision' },
      },
    ],
    document: APPLY,
    variables: {
      input: {
        accountId: '{account.id}',
        document: DOCUMENT,
        dryRun: false,
        ifRevision: '{plan.revision}',
        secrets: [{ from: 'env:ANTHROPIC_KEY', value: 'sk-ant-an-example-of-a-key-0123' }],
      },
    },
  },
};
