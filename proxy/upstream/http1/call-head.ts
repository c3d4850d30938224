/** The head of a request as it goes out to an upstream, with what this client says of the connection and the body. */
import { unsendable } from './call-errors.js';
import type { CallRequest } from './http-call.js';

/** Characters that no header value and no target may have: each is one byte on the wire, and none ends a line. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;
const UNSENDABLE_TARGET = /[^\x21-\x7e\x80-\xff]/;
const UNSENDABLE_NAME = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;
/** Headers that this client writes itself, or that promise what it does not do. */
const OWN = new Set(['host', 'expect', 'upgrade', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);
/** 1: one of them has so many characters */
const OWN_LENGTHS = new Uint8Array(18);
for (const name of OWN) OWN_LENGTHS[name.length] = 1;
/** Methods that say nothing of a body unless there is one (RFC 9110 §8.6). */
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE']);

/**
 * The request's head as it goes out, a character a byte. Throws undici's InvalidArgumentError for what cannot be sent,
 * so that nothing that was let through elsewhere can end a line here.
 */
export function requestHead(request: CallRequest, host: string): string {
  const { method, body } = request;
  const hasLength = body !== null || !BODILESS.has(method);
  const front = frontOf(request, host);
  return hasLength ? `${front}content-length: ${body === null ? 0 : body.length}\r\n\r\n` : `${front}\r\n`;
}

/** All but what says how long the body is. */
interface Front {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly text: string;
}

/** By lists that cannot change any more: such a one is kept to be sent again (docs/decisions/0044). */
const frontsOfFrozen = new WeakMap<readonly string[], Front>();

function frontOf({ method, path, headers }: CallRequest, host: string): string {
  if (!Object.isFrozen(headers)) return checkedFront(method, path, headers, host);
  const kept = frontsOfFrozen.get(headers);
  if (kept !== undefined && kept.path === path && kept.method === method && kept.host === host) return kept.text;
  const text = inOnePiece(checkedFront(method, path, headers, host));
  frontsOfFrozen.set(headers, { method, path, host, text });
  return text;
}

/** What was put together of pieces is so each time that it is written. */
const inOnePiece = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

function checkedFront(method: string, path: string, headers: readonly string[], host: string): string {
  // What answers CONNECT is a tunnel, which has no end.
  const isMethod = !UNSENDABLE_NAME.test(method) && method !== '' && method !== 'CONNECT';
  if (!isMethod || path === '' || UNSENDABLE_TARGET.test(path)) throw unsendable('request line');
  let front = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (name === '' || UNSENDABLE_NAME.test(name) || UNSENDABLE.test(value) || isOwn(name)) throw unsendable(name);
    front += `${name}: ${value}\r\n`;
  }
  return front;
}

/** By the name's length first: it tells nearly every other header apart. */
function isOwn(name: string): boolean {
  return OWN_LENGTHS[name.length] === 1 && OWN.has(name.toLowerCase());
}
