/** A provider that one row of the table describes: its whole API stands under one base. */
import type { ProviderRow } from '../../schema/contracts/provider-row.js';
import type { Provider, Route } from './provider.js';
import { upstreamBase } from './upstream-base.js';

export const NO_TARGET: Route['target'] = Object.freeze({});
/** A path that names its version, in the ways that providers have. */
const VERSIONED = /^\/(?:v\d|alpha\/|beta\/)/;

/** @param base the row's own, or what `PROVIDER_ORIGINS` says in its place */
export function plainProvider(slug: string, base: string, row: ProviderRow): Provider {
  const { origin, path: basePath } = upstreamBase(base).filled(NO_TARGET);
  return {
    slug,
    ...authOf(row),
    route: ({ path }) => ({
      origin,
      keyOrigin: origin,
      path: basePath + ownPath(path, row) || '/',
      target: NO_TARGET,
    }),
  };
}

/** What the row says of the credential. */
export function authOf({
  auth,
}: ProviderRow): Pick<Provider, 'credential' | 'credentialHeaders' | 'credentialParameters'> {
  return {
    credentialHeaders: [auth.header, ...auth.also],
    credentialParameters: auth.parameters,
    credential: { kind: 'header', name: auth.header, prefix: auth.scheme },
  };
}

/** The path behind the base, for a path as the client wrote it: with or without its version. */
export function ownPath(path: string, row: Pick<ProviderRow, 'endsIn' | 'version'>): string {
  for (const prefix of row.endsIn) if (isUnder(path, prefix)) return path.slice(prefix.length);
  return row.version === null || path === '' || VERSIONED.test(path) ? path : row.version + path;
}

/** Whether `path` is `prefix` or lies beneath it. */
export function isUnder(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}
