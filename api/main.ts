/** The api's process: reads the environment, connects, bootstraps, listens, and ends in order. */
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assertDatabaseReady } from '../platform/database-check.js';
import { errorMessage } from '../platform/error-code.js';
import { EnvironmentError } from '../platform/environment.js';
import { deriveKey } from '../platform/keys.js';
import { SecretsError } from '../platform/instance-secrets.js';
import { listen } from '../platform/listen.js';
import { createLogger, type Logger } from '../platform/logger.js';
import { createMetricsServer } from '../platform/metrics.js';
import { PooledConnection } from '../platform/postgres.js';
import { createRedis } from '../platform/redis.js';
import { onShutdown, type ShutdownStep } from '../platform/shutdown.js';
import { createDataSource, poolOf } from '../schema/data-source.js';
import { bootstrap, firstAccountName, type FirstSignIn } from './bootstrap.js';
import { readApiConfig, type ApiConfig } from './config.js';
import { createApi, type Api } from './create-api.js';
import { createDemoGateway, hasDemoGateway } from './demo-gateway.js';
import { readDashboard } from './http/dashboard.js';
import { startJobs } from './jobs.js';
import { ProxyExplainer } from './modules/explain/index.js';
import { BUILT_IN_SOURCE, builtInPrices } from './modules/pricing/index.js';

/** The roles that its transactions take. */
const ROLES = [
  'tollgate_api',
  'tollgate_prover',
  'tollgate_rollup',
  'tollgate_log_finder',
  'tollgate_operator',
  'tollgate_upkeep',
] as const;
/** what the build made of the pages, beside this compiled file's folder */
const DASHBOARD_FOLDER = fileURLToPath(new URL('../dashboard', import.meta.url));
const QUERY_TIMEOUT_MS = 12_000;
const DRAIN_MS = 10_000;
/** after it the statement that runs is given up, and rolled back */
const JOBS_END_MS = 5_000;
const HTTP_LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16_384 };

try {
  await run(readApiConfig());
} catch (error) {
  if (error instanceof EnvironmentError || error instanceof SecretsError) process.stderr.write(`${error.message}\n`);
  else process.stderr.write(`The api cannot start: ${errorMessage(error)}\n`);
  process.exit(1);
}

async function run(config: ApiConfig): Promise<void> {
  const logger = createLogger('api', config.logLevel);
  const onError = (error: Error): void => logger.warn({ err: error }, 'a connection failed; it is replaced');
  const dataSource = createDataSource({
    ...config.database,
    applicationName: 'tollgate-api',
    connection: PooledConnection,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
    onError,
  });
  await dataSource.initialize();
  for (const role of ROLES) await assertDatabaseReady(poolOf(dataSource), role);
  const redis = createRedis({ url: config.redisUrl, connectionName: 'tollgate-api' }, redisErrors(logger));

  const explainer = new ProxyExplainer(config.proxyUrl, deriveKey(config.tokenPepper, 'explain'));
  const options = { ...config, dashboard: readDashboard(DASHBOARD_FOLDER) };
  const api = await createApi({ dataSource, redis, explainer, logger, options });
  const steps: ShutdownStep[] = [];
  onShutdown({ report: (what, error) => logger.error({ err: error }, what), steps });
  const prepared = prepare(api, config, logger);
  steps.push({ name: 'preparing', run: () => prepared }); // an end in between would lose a first sign-in that is committed
  await prepared;

  const jobs = startJobs({ services: api.services, config, logger, onError });
  const server = createServer(HTTP_LIMITS, api.app);
  api.attach(server);
  const port = await listen(server, { ...config.listen, name: 'api', variable: 'API_PORT' });
  const stopMetrics = await serveMetrics(api, config);
  const disconnect = async (): Promise<void> => {
    await Promise.all([jobs.stop(JOBS_END_MS), stopMetrics()]);
    await api.close();
    redis.disconnect();
    await dataSource.destroy();
  };
  steps.push(
    { name: 'ending subscriptions', run: async () => api.drain() },
    { name: 'draining', run: () => close(server) },
    { name: 'closing Redis and Postgres', run: disconnect },
  );
  logger.info({ port, url: config.publicApiUrl }, 'the api serves');
  const { database } = api.services;
  const [accountName, hasDemo] = await Promise.all([firstAccountName(database), hasDemoGateway(database)]);
  process.send?.({ kind: 'ready', accountName, hasDemoGateway: hasDemo, port });
}

/** Answers with what ends it. */
async function serveMetrics(api: Api, { metricsPort }: ApiConfig): Promise<() => Promise<void>> {
  if (metricsPort === null) return () => Promise.resolve();
  const server = createMetricsServer(api.metrics);
  await listen(server, { host: '127.0.0.1', port: metricsPort, name: 'metrics', variable: 'API_METRICS_PORT' });
  return () => close(server);
}

/** Says once that Redis is away, however often it is tried again. */
function redisErrors(logger: Logger): (error: Error) => void {
  let isSaid = false;
  return (error) => {
    if (!isSaid) logger.warn({ err: error }, 'Redis is away; proxies hear of policy changes by their poll');
    isSaid = true;
  };
}

/** What the database must hold before the api serves: the first user and account, and the prices of this build. */
async function prepare(api: Api, config: ApiConfig, logger: Logger): Promise<void> {
  const { database, passwords, accounts, gateways, priceLists } = api.services;
  const firstSignIn = await bootstrap({ database, passwords, accounts }, config.bootstrap);
  if (firstSignIn !== null) tellFirstSignIn(firstSignIn, logger);
  if (config.isDemo) await createDemoGateway(database, gateways);
  await priceLists.ensure({ name: BUILT_IN_SOURCE, prices: builtInPrices(config.isDemo) });
}

/** At once: it stands nowhere else, and whatever fails behind it would take it along. */
function tellFirstSignIn(firstSignIn: FirstSignIn, logger: Logger): void {
  if (process.send !== undefined) process.send({ kind: 'first-sign-in', ...firstSignIn });
  else if (firstSignIn.password !== null) logger.info(firstSignIn, 'the first sign-in, shown this once');
}

/** Lets running requests finish, then cuts what is left. */
async function close(server: ReturnType<typeof createServer>): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  server.closeIdleConnections();
  await promisify(server.close.bind(server))();
  clearTimeout(cut);
}
