/** One raw-socket case: bytes as they go on the wire, and what becomes of them. */

export interface WireCase {
  readonly name: string;
  /** `{path}` is the case's own path below the provider, `{host}` the proxy's authority */
  readonly bytes: string;
  /** the statuses of the answers, in order; interim ones (1xx) are left out */
  readonly statuses: readonly number[];
  /** how many requests the provider sees; the rest was refused */
  readonly forwarded: number;
  /** the proxy ends the connection; otherwise it must take another request on it, exactly where this one ended */
  readonly closes: boolean;
  /** the client ends its side behind the bytes: what it sent is not whole */
  readonly endsEarly: boolean;
}

/** Lines with CRLF behind each, then the empty line, then the body. */
export const message = (lines: readonly string[], body = ''): string => `${lines.join('\r\n')}\r\n\r\n${body}`;

export const HOST = 'Host: {host}';
const GET = 'GET {path} HTTP/1.1';
const POST = 'POST {path} HTTP/1.1';

/** A GET with these header lines in addition to its Host. */
export const get = (...lines: string[]): string => message([GET, HOST, ...lines]);
/** A POST with these header lines and this body. */
export const post = (lines: readonly string[], body = ''): string => message([POST, HOST, ...lines], body);
/** A POST with a chunked body, given as it stands on the wire. */
export const chunked = (body: string): string => post(['Transfer-Encoding: chunked'], body);

/** Refused, and the connection ends: nobody can say where a next request would begin. */
export const refused = (name: string, bytes: string, status = 400): WireCase => ({
  name,
  bytes,
  statuses: [status],
  forwarded: 0,
  closes: true,
  endsEarly: false,
});

/** The client ends its side before its message is whole: refused, and never forwarded. */
export const cut = (name: string, bytes: string): WireCase => ({ ...refused(name, bytes), endsEarly: true });

/** Forwarded and answered; the connection goes on. */
export const passed = (name: string, bytes: string, count = 1): WireCase => ({
  name,
  bytes,
  statuses: Array.from({ length: count }, () => 200),
  forwarded: count,
  closes: false,
  endsEarly: false,
});

/** As many as `count` are forwarded and answered, then the connection ends with these further statuses, or none. */
export const passedThenClosed = (
  name: string,
  bytes: string,
  further: readonly number[] = [],
  count = 1,
): WireCase => ({
  ...passed(name, bytes, count),
  statuses: [...passed(name, bytes, count).statuses, ...further],
  closes: true,
});
