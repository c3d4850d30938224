/** What the api takes from the environment. */
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
import { apiSecrets } from '../platform/instance-secrets.js';
import { networkListSchema } from '../schema/contracts/networks.js';
import { providerOriginsSchema } from '../schema/contracts/provider-origins.js';
import type { OidcOptions } from './modules/oidc/index.js';
import { readVaultPublicKey, type VaultPublicKey } from '../schema/contracts/vault-keys.js';
import { readManifest } from './graphql/persisted-documents.js';

const requiredText = z.string({ error: 'must be set' });
const url = (byDefault: string): z.ZodType<string> =>
  z
    .string()
    .default(byDefault)
    .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }))
    .transform((value) => value.replace(/\/+$/, ''));

const isTlsOrLoopback = (text: string): boolean => {
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
};

/** The variables of the api; docs/operations.md shows this table. */
export const API_VARIABLES = {
  NODE_ENV: variable(
    text('development'),
    'development',
    '`production`: no demo, secrets must be set, no introspection without a credential',
  ),
  API_HOST: variable(text('127.0.0.1'), '127.0.0.1', 'address that the api listens on'),
  API_PORT: variable(port(4000), '4000', 'port of the api'),
  API_METRICS_PORT: variable(optionalPort, 'off', 'port on loopback for Prometheus (`/metrics`) of the api'),
  PROXY_PORT: variable(port(8787), '8787', 'port of the proxy'),
  PUBLIC_API_URL: variable(
    optionalText,
    'http://localhost:`API_PORT`',
    'where browsers reach the api; https makes cookies Secure',
  ),
  PUBLIC_PROXY_URL: variable(optionalText, 'http://localhost:`PROXY_PORT`', 'what `endpointUrl` shows'),
  PROXY_URL: variable(
    optionalText,
    'http://127.0.0.1:`PROXY_PORT`',
    'where the api reaches a proxy, or the balancer before them: `explainRequest` asks there',
  ),
  DATABASE_URL: variable(requiredText, 'embedded under `npm start`, else required', 'Postgres of the tiers'),
  REDIS_URL: variable(
    requiredText,
    'embedded under `npm start`, else required',
    'Redis of the tiers: `redis://`, `rediss://` or `unix://`; several nodes of a Redis Cluster with commas between them',
  ),
  SECRET_KEY: variable(optionalText, 'generated into `DATA_DIR`', 'sessions and cursors; at least 32 characters'),
  TOKEN_PEPPER: variable(
    optionalText,
    'generated into `DATA_DIR`; a proxy by itself requires it',
    'hashes of API tokens; the same for both tiers',
  ),
  VAULT_PUBLIC_KEY: variable(
    optionalText,
    'generated into `DATA_DIR`',
    'seals stored credentials: base64 of an X25519 public key, the other half of `VAULT_PRIVATE_KEY`',
  ),
  DATA_DIR: variable(text('./.data'), './.data', 'folder of all state'),
  SIGNUP: variable(
    z.enum(['open', 'invite'], 'must be open or invite').default('invite'),
    'invite',
    '`open`: anybody may sign up and create accounts',
  ),
  OIDC_ISSUER: variable(
    z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .refine(isTlsOrLoopback, 'must be https, or http on this machine')
      .nullable()
      .default(null),
    'none',
    'OpenID provider that users may sign in at; its callback is `PUBLIC_API_URL`/oidc/callback',
  ),
  OIDC_CLIENT_ID: variable(optionalText, 'none', 'the name of Tollgate at `OIDC_ISSUER`'),
  OIDC_CLIENT_SECRET: variable(optionalText, 'none', 'the secret of Tollgate at `OIDC_ISSUER`'),
  BOOTSTRAP_EMAIL: variable(text('admin@localhost'), 'admin@localhost', 'first user of an instance without users'),
  BOOTSTRAP_PASSWORD: variable(optionalText, 'generated', 'password of the first user'),
  BOOTSTRAP_ACCOUNT: variable(text('main'), 'main', 'first account of an instance without users'),
  DEMO: variable(text('1'), '1', '`0`: no demo gateway, provider or prices'),
  TRUST_PROXY: variable(integer(0, 10, 0), '0', 'how many proxies in front are trusted to tell the client address'),
  PROVIDER_ORIGINS: variable(
    providerOriginsSchema,
    '{}',
    'JSON map: provider slug to the base URL used in place of its own; the same for both tiers',
  ),
  ALLOW_PRIVATE_UPSTREAMS: variable(
    networkListSchema,
    'none',
    'private networks (`10.1.0.0/16,…`) that tenants may reach with custom providers and egress proxies',
  ),
  LEDGER_RETENTION_DAYS: variable(integer(14, 36_500, 400), '400', 'how many days usage records are kept; at least 14'),
  GRAPHQL_POINTS_PER_MINUTE: variable(
    integer(10_000, 1_000_000_000, 300_000),
    '300000',
    'cost of GraphQL operations that every token and user may ask for in a minute; others of one address: a tenth',
  ),
  GRAPHQL_DOCUMENTS: variable(
    optionalText,
    'none',
    'file of a manifest of documents (`{"<SHA-256>": "<document>"}`) that clients may name by their hash, besides the dashboard\'s own',
  ),
  GRAPHQL_DOCUMENTS_ONLY: variable(
    z.enum(['0', '1'], 'must be 0 or 1').default('0'),
    '0',
    "`1`: browsers' sessions (cookies) may send the dashboard's documents and those of the manifest only",
  ),
  DATABASE_CONNECTIONS_MAX: variable(integer(2, 200, 10), '10', 'connections that the api opens to Postgres'),
  PASSWORD_COST_LOG2: variable(integer(10, 20, 15), '15', "log2 of scrypt's N for passwords"),
  LOG_LEVEL: variable(z.enum(['debug', 'info', 'warn', 'error']).default('info'), 'info', 'least level that is logged'),
};

