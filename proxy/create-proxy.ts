/** The proxy's composition root: takes a configuration and clients, wires the parts by hand, once, and serves. */
import type { Server } from 'node:http';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Registry } from 'prom-client';
import { assertDatabaseReady } from '../platform/database-check.js';
import { deriveKey } from '../platform/keys.js';
import type { Logger } from '../platform/logger.js';
import { createMetricsServer } from '../platform/metrics.js';
import { AnswerCache, ANSWER_CACHE_OPTIONS, type AnswerCacheOptions } from './cache/answer-cache.js';
import { CopyRoom } from './cache/copy-room.js';
import { CoalescedCalls } from './cache/coalesced-calls.js';
import type { ProxyConfig } from './config.js';
import { CircuitBreakers, type BreakerBounds } from './attempts/circuit-breakers.js';
import { Deadlines } from './attempts/deadlines.js';
import { RetryBudgets } from './attempts/retry-budget.js';
import { closeServer, createGatewayServer } from './gateway-server.js';
import { HeldBodies, type HeldBodyBounds } from './held-bodies.js';
import type { PipelineDeps } from './pipeline.js';
import { ChangeFollower } from './policy-cache/change-follower.js';
import { createPolicyCache, type PolicyCache } from './policy-cache/policy-cache.js';
import { PolicySnapshot } from './policy-cache/policy-snapshot.js';
import { PostgresReach } from './policy-cache/postgres-reach.js';
import { SnapshotFile } from './policy-cache/snapshot-file.js';
import { TokenUses } from './policy-cache/token-uses.js';
import { RATE_LIMITER_BOUNDS, RateLimiter, type RateLimiterBounds } from './rate-limits/rate-limiter.js';
import { Refusals } from './rate-limits/refusals.js';
import { PriceSource } from './pricing/price-source.js';
import { BodyWriter } from './ledger/body-writer.js';
import { Shipments } from './ledger/shipments.js';
import { SpoolFolder } from './ledger/spool-folder.js';
import { LEDGER_BOUNDS, SpoolLedger, type LedgerBounds } from './ledger/spool-ledger.js';
import { SpoolUpkeep } from './ledger/spool-upkeep.js';
import { GoogleTokens } from './credentials/google-oauth.js';
import { explain } from './explain/explain.js';
import { ExplainEndpoint } from './explain/explain-endpoint.js';
import { createRegistry } from './providers/registry.js';
import { LoadWatch, type LoadSenses } from './overload/load-watch.js';
import { RequestSlots } from './overload/request-slots.js';
import { REQUEST_BOUNDS, type RequestBounds } from './request-bounds.js';
import { LOOP_MARK_PREFIX } from './request-head.js';
import { StartUp } from './start-up.js';
import { SystemMessageHashes } from './system-message-hashes.js';
import { createMetrics } from './telemetry/metrics.js';
import { ProxyStatistics } from './telemetry/statistics.js';
import type { PoolBounds } from './upstream/bounded-pools.js';
import { createDispatchers, type Dispatchers } from './upstream/dispatchers.js';
import type { NameLookup } from './upstream/name-lookup.js';
import { storeEndpoints } from './upstream/own-addresses.js';
import { LocalKeyOpener } from './vault/key-opener.js';
import { Vault } from './vault/vault.js';

const PRICES_RETRY_MS = 5_000;
/** At a stop: what could not be shipped by then stays in the spool. */
const FLUSH_MS_MAX = 10_000;

export interface ProxyClients {
  readonly pool: pg.Pool;
  readonly redis: Redis;
  /** a connection of the rate limits' own: nothing stands before their calls, and they decide how long they wait */
  readonly rateLimitsRedis: Redis;
  /** for cached answers alone */
  readonly cacheRedis: Redis;
  /** a second connection, for subscriptions */
  readonly subscriber: Redis;
  readonly log: Logger;
}

export interface Proxy {
  readonly server: Server;
  readonly metricsServer: Server;
  readonly metrics: Registry;
  /**
   * Checks the database, loads prices, catches up with policy changes; then `/readyz` says 200. While Postgres is away
   * it begins with what an earlier process knew, and `onUnfit` hears of a database that proves unfit when it is back.
   */
  start(onUnfit: (error: Error) => void): Promise<void>;
  /**
   * says that it is not ready; `lameDuckMs` later stops accepting, lets running requests end, writes what the ledger
   * holds
   */
  stop(deadlineMs: number, lameDuckMs?: number): Promise<void>;
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
  /** how often the last uses of tokens are written */
  readonly tokenUseIntervalMs?: number;
  readonly loadSenses?: LoadSenses;
}

