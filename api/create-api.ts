/** The composition root of the control plane: everything is built here once, by hand, and passed on. */
import type { Server } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import express, { type Express, type Request } from 'express';
import type { GraphQLSchema } from 'graphql';
import type { Redis } from 'ioredis';
import type { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import { deriveKey } from '../platform/keys.js';
import type { Logger } from '../platform/logger.js';
import type { NetworkList } from '../schema/contracts/networks.js';
import type { ProviderOrigins } from '../schema/contracts/provider-origins.js';
import type { VaultPublicKey } from '../schema/contracts/vault-keys.js';
import type { ApiContext } from './context.js';
import { okForJsonCallers, introspectionForKnownCallers } from './graphql/apollo-plugins.js';
import { createErrorFormatter } from './graphql/format-error.js';
import { OperationEntrance } from './graphql/operation-entrance.js';
import { PersistedDocuments, type DocumentManifest } from './graphql/persisted-documents.js';
import { QueryBudget } from './graphql/query-budget.js';
import { QUERY_LIMITS } from './graphql/query-limits.js';
import { buildApiSchema } from './graphql/schema.js';
import { BODY_BYTES_MAX, bodyErrors, GraphqlGuard, requirePostJson } from './http/graphql-guard.js';
import { graphqlSse } from './http/graphql-sse.js';
import { GraphqlWs } from './http/graphql-ws.js';
import { SubscriptionOperations, type FormatError } from './http/subscription-operations.js';
import { auditExport } from './http/audit-export.js';
import { serveDashboard, type Dashboard } from './http/dashboard.js';
import { logExport } from './http/log-export.js';
import { ExportRoom, rowExport } from './http/row-export.js';
import { nothingThere } from './http/nothing-there.js';
import { OIDC_CALLBACK, OIDC_SIGN_IN, oidcSignIn } from './http/oidc-sign-in.js';
import { requireOwnOrigin } from './http/own-origin.js';
import { securityHeaders } from './http/security-headers.js';
import { createApiMetrics } from './metrics.js';
import { OidcClient, type OidcOptions } from './modules/oidc/index.js';
import type { RequestExplainer } from './modules/explain/index.js';
import { RequestContexts } from './request-context.js';
import { restRouter } from './rest/rest-router.js';
import { createResolvers } from './resolver-instances.js';
import { createServices, type Services } from './services.js';
import type { DatabaseOptions } from './tenancy/database.js';

/** Of a stream of rows, in points: as the dearest of fields. */
const EXPORT_COST = 1_000;

export interface ApiDeps {
  readonly dataSource: DataSource;
  readonly redis: Pick<Redis, 'eval' | 'publish'>;
  /** tells what would become of a request */
  readonly explainer: RequestExplainer;
  readonly logger: Logger;
  readonly options: ApiOptions;
}

export interface ApiOptions {
  readonly isProduction: boolean;
  readonly isDemo: boolean;
  readonly isSignUpOpen: boolean;
  readonly publicApiUrl: string;
  readonly publicProxyUrl: string;
  /** how many proxies in front are trusted to tell the client address */
  readonly trustedProxies: number;
  readonly secretKey: string;
  readonly tokenPepper: string;
  /** seals what only the proxies may open */
  readonly vaultPublicKey: VaultPublicKey;
  /** the operator's bases in place of the providers' own, as the proxies have them */
  readonly providerOrigins: ProviderOrigins;
  /** networks that are not public and that tenants' URLs may lead to */
  readonly allowedNetworks: NetworkList;
  readonly passwordCostLog2: number;
  readonly graphql: GraphqlOptions;
  /** the OpenID provider that users may sign in at; null: there is none */
  readonly oidc: OidcOptions | null;
  /** the pages that are served; null: there are none */
  readonly dashboard: Dashboard | null;
  /** tests alone may leave out the explicit account filter */
  readonly isolation?: DatabaseOptions['isolation'];
}

export interface GraphqlOptions {
  /** what an API token, or a user by all his sessions, may spend; all others of one address share a tenth of it */
  readonly pointsPerMinute: number;
  readonly documents: DocumentManifest;
  /** whether browsers' sessions may send those documents, and the dashboard's, only */
  readonly documentsOnlyForCookies: boolean;
}

export interface Api {
  readonly app: Express;
  readonly services: Services;
  /** takes the WebSockets of the server that serves `app` */
  attach(server: Server): void;
  /** what was refused before it was validated */
  readonly entrance: OperationEntrance;
  readonly subscribers: SubscriptionOperations;
  /** what `/metrics` tells */
  readonly metrics: Registry;
  /** ends what would go on for ever: subscriptions */
  drain(): void;
  /** says why the api cannot serve; null: it can */
  readonly unready: () => Promise<string | null>;
  close(): Promise<void>;
}

/** Builds the api; the caller listens, and closes it. Throws when a field declares no authorization. */
export async function createApi(deps: ApiDeps): Promise<Api> {
  const { options } = deps;
  const services = createServices(deps);
  const resolvers = createResolvers(services, options, signInOptions(options));
  const schema = buildApiSchema();
  const formatError = createErrorFormatter(deps.logger, options.isProduction);
  const server = apolloServer(schema, formatError, options);
  await server.start();
  const contexts = new RequestContexts({ services, resolvers, isHttps: isHttps(options) });
  const unready = (): Promise<string | null> => probe(deps);
  const app = plainApp(options, unready);
  const entrance = createEntrance(schema, deps);
  const guard = new GraphqlGuard(entrance, contexts);
  const operations = new SubscriptionOperations(entrance, contexts, formatError);
  const sockets = new GraphqlWs(app, options.publicApiUrl, operations);
  const json = express.json({ limit: BODY_BYTES_MAX, type: 'application/json' });
  const ownOrigin = requireOwnOrigin(new URL(options.publicApiUrl).origin);
  if (options.oidc !== null) app.use(oidcRoutes(options.oidc, deps, services, contexts));
  app.use('/graphql/stream', requirePostJson, ownOrigin, json, bodyErrors, graphqlSse(operations));
  app.use(
    '/graphql',
    requirePostJson,
    ownOrigin,
    json,
    bodyErrors,
    guard.handler,
    expressMiddleware(server, { context: ({ req }) => guard.contextOf(req) }),
  );
  const room = new ExportRoom();
  app.use(['/logs/export', '/audit/export'], requirePostJson, ownOrigin, json, bodyErrors);
  useExports(app, { schema, contexts, services, room, logger: deps.logger, entrance });
  app.use('/client/v4', restRouter({ services, endpoint: options, contexts, entrance, logger: deps.logger }));
  app.use(nothingThere);
  return {
    app,
    services,
    unready,
    entrance,
    subscribers: operations,
    metrics: createApiMetrics({ entrance, exports: room, subscribers: operations, services }),
    attach: (httpServer) => sockets.attach(httpServer),
    drain: () => operations.endAll(),
    close: async () => {
      await sockets.close();
      await server.stop();
    },
  };
}

interface ExportDeps {
  readonly schema: GraphQLSchema;
  readonly contexts: RequestContexts;
  readonly services: Services;
  readonly room: ExportRoom;
  readonly logger: Logger;
  readonly entrance: OperationEntrance;
}

function useExports(app: Express, { schema, contexts, services, room, logger, entrance }: ExportDeps): void {
  const charge = async (request: Request): Promise<void> => {
    const caller = contexts.callerOf(request);
    await entrance.charge({ access: await contexts.access(caller), client: caller }, EXPORT_COST);
  };
  const logs = logExport({ schema, contexts, exports: services.logExport });
  const events = auditExport({ schema, contexts, exports: services.auditExport });
  app.use('/logs/export', rowExport({ room, logger, charge }, logs));
  app.use('/audit/export', rowExport({ room, logger, charge }, events));
}

function createEntrance(schema: GraphQLSchema, deps: ApiDeps): OperationEntrance {
  const { redis, options } = deps;
  const { graphql, dashboard } = options;
  const manifest = new Map([...(dashboard?.documents ?? []), ...graphql.documents]);
  const documents = new PersistedDocuments(schema, manifest, graphql.documentsOnlyForCookies);
  return new OperationEntrance(schema, documents, new QueryBudget(redis, graphql.pointsPerMinute));
}

const signInOptions = ({ isSignUpOpen, oidc, publicApiUrl }: ApiOptions) => ({
  isSignUpOpen,
  oidcUrl: oidc === null ? null : `${publicApiUrl}${OIDC_SIGN_IN}`,
});

function oidcRoutes(oidc: OidcOptions, { options, logger }: ApiDeps, services: Services, contexts: RequestContexts) {
  const { publicApiUrl } = options;
  return oidcSignIn({
    client: new OidcClient(oidc, `${publicApiUrl}${OIDC_CALLBACK}`),
    identities: services.identities,
    throttle: services.throttle,
    contexts,
    logger,
    publicApiUrl,
    flowKey: deriveKey(options.secretKey, 'oidc-flow'),
  });
}

function apolloServer(schema: GraphQLSchema, formatError: FormatError, options: ApiOptions): ApolloServer<ApiContext> {
  return new ApolloServer<ApiContext>({
    schema,
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: options.isProduction,
    stopOnTerminationSignals: false,
    persistedQueries: false,
    parseOptions: { maxLexicalTokens: QUERY_LIMITS.tokensMax },
    validationOptions: { hideSuggestions: options.isProduction },
    formatError,
    plugins: [introspectionForKnownCallers(options.isProduction), okForJsonCallers],
  });
}

/** What needs nothing of GraphQL. */
function plainApp(options: ApiOptions, unready: Api['unready']): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', options.trustedProxies);
  app.use(securityHeaders(isHttps(options)));
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/readyz', async (_request, response) => {
    const reason = await unready();
    response
      .status(reason === null ? 200 : 503)
      .json(reason === null ? { status: 'ok' } : { status: 'unready', reason });
  });
  if (options.dashboard !== null) app.use(serveDashboard(options.dashboard));
  return app;
}

const isHttps = (options: ApiOptions): boolean => options.publicApiUrl.startsWith('https:');

async function probe({ dataSource }: ApiDeps): Promise<string | null> {
  try {
    await dataSource.query('SELECT 1');
    return null;
  } catch {
    return 'the database does not answer';
  }
}
