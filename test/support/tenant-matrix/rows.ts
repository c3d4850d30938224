/**
 * One row for every field that opens data: the document that reaches it and what its place in the schema makes of each
 * caller and target. A field without a row fails the matrix.
 */
import type { Permission } from '../../../schema/contracts/permissions.js';
import type { Caller, Target, TargetName } from './world.js';

/** `null`: the document answers null where the target would be; `data`: it answers; else the code of its error. */
export type Outcome = 'data' | 'null' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND' | 'BAD_USER_INPUT';

export interface Row {
  readonly document: string;
  readonly variables: (target: Target) => Readonly<Record<string, unknown>>;
  readonly expected: (caller: Caller, target: TargetName) => Outcome;
  /** changes what it is pointed at: once it has, the own target is made anew */
  readonly isMutation?: boolean;
}

export const holds = (caller: Caller, permission: Permission): boolean => caller.permissions.includes(permission);
export const isKnown = (caller: Caller): boolean => caller.kind !== 'none';

/** A field of an account. The operator may see the account, and nothing of what is in it. */
export function ofAccount(selection: string, permission: Permission): Row {
  return {
    document: `query ($tag: String!) { account(tag: $tag) { ${selection} } }`,
    variables: ({ tag }) => ({ tag }),
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if (target === 'deleted' || target === 'malformed') return 'null';
      if (caller.kind === 'operator') return 'FORBIDDEN';
      if (target === 'foreign') return 'null';
      return holds(caller, permission) ? 'data' : 'FORBIDDEN';
    },
  };
}

/** A thing in an account, named by the account's tag and its own name or id. */
function inAccount(argument: 'gatewayName' | 'logId', selection: string): Row {
  const type = argument === 'gatewayName' ? 'String!' : 'ID!';
  const field = argument === 'gatewayName' ? 'gateway(name: $inner)' : 'log(id: $inner)';
  return {
    document: `query ($tag: String!, $inner: ${type}) { account(tag: $tag) { ${field} { ${selection} } } }`,
    variables: (target) => ({ tag: target.tag, inner: target[argument] }),
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if (target === 'deleted' || target === 'malformed') return 'null';
      if (caller.kind === 'operator') return 'FORBIDDEN';
      if (target === 'foreign') return 'null';
      if (!holds(caller, 'AI_GATEWAY_READ')) return 'FORBIDDEN';
      return target === 'own' ? 'data' : 'null';
    },
  };
}

/** A mutation that names a thing by its id alone. `ofToken`: what a token must hold besides. */
export function onThing(
  document: string,
  id: 'gatewayId' | 'tokenId' | 'providerKeyId' | 'customProviderId' | 'priceOverrideId' | 'invitationId',
  permission: Permission,
  ofToken: readonly Permission[] = [],
): Row {
  return {
    document,
    variables: (target) => ({ id: target[id] }),
    isMutation: true,
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      // A token that was made with the deleted gateway is no deleted token: revoking it is the caller's right.
      const isThere = target === 'own' || (target === 'deleted' && id === 'tokenId');
      if (!isThere || caller.kind === 'operator') return 'NOT_FOUND';
      if (caller.kind === 'token' && !ofToken.every((each) => holds(caller, each))) return 'FORBIDDEN';
      return holds(caller, permission) ? 'data' : 'FORBIDDEN';
    },
  };
}

/** A mutation that names an account by its id. */
export function onAccount(document: string, ...permissions: readonly Permission[]): Row {
  return {
    document,
    variables: ({ accountId }) => ({ accountId, name: `made-${Math.random().toString(36).slice(2)}` }),
    isMutation: true,
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if (target === 'deleted' || target === 'malformed') return 'NOT_FOUND';
      if (caller.kind === 'operator') return 'FORBIDDEN';
      if (target !== 'own') return 'NOT_FOUND';
      return permissions.every((permission) => holds(caller, permission)) ? 'data' : 'FORBIDDEN';
    },
  };
}

/** A field of the instance, which has no account's data. */
function ofOperator(selection: string): Row {
  return {
    document: `query { ${selection} }`,
    variables: () => ({}),
    expected: (caller) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      return caller.kind === 'operator' ? 'data' : 'FORBIDDEN';
    },
  };
}

