/** What the proxy takes from the environment: the one place that reads it. */
import path from 'node:path';
import { z } from 'zod';
import {
  EnvironmentError,
  integer,
  optionalPort,
  optionalText,
  parseEnvironment,
  port,
  text,
  variable,
} from '../platform/environment.js';
import { NEW_KEYS_COMMAND } from '../platform/instance-secrets.js';
import { networkListSchema, type NetworkList } from '../schema/contracts/networks.js';
import { providerOriginsSchema, type ProviderOrigins } from '../schema/contracts/provider-origins.js';
import { readVaultPrivateKey, type VaultPrivateKey } from '../schema/contracts/vault-keys.js';
import { egressUrlSchema } from './upstream/egress/egress-url.js';

const MEBIBYTE = 1024 * 1024;
/** Of one process: three of the largest segments lie well below nine tenths of it. */
const SPOOL_BYTES_MIN = 256 * MEBIBYTE;

/** A problem names the variable and never what stands in it. */
const vaultPrivateKey = z
  .string({ error: `must be set (${NEW_KEYS_COMMAND})` })
  .transform((text, context): VaultPrivateKey => {
    const key = readVaultPrivateKey(text);
    if (key !== null) return key;
    context.addIssue({ code: 'custom', message: `must be the base64 of 32 bytes (${NEW_KEYS_COMMAND})` });
    return z.NEVER;
  });

