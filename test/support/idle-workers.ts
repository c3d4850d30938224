/**
 * A supervisor of two workers that say they serve and then wait. It says "started" when they do, and serves nothing
 * itself: nothing but its workers keeps it running.
 */
import cluster from 'node:cluster';
import { createLogger } from '../../platform/logger.js';
import { onShutdown } from '../../platform/shutdown.js';
import { Workers } from '../../proxy/workers/workers.js';
import type { Serving } from '../../proxy/workers/messages.js';

if (cluster.isWorker) {
  const serving: Serving = { kind: 'serving', port: 1 };
  process.send?.(serving);
  setInterval(() => undefined, 60_000); // it lives until it is killed
} else {
  const workers = new Workers(2, createLogger('idle-workers', 'silent'));
  onShutdown({
    steps: [{ name: 'draining the workers', run: () => workers.stop() }],
    report: (what, error) => console.error(what, error),
  });
  await workers.start();
  process.stdout.write('started\n');
}
