import type { GraphqlExamples } from './example.js';

export const EXAMPLES: GraphqlExamples = {
  'Gateway.providerKeys': {
    says: 'The stored credentials of a gateway. A secret can be written and never read.',
    document:
      'query ($tag: String!, $name: String!) { account(tag: $tag) { gateway(name: $name) { providerKeys(first: 10) { edges { node { id provider alias origin lastFour version } } } } } }',
    variables: { tag: '{account.tag}', name: '{gateway.name}' },
  },
  'Mutation.createProviderKey': {
    says: 'Stores a credential for one provider, sealed so that the proxies alone can open it, and used towards `origin` alone.',
    document:
      'mutation ($input: CreateProviderKeyInput!) { createProviderKey(input: $input) { id provider alias origin lastFour version } }',
    variables: {
      input: { gatewayId: '{gateway.id}', provider: 'anthropic', secret: 'sk-ant-an-example-of-a-key-0123' },
    },
  },
  'Mutation.rotateProviderKey': {
    says: 'Puts another secret in the place of a stored one; nothing else of it changes.',
    document:
      'mutation ($input: RotateProviderKeyInput!) { rotateProviderKey(input: $input) { id alias lastFour version } }',
    variables: { input: { id: '{providerKey.id}', secret: 'sk-another-example-of-a-key-4567' } },
  },
  'Mutation.deleteProviderKey': {
    says: 'Erases a stored credential.',
    document: 'mutation ($id: ID!) { deleteProviderKey(id: $id) }',
    variables: { id: '{providerKey.id}' },
  },
  'Account.customProviders': {
    says: "Providers of the account's own. Of the headers that they are sent, the names can be read.",
    document:
      'query ($tag: String!) { account(tag: $tag) { customProviders(first: 10) { edges { node { id slug name baseUrl headerNames } } } } }',
    variables: { tag: '{account.tag}' },
  },
  'Mutation.createCustomProvider': {
    says: 'Adds a provider under `/custom-{slug}/`; the values of `headers` are sealed like keys.',
    document:
      'mutation ($input: CreateCustomProviderInput!) { createCustomProvider(input: $input) { id slug name baseUrl headerNames } }',
    variables: {
      input: {
        accountId: '{account.id}',
        slug: 'house-llm',
        name: 'The model of the house',
        baseUrl: 'https://llm.example.com/v1',
        headers: { 'x-house-key': 'an example of a secret' },
      },
    },
  },
  'Mutation.updateCustomProvider': {
    says: 'Changes what is given. Another origin than before needs all `headers` anew.',
    document:
      'mutation ($input: UpdateCustomProviderInput!) { updateCustomProvider(input: $input) { id name baseUrl } }',
    variables: { input: { id: '{customProvider.id}', name: 'Another name' } },
  },
  'Mutation.deleteCustomProvider': {
    says: "Ends a provider of one's own: its URL answers 400/2008.",
    document: 'mutation ($id: ID!) { deleteCustomProvider(id: $id) }',
    variables: { id: '{customProvider.id}' },
  },
};