export const PROXY_VARIABLES = {
  PROXY_HOST: variable(text('127.0.0.1'), '127.0.0.1', 'Address on which the proxy listens'),
  PROXY_PORT: variable(port(8787), '8787', 'Port of the proxy'),
  PROXY_WORKERS: variable(
    integer(1, 64, 1),
    '1',
    'Processes that share the port, one for each core; what they keep on disk is divided among them',
  ),
  PROXY_REQUESTS_MAX: variable(
    integer(1, 20_000, 10_000),
    '10000',
    'Requests that a proxy (each of its workers) carries at a time; beyond, and sooner for an account that has more than its share, new ones are refused with 503/9006',
  ),
  DRAIN_SECONDS_MAX: variable(
    integer(1, 3_600, 600),
    '600; 30 under `npm start`',
    'How long a proxy that is told to end lets running requests go on; whoever ends it has to wait longer',
  ),
  LAME_DUCK_SECONDS: variable(
    integer(0, 300, 5),
    '5; 0 under `npm start`',
    'How long it goes on accepting meanwhile, with `/readyz` at 503: for as long as a load balancer takes to notice',
  ),
  METRICS_PORT: variable(optionalPort, 'off', 'Port on loopback for Prometheus (`/metrics`) of a proxy'),
  DATABASE_URL: variable(z.string({ error: 'must be set' }), 'embedded under `npm start`', 'Postgres'),
  REDIS_URL: variable(z.string({ error: 'must be set' }), 'embedded under `npm start`', 'Redis'),
  TOKEN_PEPPER: variable(
    z.string({ error: 'must be set' }).min(32, 'must have at least 32 characters'),
    'generated under `npm start`, else required',
    'Secret under which API tokens are hashed; the same in both tiers',
  ),
  VAULT_PRIVATE_KEY: variable(
    vaultPrivateKey,
    'generated under `npm start`, else required',
    'Opens stored credentials: base64 of an X25519 private key, the other half of `VAULT_PUBLIC_KEY`',
  ),
  VAULT_PRIVATE_KEY_PREVIOUS: variable(
    vaultPrivateKey.nullable().default(null),
    'none',
    'The private key from before, while stored credentials are rotated',
  ),
  TRUST_PROXY: variable(integer(0, 10, 0), '0', 'How many reverse proxies in front of us write `X-Forwarded-For`'),
  PROVIDER_ORIGINS: variable(
    providerOriginsSchema,
    '{}',
    'JSON map: provider slug to the base URL used in place of its own',
  ),
  EGRESS_PROXY_URL: variable(
    egressUrlSchema,
    'none',
    'Proxy through which all https upstreams are reached: `http://`, `https://` or `socks5://`, with `user:password@` if need be',
  ),
  ALLOW_PRIVATE_UPSTREAMS: variable(
    networkListSchema,
    'none',
    'private networks (`10.1.0.0/16,…`) that tenants may reach with custom providers and egress proxies',
  ),
  DEMO_PROVIDER_ORIGIN: variable(
    optionalText,
    'set by `npm start`',
    'Base URL of the demo provider; unset: no such provider',
  ),
  BODY_BYTES_MAX: variable(
    integer(1, 10 * 1024 * MEBIBYTE, 100 * MEBIBYTE),
    '104857600',
    'Largest request body, in bytes',
  ),
  LOG_BODY_BYTES_MAX: variable(
    integer(0, 64 * MEBIBYTE, MEBIBYTE),
    '1048576',
    'How much of each body a log keeps, in bytes',
  ),
  CACHE_BYTES_MAX: variable(
    integer(MEBIBYTE, 64 * 1024 * MEBIBYTE, 256 * MEBIBYTE),
    '268435456',
    'Cached answers of one account in Redis, in bytes; what was kept first, and not used since, gives way',
  ),
  CACHE_REDIS_URL: variable(
    optionalText,
    'as `REDIS_URL`',
    'Redis of cached answers, where it shall be one of their own',
  ),
  DATA_DIR: variable(
    text('.data'),
    './.data',
    'Folder of what this process keeps: the ledger’s spools in `spool`, and `policy-snapshot`',
  ),
  LEDGER_DURABILITY: variable(
    z.enum(['process', 'host']).default('process'),
    'process',
    'What a usage record survives before the client sees the end of its answer: `process` (a killed proxy) or `host` (a crashed machine)',
  ),
  LEDGER_SPOOL_BYTES_MAX: variable(
    integer(SPOOL_BYTES_MIN, 1024 ** 4, 4 * 1024 * MEBIBYTE),
    '4294967296',
    'Disk for usage records that Postgres has not taken yet, in bytes, up to four segments, three to spare, included; at nine tenths new requests are refused. 268435456 for each of `PROXY_WORKERS` at least',
  ),
  LEDGER_SEGMENT_BYTES: variable(
    integer(MEBIBYTE, 64 * MEBIBYTE, 16 * MEBIBYTE),
    '16777216',
    'Size of the files of which a spool consists, in bytes; each is used again, or removed, once all in it is in Postgres',
  ),
  POLICY_STALE_SECONDS_MAX: variable(
    integer(60, 30 * 86_400, 86_400),
    '86400',
    'How long a gateway’s policy is served after it was loaded while neither Redis nor Postgres answers',
  ),
  TOKEN_STALE_SECONDS_MAX: variable(
    integer(0, 86_400, 900),
    '900',
    'The same of API tokens: how long one that was revoked meanwhile may still be accepted then',
  ),
  LOG_LEVEL: variable(z.enum(['debug', 'info', 'warn', 'error']).default('info'), 'info', 'Least level that is logged'),
};

