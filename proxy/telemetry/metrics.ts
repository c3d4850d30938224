/** Every metric of the proxy, declared in one place; values are read from the parts that own them when asked. */
import { collectDefaultMetrics, Gauge, Registry, Counter } from 'prom-client';
import type { AnswerCache } from '../cache/answer-cache.js';
import type { CopyRoom } from '../cache/copy-room.js';
import type { CoalescedCalls } from '../cache/coalesced-calls.js';
import type { ClientConnections } from '../client/client-connections.js';
import type { GoogleTokens } from '../credentials/google-oauth.js';
import type { CircuitBreakers } from '../attempts/circuit-breakers.js';
import type { RetryBudgets } from '../attempts/retry-budget.js';
import type { ExplainEndpoint } from '../explain/explain-endpoint.js';
import type { HeldBodies } from '../held-bodies.js';
import type { PolicyCache } from '../policy-cache/policy-cache.js';
import type { TokenUses } from '../policy-cache/token-uses.js';
import { declareSnapshot, type SnapshotMetricSources } from './snapshot-metrics.js';
import type { BodyWriter } from '../ledger/body-writer.js';
import type { Shipments } from '../ledger/shipments.js';
import type { SpoolLedger } from '../ledger/spool-ledger.js';
import { declareAnswerCache } from './cache-metrics.js';
import { declareCounter, declareGauge } from '../../platform/metrics.js';
import { declareLoad, type LoadMetricSources } from './load-metrics.js';
import { declareLedger } from './ledger-metrics.js';
import { declareRateLimits } from './rate-limit-metrics.js';
import type { Dispatchers } from '../upstream/dispatchers.js';
import type { RateLimiter } from '../rate-limits/rate-limiter.js';
import type { Refusals } from '../rate-limits/refusals.js';
import type { Vault } from '../vault/vault.js';
import type { ProxyStatistics } from './statistics.js';

export interface MetricSources extends SnapshotMetricSources, LoadMetricSources {
  readonly connections: ClientConnections;
  readonly statistics: ProxyStatistics;
  readonly ledger: SpoolLedger;
  readonly shipments: Shipments;
  readonly bodies: BodyWriter;
  readonly policyCache: PolicyCache;
  readonly tokenUses: TokenUses;
  readonly answerCache: AnswerCache;
  readonly copyRoom: CopyRoom;
  readonly coalescedCalls: CoalescedCalls;
  readonly heldBodies: HeldBodies;
  readonly vault: Vault;
  readonly googleTokens: GoogleTokens;
  readonly dispatchers: Dispatchers;
  readonly rateLimiter: RateLimiter;
  readonly refusals: Refusals;
  readonly retryBudgets: RetryBudgets;
  readonly breakers: CircuitBreakers;
  readonly explanations: Pick<ExplainEndpoint, 'turnedAway'>;
}

export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'tollgate_proxy_' });
  declareRequests(registry, sources.statistics);
  declareConnections(registry, sources.connections);
  declareLoad(registry, sources);
  declareLedger(registry, sources);
  declarePolicyCache(registry, sources.policyCache);
  declareSnapshot(registry, sources);
  declareAnswerCache(registry, sources);
  declareHeldBodies(registry, sources.heldBodies);
  declareVault(registry, sources.vault);
  declareGoogleTokens(registry, sources.googleTokens);
  declareUpstreams(registry, sources.dispatchers);
  declareRateLimits(registry, sources.rateLimiter, sources.refusals);
  declareAttempts(registry, sources);
  declareCounter(
    registry,
    'tollgate_token_uses_dropped_total',
    'Uses of API tokens that were not remembered: too many waited to be written',
    () => sources.tokenUses.dropped,
  );
  declareCounter(
    registry,
    'tollgate_explanations_turned_away_total',
    'Explanations refused because too many were being made',
    () => sources.explanations.turnedAway,
  );
  return registry;
}

function declareRequests(registry: Registry, statistics: ProxyStatistics): void {
  declareCounter(registry, 'tollgate_proxy_requests_total', 'Gateway requests that arrived', () => statistics.requests);
  declareBounds(registry, statistics);
  new Counter({
    name: 'tollgate_proxy_refusals_total',
    help: 'Requests refused, by wire code and status',
    labelNames: ['code', 'status'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [key, count] of statistics.refusals) {
        const [code = '', status = ''] = key.split('/');
        this.inc({ code, status }, count);
      }
    },
  });
}

function declareConnections(registry: Registry, connections: ClientConnections): void {
  const handedOver = 'Connections whose requests are not plain, which Node serves from there on';
  declareCounter(registry, 'tollgate_proxy_connections_handed_over_total', handedOver, () => connections.handedOver);
  declareGauge(registry, 'tollgate_proxy_plain_connections', 'Connections of plain requests', () => connections.size);
}