/** What the operator does to an account, his own or not. */
function byOperator(document: string): Row {
  return {
    document,
    variables: ({ accountId }) => ({ accountId }),
    isMutation: true,
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if (caller.kind !== 'operator') return 'FORBIDDEN';
      return target === 'deleted' || target === 'malformed' ? 'NOT_FOUND' : 'data';
    },
  };
}

/** A field about the caller himself: whatever the target is, it answers those who are known. */
export function ofCaller(selection: string): Row {
  return {
    document: `query ($accountId: ID!) { viewer { ${selection} permissions(accountId: $accountId) } }`,
    variables: ({ accountId }) => ({ accountId }),
    expected: (caller) => (isKnown(caller) ? 'data' : 'UNAUTHENTICATED'),
  };
}

const READ: Permission = 'AI_GATEWAY_READ';
const range = 'from: "2026-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z"';
const logs = (selection: string): Row => inAccount('gatewayName', `logs { ${selection} }`);
const analytics = (selection: string): Row =>
  inAccount('gatewayName', `analytics(filter: { ${range}, groupBy: [GATEWAY, MODEL] }) { ${selection} }`);
const lately = `from: "${new Date(Date.now() - 86_400_000).toISOString()}", to: "${new Date(Date.now() + 3_600_000).toISOString()}"`;
const insights = (selection: string): Row => inAccount('gatewayName', `insights(${lately}) { ${selection} }`);
const TOKEN_FIELDS = 'id name prefix gateways { id name } permissions';

