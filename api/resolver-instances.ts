/** The resolver instances of one api, by class: what the schema's container looks up. */
import { AccountResolver, ViewerResolver } from './modules/account/index.js';
import { AccountTokensResolver, ApiTokenResolver } from './modules/api-token/index.js';
import { AccountAuditResolver } from './modules/audit/index.js';
import { ConfigResolver } from './modules/config/index.js';
import { AccountCustomProvidersResolver, CustomProviderResolver } from './modules/custom-provider/index.js';
import { ExplainResolver } from './modules/explain/index.js';
import { AccountGatewaysResolver, GatewayHistoryResolver, GatewayResolver } from './modules/gateway/index.js';
import {
  AccountAnalyticsResolver,
  AnalyticsResolver,
  GatewayAnalyticsResolver,
  UsageGroupResolver,
  UsageTotalsResolver,
} from './modules/analytics/index.js';
import {
  AccountInsightsResolver,
  GatewayInsightsResolver,
  LedgerInsightsResolver,
  UsageInsightsResolver,
} from './modules/insight/index.js';
import { LedgerProofResolver } from './modules/ledger/index.js';
import {
  AccountLogResolver,
  GatewayLogsResolver,
  LogChangesResolver,
  LogConnectionResolver,
  LogResolver,
  LogTailResolver,
} from './modules/log/index.js';
import { InstanceHealthResolver, OperatorResolver } from './modules/operator/index.js';
import { GatewayProviderKeysResolver, ProviderKeyResolver } from './modules/provider-key/index.js';
import { AccountPriceOverridesResolver, PriceOverrideResolver } from './modules/price-override/index.js';
import { PriceImportResolver, PriceListResolver } from './modules/pricing/index.js';
import { RecalculationResolver } from './modules/recalculation/index.js';
import { AccountInvitationsResolver, InvitationResolver } from './modules/invitation/index.js';
import { AccountMembersResolver, MemberResolver } from './modules/member/index.js';
import { PasswordResolver, SessionResolver, ViewerSessionsResolver } from './modules/session/index.js';
import type { SignInOptions } from './modules/session/index.js';
import type { EndpointOptions } from './modules/gateway/index.js';
import type { Services } from './services.js';

/** `signIn`: how people may come in. */
export function createResolvers(
  services: Services,
  endpoint: EndpointOptions,
  signIn: SignInOptions,
): ReadonlyMap<unknown, object> {
  const { queries, cursors } = services;
  return new Map<unknown, object>([
    [AccountAnalyticsResolver, new AccountAnalyticsResolver()],
    [AccountInsightsResolver, new AccountInsightsResolver()],
    [AccountAuditResolver, new AccountAuditResolver(queries.audit, cursors)],
    [AccountLogResolver, new AccountLogResolver(queries.logs)],
    [ConfigResolver, new ConfigResolver(services.configs)],
    [AnalyticsResolver, new AnalyticsResolver(queries.analytics)],
    [ExplainResolver, new ExplainResolver(services.explanations)],
    [GatewayAnalyticsResolver, new GatewayAnalyticsResolver()],
    [GatewayInsightsResolver, new GatewayInsightsResolver(queries.ledgerPasses)],
    [GatewayHistoryResolver, new GatewayHistoryResolver(queries.gatewayHistory, services.gateways, cursors)],
    [GatewayLogsResolver, new GatewayLogsResolver(queries.logs, cursors)],
    [LedgerInsightsResolver, new LedgerInsightsResolver(queries.ledgerInsights, queries.repeatedRequests)],
    [LedgerProofResolver, new LedgerProofResolver(queries.ledgerProofs)],
    [InstanceHealthResolver, new InstanceHealthResolver(services.instanceHealth)],
    [LogChangesResolver, new LogChangesResolver(services.logs)],
    [LogConnectionResolver, new LogConnectionResolver()],
    [LogResolver, new LogResolver()],
    [LogTailResolver, new LogTailResolver(services.logTail)],
    [UsageGroupResolver, new UsageGroupResolver()],
    [UsageInsightsResolver, new UsageInsightsResolver(queries.usageInsights)],
    [UsageTotalsResolver, new UsageTotalsResolver()],
    [AccountCustomProvidersResolver, new AccountCustomProvidersResolver(queries.customProviders, cursors)],
    [CustomProviderResolver, new CustomProviderResolver(services.customProviders)],
    [GatewayProviderKeysResolver, new GatewayProviderKeysResolver(queries.providerKeys, cursors)],
    [ProviderKeyResolver, new ProviderKeyResolver(services.providerKeys)],
    [AccountPriceOverridesResolver, new AccountPriceOverridesResolver(queries.priceOverrides, cursors)],
    [PriceOverrideResolver, new PriceOverrideResolver(services.priceOverrides)],
    [PriceImportResolver, new PriceImportResolver(services.priceImports)],
    [PriceListResolver, new PriceListResolver(queries.priceLists, cursors)],
    [RecalculationResolver, new RecalculationResolver(services.recalculations)],
    [AccountGatewaysResolver, new AccountGatewaysResolver(queries.gateways, cursors)],
    [OperatorResolver, new OperatorResolver(queries.accountOverviews, services.accountControl, cursors)],
    [AccountTokensResolver, new AccountTokensResolver(queries.apiTokens, cursors)],
    [ApiTokenResolver, new ApiTokenResolver(services.apiTokens)],
    [GatewayResolver, new GatewayResolver(services.gateways, endpoint)],
    ...peopleResolvers(services, signIn),
  ]);
}

function peopleResolvers(services: Services, signIn: SignInOptions): [unknown, object][] {
  const { queries, cursors } = services;
  return [
    [AccountInvitationsResolver, new AccountInvitationsResolver(queries.invitations, cursors)],
    [InvitationResolver, new InvitationResolver(services.invitations, services.acceptances)],
    [AccountMembersResolver, new AccountMembersResolver(queries.members, cursors)],
    [MemberResolver, new MemberResolver(services.members)],
    [PasswordResolver, new PasswordResolver(services.passwordChanges)],
    [AccountResolver, new AccountResolver(services.accounts, services.accountChanges)],
    [SessionResolver, new SessionResolver(services.sessions, signIn)],
    [ViewerSessionsResolver, new ViewerSessionsResolver(queries.sessions, cursors)],
    [ViewerResolver, new ViewerResolver(queries.accounts, cursors)],
  ];
}