export type ApiConfig = ReturnType<typeof readApiConfig>;

/** Throws EnvironmentError, or SecretsError, each with every problem at once. */
export function readApiConfig(env: NodeJS.ProcessEnv = process.env) {
  const parsed = parseEnvironment(API_VARIABLES, env);
  const urls = parseEnvironment(
    {
      PUBLIC_API_URL: variable(url(`http://localhost:${parsed.API_PORT}`), '', ''),
      PUBLIC_PROXY_URL: variable(url(`http://localhost:${parsed.PROXY_PORT}`), '', ''),
      PROXY_URL: variable(url(`http://127.0.0.1:${parsed.PROXY_PORT}`), '', ''),
    },
    env,
  );
  const isProduction = parsed.NODE_ENV === 'production';
  const secrets = apiSecrets({ given: parsed, dataDir: parsed.DATA_DIR, isProduction });
  return Object.freeze({
    isProduction,
    isDemo: !isProduction && parsed.DEMO !== '0',
    isSignUpOpen: parsed.SIGNUP === 'open',
    logLevel: parsed.LOG_LEVEL,
    listen: { host: parsed.API_HOST, port: parsed.API_PORT },
    metricsPort: parsed.API_METRICS_PORT,
    publicApiUrl: urls.PUBLIC_API_URL,
    publicProxyUrl: urls.PUBLIC_PROXY_URL,
    proxyUrl: urls.PROXY_URL,
    trustedProxies: parsed.TRUST_PROXY,
    database: { url: parsed.DATABASE_URL, connectionsMax: parsed.DATABASE_CONNECTIONS_MAX },
    ledgerRetentionDays: parsed.LEDGER_RETENTION_DAYS,
    redisUrl: parsed.REDIS_URL,
    secretKey: secrets.SECRET_KEY,
    tokenPepper: secrets.TOKEN_PEPPER,
    vaultPublicKey: provedPublicKey(secrets.VAULT_PUBLIC_KEY),
    providerOrigins: parsed.PROVIDER_ORIGINS,
    allowedNetworks: parsed.ALLOW_PRIVATE_UPSTREAMS,
    graphql: {
      pointsPerMinute: parsed.GRAPHQL_POINTS_PER_MINUTE,
      documents: parsed.GRAPHQL_DOCUMENTS === null ? new Map<string, string>() : readManifest(parsed.GRAPHQL_DOCUMENTS),
      documentsOnlyForCookies: parsed.GRAPHQL_DOCUMENTS_ONLY === '1',
    },
    oidc: oidcOptions(parsed),
    passwordCostLog2: parsed.PASSWORD_COST_LOG2,
    bootstrap: {
      email: parsed.BOOTSTRAP_EMAIL,
      password: parsed.BOOTSTRAP_PASSWORD,
      accountName: parsed.BOOTSTRAP_ACCOUNT,
    },
  });
}

function provedPublicKey(text: string): VaultPublicKey {
  const key = readVaultPublicKey(text);
  if (key === null) throw new Error('a vault key that was accepted cannot be read');
  return key;
}

/** All three, or none. */
function oidcOptions(
  given: Readonly<Record<'OIDC_ISSUER' | 'OIDC_CLIENT_ID' | 'OIDC_CLIENT_SECRET', string | null>>,
): OidcOptions | null {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = given;
  if (issuer !== null && clientId !== null && clientSecret !== null) return { issuer, clientId, clientSecret };
  const missing = Object.entries({ OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret })
    .filter(([, value]) => value === null)
    .map(([name]) => name);
  if (missing.length === 3) return null;
  throw new EnvironmentError([`${missing.join(', ')}: must be set, as the other OIDC variables are`]);
}
