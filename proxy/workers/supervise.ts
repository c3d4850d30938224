/** The supervisor's process: starts the workers, tells their metrics, and drains them when it is told to end. */
import { listen } from '../../platform/listen.js';
import { createLogger } from '../../platform/logger.js';
import { createMetricsServer } from '../../platform/metrics.js';
import { onShutdown } from '../../platform/shutdown.js';
import type { ProxyConfig } from '../config.js';
import { WorkerMetrics } from './worker-metrics.js';
import { Workers } from './workers.js';

/** A worker closes its stores behind its last request. */
const CLOSE_MS_MAX = 30_000;

/** Runs until it is told to end. SIGUSR2: every worker gives way to a new one. */
export async function supervise(config: ProxyConfig): Promise<void> {
  const log = createLogger('proxy', config.logLevel);
  const workers = new Workers(config.workers, log);
  const metricsServer = createMetricsServer(new WorkerMetrics(workers));
  const shutDown = onShutdown({
    steps: [{ name: 'draining the workers', run: () => workers.stop() }],
    report: (what, error) => log.error({ err: error }, what),
    timeoutMs: config.lameDuckMs + config.drainMs + CLOSE_MS_MAX,
    atOnce: () => workers.kill(),
  });
  process.on('SIGUSR2', () => void workers.replaceAll());
  try {
    const port = await workers.start();
    const { host, metricsPort } = config;
    if (metricsPort !== null) {
      await listen(metricsServer, { host: '127.0.0.1', port: metricsPort, name: 'metrics', variable: 'METRICS_PORT' });
    }
    log.info({ host, port, workers: config.workers }, 'the workers serve');
  } catch (error) {
    log.error({ err: error }, 'the workers could not start');
    await shutDown(1);
  }
}