export function createProxy(config: ProxyConfig, clients: ProxyClients, options: ProxyOptions = {}): Proxy {
  const bounds = options.requestBounds ?? REQUEST_BOUNDS;
  const { log } = clients;
  const reach = new PostgresReach();
  const policyCache = createPolicyCache({ ...clients, reach }, deriveKey(config.tokenPepper, 'api-token'), config);
  const prices = new PriceSource(clients.pool);
  const ledgerParts = createLedger(config, clients, options.ledgerBounds ?? {});
  const { ledger } = ledgerParts;
  const listeners: Server[] = [];
  const dispatchers = dispatchersFor(config, options, listeners);
  const vault = new Vault(new LocalKeyOpener(config.vaultPrivateKeys), log);
  const follower = createFollower({ ...clients, reach }, policyCache, prices);
  const admission = createAdmission(config, clients, ledger, options);
  const snapshot = createSnapshot(config, clients, { cache: policyCache, prices, follower, ...admission });
  const startUp = new StartUp({ askStores: () => askForAll(clients, prices, follower), snapshot, reach, log });
  const rooms = { ...createUpstream(clients, options, dispatchers), ...createHeld(config, clients, options) };
  const tokenUses = createTokenUses(clients, options.tokenUseIntervalMs);
  const parts = { policyCache, tokenUses, prices, ledger, ...admission, ...rooms, vault, bounds };
  const deps = pipelineDeps(config, clients, parts);
  const state = { isReady: false, why: 'starting', reach, diskProblem: () => ledger.diskProblem() };
  const explanations = createExplanations(config, deps, parts);
  const gateway = createGatewayServer(deps, state, explanations);
  const metrics = createMetrics({ ...parts, ...ledgerParts, ...gateway, snapshot, startUp, explanations });
  const metricsServer = createMetricsServer(metrics);
  listeners.push(gateway.server, metricsServer);
  return {
    server: gateway.server,
    metricsServer,
    metrics,
    async start(onUnfit) {
      await ledger.start();
      await follower.listen();
      await startUp.begin(onUnfit);
      await startAdmission(admission);
      snapshot.start();
      tokenUses.start();
      ledgerParts.upkeep.start();
      state.isReady = true;
    },
    async stop(deadlineMs, lameDuckMs = 0) {
      Object.assign(state, { isReady: false, why: 'stopping' });
      startUp.stop();
      await closeServer(gateway, { lameDuckMs, deadlineMs, giveUp: () => dispatchers.close() });
      follower.stop();
      metricsServer.close();
      await Promise.all([snapshot.stop(), tokenUses.stop()]);
      await letGo(parts, ledgerParts, admission, Math.min(deadlineMs, FLUSH_MS_MAX));
    },
  };
}

function createTokenUses({ pool, log }: ProxyClients, intervalMs?: number): TokenUses {
  return new TokenUses(pool, (problem, error) => log.warn({ err: error }, problem), intervalMs);
}

function createUpstream(clients: ProxyClients, options: ProxyOptions, dispatchers: Dispatchers) {
  const { googleTokenUrl: tokenUrl } = options;
  const googleTokens = new GoogleTokens(dispatchers, tokenUrl === undefined ? {} : { tokenUrl });
  const statistics = new ProxyStatistics();
  return { statistics, dispatchers, googleTokens, ...createAttemptBounds(clients, options) };
}

function dispatchersFor(config: ProxyConfig, options: ProxyOptions, listeners: readonly Server[]): Dispatchers {
  return createDispatchers({
    ...options,
    bounds: options.requestBounds ?? REQUEST_BOUNDS,
    instanceEgress: config.egressProxy,
    allowedNetworks: config.allowedNetworks,
    stores: storeEndpoints(config),
    connectionsMax: config.requestsMax,
    listenerPorts: () => [...listeners.map(portOf), config.metricsPort].filter((port) => port !== null),
  });
}

/** What keeps attempts within their bounds. */
function createAttemptBounds(
  { log }: ProxyClients,
  { breakerBounds }: ProxyOptions,
): Pick<PipelineDeps, 'retryBudgets' | 'breakers' | 'deadlines'> {
  const onOpened = (breaker: string): void => log.info({ breaker }, 'a circuit breaker opened');
  const breakers = new CircuitBreakers(breakerBounds, onOpened);
  return { retryBudgets: new RetryBudgets(), breakers, deadlines: new Deadlines() };
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
  | 'slots'
  | 'prices'
  | 'ledger'
  | 'dispatchers'
  | 'retryBudgets'
  | 'breakers'
  | 'deadlines'
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
  readonly tokenUses: TokenUses;
  readonly googleTokens: GoogleTokens;
};

