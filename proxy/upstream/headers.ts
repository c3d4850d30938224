/**
 * Headers on their way up and down. Up: the client's own, less what belongs to the connection, to this gateway, to the
 * browser or to the proxies before us. Down: the provider's own, less what belongs to its connection or its site.
 * Names keep the case and order in which they came.
 */
import { holdsApiToken } from '../../schema/contracts/api-token.js';
import { HOP_BY_HOP } from '../../schema/contracts/hop-by-hop.js';
import { OF_THE_BODY } from '../header-list.js';
import { NameMeanings } from './name-meanings.js';

const NOT_UP = new Set<string>([
  ...HOP_BY_HOP,
  // set anew for the upstream
  'host',
  'content-length',
  'expect',
  // the gateway's own cookies and the addresses behind it are nobody else's business
  'cookie',
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'via',
  // a browser's origin was answered for by the gateway
  'origin',
  'referer',
  // an address for this gateway
  'x-fal-target-url',
  // names of this gateway's own headers from before they had their prefix
  'cf-cache-ttl',
  'cf-skip-cache',
]);
const NOT_UP_PREFIXES = ['cf-aig-', 'tollgate-', 'access-control-', 'x-forwarded-'];

const NOT_DOWN = new Set<string>([
  ...HOP_BY_HOP,
  'set-cookie',
  'alt-svc',
  'strict-transport-security',
  'server',
  'via',
  'x-powered-by',
  'cdn-loop',
]);
const NOT_DOWN_PREFIXES = ['cf-aig-', 'tollgate-', 'access-control-'];

/** Whether an answer's header goes down, and which one names others that do not. */
const waysDown = new NameMeanings((lower): 'down' | 'not down' | 'connection' => {
  if (lower === 'connection') return lower;
  return NOT_DOWN.has(lower) || startsWithAny(lower, NOT_DOWN_PREFIXES) ? 'not down' : 'down';
});

export interface UpstreamHeaderOptions {
  /** the answer has to be readable: ask for no content encoding */
  readonly isIdentityWanted: boolean;
  /** what this instance adds to `CDN-Loop`, so that it knows the request when it comes back (RFC 8586) */
  readonly loopMark: string;
}

/** The flat name/value list for the upstream call; nothing that looks like one of our API tokens is ever in it. */
export function upstreamHeaders(rawHeaders: readonly string[], options: UpstreamHeaderOptions): string[] {
  const headers: string[] = [];
  const named = connectionNames(rawHeaders);
  let loop = '';
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const lower = name.toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    if (NOT_UP.has(lower) || startsWithAny(lower, NOT_UP_PREFIXES) || named?.has(lower) === true) continue;
    if (options.isIdentityWanted && lower === 'accept-encoding') continue;
    if (value.includes('tgt_') && holdsApiToken(value)) continue;
    if (lower === 'cdn-loop') loop += `${value}, `;
    else headers.push(name, value);
  }
  headers.push('cdn-loop', loop + options.loopMark);
  if (options.isIdentityWanted) headers.push('accept-encoding', 'identity');
  return headers;
}

/**
 * The provider's answer headers less what must not go down. Values with a control character in them do not come this
 * far: the client's parser takes such an answer for broken (502/2005).
 */
export function downstreamHeaders(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  let named: Set<string> | null = null;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    const way = waysDown.of(name);
    if (way === 'down') headers.push(name, value);
    else if (way === 'connection') named = namesIn(value, named);
  }
  return named === null ? headers : withoutNamed(headers, named);
}

function connectionNames(rawHeaders: readonly string[]): Set<string> | null {
  let names: Set<string> | null = null;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 10 && name.toLowerCase() === 'connection') names = namesIn(rawHeaders[i + 1] ?? '', names);
  }
  return names;
}

/** Adds the header names in a value of `Connection`; null as long as there is none, which is nearly always. */
function namesIn(connection: string, before: Set<string> | null): Set<string> | null {
  if (connection === 'keep-alive' || connection === 'close') return before;
  let names = before;
  for (const listed of connection.toLowerCase().split(',')) {
    const trimmed = listed.trim();
    if (trimmed !== 'keep-alive' && trimmed !== 'close' && trimmed !== '') (names ??= new Set()).add(trimmed);
  }
  return names;
}

function withoutNamed(headers: readonly string[], named: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const lower = headers[i]?.toLowerCase() ?? '';
    if (OF_THE_BODY.has(lower) || !named.has(lower)) kept.push(headers[i] ?? '', headers[i + 1] ?? '');
  }
  return kept;
}

function startsWithAny(text: string, prefixes: readonly string[]): boolean {
  for (const prefix of prefixes) if (text.startsWith(prefix)) return true;
  return false;
}
