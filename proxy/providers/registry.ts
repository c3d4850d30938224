/**
 * The providers of this instance: one table row each (cloudflare-wire §11), the operator's `PROVIDER_ORIGINS` laid over
 * it. A provider that needs more than a row gets a file of its own beside this one.
 */
import { PROVIDER_SLUGS } from '../../schema/contracts/providers.js';
import type { Provider } from './provider.js';

interface ProviderRow {
  /** the whole upstream base, path included */
  readonly base: string;
  /** a path prefix that clients may or may not write, because the base already ends in it */
  readonly optionalPrefix: string | null;
  readonly credentialHeaders: readonly string[];
}

const ROWS: Readonly<Record<(typeof PROVIDER_SLUGS)[number], ProviderRow>> = {
  openai: { base: 'https://api.openai.com/v1', optionalPrefix: '/v1', credentialHeaders: ['authorization'] },
  anthropic: {
    base: 'https://api.anthropic.com',
    optionalPrefix: null,
    credentialHeaders: ['x-api-key', 'authorization'],
  },
  'google-ai-studio': {
    base: 'https://generativelanguage.googleapis.com',
    optionalPrefix: null,
    credentialHeaders: ['x-goog-api-key', 'authorization'],
  },
};

export interface Registry {
  find(slug: string): Provider | null;
  readonly origins: readonly string[];
}

/**
 * @param overrides slug → base URL, parsed and checked by the configuration (`PROVIDER_ORIGINS`)
 * @param demoBase base of the demo provider; null when the demo is off, and then the slug does not exist
 */
export function createRegistry(overrides: ReadonlyMap<string, string>, demoBase: string | null): Registry {
  const providers = new Map<string, Provider>();
  for (const slug of PROVIDER_SLUGS) {
    const row = ROWS[slug];
    providers.set(slug, providerOf(slug, { ...row, base: overrides.get(slug) ?? row.base }));
  }
  if (demoBase !== null) {
    providers.set(
      'demo',
      providerOf('demo', { base: demoBase, optionalPrefix: '/v1', credentialHeaders: ['authorization'] }),
    );
  }
  return {
    find: (slug) => providers.get(slug) ?? null,
    origins: [...new Set([...providers.values()].map((provider) => provider.origin))],
  };
}

function providerOf(slug: string, row: ProviderRow): Provider {
  const base = new URL(row.base);
  const basePath = base.pathname.replace(/\/+$/, '');
  const prefix = row.optionalPrefix;
  return {
    slug,
    origin: base.origin,
    credentialHeaders: row.credentialHeaders,
    upstreamPath: (path) => {
      const hasPrefix =
        prefix !== null && path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
      return basePath + (hasPrefix ? path.slice(prefix.length) : path) || '/';
    },
  };
}
