/**
 * The metrics of all workers on one page, each value with the number of its worker; and those of the workers
 * themselves.
 */
import type { Worker } from 'node:cluster';
import { AggregatorRegistry, Registry } from 'prom-client';
import { declareCounter, declareGauge } from '../../platform/metrics.js';
import { asMetrics, type AskMetrics, type WorkerMetric } from './messages.js';
import type { Workers } from './workers.js';

/** Then the page is without that worker's: it has too much to do, or has just ended. */
const ANSWER_MS_MAX = 2_000;

export class WorkerMetrics {
  private readonly own = new Registry();
  private questions = 0;
  private unanswered = 0;

  constructor(private readonly workers: Workers) {
    const gauges: readonly (readonly [string, string, () => number])[] = [
      ['serving', 'Workers that serve', () => workers.serving],
      ['draining', 'Workers that were replaced, and have requests to end', () => workers.draining],
    ];
    for (const [name, help, read] of gauges) declareGauge(this.own, `tollgate_proxy_workers_${name}`, help, read);
    const counters: readonly (readonly [string, string, () => number])[] = [
      ['restarted', 'Workers started again after one had ended unasked', () => workers.counts.restarted],
      ['replaced', 'Workers that gave way to a new one', () => workers.counts.replaced],
      ['unanswered', 'Times that a worker did not tell its metrics in time', () => this.unanswered],
    ];
    for (const [name, help, read] of counters)
      declareCounter(this.own, `tollgate_proxy_workers_${name}_total`, help, read);
  }

  get contentType(): Registry['contentType'] {
    return this.own.contentType;
  }

  /** As Prometheus takes them. */
  async metrics(): Promise<string> {
    const answers = await Promise.all([...this.workers].map(([number, worker]) => this.ask(number, worker)));
    const all = await AggregatorRegistry.aggregate(answers).metrics();
    return (await this.own.metrics()) + all;
  }

  /** With the label `worker`; nothing when it does not answer. */
  private async ask(number: number, worker: Worker): Promise<WorkerMetric[]> {
    const question = (this.questions += 1);
    const metrics = await answer(worker, question);
    if (metrics === null) this.unanswered += 1;
    return (metrics ?? []).map((metric) => ({
      ...metric,
      aggregator: 'sum', // of one value: no two have the same labels
      values: metric.values.map((value) => ({ ...value, labels: { ...value.labels, worker: String(number) } })),
    }));
  }
}

/** Null: none came in time. */
function answer(worker: Worker, question: number): Promise<readonly WorkerMetric[] | null> {
  return new Promise((resolve) => {
    const onMessage = (message: unknown): void => {
      const told = asMetrics(message);
      if (told?.question === question) end(told.metrics);
    };
    const end = (told: readonly WorkerMetric[] | null): void => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      resolve(told);
    };
    const timer = setTimeout(() => end(null), ANSWER_MS_MAX);
    worker.on('message', onMessage);
    const asked: AskMetrics = { kind: 'ask-metrics', question };
    worker.send(asked, (error) => {
      if (error !== null) end(null);
    });
  });
}
