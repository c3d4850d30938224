/**
 * The proxy's process: reads the configuration, then is the proxy, or with several workers their supervisor or one of
 * them.
 */
import './heap-flags.js';
import './plain-globals.js';
import cluster from 'node:cluster';
import { parseArgs } from 'node:util';
import { EnvironmentError } from '../platform/environment.js';
import { readProxyConfig, type ProxyConfig } from './config.js';

/** Its number among the workers; null: it is not one of them. */
function workerNumber(): number | null {
  const { values } = parseArgs({ options: { worker: { type: 'string' } } });
  return cluster.isWorker ? Number(values.worker) : null;
}

function configOrExit(worker: number | null): ProxyConfig {
  try {
    return readProxyConfig(undefined, worker ?? 1);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}

const worker = workerNumber();
const config = configOrExit(worker);
if (worker === null && config.workers > 1) {
  const { supervise } = await import('./workers/supervise.js'); // which has no need of a proxy's parts
  await supervise(config);
} else {
  const { runProxy } = await import('./proxy-process.js');
  await runProxy(config, worker);
}
