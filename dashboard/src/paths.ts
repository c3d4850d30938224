/**
 * Links to the pages: the one place that knows how their addresses look. Their first parts stand in
 * api/http/dashboard.ts too.
 */

const part = encodeURIComponent;

/** Of an account's pages; `page` is '' for its home. */
export const accountPath = (
  account: string,
  page: '' | 'tokens' | 'members' | 'providers' | 'prices' | 'audit' | 'settings' = '',
): string => `/accounts/${part(account)}${page === '' ? '' : `/${page}`}`;

/** Of a gateway's pages; `page` is '' for the overview. */
export const gatewayPath = (
  account: string,
  gateway: string,
  page: '' | 'logs' | 'insights' | 'settings' = '',
): string => `${accountPath(account)}/gateways/${part(gateway)}${page === '' ? '' : `/${page}`}`;

/** The name of the gateway whose page it is; null: it is none of a gateway. */
export const gatewayOf = (path: string): string | null =>
  /^\/accounts\/[^/]+\/gateways\/([^/]+)/.exec(path)?.[1] ?? null;

/** The signed-in user's own page. */
export const PROFILE_PATH = '/profile';
/** For the operator alone. */
export const OPERATOR_PATH = '/operator';

/** Pages for who is not signed in; two of them hold a link's secret, which a way through sign-in would lose. */
const ENTRANCES: readonly string[] = ['/sign-in', '/sign-up', '/invitation', '/reset-password'];
export const isEntrance = (path: string): boolean => ENTRANCES.includes(path);

/** To sign-in, which leads back to where somebody was. */
export const signInPath = (next: string): string => (next === '/' ? '/sign-in' : `/sign-in?next=${part(next)}`);

/**
 * Where a sign-in goes on: `next` if a browser cannot take it for anything but a path of `origin`, else the start
 * (T-WEB-4). The api has the same rule for its OpenID sign-in.
 */
export function localPath(next: string | null, origin: string): string {
  // `//host` and `/\host` lead to another site; browsers drop tabs and line ends first, so that `/\t/host` does too.
  if (next === null || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2047}$/.test(next)) return '/';
  const url = URL.canParse(next, origin) ? new URL(next, origin) : null;
  if (url?.origin !== origin) return '/';
  const local = `${url.pathname}${url.search}${url.hash}`;
  return local.startsWith('//') ? '/' : local; // what `/..//host` comes to
}
