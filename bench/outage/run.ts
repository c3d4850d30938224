/**
 * `npm run bench:outage`: Postgres is stopped for a while under load, and comes back. It judges nothing but what must
 * not happen: it ends with 1 when a client saw an error, or a record was lost or doubled. Whatever it starts ends with
 * it.
 */
import { beginRun, makeFolder, say } from '../bench-run.js';
import { startEmbeddedRedis } from '../../platform/embedded/redis.js';
import { freePort } from '../../platform/listen.js';
import { MEASURED_CORE, pinToLoadCore } from '../machine.js';
import { startProxy } from '../tollgate/tollgate.js';
import { startUpstream } from '../upstream/upstream.js';
import { parseOutageOptions, type OutageOptions } from './options.js';
import { measureOutage, OutagePostgres } from './outage.js';
import { outageTable } from './report.js';

const { running, shutDown } = beginRun();

/** The exit code. */
async function run(options: OutageOptions): Promise<number> {
  const core = pinToLoadCore() ? MEASURED_CORE : null;
  const { path: folder } = await running.add(makeFolder);
  const upstream = await running.add(startUpstream);
  const postgres = await running.add(() => OutagePostgres.start(folder));
  const redis = await running.add(() => startEmbeddedRedis({ dataDir: folder, log: () => undefined }));
  const metricsPort = await freePort();
  const { systems } = await startProxy(
    running,
    { databaseUrl: postgres.url, redisUrl: redis.url },
    { upstreamPort: upstream.port, core, folder },
    { env: { METRICS_PORT: String(metricsPort), LOG_LEVEL: 'error' } },
  );
  const outcome = await measureOutage(running, { tollgate: systems.tollgate, metricsPort, postgres }, options, say);
  say(`\n${outageTable(options, outcome)}`);
  const { load, lost, duplicated } = outcome;
  if (load.firstError !== null) say(`\nThe first error: ${load.firstError}`);
  return load.errors + lost + duplicated === 0 ? 0 : 1;
}

try {
  await shutDown(await run(parseOutageOptions(process.argv.slice(2))));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await shutDown(1);
}