/** By coordinate. Fields that are public have no tenant's data behind them and stand in PUBLIC_FIELDS. */
export const ROWS: Readonly<Record<string, Row>> = {
  'Query.viewer': ofCaller('email isOperator'),
  'Viewer.permissions': ofCaller('isOperator'),
  'Viewer.accounts': ofCaller('accounts { edges { node { id tag name } } }'),
  'Query.account': {
    document: 'query ($tag: String!) { account(tag: $tag) { id tag name createdAt } }',
    variables: ({ tag }) => ({ tag }),
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if (target === 'own' || target === 'mixed') return 'data';
      return target === 'foreign' && caller.kind === 'operator' ? 'data' : 'null';
    },
  },
  'Account.quotas': {
    document: 'query ($tag: String!) { account(tag: $tag) { tag quotas { gateways } suspendedAt suspensionReason } }',
    variables: ({ tag }) => ({ tag }),
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if (target === 'own' || target === 'mixed') return 'data';
      return target === 'foreign' && caller.kind === 'operator' ? 'data' : 'null';
    },
  },
  'Account.gateways': ofAccount('gateways { edges { node { id name } } }', READ),
  'Account.gateway': inAccount('gatewayName', 'id name description'),
  'Account.log': inAccount('logId', 'id eventId'),
  'Account.apiTokens': ofAccount('apiTokens { edges { node { id name prefix } } }', 'ACCOUNT_EDIT'),
  'Account.auditLog': ofAccount('auditLog { edges { node { id actor action before after } } }', 'ACCOUNT_EDIT'),
  'Account.configuration': ofAccount('configuration { document revision }', READ),
  'Account.customProviders': ofAccount('customProviders { edges { node { id slug baseUrl headerNames } } }', READ),
  'Account.analytics': ofAccount(`analytics(filter: { ${range} }) { totals { requests } }`, READ),
  'Account.insights': ofAccount(`insights(${lately}) { metadataKeys }`, READ),
  'ApiToken.gateways': inAccount('logId', `apiToken { ${TOKEN_FIELDS} }`),
  'Gateway.endpointUrl': inAccount('gatewayName', 'endpointUrl(provider: "openai")'),
  'Gateway.settings': inAccount('gatewayName', 'settings { authentication egressProxyUrl }'),
  'Gateway.versions': inAccount(
    'gatewayName',
    'id versions { edges { node { number actor settings { authentication } changes { path before after } } } }',
  ),
  'Gateway.version': inAccount('gatewayName', 'id version(number: 1) { number actor description }'),
  'Gateway.versionDiff': inAccount('gatewayName', 'id versionDiff(from: 1, to: 1) { path before after }'),
  'Gateway.providerKeys': inAccount('gatewayName', 'providerKeys { edges { node { id alias lastFour } } }'),
  'ProviderKey.target': inAccount('gatewayName', 'providerKeys { edges { node { id target } } }'),
  'Gateway.logs': logs('edges { node { id eventId } }'),
  'Gateway.log': {
    ...inAccount('gatewayName', 'id'),
    document:
      'query ($tag: String!, $inner: String!, $logId: ID!) { account(tag: $tag) { gateway(name: $inner) { log(id: $logId) { id } } } }',
    variables: (target) => ({ tag: target.tag, inner: target.gatewayName, logId: target.logId }),
  },
  'Gateway.analytics': analytics('totals { requests costUsd }'),
  'Gateway.insights': insights('usage { metadataKeys }'),
  'GatewayInsights.usage': insights('usage { topGroups(by: GATEWAY) { key totals { requests } } }'),
  'UsageInsights.topGroups': insights('usage { topGroups(by: MODEL) { key totals { requests costUsd } } }'),
  'UsageInsights.slowestModels': insights('usage { slowestModels { key totals { durationP95Ms } } }'),
  'UsageInsights.metadataKeys': insights('usage { metadataKeys }'),
  'GatewayInsights.clientAddresses': insights('clientAddresses { clients { network requests } }'),
  'GatewayInsights.expensiveRequests': insights('expensiveRequests { logs { id model eventId } }'),
  'GatewayInsights.repeatedRequests': insights(
    'repeatedRequests(ttlSeconds: [60]) { groups { key model exampleLogId } simulations { hits } }',
  ),
  'GatewayInsights.frequentErrors': insights('frequentErrors { errors { model exampleLogId } }'),
  'GatewayInsights.promptFeedback': insights('promptFeedback { prompts { prompt exampleLogId } }'),
  'LogConnection.totalCount': logs('totalCount'),
  'LogConnection.totalCountIsExact': logs('totalCountIsExact'),
  'Log.gateway': inAccount('logId', 'gateway { id name }'),
  'Log.apiToken': inAccount('logId', 'apiToken { id name }'),
  'Log.costBreakdown': inAccount(
    'logId',
    'id costBreakdown { recordedUsd lines { unit amountUsd } attempts { model } }',
  ),
  'Log.bodyState': inAccount('logId', 'bodyState'),
  'Log.requestBody': inAccount('logId', 'id requestBody'),
  'Log.responseBody': inAccount('logId', 'id responseBody'),
  'Analytics.totals': analytics('totals { requests }'),
  'Analytics.series': analytics('series { at }'),
  'Analytics.groups': analytics('groups { key totals { requests } }'),
  'UsageGroup.series': analytics('groups { key series { at } }'),
  'UsageTotals.durationP50Ms': analytics('totals { durationP50Ms }'),
  'UsageTotals.durationP95Ms': analytics('totals { durationP95Ms }'),
  'UsageTotals.durationP99Ms': analytics('totals { durationP99Ms }'),
  'UsageTotals.timeToFirstTokenP95Ms': analytics('totals { timeToFirstTokenP95Ms }'),
  'Mutation.createAccount': {
    document: 'mutation ($name: String!) { createAccount(input: { name: $name }) { id } }',
    variables: () => ({ name: `made-${Math.random().toString(36).slice(2)}` }),
    isMutation: true,
    expected: (caller) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      return caller.kind === 'operator' ? 'data' : 'FORBIDDEN';
    },
  },
  'Mutation.createGateway': onAccount(
    'mutation ($accountId: ID!, $name: String!) { createGateway(input: { accountId: $accountId, name: $name }) { id } }',
    'AI_GATEWAY_EDIT',
  ),
  'Mutation.createApiToken': onAccount(
    `mutation ($accountId: ID!, $name: String!) {
      createApiToken(input: { accountId: $accountId, name: $name, permissions: [ACCOUNT_EDIT] }) { token { id } } }`,
    'ACCOUNT_EDIT',
  ),
  'Mutation.updateGateway': onThing(
    'mutation ($id: ID!) { updateGateway(input: { id: $id, description: "changed" }) { id description } }',
    'gatewayId',
    'AI_GATEWAY_EDIT',
  ),
  'Mutation.rollbackGateway': onThing(
    'mutation ($id: ID!) { rollbackGateway(input: { id: $id, version: 1 }) { id description } }',
    'gatewayId',
    'AI_GATEWAY_EDIT',
  ),
  'Mutation.deleteGateway': onThing('mutation ($id: ID!) { deleteGateway(id: $id) }', 'gatewayId', 'AI_GATEWAY_EDIT'),
  'Mutation.purgeCache': onThing(
    'mutation ($id: ID!) { purgeCache(input: { gatewayId: $id, model: "gpt-4o-mini" }) { id name } }',
    'gatewayId',
    'AI_GATEWAY_EDIT',
  ),
  'Mutation.createProviderKey': onThing(
    `mutation ($id: ID!) {
      createProviderKey(input: { gatewayId: $id, provider: "openai", alias: "other", secret: "sk-0123456789" }) { id } }`,
    'gatewayId',
    'AI_GATEWAY_EDIT',
  ),
  'Mutation.rotateProviderKey': onThing(
    'mutation ($id: ID!) { rotateProviderKey(input: { id: $id, secret: "sk-0123456789" }) { id target } }',
    'providerKeyId',
    'AI_GATEWAY_EDIT',
  ),
  'Mutation.deleteProviderKey': onThing(
    'mutation ($id: ID!) { deleteProviderKey(id: $id) }',
    'providerKeyId',
    'AI_GATEWAY_EDIT',
  ),
  'Mutation.createCustomProvider': onAccount(
    `mutation ($accountId: ID!, $name: String!) { createCustomProvider(
      input: { accountId: $accountId, slug: $name, name: "made", baseUrl: "https://api.example.com" }) { id } }`,
    'AI_GATEWAY_EDIT',
  ),
  'Mutation.updateCustomProvider': onThing(
    'mutation ($id: ID!) { updateCustomProvider(input: { id: $id, name: "changed" }) { id name } }',
    'customProviderId',
    'AI_GATEWAY_EDIT',
  ),
  'Mutation.deleteCustomProvider': onThing(
    'mutation ($id: ID!) { deleteCustomProvider(id: $id) }',
    'customProviderId',
    'AI_GATEWAY_EDIT',
  ),
  'Mutation.applyConfig': onAccount(
    `mutation ($accountId: ID!) { applyConfig(input: { accountId: $accountId, document: { version: 1 } }) {
      revision secrets steps { path changes { before after } } } }`,
    'AI_GATEWAY_EDIT',
    'AI_GATEWAY_READ',
  ),
  'Account.priceOverrides': ofAccount('priceOverrides { edges { node { id model rates { unit } } } }', READ),
  'PriceOverride.rates': ofAccount('priceOverrides { edges { node { rates { unit usdPerMillion } } } }', READ),
  'Mutation.setPriceOverride': onAccount(
    `mutation ($accountId: ID!, $name: String!) { setPriceOverride(input: { accountId: $accountId, provider: "openai",
      model: $name, rates: [{ unit: "inputTokens", usdPerMillion: "1" }] }) { id rates { unit } } }`,
    'ACCOUNT_EDIT',
  ),
  'Mutation.removePriceOverride': onThing(
    'mutation ($id: ID!) { removePriceOverride(id: $id) }',
    'priceOverrideId',
    'ACCOUNT_EDIT',
  ),
  'Mutation.recalculateCosts': onAccount(
    `mutation ($accountId: ID!) { recalculateCosts(input: { accountId: $accountId, ${range}, dryRun: false }) {
      records changed differenceUsd models { model } } }`,
    'ACCOUNT_EDIT',
  ),
  // of the instance, and public facts
  'Query.priceList': { ...ofCaller(''), document: '{ priceList { version } }', variables: () => ({}) },
  'PriceListInForce.models': {
    ...ofCaller(''),
    document: '{ priceList { models(first: 1) { edges { node { model } } } } }',
    variables: () => ({}),
  },
  'Mutation.importPriceList': {
    document:
      'mutation { importPriceList(input: { format: TOLLGATE, mode: MERGE, document: "{\\"models\\":[]}" }) { models } }',
    variables: () => ({}),
    isMutation: true,
    expected: (caller) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      return caller.kind === 'operator' ? 'data' : 'FORBIDDEN';
    },
  },
  'Query.ledgerProof': {
    document: `query { ledgerProof(day: "${new Date().toISOString().slice(0, 10)}") { lost spools { host } } }`,
    variables: () => ({}),
    expected: (caller) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      return caller.kind === 'operator' ? 'data' : 'FORBIDDEN';
    },
  },
  'Query.accounts': ofOperator('accounts { edges { node { tag name gatewayCount storedBodyBytes } } }'),
  'Query.instanceHealth': ofOperator('instanceHealth { version unshippedRecords proxies { host } jobs { job } }'),
  'InstanceHealth.ledgerGaps': ofOperator('instanceHealth { ledgerGaps { lost duplicated } }'),
  'Mutation.suspendAccount': byOperator(
    'mutation ($accountId: ID!) { suspendAccount(input: { accountId: $accountId }) { suspendedAt } }',
  ),
  'Mutation.resumeAccount': byOperator(
    'mutation ($accountId: ID!) { resumeAccount(accountId: $accountId) { tag suspendedAt } }',
  ),
  'Mutation.setAccountQuotas': byOperator(
    'mutation ($accountId: ID!) { setAccountQuotas(input: { accountId: $accountId, gateways: 1000 }) { tag } }',
  ),
  'Query.explainRequest': {
    document: `query ($id: ID!) { explainRequest(input: { gatewayId: $id, provider: "openai" }) {
      gateway { id name settings { authentication } } outcome } }`,
    variables: ({ gatewayId }) => ({ id: gatewayId }),
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if (target !== 'own' || caller.kind === 'operator') return 'null';
      return holds(caller, READ) ? 'data' : 'FORBIDDEN';
    },
  },
  'Subscription.logs': {
    document: 'subscription ($id: ID!) { logs(gatewayId: $id) { cursor node { id } } }',
    variables: ({ gatewayId }) => ({ id: gatewayId }),
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if (target !== 'own' || caller.kind === 'operator') return 'NOT_FOUND';
      return holds(caller, READ) ? 'data' : 'FORBIDDEN';
    },
  },
  'Mutation.rateLog': {
    document: `mutation ($id: ID!, $logId: ID!) { rateLog(input: { gatewayId: $id, logId: $logId, feedback: 1 }) {
      id feedback metadata } }`,
    variables: ({ gatewayId, logId }) => ({ id: gatewayId, logId }),
    expected: (caller, target) => {
      if (!isKnown(caller)) return 'UNAUTHENTICATED';
      if ((target !== 'own' && target !== 'deleted') || caller.kind === 'operator') return 'NOT_FOUND';
      if (holds(caller, 'AI_GATEWAY_EDIT')) return target === 'own' ? 'data' : 'NOT_FOUND'; // it has no log
      return holds(caller, 'AI_GATEWAY_RUN') ? 'NOT_FOUND' : 'FORBIDDEN'; // another token made it
    },
  },
  'Mutation.deleteLogs': {
    document: `mutation ($id: ID!) { deleteLogs(input: { gatewayId: $id, filter: { eventId: "bravo-event" } }) { count } }`,
    variables: ({ gatewayId }) => ({ id: gatewayId }),
    isMutation: true,
    // Like tokens, logs outlive their gateway.
    expected: (caller, target) => onThing('', 'tokenId', 'AI_GATEWAY_EDIT').expected(caller, target),
  },
  'Mutation.updateApiToken': onThing(
    'mutation ($id: ID!) { updateApiToken(input: { id: $id, name: "changed" }) { id name } }',
    'tokenId',
    'ACCOUNT_EDIT',
    ['AI_GATEWAY_RUN'],
  ),
  'Mutation.rotateApiToken': onThing(
    'mutation ($id: ID!) { rotateApiToken(input: { id: $id }) { token { id name } } }',
    'tokenId',
    'ACCOUNT_EDIT',
    ['AI_GATEWAY_RUN'],
  ),
  'Mutation.revokeApiToken': onThing(
    'mutation ($id: ID!) { revokeApiToken(id: $id) { id } }',
    'tokenId',
    'ACCOUNT_EDIT',
  ),
};
