/**
 * The GraphQL schema of the api, built from the resolver classes; resolver instances come with each request's context.
 */
import 'reflect-metadata';
import { lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';
import { buildSchemaSync } from 'type-graphql';
import type { ApiContext } from '../context.js';
import { AccountResolver, ViewerResolver } from '../modules/account/index.js';
import { AccountTokensResolver, ApiTokenResolver } from '../modules/api-token/index.js';
import { AccountAuditResolver } from '../modules/audit/index.js';
import { ConfigResolver } from '../modules/config/index.js';
import { AccountCustomProvidersResolver, CustomProviderResolver } from '../modules/custom-provider/index.js';
import { ExplainResolver } from '../modules/explain/index.js';
import { AccountGatewaysResolver, GatewayHistoryResolver, GatewayResolver } from '../modules/gateway/index.js';
import {
  AccountAnalyticsResolver,
  AnalyticsResolver,
  GatewayAnalyticsResolver,
  UsageGroupResolver,
  UsageTotalsResolver,
} from '../modules/analytics/index.js';
import {
  AccountInsightsResolver,
  GatewayInsightsResolver,
  LedgerInsightsResolver,
  UsageInsightsResolver,
} from '../modules/insight/index.js';
import { LedgerProofResolver } from '../modules/ledger/index.js';
import { InstanceHealthResolver, OperatorResolver } from '../modules/operator/index.js';
import {
  AccountLogResolver,
  GatewayLogsResolver,
  LogChangesResolver,
  LogConnectionResolver,
  LogResolver,
  LogTailResolver,
} from '../modules/log/index.js';
import { AccountPriceOverridesResolver, PriceOverrideResolver } from '../modules/price-override/index.js';
import { PriceImportResolver, PriceListResolver } from '../modules/pricing/index.js';
import { RecalculationResolver } from '../modules/recalculation/index.js';
import { GatewayProviderKeysResolver, ProviderKeyResolver } from '../modules/provider-key/index.js';
import { AccountInvitationsResolver, InvitationResolver } from '../modules/invitation/index.js';
import { AccountMembersResolver, MemberResolver } from '../modules/member/index.js';
import { PasswordResolver, SessionResolver, ViewerSessionsResolver } from '../modules/session/index.js';
import { assertEveryFieldAuthorized } from './authorization-check.js';
import { lookAtCallersAnew } from './fresh-callers.js';

export const RESOLVERS = [
  AccountAnalyticsResolver,
  AccountAuditResolver,
  AccountCustomProvidersResolver,
  AccountGatewaysResolver,
  AccountInsightsResolver,
  AccountInvitationsResolver,
  AccountLogResolver,
  AccountMembersResolver,
  AccountPriceOverridesResolver,
  AccountResolver,
  AccountTokensResolver,
  AnalyticsResolver,
  ApiTokenResolver,
  ConfigResolver,
  CustomProviderResolver,
  ExplainResolver,
  GatewayAnalyticsResolver,
  GatewayInsightsResolver,
  GatewayHistoryResolver,
  GatewayLogsResolver,
  GatewayProviderKeysResolver,
  GatewayResolver,
  LedgerInsightsResolver,
  InvitationResolver,
  LedgerProofResolver,
  InstanceHealthResolver,
  OperatorResolver,
  LogChangesResolver,
  LogConnectionResolver,
  LogResolver,
  LogTailResolver,
  MemberResolver,
  PasswordResolver,
  PriceImportResolver,
  PriceListResolver,
  PriceOverrideResolver,
  ProviderKeyResolver,
  RecalculationResolver,
  SessionResolver,
  UsageGroupResolver,
  UsageInsightsResolver,
  UsageTotalsResolver,
  ViewerResolver,
  ViewerSessionsResolver,
] as const;

const noTopics = (): never => {
  throw new Error('no subscription is fed by topics');
};
/** type-graphql wants one as soon as there is a subscription; ours follow the ledger themselves. */
const NO_PUB_SUB = { publish: noTopics, subscribe: noTopics };

let built: GraphQLSchema | null = null;

/**
 * The schema, built once a process (100 ms): it is made of classes alone and holds no instance. Throws when a field
 * that opens data declares neither an action nor that it is public.
 */
export const buildApiSchema = (): GraphQLSchema => (built ??= newApiSchema());

function newApiSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [...RESOLVERS] as [(typeof RESOLVERS)[number], ...(typeof RESOLVERS)[number][]], // a non-empty copy
    container: { get: (resolver, { context }: { context: ApiContext }) => context.resolvers.get(resolver) },
    pubSub: NO_PUB_SUB,
    scalarsMap: [{ type: Date, scalar: GraphQLDateTime }],
    validate: false,
  });
  assertEveryFieldAuthorized(schema);
  lookAtCallersAnew(schema);
  return schema;
}

/** The schema's text as it is committed: sorted, so that a diff shows what changed and nothing else. */
export function printApiSchema(): string {
  return `${printSchema(lexicographicSortSchema(buildApiSchema()))}\n`;
}
