/** Proxies as they run in production: processes of their own, over one database, one Redis and one upstream. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../platform/listen.js';
import { PROXY_NODE_FLAGS } from '../../platform/node-flags.js';
import { newSpoolFolder, removeSpoolFolder } from './ledger.js';
import { TEST_PEPPER } from './proxy.js';
import { TEST_VAULT } from './vault.js';
import { waitFor } from './wait-for.js';

const PROGRAM = fileURLToPath(new URL('../../proxy/main.js', import.meta.url));
const HOUR_AHEAD = new URL('hour-ahead.js', import.meta.url).href;
/** Of several processes on two busy processors. */
const START_DEADLINE_MS = 60_000;

export interface ProxyProcess {
  readonly url: string;
  /** of the only process, or of the workers' supervisor */
  readonly pid: number;
  /** what `/metrics` says; for those that were started with a port for it */
  metrics(): Promise<string>;
  /** Resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface ProxyProcessOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** provider slug → base URL */
  readonly origins: Readonly<Record<string, string>>;
  readonly isHourAhead?: boolean;
  /** more of the configuration */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startProxyProcess(options: ProxyProcessOptions): Promise<ProxyProcess> {
  const [port, metricsPort, dataDir] = await Promise.all([freePort(), freePort(), newSpoolFolder()]);
  const preload = options.isHourAhead === true ? ['--import', HOUR_AHEAD] : [];
  const child = spawn(process.execPath, [...PROXY_NODE_FLAGS, ...preload, PROGRAM], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: options.databaseUrl,
      REDIS_URL: options.redisUrl,
      PROVIDER_ORIGINS: JSON.stringify(options.origins),
      TOKEN_PEPPER: TEST_PEPPER,
      LAME_DUCK_SECONDS: '0',
      VAULT_PRIVATE_KEY: TEST_VAULT.privateKey,
      PROXY_PORT: String(port),
      METRICS_PORT: String(metricsPort),
      DATA_DIR: dataDir,
      LOG_LEVEL: 'error',
      ...options.env,
    },
  });
  const ended = once(child, 'exit') as Promise<[number | null]>; // what a child's `exit` comes with
  const url = `http://127.0.0.1:${port}`;
  const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  const answers = async (asked: string): Promise<boolean> => (await fetch(asked)).status === 200;
  // Of workers the first may be ready before the metrics of all are served.
  const isReady = async (): Promise<boolean> => (await answers(`${url}/readyz`)) && (await answers(metricsUrl));
  await waitFor(isReady, 'the proxy is ready', START_DEADLINE_MS);
  return {
    url,
    pid: child.pid ?? 0,
    metrics: async () => (await fetch(metricsUrl)).text(),
    async stop() {
      child.kill('SIGTERM');
      const [code] = await ended;
      await removeSpoolFolder(dataDir);
      return code;
    },
  };
}
