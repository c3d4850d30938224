/** Tollgate as it runs in production: the proxy's own process, over a real Postgres and a real Redis of its own. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { startEmbeddedPostgres } from '../../platform/embedded/postgres.js';
import { startEmbeddedRedis } from '../../platform/embedded/redis.js';
import { freePort } from '../../platform/listen.js';
import { PROXY_NODE_FLAGS } from '../../platform/node-flags.js';
import { mintApiToken } from '../../schema/contracts/api-token.js';
import { newVaultKeyPair } from '../../schema/contracts/vault-keys.js';
import { PRIORITIES, runFirst } from '../machine.js';
import { untilOpen } from '../open-port.js';
import { Program } from '../program.js';
import type { Running } from '../running.js';
import type { Surroundings, System } from '../system.js';
import { GATEWAYS, seed, type Seeded } from './seed.js';

/** Postgres writes on the load's core: without waiting for its disk it takes less of it from the load. */
const POSTGRES_SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off'];

export async function startTollgate(
  running: Running,
  surroundings: Surroundings,
  options: { readonly profileFolder: string | null },
): Promise<Tollgate> {
  const services = await startServices(running, surroundings.folder);
  const flags = profileFlags(options.profileFolder);
  const { systems, seeded } = await startProxy(running, services, surroundings, { flags });
  const { tollgate, limited, plain } = systems;
  const all = [tollgate, limited, plain, answeredByCache(plain), refused(plain, seeded)];
  return { systems: all, tollgate, plain, services, seeded };
}

/** One running Tollgate, and its gateways as systems: they are one process. */
export interface Tollgate {
  readonly systems: readonly System[];
  readonly tollgate: System;
  readonly plain: System;
  readonly services: ServiceUrls;
  readonly seeded: Seeded;
}

/** The proxy over an empty database, which is filled first. `further`: environment, and flags of Node's. */
export async function startProxy(
  running: Running,
  services: ServiceUrls,
  surroundings: Surroundings,
  further: { readonly flags?: readonly string[]; readonly env?: NodeJS.ProcessEnv },
): Promise<{ readonly systems: Readonly<Record<keyof typeof GATEWAYS, System>>; readonly seeded: Seeded }> {
  const pepper = randomBytes(32).toString('hex');
  const seeded = await seed(services.databaseUrl, pepper);
  const port = await freePort();
  const program = await running.add(() =>
    Program.node('proxy/main.js', {
      name: 'the proxy',
      core: surroundings.core,
      flags: [...PROXY_NODE_FLAGS, ...(further.flags ?? [])],
      env: { ...proxyEnvironment(services, surroundings, { pepper, port }), ...further.env },
    }),
  );
  await Promise.race([untilOpen(port), program.failed]);
  // One process, by its gateways.
  const proxy = { pid: program.pid, failed: program.failed, stop: () => program.stop() };
  const system = (name: keyof typeof GATEWAYS): System => {
    return { name, ...proxy, target: { port, ...callOf(seeded, GATEWAYS[name].name) } };
  };
  const systems = { tollgate: system('tollgate'), limited: system('limited'), plain: system('plain') };
  return { systems, seeded };
}

/** The same program, asked so that all its answers but the first are cache hits: by one key, whatever the body is. */
function answeredByCache(plain: System): System {
  const { port, path, headers } = plain.target;
  const target = { port, path, headers: [...headers, 'cf-aig-cache-key: bench', 'cf-aig-cache-ttl: 3600'] };
  return { ...plain, name: 'cached', target };
}

/** The same program, asked with a token that is well made and nobody's. */
function refused(plain: System, seeded: Seeded): System {
  const { name } = GATEWAYS.plain;
  const target = { port: plain.target.port, ...callOf({ ...seeded, apiToken: mintApiToken() }, name), statusCode: 401 };
  return { ...plain, name: 'refused', target };
}

const profileFlags = (folder: string | null): string[] =>
  folder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];

export interface ServiceUrls {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

async function startServices(running: Running, dataDir: string): Promise<ServiceUrls> {
  const log = (): void => undefined;
  const postgres = await running.add(() => startEmbeddedPostgres({ dataDir, log, settings: POSTGRES_SETTINGS }));
  const redis = await running.add(() => startEmbeddedRedis({ dataDir, log }));
  if (redis.kind === 'js-redis-server') {
    throw new Error('The bench needs redis-server or valkey-server on PATH: figures with the stand-in would be wrong.');
  }
  runFirst(redis.pid, PRIORITIES.redis);
  return { databaseUrl: postgres.url, redisUrl: redis.url };
}

function proxyEnvironment(
  services: ServiceUrls,
  { upstreamPort, folder }: Surroundings,
  own: { readonly pepper: string; readonly port: number },
): NodeJS.ProcessEnv {
  return {
    // Nothing else of the caller's: his own settings of a proxy would be those of the bench.
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    // Records that another proxy left in a folder of the caller's would go to the bench's database, and with it.
    DATA_DIR: path.join(folder, 'proxy'),
    TOKEN_PEPPER: own.pepper,
    LAME_DUCK_SECONDS: '0',
    VAULT_PRIVATE_KEY: newVaultKeyPair().privateKey,
    PROXY_HOST: '127.0.0.1',
    PROXY_PORT: String(own.port),
    PROVIDER_ORIGINS: JSON.stringify({ openai: `http://127.0.0.1:${upstreamPort}/v1` }),
  };
}

function callOf({ accountTag, apiToken }: Seeded, gatewayName: string): { path: string; headers: string[] } {
  return {
    path: `/v1/${accountTag}/${gatewayName}/openai/chat/completions`,
    headers: [`cf-aig-authorization: Bearer ${apiToken}`],
  };
}
