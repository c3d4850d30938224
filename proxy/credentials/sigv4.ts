/**
 * AWS Signature Version 4 in the Authorization header, for one request whose whole body is known.
 * Source: AWS IAM User Guide, "Create a signed AWS API request" (canonical request, string to sign, signature).
 *
 * Dot segments and doubled slashes are not resolved: the request guard lets no such path in.
 */
import { createHash, createHmac } from 'node:crypto';

/** A session token of temporary credentials is a header to sign, `x-amz-security-token`. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What a signature is good for. */
export interface SigningScope {
  readonly region: string;
  readonly service: string;
  /** AWS refuses it when it is more than five minutes off */
  readonly atMs: number;
}

export interface SignableRequest {
  readonly method: string;
  /** as it goes over the wire, percent-encoded; begins with `/` */
  readonly path: string;
  /** as it goes over the wire, with its `?`, or empty */
  readonly query: string;
  /** the headers to sign, a flat name/value list; `host` and every `x-amz-…` that is sent have to be among them */
  readonly headers: readonly string[];
  /** SHA-256 of the body, in lowercase hex */
  readonly bodyHash: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Lowercase hex, which is what `bodyHash` and `x-amz-content-sha256` hold. */
export function sha256Hex(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** `20150830T123600Z`: the value of `x-amz-date`. */
export function amzDate(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** The value of `Authorization`; holds the access key's id, and the secret key only as what HMAC made of it. */
export function authorization(credentials: AwsCredentials, scope: SigningScope, request: SignableRequest): string {
  const date = amzDate(scope.atMs);
  const signature = hmac(signingKey(credentials, scope, date), stringToSign(scope, request)).toString('hex');
  const credential = `${credentials.accessKeyId}/${scopeText(scope, date)}`;
  const names = canonicalHeaders(request.headers).names;
  return `${ALGORITHM} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
}

/** Public for the published test vectors, which give each step. */
export function canonicalRequest(request: SignableRequest): string {
  const { lines, names } = canonicalHeaders(request.headers);
  const { method, path, query, bodyHash } = request;
  return [method, canonicalPath(path), canonicalQuery(query), lines, names, bodyHash].join('\n');
}

/** Likewise. */
export function stringToSign(scope: SigningScope, request: SignableRequest): string {
  const date = amzDate(scope.atMs);
  // Node takes and undici writes header values as latin1; everything else in it is ASCII.
  const hash = sha256Hex(Buffer.from(canonicalRequest(request), 'latin1'));
  return [ALGORITHM, date, scopeText(scope, date), hash].join('\n');
}

/**
 * What AWS's SDKs leave as it is in a path segment or query, and nothing else: `encodeURIComponent` leaves five
 * characters more (RFC 3986 §2.3). A lone surrogate, which no URL can hold, throws URIError.
 */
function awsEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function scopeText({ region, service }: SigningScope, date: string): string {
  return `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
}

function signingKey({ secretAccessKey }: AwsCredentials, { region, service }: SigningScope, date: string): Buffer {
  const ofDate = hmac(`AWS4${secretAccessKey}`, date.slice(0, 8));
  return hmac(hmac(hmac(ofDate, region), service), 'aws4_request');
}

const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Encoded once more than on the wire: every service but S3 wants it so. */
function canonicalPath(path: string): string {
  return path.split('/').map(awsEncoded).join('/');
}

/** Each name and value encoded once, whatever it looked like on the wire; sorted by name, then by value. */
function canonicalQuery(query: string): string {
  if (query.length <= 1) return '';
  return query
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const end = pair.indexOf('=');
      const name = end === -1 ? pair : pair.slice(0, end);
      return [encodedAnew(name), end === -1 ? '' : encodedAnew(pair.slice(end + 1))] as const;
    })
    .sort(([aName, aValue], [bName, bValue]) => compare(aName, bName) || compare(aValue, bValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function encodedAnew(text: string): string {
  try {
    return awsEncoded(decodeURIComponent(text));
  } catch {
    return awsEncoded(text); // not well encoded: taken as it stands
  }
}

interface CanonicalHeaders {
  /** `name:value` lines, each ended */
  readonly lines: string;
  /** `a;b;c` */
  readonly names: string;
}

function canonicalHeaders(headers: readonly string[]): CanonicalHeaders {
  const values = new Map<string, string>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase();
    const value = (headers[i + 1] ?? '').trim().replaceAll(/\s+/g, ' ');
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  const names = [...values.keys()].sort(compare);
  const lines = names.map((name) => `${name}:${values.get(name) ?? ''}\n`).join('');
  return { lines, names: names.join(';') };
}

/** By code unit, as the algorithm wants; `localeCompare` is neither that nor fast. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
