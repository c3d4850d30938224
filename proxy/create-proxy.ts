/** The proxy's composition root: takes a configuration and clients, wires the parts by hand, once, and serves. */
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Registry } from 'prom-client';
import { deriveKey } from '../platform/keys.js';
import type { Logger } from '../platform/logger.js';
import { AnswerCache, ANSWER_CACHE_OPTIONS, type AnswerCacheOptions } from './cache/answer-cache.js';
import { CopyRoom } from './cache/answer-copy.js';
import { CoalescedCalls } from './cache/coalesced-calls.js';
import type { ProxyConfig } from './config.js';
import { CircuitBreakers, type BreakerBounds } from './attempts/circuit-breakers.js';
import { RetryBudgets } from './attempts/retry-budget.js';
import { HeldBodies, type HeldBodyBounds } from './held-bodies.js';
import { REQUEST_BOUNDS, type RequestBounds } from './limits.js';
import { answerMalformed } from './malformed-requests.js';
import { admit, isGatewayCall, serve, type PipelineDeps } from './pipeline.js';
import { ChangeFollower } from './policy-cache/change-follower.js';
import { createPolicyCache, type PolicyCache } from './policy-cache/policies.js';
import { RATE_LIMITER_BOUNDS, RateLimiter, type RateLimiterBounds } from './rate-limits/rate-limiter.js';
import { Refusals } from './rate-limits/refusals.js';
import { PriceSource } from './pricing/price-source.js';
import { BodyWriter } from './ledger/body-writer.js';
import { Shipments } from './ledger/shipments.js';
import { SpoolFolder } from './ledger/spool-folder.js';
import { LEDGER_BOUNDS, SpoolLedger, type LedgerBounds } from './ledger/spool-ledger.js';
import { LedgerUpkeep } from './ledger/upkeep.js';
import { GoogleTokens } from './credentials/google-oauth.js';
import { createRegistry } from './providers/registry.js';
import { LOOP_MARK_PREFIX } from './request-head.js';
import { createExpressApp, createShapedServer } from './server.js';
import { SystemMessageHashes } from './system-message-hashes.js';
import { createMetrics } from './telemetry/metrics.js';
import { ProxyStatistics } from './telemetry/statistics.js';
import type { PoolBounds } from './upstream/bounded-pools.js';
import { createDispatchers, type Dispatchers } from './upstream/dispatchers.js';
import type { NameLookup } from './upstream/name-lookup.js';
import { storeEndpoints } from './upstream/own-addresses.js';
import { LocalKeyOpener } from './vault/key-opener.js';
import { Vault } from './vault/vault.js';

const CLOSE_IDLE_INTERVAL_MS = 100;
const PRICES_RETRY_MS = 5_000;

export interface ProxyClients {
  readonly pool: pg.Pool;
  readonly redis: Redis;
  /** a connection of the rate limits' own: nothing stands before their calls, and they decide how long they wait */
  readonly limitsRedis: Redis;
  /** for cached answers alone */
  readonly cacheRedis: Redis;
  /** a second connection, for subscriptions */
  readonly subscriber: Redis;
  readonly log: Logger;
}

export interface Proxy {
  readonly server: Server;
  readonly metricsServer: Server;
  /** loads prices, catches up with policy changes; then `/readyz` says 200 */
  start(): Promise<void>;
  /** stops accepting, lets running requests end, writes what the ledger holds */
  stop(deadlineMs: number): Promise<void>;
}

/** Of copies of answers: of one, of all together, and how many requests one upstream call may answer. */
export interface CopyBounds {
  readonly answerBytesMax?: number;
  readonly bytesMax?: number;
  readonly waitersMax?: number;
}

/** What tests set otherwise than the program does. */
export interface ProxyOptions {
  readonly ledgerBounds?: Partial<LedgerBounds>;
  readonly requestBounds?: RequestBounds;
  /** of bodies that are held whole for a signature */
  readonly heldBodyBounds?: HeldBodyBounds;
  /** certificates (PEM) of upstreams that are trusted in place of Node's own */
  readonly trustedCertificates?: string;
  /** of the endpoint that gives access tokens for Google's service accounts */
  readonly googleTokenUrl?: string;
  /** where the names of tenants' own upstreams lead */
  readonly nameLookup?: NameLookup;
  readonly poolBounds?: PoolBounds;
  readonly rateLimiterBounds?: RateLimiterBounds;
  readonly breakerBounds?: BreakerBounds;
  readonly answerCache?: Partial<AnswerCacheOptions>;
  readonly copyBounds?: CopyBounds;
}

