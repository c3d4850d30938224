/**
 * The environment of each tier: this process's, completed by what the start knows, without what a tier need not hold.
 */
import type { StartConfig } from './config.js';

export interface ServiceUrls {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** null: no demo provider */
  readonly demoOrigin: string | null;
}

/** Only migrations use the owner's login; only the api makes the first user and seals, only the proxy opens. */
const NOT_FOR_A_TIER = ['MIGRATION_DATABASE_URL'];
/** What the proxy alone needs; an egress proxy's URL may hold a password. */
const NOT_FOR_THE_API = ['VAULT_PRIVATE_KEY', 'VAULT_PRIVATE_KEY_PREVIOUS', 'EGRESS_PROXY_URL'];
const NOT_FOR_THE_PROXY = [
  'BOOTSTRAP_EMAIL',
  'BOOTSTRAP_PASSWORD',
  'BOOTSTRAP_ACCOUNT',
  'SECRET_KEY',
  'VAULT_PUBLIC_KEY',
];
/** The demo provider stands for a stranger: it gets none of our secrets. */
const NOT_FOR_THE_DEMO = [
  ...NOT_FOR_A_TIER,
  ...NOT_FOR_THE_API,
  ...NOT_FOR_THE_PROXY,
  'TOKEN_PEPPER',
  'DATABASE_URL',
  'REDIS_URL',
];

/** Whoever ends it waits in front of it. */
const SOON_ENDED = { DRAIN_SECONDS_MAX: '30', LAME_DUCK_SECONDS: '0' };

/** The environment of the demo provider. */
export function demoEnvironment(inherited: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return without(inherited, NOT_FOR_THE_DEMO);
}

export function tierEnvironments(
  config: StartConfig,
  urls: ServiceUrls,
  inherited: NodeJS.ProcessEnv = process.env,
): { readonly api: NodeJS.ProcessEnv; readonly proxy: NodeJS.ProcessEnv } {
  const both = {
    ...inherited,
    ...config.secrets,
    DATA_DIR: config.dataDir,
    API_PORT: String(config.api.port),
    PROXY_PORT: String(config.proxy.port),
    PUBLIC_API_URL: config.publicApiUrl,
    PUBLIC_PROXY_URL: config.publicProxyUrl,
    DATABASE_URL: urls.databaseUrl,
    REDIS_URL: urls.redisUrl,
    DEMO: urls.demoOrigin === null ? '0' : '1',
    ...(urls.demoOrigin === null ? {} : { DEMO_PROVIDER_ORIGIN: urls.demoOrigin }),
  };
  return {
    api: without(both, [...NOT_FOR_A_TIER, ...NOT_FOR_THE_API]),
    proxy: { ...SOON_ENDED, ...without(both, [...NOT_FOR_A_TIER, ...NOT_FOR_THE_PROXY]) },
  };
}

function without(env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}
