/**
 * What a tenant's URL may be (security §3.4): where it leads by its text alone. Names are resolved and their addresses
 * checked where they are dialled; this refuses early, and in words, what could never be dialled.
 */
import { isIP } from 'node:net';
import { isPublicAddress, type NetworkList } from './networks.js';

/** Longest URL that is taken, in characters. */
export const PUBLIC_URL_CHARACTERS_MAX = 2_048;

export interface PublicUrlRules {
  /** those that may lead anywhere public, with their default ports: `{ 'https:': 443 }` */
  readonly schemes: Readonly<Record<string, number>>;
  /** networks of the operator's that may be reached though they are not public; there, http is a scheme too */
  readonly allowed: NetworkList;
  readonly mayHoldCredentials: boolean;
}

export type PublicUrl =
  | {
      readonly kind: 'url';
      readonly protocol: string;
      /** as in the text, percent-encoded; empty: none */
      readonly username: string;
      readonly password: string;
      /** host and port, the default port left out for http and https; canonical: one text for one place */
      readonly host: string;
      /** begins with `/` */
      readonly path: string;
    }
  /** `problem` completes the sentence that begins with the field, and quotes nothing of the URL */
  | { readonly kind: 'refused'; readonly problem: string };

/** Names that are answered inside networks: RFC 6761, RFC 8375, RFC 9476, ICANN's `internal`, and what routers give. */
const PRIVATE_NAMES = [
  'localhost', 'local', 'internal', 'intranet', 'private', 'corp', 'home', 'lan', 'localdomain', 'home.arpa', 'alt',
  'test', 'invalid', 'onion', 'in-addr.arpa', 'ip6.arpa',
]; // prettier-ignore
const UNPRIVILEGED_PORT_MIN = 1_024;
const HTTP_PORT = 80;
/** What URL parsers drop, turn into another character, or read as the beginning of something that has no place here. */
const NOT_IN_A_URL = /[^!-~\u00a1-\u{10ffff}]|[\\?#]/u;

/** Parses `text` once; what is answered, and nothing else, is what may be used. */
export function readPublicUrl(text: string, rules: PublicUrlRules): PublicUrl {
  const { allowed } = rules;
  const schemes = allowed.isEmpty ? rules.schemes : { 'http:': HTTP_PORT, ...rules.schemes };
  if (text.length > PUBLIC_URL_CHARACTERS_MAX)
    return refused(`must be at most ${PUBLIC_URL_CHARACTERS_MAX} characters`);
  if (NOT_IN_A_URL.test(text)) return refused('must have no spaces, control characters, backslash, query or fragment');
  const [, protocol = '', rest = ''] = /^([a-z0-9]+:)\/\/([^/].*)$/i.exec(text) ?? [];
  const scheme = protocol.toLowerCase();
  if (!Object.hasOwn(schemes, scheme)) {
    return refused(
      `must begin with ${Object.keys(rules.schemes)
        .map((name) => `${name}//`)
        .join(', ')}`,
    );
  }
  // Parsed as http whatever it is: other schemes' hosts are not made canonical (0x7f.1 would stay as it is).
  const asHttp = `http://${rest}`;
  if (!URL.canParse(asHttp)) return refused('must be a URL');
  const url = new URL(asHttp);
  const port = portOf(rest, url, schemes[scheme] ?? 0);
  const problem = problemWith(url, { scheme, port, isDefaultPort: port === schemes[scheme] }, rules);
  if (problem !== null) return refused(problem);
  const isPortShown = port !== schemes[scheme] || scheme === 'socks5:';
  return {
    kind: 'url',
    protocol: scheme,
    username: url.username,
    password: url.password,
    host: isPortShown ? `${url.hostname}:${port}` : url.hostname,
    path: url.pathname,
  };
}

const refused = (problem: string): PublicUrl => ({ kind: 'refused', problem });

/** `:80` is gone from a URL that was parsed as http, and means port 80 all the same. */
function portOf(rest: string, url: URL, byDefault: number): number {
  if (url.port !== '') return Number(url.port);
  const [authority = ''] = rest.split('/', 1);
  return /:0*80$/.test(authority) ? HTTP_PORT : byDefault;
}

function problemWith(
  url: URL,
  at: { readonly scheme: string; readonly port: number; readonly isDefaultPort: boolean },
  rules: PublicUrlRules,
): string | null {
  if (!rules.mayHoldCredentials && (url.username !== '' || url.password !== '')) return 'must hold no user or password';
  if (!at.isDefaultPort && at.port < UNPRIVILEGED_PORT_MIN) {
    return `must use its scheme's own port, or one from ${UNPRIVILEGED_PORT_MIN}`;
  }
  const isPlainHttp = at.scheme === 'http:' && !Object.hasOwn(rules.schemes, 'http:');
  return hostProblem(url.hostname, rules.allowed, isPlainHttp);
}

/**
 * `isPlainHttp`: allowed only towards the operator's own networks; a name's address is looked at when it is dialled.
 */
function hostProblem(hostname: string, allowed: NetworkList, isPlainHttp: boolean): string | null {
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (isIP(address) !== 0) {
    if (allowed.has(address)) return null;
    if (isPlainHttp) return 'must begin with https://';
    return isPublicAddress(address) ? null : 'must lead to a public address';
  }
  if (hostname.endsWith('.')) return 'must have a host name that does not end in a dot';
  if (hostname.split('.').some((label) => label === '')) return 'must have a whole host name';
  if (!allowed.isEmpty) return null;
  if (!hostname.includes('.')) return 'must have a full host name of the public internet';
  const isPrivate = PRIVATE_NAMES.some((name) => hostname === name || hostname.endsWith(`.${name}`));
  return isPrivate ? 'must have a host name of the public internet' : null;
}
