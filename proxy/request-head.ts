/**
 * The head of a request as it stood on the wire: target, framing and header lines. Node's parser still takes what other
 * servers read differently (two Hosts, a Host with a path, leading zeros in a length, …); what could mean two things to
 * two programs is refused here, before anything is read out of it. RFC 9112 and RFC 9110 §5, read strictly.
 */
import type { ClientRequest } from './client/client-exchange.js';
import { GatewayError } from './gateway-error.js';

/** What the path of every gateway call begins with. */
export const CALL_PREFIX = '/v1/';
const TARGET_BYTES_MAX = 8 * 1024;
/** The server reads one more and drops the rest: a header that is not seen might have mattered. */
const HEADERS_MAX = 100;
/** Gateways of this kind on one way, this one included. */
const HOPS_MAX = 3;
/** How our mark in `CDN-Loop` begins (RFC 8586); the instance's id follows. */
export const LOOP_MARK_PREFIX = 'tollgate-';

/** A table of the characters 0 … 255: 1 for those in `allowed` or in a range (two characters) of `ranges`. */
function characterTable(ranges: readonly string[], allowed = ''): Uint8Array {
  const table = new Uint8Array(256);
  for (const range of ranges) table.fill(1, range.charCodeAt(0), range.charCodeAt(1) + 1);
  for (const character of allowed) table[character.charCodeAt(0)] = 1;
  return table;
}

/** RFC 9110 §5.6.2 */
const TOKEN = characterTable(['az', 'AZ', '09'], "!#$%&'*+-.^_`|~");
/** RFC 9110 §5.5: tab, visible characters, and the bytes above ASCII; no other control */
const VALUE = characterTable([' ~', '\u0080\u00ff'], '\t');
/** Visible ASCII less `#` and the backslash, which some read as the path's end or as another `/` */
const TARGET = characterTable(['!"', '$[', ']~']);
/** RFC 3986 §3.2.2 without percent-encoding; `_` because container networks use it */
const HOST_NAME = characterTable(['az', 'AZ', '09'], '-._~');
const HOST_LITERAL = characterTable(['af', 'AF', '09'], ':.');

/** Header lines that decide where a message ends, who sent it or whom it concerns. */
const GOVERNING = new Set([
  'content-length',
  'transfer-encoding',
  'proxy-authorization',
  'proxy-connection',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'xi-api-key',
  'x-auth-key',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'x-cluster-client-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cdn-loop',
]);
const GOVERNING_PREFIXES = ['cf-aig-', 'x-forwarded-'];

/**
 * Checks a head and gives the request's target in origin-form. Costs about a microsecond. Throws GatewayError 9002: the
 * head cannot be used (417 for an `Expect`, 426 for an `Upgrade`), 9007: the request passed here before.
 * @param loopMark this instance's mark in `CDN-Loop`
 */
export function checkHead(request: ClientRequest, loopMark: string): string {
  const { rawHeaders } = request;
  if (rawHeaders.length > 2 * HEADERS_MAX) throw badRequest(`there are more than ${HEADERS_MAX} headers`);
  if (request.httpVersionMajor !== 1 || request.httpVersionMinor > 1) throw badRequest('only HTTP/1.1 is spoken here');
  const lines = new GoverningLines();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    checkLine(name, value);
    lines.read(name, value);
  }
  checkFraming(request, lines.length, lines.coding);
  if (lines.loop !== null) checkLoop(lines.loop, loopMark);
  const { host } = lines;
  if (host === null || !isAuthority(host))
    throw badRequest('there must be one Host, a name or address with an optional port');
  return originForm(request.url ?? '', host);
}

/** The header lines that decide about the message itself, each once. */
class GoverningLines {
  host: string | null = null;
  length: string | null = null;
  coding: string | null = null;
  loop: string | null = null;
  /** those that were read, a bit each */
  private credentials = 0;

  /** By the name's length first: it tells nearly every other header apart. */
  read(name: string, value: string): void {
    switch (name.length) {
      case 4:
        if (isNamed(name, 'host')) this.host = once(name, this.host, value);
        break;
      case 6:
        if (isNamed(name, 'expect')) checkExpect(value);
        break;
      case 7:
        if (isNamed(name, 'upgrade')) throw new GatewayError('upgradeRefused', 'WebSockets are not offered here');
        break;
      case 8:
        if (isNamed(name, 'cdn-loop')) this.loop = this.loop === null ? value : `${this.loop},${value}`;
        break;
      case 14:
        if (isNamed(name, 'content-length')) this.length = once(name, this.length, value);
        break;
      case 17:
        if (isNamed(name, 'transfer-encoding')) this.coding = once(name, this.coding, value);
        break;
    }
    const bit = credentialBit(name);
    if (bit !== 0) this.readCredential(name, bit);
  }

  /** Of two credentials, servers read the first, the last, or both as one. */
  private readCredential(name: string, bit: number): void {
    if ((this.credentials & bit) !== 0) throw repeated(name);
    this.credentials |= bit;
  }
}

/** A bit for each header in which providers take credentials; 0: none of them. By the length first, too. */
function credentialBit(name: string): number {
  switch (name.length) {
    case 7:
      return isNamed(name, 'api-key') ? 1 : 0;
    case 9:
      return isNamed(name, 'x-api-key') ? 2 : 0;
    case 10:
      return isNamed(name, 'xi-api-key') ? 4 : isNamed(name, 'x-auth-key') ? 32 : 0;
    case 13:
      return isNamed(name, 'authorization') ? 8 : 0;
    case 14:
      return isNamed(name, 'x-goog-api-key') ? 16 : 0;
    default:
      return 0;
  }
}

