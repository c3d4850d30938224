/** Proxies as they run in production: processes of their own, over one database, one Redis and one upstream. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../platform/listen.js';
import { TIER_NODE_FLAGS } from '../../platform/node-flags.js';
import { newSpoolFolder, removeSpoolFolder } from './ledger.js';
import { TEST_PEPPER } from './proxy.js';
import { TEST_VAULT } from './vault.js';
import { waitFor } from './wait-for.js';

const PROGRAM = fileURLToPath(new URL('../../proxy/main.js', import.meta.url));
const HOUR_AHEAD = new URL('hour-ahead.js', import.meta.url).href;
const START_DEADLINE_MS = 20_000;

export interface ProxyProcess {
  readonly url: string;
  stop(): Promise<void>;
}

export interface ProxyProcessOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** provider slug → base URL */
  readonly origins: Readonly<Record<string, string>>;
  readonly isHourAhead?: boolean;
}

export async function startProxyProcess(options: ProxyProcessOptions): Promise<ProxyProcess> {
  const [port, dataDir] = await Promise.all([freePort(), newSpoolFolder()]);
  const preload = options.isHourAhead === true ? ['--import', HOUR_AHEAD] : [];
  const child = spawn(process.execPath, [...TIER_NODE_FLAGS, ...preload, PROGRAM], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: options.databaseUrl,
      REDIS_URL: options.redisUrl,
      PROVIDER_ORIGINS: JSON.stringify(options.origins),
      TOKEN_PEPPER: TEST_PEPPER,
      VAULT_PRIVATE_KEY: TEST_VAULT.privateKey,
      PROXY_PORT: String(port),
      DATA_DIR: dataDir,
      LOG_LEVEL: 'error',
    },
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  await waitFor(async () => (await fetch(`${url}/readyz`)).status === 200, 'the proxy is ready', START_DEADLINE_MS);
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await removeSpoolFolder(dataDir);
    },
  };
}