export function createProxy(config: ProxyConfig, clients: ProxyClients, options: ProxyOptions = {}): Proxy {
  const bounds = options.requestBounds ?? REQUEST_BOUNDS;
  const statistics = new ProxyStatistics();
  const policyCache = createPolicyCache(clients, deriveKey(config.tokenPepper, 'api-token'));
  const prices = new PriceSource(clients.pool);
  const books = createBooks(config, clients, options.ledgerBounds ?? {});
  const { ledger } = books;
  const listeners: Server[] = [];
  const dispatchers = dispatchersFor(config, options, listeners);
  const { googleTokenUrl: tokenUrl } = options;
  const googleTokens = new GoogleTokens(dispatchers, tokenUrl === undefined ? {} : { tokenUrl });
  const vault = new Vault(new LocalKeyOpener(config.vaultPrivateKeys), clients.log);
  const follower = createFollower(clients, policyCache, prices);
  const limits = createLimits(config, clients, ledger, options.rateLimiterBounds);
  const upstream = { dispatchers, googleTokens, ...createAttemptBounds(clients, options) };
  const held = createHeld(config, clients, options);
  const parts = { statistics, policyCache, prices, ledger, ...limits, ...upstream, ...held, vault, bounds };
  const deps = pipelineDeps(config, clients, parts);
  const state = { isReady: false, why: 'starting' };
  const server = createGatewayServer(deps, state);
  const metricsServer = createMetricsServer(createMetrics({ ...parts, ...books }));
  listeners.push(server, metricsServer);
  return {
    server,
    metricsServer,
    async start() {
      await ledger.start();
      await prices.load();
      await follower.start();
      await limits.rateLimiter.proxies.start();
      books.upkeep.start();
      state.isReady = true;
    },
    async stop(deadlineMs) {
      Object.assign(state, { isReady: false, why: 'stopping' });
      follower.stop();
      await closeServer(server, deadlineMs);
      metricsServer.close();
      await letGo({ books, dispatchers, vault, limits }, deadlineMs);
    },
  };
}

function dispatchersFor(config: ProxyConfig, options: ProxyOptions, listeners: readonly Server[]): Dispatchers {
  return createDispatchers({
    ...options,
    bounds: options.requestBounds ?? REQUEST_BOUNDS,
    instanceEgress: config.egressProxy,
    allowedNetworks: config.allowedNetworks,
    stores: storeEndpoints(config),
    listenerPorts: () => listeners.map(portOf).filter((port) => port !== null),
  });
}

/** What keeps attempts within their bounds. */
function createAttemptBounds(
  { log }: ProxyClients,
  { breakerBounds }: ProxyOptions,
): Pick<PipelineDeps, 'retryBudgets' | 'breakers'> {
  const onOpened = (breaker: string): void => log.info({ breaker }, 'a circuit breaker opened');
  return { retryBudgets: new RetryBudgets(), breakers: new CircuitBreakers(breakerBounds, onOpened) };
}

/** Bodies in memory: those that are held for a signature, answers that are cached, and copies on their way there. */
function createHeld(
  { cacheBytesMax: accountBytesMax }: ProxyConfig,
  { cacheRedis }: ProxyClients,
  options: ProxyOptions,
): Pick<Parts, 'heldBodies' | 'copyRoom' | 'coalescedCalls' | 'answerCache'> {
  const copyRoom = new CopyRoom(options.copyBounds?.answerBytesMax, options.copyBounds?.bytesMax);
  return {
    heldBodies: new HeldBodies(options.heldBodyBounds),
    copyRoom,
    coalescedCalls: new CoalescedCalls(copyRoom, options.copyBounds?.waitersMax),
    answerCache: new AnswerCache(cacheRedis, { ...ANSWER_CACHE_OPTIONS, accountBytesMax, ...options.answerCache }),
  };
}

type Parts = Pick<
  PipelineDeps,
  | 'statistics'
  | 'prices'
  | 'ledger'
  | 'dispatchers'
  | 'retryBudgets'
  | 'breakers'
  | 'heldBodies'
  | 'copyRoom'
  | 'coalescedCalls'
  | 'vault'
  | 'bounds'
  | 'rateLimiter'
  | 'refusals'
> & {
  readonly answerCache: AnswerCache;
  readonly policyCache: PolicyCache;
  readonly googleTokens: GoogleTokens;
};

function pipelineDeps(config: ProxyConfig, { log }: ProxyClients, parts: Parts): PipelineDeps {
  const { policyCache, googleTokens, ...shared } = parts;
  return {
    ...shared,
    policies: policyCache.policies,
    tokenGrants: policyCache.tokenGrants,
    providers: createRegistry(config.providerOrigins, demoBase(config), googleTokens),
    log,
    trustedHops: config.trustedHops,
    loopMark: LOOP_MARK_PREFIX + deriveKey(config.tokenPepper, 'loop-mark').toString('hex', 0, 8),
    bodyBytesMax: config.bodyBytesMax,
    logBodyBytesMax: config.logBodyBytesMax,
    cacheKeyKey: deriveKey(config.tokenPepper, 'cache-key'),
    systemMessageHashes: new SystemMessageHashes(deriveKey(config.tokenPepper, 'system-message')),
  };
}

type Limits = Pick<PipelineDeps, 'rateLimiter' | 'refusals'>;