function pipelineDeps(config: ProxyConfig, { log }: ProxyClients, parts: Parts): PipelineDeps {
  const { policyCache, tokenUses, googleTokens, ...shared } = parts;
  return {
    ...shared,
    policies: policyCache.policies,
    tokenGrants: { ...policyCache.tokenGrants, noteUse: (id) => tokenUses.note(id) },
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

/** Explanations go by the same parts, with Google asked for nothing. */
function createExplanations(config: ProxyConfig, deps: PipelineDeps, parts: Parts): ExplainEndpoint {
  const { googleTokens, answerCache } = parts;
  const token: GoogleTokens['token'] = (json, egress) => googleTokens.preview(json, egress);
  const providers = createRegistry(config.providerOrigins, demoBase(config), { token });
  return new ExplainEndpoint({
    key: deriveKey(config.tokenPepper, 'explain'),
    explain: (described) => explain({ ...deps, providers, answerCache }, described),
    log: deps.log,
  });
}

/** How much is admitted: of a gateway's requests, and of all. */
interface Admission extends Pick<PipelineDeps, 'rateLimiter' | 'refusals'> {
  readonly slots: RequestSlots;
  readonly loadWatch: LoadWatch;
}

function createAdmission(
  { tokenPepper, workers: siblings, requestsMax }: ProxyConfig,
  { rateLimitsRedis: redis, log }: ProxyClients,
  ledger: SpoolLedger,
  { rateLimiterBounds: bounds = RATE_LIMITER_BOUNDS, loadSenses }: ProxyOptions,
): Admission {
  const hashKey = deriveKey(tokenPepper, 'rate-limit-value');
  const rateLimiter = new RateLimiter({ redis, log, bounds, hashKey, siblings });
  const slots = new RequestSlots(requestsMax);
  return { rateLimiter, refusals: new Refusals(ledger), slots, loadWatch: new LoadWatch(slots, loadSenses) };
}

async function startAdmission({ rateLimiter, loadWatch }: Admission): Promise<void> {
  await rateLimiter.proxies.start();
  loadWatch.start();
}

/** What is left when no request runs any more. What cannot be shipped by the deadline stays in the spool. */
async function letGo(
  { answerCache, dispatchers, vault }: Pick<Parts, 'answerCache' | 'dispatchers'> & { readonly vault: Vault },
  { ledger, bodies, upkeep }: LedgerParts,
  admission: Admission,
  deadlineMs: number,
): Promise<void> {
  admission.loadWatch.stop();
  admission.refusals.close();
  answerCache.stop();
  try {
    await admission.rateLimiter.stop();
    await Promise.all([ledger.flush(deadlineMs), bodies.flush(deadlineMs), upkeep.stop()]);
  } finally {
    bodies.close();
    await ledger.close();
    await dispatchers.close();
    vault.close();
  }
}

/** What is written down of requests. */
interface LedgerParts {
  readonly ledger: SpoolLedger;
  readonly bodies: BodyWriter;
  readonly shipments: Shipments;
  readonly upkeep: SpoolUpkeep;
}

function createLedger(config: ProxyConfig, { pool, log }: ProxyClients, given: Partial<LedgerBounds>): LedgerParts {
  const { spoolFolder, ledgerDurability: durability } = config;
  const { ledgerSpoolBytesMax: spoolBytesMax, ledgerSegmentBytes: segmentBytes } = config;
  const bounds = { ...LEDGER_BOUNDS, spoolBytesMax, segmentBytes, ...given };
  const onProblem = (problem: string, error: unknown): void => log.warn({ err: error }, problem);
  const shipments = new Shipments(pool, (seq, row, error) =>
    log.error({ seq, row, err: error }, 'Postgres will never take this usage record; it is in the quarantine'),
  );
  const bodies = new BodyWriter(pool, { bytesMax: bounds.bodyBytesMax, intervalMs: bounds.shipIntervalMs, onProblem });
  const ledger = new SpoolLedger(new SpoolFolder(spoolFolder), shipments, bodies, { ...bounds, durability, log });
  return { ledger, bodies, shipments, upkeep: new SpoolUpkeep(ledger, onProblem) };
}

/** What a proxy has to know of Postgres before it may trust it, and then serve. */
async function askForAll({ pool }: ProxyClients, prices: PriceSource, follower: ChangeFollower): Promise<void> {
  await assertDatabaseReady(pool, 'tollgate_proxy');
  await assertDatabaseReady(pool, 'tollgate_shipper');
  await prices.load();
  await follower.start();
}

function createSnapshot(
  { snapshotFiles, tokenPepper, policyStaleMs: staleMs }: ProxyConfig,
  { log }: ProxyClients,
  parts: { cache: PolicyCache; prices: PriceSource; follower: ChangeFollower; rateLimiter: RateLimiter },
): PolicySnapshot {
  const key = deriveKey(tokenPepper, 'policy-snapshot');
  const [file, ...others] = snapshotFiles.map((each) => new SnapshotFile(each, key));
  if (file === undefined) throw new Error('a proxy has a snapshot of its own');
  return new PolicySnapshot({ ...parts, file, others, proxies: parts.rateLimiter.proxies, staleMs, log });
}

function createFollower(
  { pool, subscriber, log, reach }: ProxyClients & { readonly reach: PostgresReach },
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
    reach,
    supersedeAll: () => {
      cache.supersedeAll();
      loadPrices();
    },
    startOver: () => {
      log.warn('the database was restored: what was known of it is asked for anew');
      cache.startOver();
      prices.giveWay();
      loadPrices();
    },
    apply: (change) => {
      cache.apply(change);
      if (change.kind === 'prices') loadPrices();
    },
    onProblem,
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
