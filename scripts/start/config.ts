/** What `npm start` takes from the environment; everything else passes through to the tiers untouched. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { optionalText, parseEnvironment, port, text, variable } from '../../platform/environment.js';
import {
  instanceSecrets,
  otherThanKept,
  type InstanceSecrets,
  type SecretName,
} from '../../platform/instance-secrets.js';
import { freePort, type ListenAddress } from '../../platform/listen.js';

/** dist/scripts/start/config.js → the repository */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface StartConfig {
  readonly dataDir: string;
  readonly api: ListenAddress;
  readonly proxy: ListenAddress;
  readonly publicApiUrl: string;
  readonly publicProxyUrl: string;
  /** null: embedded */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  readonly hasDemo: boolean;
  readonly secrets: InstanceSecrets;
  /** those of them that are others than earlier starts had */
  readonly changedSecrets: readonly SecretName[];
}

/** Shown in docs/operations.md. */
export const START_VARIABLES = {
  API_PORT: variable(port(4000), '4000', 'port of the api'),
  API_HOST: variable(text('127.0.0.1'), '127.0.0.1', 'address the api listens on'),
  PROXY_PORT: variable(port(8787), '8787', 'port of the proxy'),
  PROXY_HOST: variable(text('127.0.0.1'), '127.0.0.1', 'address the proxy listens on'),
  PUBLIC_API_URL: variable(optionalText, 'from API_PORT', 'where people reach the api'),
  PUBLIC_PROXY_URL: variable(optionalText, 'from PROXY_PORT', 'where applications reach the proxy'),
  DATABASE_URL: variable(optionalText, 'embedded', 'Postgres'),
  REDIS_URL: variable(optionalText, 'embedded', 'Redis'),
  DATA_DIR: variable(text(path.join(ROOT, '.data')), './.data', 'folder of all state'),
  DEMO: variable(z.enum(['0', '1']).default('1'), '1', '0: no demo provider'),
  NODE_ENV: variable(optionalText, '', 'production: secrets must be set, no demo'),
  SECRET_KEY: variable(optionalText, 'made once in DATA_DIR', 'secret of the api'),
  TOKEN_PEPPER: variable(optionalText, 'made once in DATA_DIR', 'secret of both tiers'),
  VAULT_PUBLIC_KEY: variable(optionalText, 'made once in DATA_DIR', 'seals stored credentials'),
  VAULT_PRIVATE_KEY: variable(optionalText, 'made once in DATA_DIR', 'opens stored credentials'),
};

/** Throws EnvironmentError or SecretsError naming everything that is wrong. A port 0 becomes one that is free. */
export async function readStartConfig(): Promise<StartConfig> {
  const env = parseEnvironment(START_VARIABLES, process.env);
  const isProduction = env.NODE_ENV === 'production';
  const dataDir = path.resolve(env.DATA_DIR);
  const api = { host: env.API_HOST, port: env.API_PORT || (await freePort()), name: 'api', variable: 'API_PORT' };
  const proxy = {
    host: env.PROXY_HOST,
    port: env.PROXY_PORT || (await freePort()),
    name: 'proxy',
    variable: 'PROXY_PORT',
  };
  return {
    dataDir,
    api,
    proxy,
    publicApiUrl: env.PUBLIC_API_URL ?? `http://localhost:${api.port}`,
    publicProxyUrl: env.PUBLIC_PROXY_URL ?? `http://localhost:${proxy.port}`,
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    hasDemo: env.DEMO === '1' && !isProduction,
    secrets: instanceSecrets({ given: env, dataDir, isProduction }),
    changedSecrets: otherThanKept({ given: env, dataDir }),
  };
}
