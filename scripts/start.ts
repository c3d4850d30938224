/**
 * `npm start` once everything is installed and built: one machine's Tollgate. Takes the DATA_DIR's lock, starts the
 * services, migrates, runs the tiers as children, and stops all of it in the order in which it is needed.
 */
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readMigrationConfig } from '../migrations/config.js';
import { migrate } from '../migrations/run.js';
import { errorMessage } from '../platform/error-code.js';
import { requireFreePort, type ListenAddress } from '../platform/listen.js';
import { PROXY_NODE_FLAGS, TIER_NODE_FLAGS } from '../platform/node-flags.js';
import { onShutdown } from '../platform/shutdown.js';
import { readStartConfig, type StartConfig } from './start/config.js';
import { startDemoProvider } from './start/demo-provider.js';
import { lockInstance } from './start/instance-lock.js';
import { asApiReady, asFirstSignIn } from './start/messages.js';
import { Running } from './start/running.js';
import { startPostgres, startRedis } from './start/services.js';
import { changedSecretsText, keepInstanceFile, signInText, summaryOf } from './start/summary.js';
import { tierEnvironments } from './start/tier-environment.js';

/** How long the tiers of a killed start may go on draining before their ports count as somebody else's. */
const ABANDONED_PORT_TIMEOUT_MS = 30_000;
const MESSAGE_TIMEOUT_MS = 10_000;
const NOTHING_TO_SHOW = { accountName: null, hasDemoGateway: false };

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (error: unknown): void => void process.stderr.write(`\n${errorMessage(error)}\n`);

const running = new Running();
const shutDown = onShutdown({
  steps: [
    { name: 'stopping the tiers', run: () => stopTiers() },
    { name: 'stopping the services', run: () => running.stopServices() },
  ],
  report: (_, error) => complain(error),
  atOnce: () => running.killTiers(),
});

try {
  await start(await readStartConfig());
  await running.failed();
} catch (error) {
  complain(error);
  await shutDown(1);
}

async function start(config: StartConfig): Promise<void> {
  await takeInstance(config);
  if (config.changedSecrets.length > 0) say(changedSecretsText(config));
  const [postgres, redis, demo] = await Promise.all([
    running.service(startPostgres(config, say)),
    running.service(startRedis(config, say)),
    config.hasDemo ? running.service(startDemoProvider(config.dataDir)) : null,
  ]);
  if (demo !== null) running.watch(demo.failed);
  await migrateDatabase(postgres.url);
  say('Starting the api and the proxy …');
  const urls = { databaseUrl: postgres.url, redisUrl: redis.url, demoOrigin: demo?.origin ?? null };
  const env = tierEnvironments(config, urls);
  const { dataDir } = config;
  const api = running.tier({
    name: 'api',
    program: 'api/main.js',
    flags: TIER_NODE_FLAGS,
    env: env.api,
    dataDir,
  });
  api.onMessage(asFirstSignIn, (signIn) => say(signInText(signIn)));
  const proxy = running.tier({
    name: 'proxy',
    program: 'proxy/main.js',
    flags: PROXY_NODE_FLAGS,
    env: env.proxy,
    dataDir,
  });
  await Promise.all([api.ready(config.api), proxy.ready(config.proxy)]);
  const { accountName, hasDemoGateway } = (await api.message(asApiReady, MESSAGE_TIMEOUT_MS)) ?? NOTHING_TO_SHOW;
  keepInstanceFile(config, accountName);
  say(summaryOf(config, { accountName, hasDemoGateway, startedInS: process.uptime() }));
}

/** DATA_DIR and the ports are ours, before anything that takes time. */
async function takeInstance(config: StartConfig): Promise<void> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o711 }); // not 700: Postgres may run in it as another user
  const holder = `pid ${process.pid}, api ${config.publicApiUrl}, proxy ${config.publicProxyUrl}`;
  const lock = await running.service(lockInstance(config.dataDir, holder));
  const waitMs = lock.wasAbandoned ? ABANDONED_PORT_TIMEOUT_MS : 0;
  await Promise.all([config.api, config.proxy].map((address) => requirePort(address, waitMs)));
}

async function requirePort(address: ListenAddress, waitMs: number): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (let hasSaidSo = false; ; hasSaidSo = true) {
    try {
      return await requireFreePort(address);
    } catch (error) {
      if (Date.now() >= deadline) throw error;
    }
    if (!hasSaidSo) say(`The last start was killed; waiting for port ${address.port} (${address.name}) …`);
    await delay(50);
  }
}

async function migrateDatabase(databaseUrl: string): Promise<void> {
  const { connectionString, runtimeUser } = readMigrationConfig({ ...process.env, DATABASE_URL: databaseUrl });
  await migrate(connectionString, {
    ...(runtimeUser === null ? {} : { runtimeUser }),
    onStep: (name, durationMs) => say(`Migrated ${name} (${durationMs} ms)`),
    onWait: (message) => say(`Migrating: ${message}`),
  });
}

async function stopTiers(): Promise<void> {
  if (running.hasTiers) say('\nDraining (Ctrl-C again ends at once) …');
  await running.stopTiers();
}