const badRequest = (description: string): GatewayError => new GatewayError('badRequest', description);
const repeated = (name: string): GatewayError => badRequest(`${name.toLowerCase()} stands more than once`);

function once(name: string, before: string | null, value: string): string {
  if (before !== null) throw repeated(name);
  return value;
}

/** Whether `name` is `lower` in any case. */
function isNamed(name: string, lower: string): boolean {
  // A digit, `-` or letter of `lower` keeps its bit 32; no other token character becomes a letter by it.
  for (let i = 0; i < lower.length; i++) if ((name.charCodeAt(i) | 32) !== lower.charCodeAt(i)) return false;
  return true;
}

/** Throws GatewayError 9002 for a header line that cannot be used. */
export function checkLine(name: string, value: string): void {
  let hasUnderscore = false;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (TOKEN[code] !== 1) throw badRequest('a header name has a character that none may have');
    if (code === 95) hasUnderscore = true;
  }
  if (name.length === 0) throw badRequest('a header has no name');
  for (let i = 0; i < value.length; i++) {
    if (VALUE[value.charCodeAt(i)] !== 1)
      throw badRequest(`the header ${name.toLowerCase()} has a control character in it`);
  }
  if (hasUnderscore) checkUnderscores(name);
}

/**
 * Programs behind CGI's rules read `content_length` and `Content-Length` as one header: it must not mean two things.
 */
function checkUnderscores(name: string): void {
  const dashed = name.toLowerCase().replaceAll('_', '-');
  if (GOVERNING.has(dashed) || GOVERNING_PREFIXES.some((prefix) => dashed.startsWith(prefix)))
    throw badRequest(`the header ${name.toLowerCase()} must be spelled ${dashed}`);
}

function checkExpect(value: string): void {
  if (value.toLowerCase() !== '100-continue')
    throw new GatewayError('expectationFailed', 'only 100-continue can be expected');
}

/** RFC 9112 §6: one way to know where the body ends. */
function checkFraming(request: ClientRequest, length: string | null, coding: string | null): void {
  if (coding !== null) {
    if (coding.toLowerCase() !== 'chunked') throw badRequest('the only transfer-encoding is chunked');
    if (length !== null) throw badRequest('content-length and transfer-encoding exclude each other');
    if (request.httpVersionMinor === 0) throw badRequest('there is no transfer-encoding in HTTP/1.0');
  } else if (length !== null && !isLength(length)) throw badRequest('content-length must be a plain decimal number');
}

/** `0`, or 1 to 15 digits of which the first is not 0: what no two programs can read differently. */
function isLength(text: string): boolean {
  if (text.length === 0 || text.length > 15 || (text.length > 1 && text.charCodeAt(0) === 48)) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

/** A name, an IPv4 or a bracketed IPv6 address, then perhaps a port; no user, no path, no list. */
function isAuthority(host: string): boolean {
  let end = 0;
  if (host.charCodeAt(0) === 91) {
    end = host.indexOf(']');
    if (end < 3) return false;
    for (let i = 1; i < end; i++) if (HOST_LITERAL[host.charCodeAt(i)] !== 1) return false;
    end += 1;
  } else {
    while (end < host.length && HOST_NAME[host.charCodeAt(end)] === 1) end += 1;
    if (end === 0) return false;
  }
  if (end === host.length) return true;
  if (host.charCodeAt(end) !== 58 || host.length - end > 6) return false;
  for (let i = end + 1; i < host.length; i++) {
    const code = host.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return Number(host.slice(end + 1)) <= 65_535;
}

/** The target as `/path?query`; an absolute one must name the same authority as Host. */
function originForm(url: string, host: string): string {
  if (url.length > TARGET_BYTES_MAX) throw badRequest(`the URL is longer than ${TARGET_BYTES_MAX} bytes`);
  for (let i = 0; i < url.length; i++) {
    if (TARGET[url.charCodeAt(i)] !== 1)
      throw badRequest('the URL has a character in it that must be percent-encoded or left out');
  }
  if (url.charCodeAt(0) === 47) return url;
  const scheme = /^https?:\/\//i.exec(url)?.[0];
  if (scheme === undefined) throw badRequest('the URL must begin with / or be that of this host');
  const pathAt = url.slice(scheme.length).search(/[/?]/);
  const end = pathAt === -1 ? url.length : scheme.length + pathAt;
  if (url.slice(scheme.length, end).toLowerCase() !== host.toLowerCase())
    throw badRequest('the URL names another host than Host does');
  return url.charCodeAt(end) === 47 ? url.slice(end) : `/${url.slice(end)}`;
}

function checkLoop(value: string, ownMark: string): void {
  let hops = 1;
  for (const entry of value.toLowerCase().split(',')) {
    const id = entry.split(';', 1)[0]?.trim() ?? '';
    if (id === ownMark) throw new GatewayError('loopDetected', 'this request has passed this gateway before');
    if (id.startsWith(LOOP_MARK_PREFIX)) hops += 1;
  }
  if (hops > HOPS_MAX) throw new GatewayError('loopDetected', `this is gateway ${hops} on the request's way`);
}
