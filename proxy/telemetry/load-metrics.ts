/** The metrics of how much a proxy carries, and of what it refused for that. */
import { Counter, type Registry } from 'prom-client';
import { declareGauge } from '../../platform/metrics.js';
import type { LoadWatch } from '../overload/load-watch.js';
import type { RequestSlots } from '../overload/request-slots.js';

export interface LoadMetricSources {
  readonly slots: RequestSlots;
  readonly loadWatch: LoadWatch;
}

export function declareLoad(registry: Registry, { slots, loadWatch }: LoadMetricSources): void {
  const gauges: readonly (readonly [string, string, () => number])[] = [
    ['requests_running', 'Requests of known callers that run now', () => slots.running],
    ['requests_room', 'How many may; below PROXY_REQUESTS_MAX while the process cannot keep up', () => slots.room],
    ['loop_late_seconds', 'How late the event loop came to its last look at itself', () => loadWatch.lateMs / 1_000],
  ];
  for (const [name, help, read] of gauges) declareGauge(registry, `tollgate_proxy_${name}`, help, read);
  new Counter({
    name: 'tollgate_proxy_requests_shed_total',
    help: 'Requests refused because all the room was taken (full), or because their account had more than its share (share)',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      this.inc({ reason: 'full' }, slots.counts.full);
      this.inc({ reason: 'share' }, slots.counts.overShare);
    },
  });
}
