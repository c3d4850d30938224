/**
 * The providers of this instance: one table row each (cloudflare-wire §11), the operator's `PROVIDER_ORIGINS` laid over
 * it. A provider that needs more than a row gets a file of its own beside this one.
 */
import { PROVIDER_BASES, type ProviderSlug } from '../../schema/contracts/providers.js';
import type { CredentialForm, Provider, Route } from './provider.js';

/** A provider whose whole API stands under one base. */
interface PlainRow {
  /** a path prefix that clients may or may not write, because the base already ends in it */
  readonly optionalPrefix?: string;
  readonly credentialHeaders: readonly string[];
  readonly credentialParameters?: readonly string[];
  readonly credential: CredentialForm;
}

const NO_TARGET: Route['target'] = Object.freeze({});
const bearer: CredentialForm = { kind: 'header', name: 'authorization', prefix: 'Bearer ' };

const ROWS = {
  openai: { optionalPrefix: '/v1', credentialHeaders: ['authorization'], credential: bearer },
  anthropic: {
    credentialHeaders: ['x-api-key', 'authorization'],
    credential: { kind: 'header', name: 'x-api-key', prefix: '' },
  },
  'google-ai-studio': {
    credentialHeaders: ['x-goog-api-key', 'authorization'],
    credentialParameters: ['key'],
    credential: { kind: 'header', name: 'x-goog-api-key', prefix: '' },
  },
} satisfies Readonly<Partial<Record<ProviderSlug, PlainRow>>>;

export interface Registry {
  find(slug: string): Provider | null;
}

/**
 * @param overrides slug → base URL, parsed and checked by the configuration (`PROVIDER_ORIGINS`)
 * @param demoBase base of the demo provider; null when the demo is off, and then the slug does not exist
 */
export function createRegistry(overrides: ReadonlyMap<string, string>, demoBase: string | null): Registry {
  const providers = new Map<string, Provider>();
  // the object has no other keys
  for (const slug of Object.keys(ROWS) as (keyof typeof ROWS)[]) {
    providers.set(slug, plainProvider(slug, overrides.get(slug) ?? PROVIDER_BASES[slug].base, ROWS[slug]));
  }
  if (demoBase !== null) providers.set('demo', plainProvider('demo', demoBase, ROWS.openai));
  return { find: (slug) => providers.get(slug) ?? null };
}

export function plainProvider(slug: string, base: string, row: PlainRow): Provider {
  const url = new URL(base);
  const { origin } = url;
  const basePath = url.pathname.replace(/\/+$/, '');
  const prefix = row.optionalPrefix ?? null;
  return {
    slug,
    credentialHeaders: row.credentialHeaders,
    credentialParameters: row.credentialParameters ?? [],
    credential: row.credential,
    route({ path }) {
      const hasPrefix =
        prefix !== null && path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
      const own = hasPrefix ? path.slice(prefix.length) : path;
      return { origin, keyOrigin: origin, path: basePath + own || '/', target: NO_TARGET };
    },
  };
}
