/** What a worker tells its supervisor: that it serves, and its metrics when it is asked for them. */
import cluster from 'node:cluster';
import type { Registry } from 'prom-client';
import { asAskMetrics, type Metrics, type Serving } from './messages.js';

export class WorkerChannel {
  /** `metrics` are this worker's. */
  constructor(private readonly metrics: Registry) {
    // Without this Node ends a worker at once when its supervisor is gone: it shall drain (`onShutdown`).
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
    process.on('message', (message) => void this.answer(message));
  }

  serves(port: number): void {
    const serving: Serving = { kind: 'serving', port };
    send(serving);
  }

  /** Never rejects. */
  private async answer(message: unknown): Promise<void> {
    const asked = asAskMetrics(message);
    if (asked === null) return;
    const metrics = await this.metrics.getMetricsAsJSON().catch(() => []);
    send({ kind: 'metrics', question: asked.question, metrics });
  }
}

/** The supervisor may be gone: then nobody waits for it. */
function send(message: Serving | Metrics): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