export interface ProxyConfig {
  readonly host: string;
  readonly port: number;
  /** processes that share that port */
  readonly workers: number;
  /** requests that this process carries at a time */
  readonly requestsMax: number;
  /** of requests that run when the process is told to end; before, it accepts for `lameDuckMs` as if nothing were */
  readonly drainMs: number;
  readonly lameDuckMs: number;
  /** null = off */
  readonly metricsPort: number | null;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly tokenPepper: string;
  /** the current one, then while keys are rotated the previous one */
  readonly vaultPrivateKeys: readonly VaultPrivateKey[];
  readonly trustedHops: number;
  readonly providerOrigins: ProviderOrigins;
  /** null: none */
  readonly egressProxy: URL | null;
  readonly allowedNetworks: NetworkList;
  /** null = off */
  readonly demoProviderOrigin: string | null;
  readonly bodyBytesMax: number;
  readonly logBodyBytesMax: number;
  /** of one account in Redis */
  readonly cacheBytesMax: number;
  readonly cacheRedisUrl: string;
  /** folder of the ledger's spools */
  readonly spoolFolder: string;
  readonly ledgerDurability: 'process' | 'host';
  /** of this process: an equal share of what all workers may take */
  readonly ledgerSpoolBytesMax: number;
  readonly ledgerSegmentBytes: number;
  readonly policyStaleMs: number;
  readonly tokenStaleMs: number;
  /** what is known, for a start while the stores are away: the first is this process's, the others are its siblings' */
  readonly snapshotFiles: readonly string[];
  readonly logLevel: string;
}

/** Of worker number `worker`, from 1. Throws EnvironmentError with every problem at once. */
export function readProxyConfig(environment: NodeJS.ProcessEnv = process.env, worker = 1): ProxyConfig {
  const env = parseEnvironment(PROXY_VARIABLES, environment);
  return Object.freeze({
    host: env.PROXY_HOST,
    port: env.PROXY_PORT,
    workers: env.PROXY_WORKERS,
    requestsMax: env.PROXY_REQUESTS_MAX,
    drainMs: env.DRAIN_SECONDS_MAX * 1_000,
    lameDuckMs: env.LAME_DUCK_SECONDS * 1_000,
    metricsPort: env.METRICS_PORT,
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    tokenPepper: env.TOKEN_PEPPER,
    vaultPrivateKeys: [env.VAULT_PRIVATE_KEY, env.VAULT_PRIVATE_KEY_PREVIOUS].filter((key) => key !== null),
    trustedHops: env.TRUST_PROXY,
    providerOrigins: env.PROVIDER_ORIGINS,
    egressProxy: env.EGRESS_PROXY_URL,
    allowedNetworks: env.ALLOW_PRIVATE_UPSTREAMS,
    demoProviderOrigin: env.DEMO_PROVIDER_ORIGIN,
    bodyBytesMax: env.BODY_BYTES_MAX,
    logBodyBytesMax: env.LOG_BODY_BYTES_MAX,
    cacheBytesMax: env.CACHE_BYTES_MAX,
    cacheRedisUrl: env.CACHE_REDIS_URL ?? env.REDIS_URL,
    spoolFolder: path.resolve(env.DATA_DIR, 'spool'),
    ledgerDurability: env.LEDGER_DURABILITY,
    ledgerSpoolBytesMax: spoolShare(env.LEDGER_SPOOL_BYTES_MAX, env.PROXY_WORKERS),
    ledgerSegmentBytes: env.LEDGER_SEGMENT_BYTES,
    policyStaleMs: env.POLICY_STALE_SECONDS_MAX * 1_000,
    tokenStaleMs: env.TOKEN_STALE_SECONDS_MAX * 1_000,
    snapshotFiles: snapshotFiles(env.DATA_DIR, env.PROXY_WORKERS, worker),
    logLevel: env.LOG_LEVEL,
  });
}

function spoolShare(bytes: number, workers: number): number {
  const share = Math.floor(bytes / workers);
  if (share >= SPOOL_BYTES_MIN) return share;
  throw new EnvironmentError([
    `LEDGER_SPOOL_BYTES_MAX: must be at least ${SPOOL_BYTES_MIN * workers} for ${workers} PROXY_WORKERS`,
  ]);
}

function snapshotFiles(dataDir: string, workers: number, worker: number): string[] {
  const fileOf = (number: number): string =>
    path.resolve(dataDir, number === 1 ? 'policy-snapshot' : `policy-snapshot-${number}`);
  const others = Array.from({ length: workers }, (_, index) => index + 1).filter((number) => number !== worker);
  return [worker, ...others].map(fileOf);
}