function createLimits(
  { tokenPepper }: ProxyConfig,
  { limitsRedis: redis, log }: ProxyClients,
  ledger: SpoolLedger,
  bounds: RateLimiterBounds = RATE_LIMITER_BOUNDS,
): Limits {
  const rateLimiter = new RateLimiter({ redis, log, bounds, hashKey: deriveKey(tokenPepper, 'rate-limit-value') });
  return { rateLimiter, refusals: new Refusals(ledger) };
}

/** What is left when no request runs any more. What cannot be shipped by the deadline stays in the spool. */
async function letGo(
  { books, dispatchers, vault, limits }: { books: Books; dispatchers: Dispatchers; vault: Vault; limits: Limits },
  deadlineMs: number,
): Promise<void> {
  const { ledger, bodies, upkeep } = books;
  limits.refusals.close();
  try {
    await limits.rateLimiter.proxies.stop();
    await Promise.all([ledger.flush(deadlineMs), bodies.flush(deadlineMs), upkeep.stop()]);
  } finally {
    bodies.close();
    await ledger.close();
    await dispatchers.close();
    vault.close();
  }
}

/** What is written down of requests. */
interface Books {
  readonly ledger: SpoolLedger;
  readonly bodies: BodyWriter;
  readonly shipments: Shipments;
  readonly upkeep: LedgerUpkeep;
}

function createBooks(config: ProxyConfig, { pool, log }: ProxyClients, given: Partial<LedgerBounds>): Books {
  const { spoolFolder, ledgerDurability: durability } = config;
  const { ledgerSpoolBytesMax: spoolBytesMax, ledgerSegmentBytes: segmentBytes } = config;
  const bounds = { ...LEDGER_BOUNDS, spoolBytesMax, segmentBytes, ...given };
  const onProblem = (problem: string, error: unknown): void => log.warn({ err: error }, problem);
  const shipments = new Shipments(pool, (seq, row, error) =>
    log.error({ seq, row, err: error }, 'Postgres will never take this usage record; it is in the quarantine'),
  );
  const bodies = new BodyWriter(pool, { bytesMax: bounds.bodyBytesMax, intervalMs: bounds.shipIntervalMs, onProblem });
  const ledger = new SpoolLedger(new SpoolFolder(spoolFolder), shipments, bodies, { ...bounds, durability, log });
  return { ledger, bodies, shipments, upkeep: new LedgerUpkeep(ledger, onProblem) };
}

function createFollower(
  { pool, subscriber, log }: ProxyClients,
  cache: PolicyCache,
  prices: PriceSource,
): ChangeFollower {
  const onProblem = (problem: string, error: unknown): void => log.warn({ err: error }, problem);
  /** An announcement comes once: what could not be loaded then is tried again. */
  const loadPrices = (): void => {
    prices.load().catch((error: unknown) => {
      onProblem('new prices could not be loaded; the old ones are in force', error);
      if (!pool.ending) setTimeout(loadPrices, PRICES_RETRY_MS).unref();
    });
  };
  return new ChangeFollower({
    pool,
    subscriber,
    supersedeAll: () => cache.supersedeAll(),
    apply: (change) => {
      cache.apply(change);
      if (change.kind === 'prices') loadPrices();
    },
    onProblem,
  });
}

function createMetricsServer(metrics: Registry): Server {
  return createServer((_request, response) => {
    metrics.metrics().then(
      (text) => response.setHeader('content-type', metrics.contentType).end(text),
      () => response.writeHead(500).end(), // a metric that cannot be read is no reason to end the process
    );
  });
}

/** Null: it does not listen on a port. */
function portOf(server: Server): number | null {
  const address = server.address();
  return address === null || typeof address === 'string' ? null : address.port;
}

function demoBase(config: ProxyConfig): string | null {
  return config.demoProviderOrigin === null ? null : `${config.demoProviderOrigin.replace(/\/+$/, '')}/v1`;
}

function createGatewayServer(deps: PipelineDeps, state: { isReady: boolean; why: string }): Server {
  const app = createExpressApp();
  app.use((request, response, next) => {
    if (admit(deps, request, response)) next();
  });
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/readyz', (_request, response) => {
    response
      .status(state.isReady ? 200 : 503)
      .json(state.isReady ? { status: 'ready' } : { status: 'not ready', reason: state.why });
  });
  app.use(
    (_request, response) =>
      void response.status(404).json({ error: 'gateway calls begin with /v1/{account}/{gateway}/{provider}' }),
  );
  const server = createShapedServer(app, (request, response) => {
    // by its prefix alone: no route pattern is matched on the request path
    if (!isGatewayCall(request.url ?? '')) return false;
    deps.statistics.requests += 1;
    void serve(deps, request, response);
    return true;
  });
  answerMalformed(server, ({ definition }) => deps.statistics.refused(definition));
  return server;
}

/** Stops accepting and waits for running requests; at the deadline they are cut. */
async function closeServer(server: Server, deadlineMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // A connection whose request has just ended is kept alive for the next one, which shall go to another proxy.
  const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_INTERVAL_MS);
  const timer = setTimeout(() => server.closeAllConnections(), deadlineMs);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}
