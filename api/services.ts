/** The object graph below the resolvers, wired by hand. */
import { deriveKey } from '../platform/keys.js';
import { releaseVersion } from '../platform/version.js';
import type { ApiDeps } from './create-api.js';
import { Authenticator } from './authenticator.js';
import { AccountChangesService, AccountErasure, AccountQueries, AccountService } from './modules/account/index.js';
import { ApiTokenQueries, ApiTokenService } from './modules/api-token/index.js';
import { AuditExport, AuditQueries } from './modules/audit/index.js';
import { ConfigService } from './modules/config/index.js';
import { CustomProviderQueries, CustomProviderService } from './modules/custom-provider/index.js';
import { ExplainService } from './modules/explain/index.js';
import { GatewayHistory, GatewayQueries, GatewayService } from './modules/gateway/index.js';
import { AnalyticsQueries } from './modules/analytics/index.js';
import {
  LedgerInsightQueries,
  LedgerPasses,
  RepeatedRequestQueries,
  SCANNED_ROWS_MAX,
  UsageInsightQueries,
  type ScanCounts,
} from './modules/insight/index.js';
import { LedgerProofQueries } from './modules/ledger/index.js';
import {
  AccountControl,
  AccountOverviewQueries,
  InstanceHealthQueries,
  RequestCounts,
} from './modules/operator/index.js';
import {
  CostBreakdownQueries,
  BodyRooms,
  LogBodyQueries,
  LogExport,
  LogQueries,
  LogService,
  LogTail,
} from './modules/log/index.js';
import { PriceImportService, PriceListQueries, PriceListService } from './modules/pricing/index.js';
import { PriceOverrideQueries, PriceOverrideService } from './modules/price-override/index.js';
import { ProviderKeyQueries, ProviderKeyService } from './modules/provider-key/index.js';
import { RecalculationService } from './modules/recalculation/index.js';
import { AcceptanceService, InvitationQueries, InvitationService } from './modules/invitation/index.js';
import { MemberQueries, MemberService } from './modules/member/index.js';
import { IdentityService } from './modules/oidc/index.js';
import {
  LinkSecrets,
  Passwords,
  PasswordService,
  SessionQueries,
  SessionService,
  SignInThrottle,
} from './modules/session/index.js';
import { Cursors } from './paging/cursors.js';
import { PolicyPublisher } from './policy-publisher/index.js';
import { Database } from './tenancy/database.js';

const STATEMENT_TIMEOUT_MS = 8_000;
const HASHES = { runningMax: 2, waitingMax: 32 };
const THROTTLE = { windowMs: 15 * 60_000, failuresPerEmailMax: 10, failuresPerNetworkMax: 100 };

export type Services = ReturnType<typeof createServices>;

export function createServices(deps: ApiDeps) {
  const { dataSource, redis, explainer, logger, options } = deps;
  const sessionKey = deriveKey(options.secretKey, 'session');
  const pepper = deriveKey(options.tokenPepper, 'api-token');
  const cursors = new Cursors(deriveKey(options.secretKey, 'cursor'));
  const database = new Database(dataSource, {
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    ...(options.isolation === undefined ? {} : { isolation: options.isolation }),
  });
  const publisher = new PolicyPublisher(database, redis, logger);
  const passwords = new Passwords({ costLog2: options.passwordCostLog2, ...HASHES });
  const throttle = new SignInThrottle(redis, { ...THROTTLE, key: deriveKey(options.secretKey, 'sign-in-guess') });
  const { isSignUpOpen, vaultPublicKey, providerOrigins, allowedNetworks } = options;
  const accounts = new AccountService({ database, publisher, isSignUpOpen });
  const sessions = new SessionService({ database, passwords, throttle, accounts, sessionKey, isSignUpOpen });
  const people = createPeople(deps, { database, publisher, passwords, throttle, sessions });
  const gateways = new GatewayService({ database, publisher, vaultPublicKey, allowedNetworks });
  const providerKeys = new ProviderKeyService({ database, publisher, vaultPublicKey, providerOrigins });
  const customProviders = new CustomProviderService({ database, publisher, vaultPublicKey, allowedNetworks });
  const apiTokens = new ApiTokenService({ database, publisher, pepper });
  const queries = createQueries(database);
  const priceLists = new PriceListService(database, (change) => publisher.publish(change));
  return {
    database,
    publisher,
    passwords,
    accounts,
    ...createOperation(deps, { database, publisher, queries }),
    gateways,
    apiTokens,
    providerKeys,
    customProviders,
    configs: new ConfigService({ database, publisher, allowedNetworks, gateways, providerKeys, customProviders }),
    sessions,
    throttle,
    ...people,
    queries,
    cursors,
    priceLists,
    priceImports: new PriceImportService(priceLists, options.isDemo),
    priceOverrides: new PriceOverrideService(database, publisher),
    explanations: new ExplainService({ database, gateways: queries.gateways, explainer }),
    ...createLogging(deps, { database, queries }),
    recalculations: new RecalculationService(database),
    authenticator: new Authenticator({ database, sessionKey, apiTokenPepper: pepper }),
  };
}

