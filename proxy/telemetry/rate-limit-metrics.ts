/** The metrics of rate limits: who decided, how often Redis failed, and where room or records were short. */
import { Counter, type Registry } from 'prom-client';
import type { RateLimiter } from '../rate-limits/rate-limiter.js';
import type { Refusals } from '../rate-limits/refusals.js';
import { declareCounter, declareGauge } from '../../platform/metrics.js';

export function declareRateLimits(registry: Registry, limiter: RateLimiter, refusals: Refusals): void {
  const { counts } = limiter;
  new Counter({
    name: 'tollgate_rate_limit_decisions_total',
    help: 'Requests under rate limits, by who decided: Redis, a permit that was taken from it ahead, the memory of what it refused, or this proxy alone',
    labelNames: ['by'],
    registers: [registry],
    collect() {
      this.reset();
      this.inc({ by: 'redis' }, counts.asked);
      this.inc({ by: 'permit' }, counts.byPermit);
      this.inc({ by: 'memory' }, counts.remembered);
      this.inc({ by: 'proxy' }, counts.alone);
    },
  });
  const counters: readonly (readonly [string, string, () => number])[] = [
    [
      'failures',
      'Requests that Redis did not decide in time, and asks for permits ahead that ended so',
      () => counts.failures,
    ],
    [
      'shared_counters',
      'Requests with a value that a window had no room for: it was counted with others',
      () => counts.sharedCounters,
    ],
    ['local_crowded', 'Values for which this proxy had no room of its own', () => limiter.held.crowded],
    ['tallied_refusals', 'Refusals that share a record with others', () => refusals.tallied],
  ];
  for (const [name, help, read] of counters) declareCounter(registry, `tollgate_rate_limit_${name}_total`, help, read);
  declareGauge(
    registry,
    'tollgate_rate_limit_values',
    'Values that this proxy holds a counter or a refusal of',
    () => limiter.held.held,
  );
  declareGauge(registry, 'tollgate_rate_limit_alone', '1 while Redis is left alone because it failed', () =>
    limiter.isAlone ? 1 : 0,
  );
  declareGauge(
    registry,
    'tollgate_rate_limit_proxies',
    'Proxies that share the limits, as last heard',
    () => limiter.proxies.count,
  );
}
