/** Every metric of the api, declared in one place; values are read from the parts that own them when asked. */
import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import { declareCounter, declareGauge } from '../platform/metrics.js';
import type { OperationEntrance } from './graphql/operation-entrance.js';
import type { ExportRoom } from './http/row-export.js';
import type { SubscriptionOperations } from './http/subscription-operations.js';
import type { Services } from './services.js';

export interface ApiMetricSources {
  readonly entrance: Pick<OperationEntrance, 'refused'>;
  readonly exports: Pick<ExportRoom, 'counts'>;
  readonly subscribers: Pick<SubscriptionOperations, 'counts' | 'connected'>;
  readonly services: Pick<
    Services,
    'bodyRooms' | 'database' | 'logTail' | 'logs' | 'queries' | 'recalculations' | 'sessions' | 'throttle'
  >;
}

export function createApiMetrics({ entrance, exports, subscribers, services }: ApiMetricSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'tollgate_api_' });
  new Counter({
    name: 'tollgate_api_operations_refused_total',
    help: 'GraphQL operations refused before they were validated, by code',
    labelNames: ['code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [code, count] of entrance.refused) this.inc({ code }, count);
    },
  });
  declareBounds(registry, exports, subscribers);
  declareReads(registry, services);
  declareSignIns(registry, services);
  declareGauge(
    registry,
    'tollgate_api_subscriber_connections',
    'Connections of subscribers, by WebSocket and by events',
    () => subscribers.connected,
  );
  declareGauge(
    registry,
    'tollgate_api_log_tails',
    'Subscriptions that follow logs',
    () => services.logTail.counts.following,
  );
  return registry;
}

/** How often clients reached a bound. */
function declareBounds(
  registry: Registry,
  exports: ApiMetricSources['exports'],
  subscribers: ApiMetricSources['subscribers'],
): void {
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['exports_refused', 'Exports refused because too many ran', () => exports.counts.refused],
    ['exports_stuck', 'Exports cut because their client took nothing for too long', () => exports.counts.stuck],
    ['subscribers_refused', 'Connections of subscribers refused: too many', () => subscribers.counts.refused],
    ['subscribers_stuck', 'Subscribers by events cut: they took nothing for too long', () => subscribers.counts.stuck],
    ['subscribers_idle', 'WebSockets closed because they had no subscription', () => subscribers.counts.idle],
  ];
  for (const [name, help, read] of counters) declareCounter(registry, `tollgate_api_${name}_total`, help, read);
}

/** How often what is read for one answer, or by how many, reached a bound. */
function declareReads(
  registry: Registry,
  { bodyRooms, database, logTail, queries, recalculations }: ApiMetricSources['services'],
): void {
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['log_tails_refused', 'Subscriptions to logs refused: too many follow', () => logTail.counts.refused],
    [
      'log_bodies_refused',
      'Answers with bodies of logs refused: others held as many as there may be',
      () => bodyRooms.refused,
    ],
    ['log_tails_slow', 'Subscriptions to logs ended: their client was too slow', () => logTail.counts.slow],
    ['recalculations_refused', 'Recalculations refused because others ran', () => recalculations.room.refused],
    ['connections_refused', 'Transactions for which no connection was free in time', () => database.refused],
    [
      'insights_partial',
      'Readings for insights that had more records than are read for one',
      () => queries.scans.partial,
    ],
    ['insights_slow', 'Readings for insights for which fewer records had to do, in time', () => queries.scans.slow],
  ];
  for (const [name, help, read] of counters) declareCounter(registry, `tollgate_api_${name}_total`, help, read);
}

/** How often people, and those who guess at them, reached a bound. */
function declareSignIns(registry: Registry, { sessions, throttle }: ApiMetricSources['services']): void {
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['sign_ins_refused', 'Sign-ins turned away unlooked at: too many had failed', () => throttle.counts.refused],
    ['sign_ins_counted_alone', 'Sign-ins that this api alone counted: Redis was away', () => throttle.counts.alone],
    ['sign_ins_forgotten', 'Emails and addresses forgotten by this api before their time', () => throttle.forgotten],
    ['sessions_crowded_out', 'Sessions that ended because their user began too many', () => sessions.crowdedOut],
  ];
  for (const [name, help, read] of counters) declareCounter(registry, `tollgate_api_${name}_total`, help, read);
}
