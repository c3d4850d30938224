/**
 * Headers on their way up and down. Up: the client's own, less what belongs to the connection, to this gateway, to the
 * browser or to the proxies before us. Down: the provider's own, less what belongs to its connection or its site.
 * Names keep the case and order in which they came.
 */
import { holdsApiToken } from '../../schema/contracts/api-token.js';
import { HOP_BY_HOP } from '../../schema/contracts/hop-by-hop.js';

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

/** A query without parameters that hold one of our API tokens. */
export function upstreamQuery(query: string): string {
  if (query === '' || !holdsApiToken(unescaped(query))) return query;
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => !holdsApiToken(unescaped(pair)));
  return kept.length > 0 ? `?${kept.join('&')}` : '';
}

/** Percent-decoded byte by byte, which cannot fail; what is not well encoded stays (the provider will say so). */
export function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** Parameters that carry credentials, at any provider; the last three make a presigned URL of AWS. */
const NOT_LOGGED = new Set([
  'key',
  'api_key',
  'api-key',
  'token',
  'access_token',
  'auth',
  'x-amz-credential',
  'x-amz-security-token',
  'x-amz-signature',
]);

/**
 * A query as it may be logged: our API tokens and the values of parameters that carry credentials are taken out. Names
 * are compared as a provider reads them: in any case, and decoded.
 */
export function loggedQuery(query: string): string {
  if (!query.includes('=')) return query;
  const pairs = upstreamQuery(query).slice(1).split('&');
  const logged = pairs.map((pair) => {
    const name = pair.slice(0, Math.max(0, pair.indexOf('=')));
    return NOT_LOGGED.has(unescaped(name).toLowerCase()) ? `${name}=[removed]` : pair;
  });
  const text = logged.join('&');
  return text === '' ? '' : `?${text}`;
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
    const lower = name.toLowerCase();
    if (NOT_DOWN.has(lower) || startsWithAny(lower, NOT_DOWN_PREFIXES)) {
      if (lower === 'connection') named = namesIn(rawHeaders[i + 1] ?? '', named);
      continue;
    }
    headers.push(name, rawHeaders[i + 1] ?? '');
  }
  return named === null ? headers : withoutNamed(headers, named);
}

/** Framing and type always go down, whatever else is said of them: without them the body means something else. */
const OF_THE_BODY = new Set(['content-length', 'content-type', 'content-encoding']);

/** Shorter values are no secrets, and would be found in anything. */
const SECRET_CHARACTERS_MIN = 8;
/** What we add that is no secret: our own, and what a custom provider's headers may say besides. Any other name may hold one. */
const OPEN = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'anthropic-beta',
  'anthropic-version',
  'cdn-loop',
  'content-length',
  'content-type',
  'host',
  'openai-beta',
  'openai-organization',
  'openai-project',
  'user-agent',
  'x-amz-content-sha256',
  'x-amz-date',
]);
/** Of one header: each is looked for in all of an answer. */
const SECRETS_MAX = 16;
const BETWEEN_SECRETS = /[\s;,"]+/;
/** Of a signed request's line, the signature alone: errors speak of what was signed in the same words. */
const BEFORE_SIGNATURE = /^AWS4-HMAC-SHA256 .*Signature=/;

/**
 * The secrets in a header's value: the whole, what stands behind its scheme (`Bearer …`), and the values of a list
 * (`a=…; b=…`), of many the longest.
 */
export function secretsIn(value: string): string[] {
  const whole = value.replace(BEFORE_SIGNATURE, '');
  const parts = whole.split(BETWEEN_SECRETS).map(valueOf);
  if (parts.length === 1) return parts.filter(isLong);
  const all = [whole, ...parts].filter(isLong);
  return all.length > SECRETS_MAX ? all.toSorted((one, other) => other.length - one.length).slice(0, SECRETS_MAX) : all;
}

const isLong = (text: string): boolean => text.length >= SECRET_CHARACTERS_MIN;

/** Behind its name; what pads a key is none of a name's. */
function valueOf(part: string): string {
  const value = part.slice(part.indexOf('=') + 1);
  return isLong(value) ? value : part;
}

/**
 * The secrets among the headers that went up which the client had not sent: the difference between `sent` and `own` is
 * ours, and no client may read it.
 */
export function addedSecrets(sent: readonly string[], own: readonly string[]): string[] {
  const clients = new Set(own.filter((_text, i) => i % 2 === 1));
  const secrets: string[] = [];
  for (let i = 0; i < sent.length; i += 2) {
    const value = sent[i + 1] ?? '';
    if (clients.has(value) || OPEN.has(sent[i]?.toLowerCase() ?? '')) continue;
    secrets.push(...secretsIn(value));
  }
  return secrets;
}

/** An answer's headers without those that repeat one of `secrets`. */
export function withoutEchoes(headers: readonly string[], secrets: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (OF_THE_BODY.has(name.toLowerCase()) || !secrets.some((secret) => value.includes(secret)))
      kept.push(name, value);
  }
  return kept;
}

/** Headers of an answer whose body is no longer as long as it was. */
export function withoutLength(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== 'content-length') kept.push(headers[i] ?? '', headers[i + 1] ?? '');
  }
  return kept;
}

/** The value of a header in a flat list; null when absent. `name` is lowercase. */
export function headerOf(headers: readonly string[], name: string): string | null {
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) return headers[i + 1] ?? '';
  }
  return null;
}

/** The values of a header that may stand more than once, as one (RFC 9110 §5.3); null when absent. `name` is lowercase. */
export function joinedHeaders(headers: readonly string[], name: string): string | null {
  let joined: string | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i] ?? '';
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue;
    const value = headers[i + 1] ?? '';
    joined = joined === null ? value : `${joined}, ${value}`;
  }
  return joined;
}

/** An answer's `Content-Encoding`; null: it has none, which `identity` says too. */
export function contentEncodingOf(headers: readonly string[]): string | null {
  const encoding = joinedHeaders(headers, 'content-encoding');
  return encoding?.trim().toLowerCase() === 'identity' ? null : encoding;
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
