/** A whole api on a free port of loopback, over a database and a Redis of its own, as `main.ts` would wire it. */
import { createServer, type Server } from 'node:http';
import { promisify } from 'node:util';
import pg from 'pg';
import { createApi, type Api, type ApiOptions } from '../../api/create-api.js';
import type { RequestExplainer } from '../../api/modules/explain/index.js';
import { listen } from '../../platform/listen.js';
import { createLogger, type Logger } from '../../platform/logger.js';
import { createPool, PooledConnection } from '../../platform/postgres.js';
import { createRedis } from '../../platform/redis.js';
import { createDataSource } from '../../schema/data-source.js';
import { openTestDatabase, type TestDatabase } from './postgres.js';
import { NO_NETWORKS } from '../../schema/contracts/networks.js';
import { TEST_PEPPER } from './proxy.js';
import { vaultPair } from './vault.js';
import { openTestRedis, type TestRedis } from './redis.js';

export const TEST_SECRET_KEY = 'a secret key for tests, of at least 32 characters';

/** Tests ask for far more at once than their few connections carry: whoever waits for one is no finding. */
const POOL = { connectTimeoutMs: 60_000 };

export interface TestApi {
  readonly url: string;
  readonly api: Api;
  readonly database: TestDatabase;
  readonly redis: TestRedis;
  /** as the owner of the tables: sees and changes everything */
  readonly owner: pg.Pool;
  /** statements that the api sent to Postgres since the last call, transaction control aside */
  takeQueries(): string[];
  stop(): Promise<void>;
}

/**
 * `logger`: for tests that read what is logged; by default nothing is. `beside`: another api, whose stores it shares
 * and that is stopped after it.
 */
export async function startTestApi(
  overrides: Partial<ApiOptions> = {},
  logger: Logger = createLogger('api-test', 'fatal'),
  explainer: RequestExplainer = NO_PROXY,
  beside: TestApi | null = null,
): Promise<TestApi> {
  const [database, redisServer] =
    beside === null ? await Promise.all([openTestDatabase(), openTestRedis()]) : [beside.database, beside.redis];
  const ignore = (): void => undefined; // a test that takes a store away expects its errors
  const queries: string[] = [];
  const dataSource = createDataSource({
    url: database.url,
    applicationName: 'test-api',
    connection: PooledConnection,
    connectionsMax: 4,
    ...POOL,
    queryTimeoutMs: 10_000,
    onError: ignore,
    onQuery: (sql) => queries.push(sql),
  });
  await dataSource.initialize();
  const commandTimeoutMs = 5_000; // a busy machine is no outage
  const redis = createRedis({ url: redisServer.url, connectionName: 'test-api', commandTimeoutMs }, ignore);
  const ownerPool = { connectionString: database.url, applicationName: 'owner', connectionsMax: 2, ...POOL };
  const owner = createPool(ownerPool, ignore);
  const api = await createApi({ dataSource, redis, explainer, logger, options: { ...DEFAULTS, ...overrides } });
  const server = createServer(api.app);
  api.attach(server);
  const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'api', variable: 'API_PORT' });
  return {
    url: `http://127.0.0.1:${port}`,
    api,
    database,
    redis: redisServer,
    owner,
    takeQueries: () => queries.splice(0).filter((sql) => !/^(BEGIN|COMMIT|ROLLBACK)/.test(sql)),
    async stop() {
      api.drain();
      await close(server);
      await api.close();
      redis.disconnect();
      await Promise.all([dataSource.destroy(), owner.end()]);
      if (beside === null) await Promise.all([database.close(), redisServer.close()]);
    },
  };
}

/** Tests without a proxy are told that every request would be refused. */
const NO_PROXY: RequestExplainer = {
  explain: () =>
    Promise.resolve({
      outcome: 'REFUSED',
      configVersion: null,
      apiTokenId: null,
      refusal: null,
      rateLimits: [],
      calls: [],
    }),
};

const DEFAULTS: ApiOptions = {
  isProduction: false,
  isDemo: false,
  isSignUpOpen: false,
  publicApiUrl: 'http://localhost:4000',
  publicProxyUrl: 'http://localhost:8787',
  trustedProxies: 0,
  secretKey: TEST_SECRET_KEY,
  tokenPepper: TEST_PEPPER,
  vaultPublicKey: vaultPair().publicKey,
  providerOrigins: new Map(),
  allowedNetworks: NO_NETWORKS,
  passwordCostLog2: 10,
  // tests ask for more in a minute than anybody, all of them from one address
  graphql: { pointsPerMinute: 1_000_000_000, documents: new Map(), documentsOnlyForCookies: false },
  oidc: null,
  dashboard: null,
};

async function close(server: Server): Promise<void> {
  server.closeIdleConnections();
  const closed = promisify(server.close.bind(server))();
  server.closeAllConnections();
  await closed;
}
