import type { GraphqlExamples } from './example.js';

const SUSPEND =
  'mutation ($input: SuspendAccountInput!) { suspendAccount(input: $input) { id name suspendedAt suspensionReason } }';
const SUSPENSION = { input: { accountId: '{account.id}', reason: 'The invoice of October is open.' } };

export const EXAMPLES: GraphqlExamples = {
  'Query.accounts': {
    says: 'All accounts of the instance and how much they use, the newest first; `search` is part of a name, or a whole tag.',
    as: 'operator',
    document: `query ($search: String) { accounts(first: 10, search: $search) { edges { node { id tag name createdAt suspendedAt gatewayCount
      requestsThisMonth storedBodyBytes quotas { gateways requestsPerMonth logStorageBytes } } } pageInfo { hasNextPage endCursor } } }`,
    variables: { search: '{account.name}' },
    varies: ['requestsThisMonth'], // the log is of yesterday, which may be of another month
  },
  'Query.instanceHealth': {
    says: 'How the instance is: that there is an answer says that Postgres answers. `ledgerGaps` counts the records of today, which may take seconds.',
    as: 'operator',
    document: `{ instanceHealth { checkedAt version postgresVersion isRedisReachable unshippedRecords quarantinedRecords
      ledgerGaps { day lost duplicated } proxies { host version lastSeenAt isLive isGated unshippedRecords } } }`,
    varies: ['version', 'postgresVersion'],
  },
  'Mutation.suspendAccount': {
    says: "From now on the account's gateways serve nobody, and its members can only read. They see the reason.",
    as: 'operator',
    document: SUSPEND,
    variables: SUSPENSION,
  },
  'Mutation.resumeAccount': {
    says: 'Lets a suspended account go on.',
    given: [{ as: 'operator', document: SUSPEND, variables: SUSPENSION }],
    as: 'operator',
    document:
      'mutation ($accountId: ID!) { resumeAccount(accountId: $accountId) { id name suspendedAt suspensionReason } }',
    variables: { accountId: '{account.id}' },
  },
  'Mutation.setAccountQuotas': {
    says: 'What an account may use: an absent quota stays, null takes it away. What was counted of the month before counts too.',
    as: 'operator',
    document:
      'mutation ($input: SetAccountQuotasInput!) { setAccountQuotas(input: $input) { id requestsThisMonth quotas { gateways requestsPerMonth logStorageBytes } } }',
    variables: { input: { accountId: '{account.id}', gateways: 5, requestsPerMonth: '1000000' } },
    varies: ['requestsThisMonth'],
  },
};