/** How often a bound of one request was reached (proxy/request-bounds.ts). */
function declareBounds(registry: Registry, statistics: ProxyStatistics): void {
  const bounds: readonly (readonly [string, string, () => number])[] = [
    ['upstream_pauses', 'Times that an upstream waited for a slow client', () => statistics.upstreamPauses],
    ['slow_clients_cut', 'Clients cut that read nothing for too long', () => statistics.slowClientsCut],
    ['silent_uploads', 'Requests refused because their body fell silent', () => statistics.silentUploads],
    ['broken_answers', 'Answers that broke off or fell silent after their head', () => statistics.brokenAnswers],
    ['undecoded_answers', 'Encoded answers whose usage could not be read', () => statistics.undecodedAnswers],
  ];
  for (const [name, help, read] of bounds) declareCounter(registry, `tollgate_proxy_${name}_total`, help, read);
}

function declareAttempts(registry: Registry, { statistics, retryBudgets, breakers }: MetricSources): void {
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['retries', 'Attempts that followed a failed one', () => statistics.retries],
    ['fallbacks', 'Universal steps that failed, so that the next one was tried', () => statistics.fallbacks],
    ['retries_too_late', 'Retries not made because their wait was too long', () => statistics.retriesTooLate],
    ['retries_over_budget', 'Retries not made because too many of them were running', () => retryBudgets.refused],
    ['breakers_opened', 'Times that a circuit breaker opened', () => breakers.counts.opened],
    ['breaker_refusals', 'Calls refused because a circuit breaker was open', () => breakers.counts.refused],
    ['breaker_rows_forgotten', 'Rows of failures forgotten to make room', () => breakers.counts.forgotten],
  ];
  for (const [name, help, read] of counters) declareCounter(registry, `tollgate_proxy_${name}_total`, help, read);
  declareGauge(registry, 'tollgate_proxy_breakers_open', 'Circuit breakers that are open now', () => breakers.open);
}

function declarePolicyCache(registry: Registry, policyCache: PolicyCache): void {
  new Counter({
    name: 'tollgate_policy_cache_events_total',
    help: 'Loads, failed loads, stale answers, evictions and recalls from disk of the policy cache, by kind of document',
    labelNames: ['document', 'event'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [document, counts] of Object.entries(policyCache.counts())) {
        for (const [event, count] of Object.entries(counts)) this.inc({ document, event }, count);
      }
    },
  });
}

function declareHeldBodies(registry: Registry, heldBodies: HeldBodies): void {
  declareCounter(
    registry,
    'tollgate_held_bodies_refused_total',
    'Requests refused because bodies held for signatures took all their room',
    () => heldBodies.refused,
  );
  new Gauge({
    name: 'tollgate_held_body_bytes',
    help: 'Bytes of bodies held for signatures',
    registers: [registry],
    collect() {
      this.set(heldBodies.heldBytes);
    },
  });
}

function declareGoogleTokens(registry: Registry, tokens: GoogleTokens): void {
  declareCounter(
    registry,
    'tollgate_google_tokens_asked_total',
    'Access tokens asked of Google',
    () => tokens.counts.asked,
  );
  declareCounter(
    registry,
    'tollgate_google_tokens_turned_away_total',
    'Requests refused because too many access tokens were being asked for',
    () => tokens.counts.turnedAway,
  );
  declareCounter(
    registry,
    'tollgate_google_tokens_evicted_total',
    'Access tokens forgotten early: as many as may be held were in memory',
    () => tokens.counts.evicted,
  );
}

function declareVault(registry: Registry, vault: Vault): void {
  new Counter({
    name: 'tollgate_vault_openings_total',
    help: 'Stored secrets opened, refused for ever (altered, or of another key pair), and failed for now',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(vault.counts)) this.inc({ outcome }, count);
    },
  });
  declareCounter(
    registry,
    'tollgate_vault_evictions_total',
    'Opened secrets let go of early: as many as may be held were in memory',
    () => vault.heldCounts.evicted,
  );
  new Gauge({
    name: 'tollgate_vault_secrets_held',
    help: 'Opened secrets in memory, each for a minute at most',
    registers: [registry],
    collect() {
      this.set(vault.heldCounts.held);
    },
  });
}

function declareUpstreams(registry: Registry, dispatchers: Dispatchers): void {
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['refused_addresses', 'Connections refused for where they led', () => dispatchers.counts.refusedAddresses],
    ['closed_pools', 'Idle pools closed to make room for others', () => dispatchers.counts.closedPools],
    [
      'refused_pools',
      "Calls refused because every pool, or every one of an account's share, was in use",
      () => dispatchers.counts.refusedPools,
    ],
  ];
  for (const [name, help, read] of counters) declareCounter(registry, `tollgate_upstream_${name}_total`, help, read);
  new Gauge({
    name: 'tollgate_upstream_pools',
    help: 'Connection pools, idle ones included',
    registers: [registry],
    collect() {
      this.set(dispatchers.poolCount);
    },
  });
}