/** What is read of logs and events, beyond a page. */
function createLogging({ options }: ApiDeps, { database, queries }: Omit<OperationDeps, 'publisher'>) {
  return {
    logs: new LogService(database),
    bodyRooms: new BodyRooms(),
    logTail: new LogTail(database, deriveKey(options.secretKey, 'tail-cursor')),
    auditExport: new AuditExport(database, queries.audit),
    logExport: new LogExport(database, queries.logs, queries.logBodies),
  };
}

interface OperationDeps {
  readonly database: Database;
  readonly publisher: PolicyPublisher;
  readonly queries: ReturnType<typeof createQueries>;
}

/** What the operator sees and does. */
function createOperation({ redis, logger }: ApiDeps, { database, publisher, queries }: OperationDeps) {
  const { accountOverviews: overviews, ledgerProofs: proofs } = queries;
  const requestCounts = new RequestCounts({ overviews, redis, logger });
  return {
    requestCounts,
    accountControl: new AccountControl({ database, publisher, overviews, requestCounts }),
    instanceHealth: new InstanceHealthQueries({ database, redis, proofs, version: releaseVersion() }),
  };
}

interface PeopleDeps {
  readonly database: Database;
  readonly publisher: PolicyPublisher;
  readonly passwords: Passwords;
  readonly throttle: SignInThrottle;
  readonly sessions: SessionService;
}

/** How people come and go. */
function createPeople({ options, redis, logger }: ApiDeps, deps: PeopleDeps) {
  const { database, publisher, sessions } = deps;
  const { isSignUpOpen, publicApiUrl, secretKey } = options;
  const invitationLinks = new LinkSecrets('tgi_', deriveKey(secretKey, 'invitation'));
  const resetLinks = new LinkSecrets('tgr_', deriveKey(secretKey, 'password-reset'));
  return {
    accountChanges: new AccountChangesService(database, publisher),
    accountErasure: new AccountErasure(database, redis, logger),
    passwordChanges: new PasswordService({ ...deps, links: resetLinks, publicApiUrl }),
    members: new MemberService(database),
    invitations: new InvitationService({ database, links: invitationLinks, publicApiUrl }),
    acceptances: new AcceptanceService({ ...deps, links: invitationLinks }),
    identities: new IdentityService({ database, sessions, isSignUpOpen }),
  };
}

/** The reads behind resolvers and loaders. */
const createQueries = (database: Database) => ({
  accounts: new AccountQueries(database),
  accountOverviews: new AccountOverviewQueries(database),
  apiTokens: new ApiTokenQueries(database),
  audit: new AuditQueries(database),
  customProviders: new CustomProviderQueries(database),
  gateways: new GatewayQueries(database),
  ...insightQueries(database),
  gatewayHistory: new GatewayHistory(database),
  invitations: new InvitationQueries(database),
  members: new MemberQueries(database),
  sessions: new SessionQueries(database),
  logBodies: new LogBodyQueries(database),
  costBreakdowns: new CostBreakdownQueries(database),
  ledgerProofs: new LedgerProofQueries(database),
  priceOverrides: new PriceOverrideQueries(database),
  priceLists: new PriceListQueries(database),
  providerKeys: new ProviderKeyQueries(database),
});

/** Insights are made of what analytics and logs read, besides what they read themselves. */
function insightQueries(database: Database) {
  const analytics = new AnalyticsQueries(database);
  const logs = new LogQueries(database);
  const scans: ScanCounts = { partial: 0, slow: 0 };
  return {
    scans,
    analytics,
    logs,
    usageInsights: new UsageInsightQueries(database, analytics),
    ledgerPasses: new LedgerPasses(database, { rowsMax: SCANNED_ROWS_MAX, counts: scans }),
    ledgerInsights: new LedgerInsightQueries(logs),
    repeatedRequests: new RepeatedRequestQueries(database),
  };
}
